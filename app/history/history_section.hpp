// history: how much of the past is kept, and where.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "switchgear/config/own_sections.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::history {

struct HistoryOptions {
  std::string file;  ///< empty: in memory, until the process ends
  Duration keep = std::chrono::hours{24};
  Duration resolution = std::chrono::seconds{10};             ///< divides a minute
  std::uint64_t max_size = std::uint64_t{256} * 1024 * 1024;  ///< bytes, on disk or in memory

  friend bool operator==(const HistoryOptions&, const HistoryOptions&) = default;
};

/// A relative `file` is looked up beside the policy file.
[[nodiscard]] HistoryOptions read_history(const config::Value& value, const config::FileContext& context);

}  // namespace switchgear::history
