// How the lines read that the process writes about itself.
#pragma once

#include <spdlog/logger.h>

#include "app/serve/log_section.hpp"

namespace switchgear::serve {

/// From the next line on:
///
///     2026-11-26T12:05:40.123+00:00 warning service 'shop' at …
///     {"time":"2026-11-26T12:05:40.123+00:00","level":"warning","message":"service 'shop' at …"}
///
/// A message stays on its line whatever bytes are in it; as JSON it is valid for any. Threads: any.
void set_format(spdlog::logger& log, LogFormat format);

/// Level and format.
void apply(const LogOptions& options, spdlog::logger& log);

}  // namespace switchgear::serve
