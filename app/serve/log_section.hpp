// log: what the process writes about itself.
#pragma once

#include <spdlog/common.h>

#include "switchgear/config/own_sections.hpp"

namespace switchgear::serve {

struct LogOptions {
  spdlog::level::level_enum level = spdlog::level::info;  ///< less important lines are not written
};

[[nodiscard]] LogOptions read_log(const config::Value& value, const config::FileContext& context);

}  // namespace switchgear::serve
