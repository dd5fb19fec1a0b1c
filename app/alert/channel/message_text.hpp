// A message for people, as plain text.
#pragma once

#include <string>

#include "app/alert/incident/message.hpp"

namespace switchgear::alert {

/// `[FIRING] payment has been open for 5m`, `[RESOLVED: 3] rule opened`; one line.
[[nodiscard]] std::string subject_of(const Message& message);

/// `since 2026-03-01T12:00:00.000Z`, `from … to …`.
[[nodiscard]] std::string when_of(const Alert& alert, Telling telling);

/// Every alert with its evidence, since when, its labels and its runbook.
[[nodiscard]] std::string body_of(const Message& message, const std::string& external_url);

}  // namespace switchgear::alert
