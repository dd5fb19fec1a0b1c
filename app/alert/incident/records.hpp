// Incidents, messages and silences as text, for what keeps them beyond the life of the process.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/alert/incident/incident.hpp"
#include "app/alert/incident/message.hpp"

namespace switchgear::alert {

/// JSON. Reading gives back the same; empty for a text that no such record could have been written as.
[[nodiscard]] std::string to_text(const Incident& incident);
[[nodiscard]] std::string to_text(const Message& message);
[[nodiscard]] std::string to_text(const Silence& silence);
[[nodiscard]] std::optional<Incident> read_incident(std::string_view text);
[[nodiscard]] std::optional<Message> read_message(std::string_view text);
[[nodiscard]] std::optional<Silence> read_silence(std::string_view text);

}  // namespace switchgear::alert
