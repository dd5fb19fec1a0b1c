// log: what the process writes about itself, and about requests.
#pragma once

#include <spdlog/common.h>

#include <cstdint>

#include "app/gateway/access/access_options.hpp"
#include "switchgear/config/own_sections.hpp"

namespace switchgear::serve {

enum class LogFormat : std::uint8_t { text, json };

struct LogOptions {
  spdlog::level::level_enum level = spdlog::level::info;  ///< less important lines are not written
  LogFormat format = LogFormat::text;
  gateway::AccessOptions access;  ///< off if the file does not have it
};

[[nodiscard]] LogOptions read_log(const config::Value& value, const config::FileContext& context);

}  // namespace switchgear::serve
