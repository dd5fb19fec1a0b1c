// access/: the log of requests, one line for each: what is noted of a request, how its line reads, and how
// lines get from the threads that serve clients to a file. Never here: what a request is answered, or the log
// that the process writes about itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchgear::gateway {

/// What a line can have, in the order in which it has them.
enum class AccessField : std::uint8_t {
  time,
  client,
  method,
  host,
  path,
  query,
  protocol,
  status,
  bytes,
  duration,
  service,
  upstream,
  attempts,
  arm,
  source,
  reason,
  detail,
  request_id,
  trace_id,
  user_agent,
  referer,
};
inline constexpr std::array<std::string_view, 21> access_field_names{
    "time",   "client", "method",   "host",       "path",     "query",      "protocol",
    "status", "bytes",  "duration", "service",    "upstream", "attempts",   "arm",
    "source", "reason", "detail",   "request_id", "trace_id", "user_agent", "referer"};

class AccessFields {
 public:
  constexpr AccessFields() noexcept = default;
  [[nodiscard]] constexpr bool has(AccessField field) const noexcept { return (bits_ & bit(field)) != 0; }
  constexpr void add(AccessField field) noexcept { bits_ |= bit(field); }
  constexpr void remove(AccessField field) noexcept { bits_ &= ~bit(field); }

  /// All but those that may hold secrets or say who somebody is: the query, the browser, the page before.
  [[nodiscard]] static constexpr AccessFields usual() noexcept {
    AccessFields fields;
    fields.bits_ = (std::uint32_t{1} << access_field_names.size()) - 1;
    fields.remove(AccessField::query);
    fields.remove(AccessField::user_agent);
    fields.remove(AccessField::referer);
    return fields;
  }

  friend constexpr bool operator==(const AccessFields&, const AccessFields&) = default;

 private:
  static constexpr std::uint32_t bit(AccessField field) noexcept {
    return std::uint32_t{1} << static_cast<unsigned>(field);
  }
  std::uint32_t bits_ = 0;
};

struct AccessOptions {
  enum class Format : std::uint8_t { text, json };

  std::string file;  ///< where lines go; `-`: standard output; empty: nothing is logged
  Format format = Format::text;
  double sample = 1;  ///< the share of requests that is logged, 0 to 1
  AccessFields fields = AccessFields::usual();
  std::vector<std::string> headers;  ///< names of request fields that a line has as well, lower case

  [[nodiscard]] bool off() const noexcept { return file.empty() || sample <= 0; }

  friend bool operator==(const AccessOptions&, const AccessOptions&) = default;
};

}  // namespace switchgear::gateway
