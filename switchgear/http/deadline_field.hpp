// How long a caller still waits, as the messages of several processes say it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "switchgear/core/time.hpp"
#include "switchgear/http/field_list.hpp"

namespace switchgear::http {

/// Milliseconds that are left when the request is sent: a length, because clocks of two machines differ.
inline constexpr std::string_view deadline_field = "x-request-deadline-ms";

/// What a request says of it.
struct DeadlineClaim {
  std::optional<Duration> left;  ///< at most a day
  bool malformed = false;        ///< not one whole number
};
[[nodiscard]] DeadlineClaim deadline_claim(const FieldList& fields) noexcept;

/// `x-request-deadline-ms: 250` with its CR LF, rounded down, and at least 1.
inline constexpr std::size_t longest_deadline_line = 64;
[[nodiscard]] std::string_view write_deadline(std::span<char, longest_deadline_line> into,
                                              Duration left) noexcept;

}  // namespace switchgear::http
