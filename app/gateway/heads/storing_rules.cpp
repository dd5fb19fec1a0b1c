#include "app/gateway/heads/storing_rules.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "app/gateway/heads/event_stream.hpp"
#include "switchgear/http/ascii.hpp"
#include "switchgear/http/http_date.hpp"
#include "switchgear/http/look_alike.hpp"
#include "switchgear/http/method_override.hpp"

namespace switchgear::gateway {

namespace {

using http::Field;
using http::FieldId;

/// Calls `see(name, argument)` for each directive of a list such as Cache-Control's. One that is quoted is
/// cut at its commas: what then looks like a directive forbids at most too much.
template <class See>
void for_each_directive(std::string_view list, See see) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view one = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    const std::size_t equals = one.find('=');
    std::string_view argument;
    if (equals != std::string_view::npos) argument = http::trimmed(one.substr(equals + 1));
    if (argument.size() >= 2 && argument.front() == '"' && argument.back() == '"')
      argument = argument.substr(1, argument.size() - 2);
    see(http::trimmed(one.substr(0, equals)), argument);
  }
}

[[nodiscard]] bool names(std::string_view list, std::string_view directive) {
  bool found = false;
  for_each_directive(
      list, [&](std::string_view name, std::string_view) { found |= http::equals_lower(name, directive); });
  return found;
}

/// RFC 9111, 1.2.2: a number that is too large counts as very long; text that is not a number counts as 0.
[[nodiscard]] Duration seconds_of(std::string_view digits) noexcept {
  constexpr std::int64_t very_long = std::int64_t{1} << 31U;
  if (!http::is_digits(digits)) return Duration::zero();
  std::int64_t seconds = 0;
  for (const char c : digits) seconds = std::min(very_long, seconds * 10 + (c - '0'));
  return std::chrono::seconds{seconds};
}

[[nodiscard]] bool forbids_storing(const Field& field) {
  switch (field.id) {
    case FieldId::cache_control:
      return names(field.value, "no-store") || names(field.value, "private") ||
             names(field.value, "no-cache");
    case FieldId::vary:  // of the things that services vary by, the key contains only the encoding
      return !http::equals_lower(field.value, "accept-encoding");
    case FieldId::set_cookie:
      return true;
    case FieldId::content_type:
      // Never ends: requests that waited for it would wait for ever.
      return is_event_stream(field.value);
    default:
      return false;
  }
}

/// Some services take these for the method.
[[nodiscard]] bool overrides_method(const Field& field) noexcept {
  return field.id == FieldId::unknown && http::overrides_method(field.name);
}

[[nodiscard]] bool concerns_one_client(const Field& field) {
  switch (field.id) {
    case FieldId::authorization:
    case FieldId::cookie:  // possibly a session
    case FieldId::range:
    case FieldId::if_match:
    case FieldId::if_none_match:
    case FieldId::if_modified_since:
    case FieldId::if_unmodified_since:
    case FieldId::if_range:
      return true;
    case FieldId::pragma:
      return names(field.value, "no-cache");
    case FieldId::cache_control: {
      bool wants_fresh = false;
      for_each_directive(field.value, [&](std::string_view name, std::string_view argument) {
        wants_fresh |= http::equals_lower(name, "no-store") || http::equals_lower(name, "no-cache") ||
                       ((http::equals_lower(name, "max-age") || http::equals_lower(name, "stale-if-error")) &&
                        seconds_of(argument) == Duration::zero());
      });
      return wants_fresh;
    }
    default:
      // A service may take a name such as Accept_Encoding or X.Original.Host for the plain one.
      return !http::is_plain_name(field.name) || overrides_method(field);
  }
}

/// Says which site or path the request means, to services that believe it: an answer made for one such claim
/// must not be given to those who made another, or none. Not the client's address, which answers that others
/// may have do not depend on.
[[nodiscard]] bool names_a_site(const Field& field) noexcept {
  constexpr std::string_view forwarded = "x-forwarded-";
  constexpr std::string_view original = "x-original-";
  const std::string_view name = field.name;
  if (field.id == FieldId::forwarded) return true;
  if (name.size() < 6 || (name[0] != 'x' && name[0] != 'X')) return false;
  if (http::equals_lower(name.substr(0, forwarded.size()), forwarded))
    return !http::equals_lower(name, "x-forwarded-for");
  return http::equals_lower(name.substr(0, original.size()), original) ||
         http::equals_lower(name, "x-rewrite-url") || http::equals_lower(name, "x-host");
}

/// The argument of a response's directive. Of several the first counts (RFC 9111, 4.2.1): a proxy that adds
/// its own does so at the end, and must not lengthen what the origin said.
[[nodiscard]] std::optional<Duration> first_seconds(const http::FieldList& fields,
                                                    std::string_view directive) {
  std::optional<Duration> first;
  for (const Field& field : fields) {
    if (field.id != FieldId::cache_control) continue;
    for_each_directive(field.value, [&](std::string_view name, std::string_view argument) {
      if (!first && http::equals_lower(name, directive)) first = seconds_of(argument);
    });
  }
  return first;
}

[[nodiscard]] std::optional<WallTime> date_of(const http::FieldList& fields, WallTime now) {
  const Field* date = fields.find(FieldId::date);
  return date == nullptr ? std::nullopt : http::parse_http_date(date->value, now);
}

/// What is left of the time for which the response calls itself good; empty when it says nothing.
[[nodiscard]] std::optional<Duration> own_lifetime(const http::FieldList& fields, WallTime came) {
  std::optional<Duration> whole = first_seconds(fields, "s-maxage");
  if (!whole) whole = first_seconds(fields, "max-age");
  if (const Field* expires = fields.find(FieldId::expires); !whole && expires != nullptr) {
    // Not a date: it has expired already (RFC 9111, 5.3).
    const auto end = http::parse_http_date(expires->value, came);
    const auto start = date_of(fields, came).value_or(came);
    whole = end ? std::chrono::duration_cast<Duration>(*end - start) : Duration::zero();
  }
  if (!whole) return std::nullopt;
  return *whole - age_of(fields, came);
}

}  // namespace

void write_answer_key(std::string& key, const http::Head& head, std::string_view path,
                      const http::FieldList& fields, const Provenance& from, std::uint64_t version) {
  key.clear();
  if (head.method != "GET" && head.method != "HEAD") return;
  if (head.chunked || head.content_length.value_or(0) != 0) return;
  for (const Field& field : fields) {
    if (concerns_one_client(field)) return;
  }
  key.append(head.method).append(" ").append(head.authority).append(" ").append(path);
  // A line for each: no value holds a line end.
  key.append("\n").append(from.scheme).append("://").append(from.host);
  if (from.port != 0) key.append(":").append(std::to_string(from.port));
  const bool replaced = from.arrival.claims == Claims::replaced;
  for (const Field& field : fields) {
    const bool is_told = !replaced || !is_forwarding(field, Claims::replaced);
    if (field.id == FieldId::accept_encoding || (is_told && names_a_site(field)))
      key.append("\n").append(field.name).append(":").append(field.value);
  }
  if (version != 0) key.append("\n").append(std::to_string(version));
}

bool is_unsafe(const http::Head& head, const http::FieldList& fields) {
  constexpr std::array<std::string_view, 8> safe{"GET",      "HEAD",   "OPTIONS", "TRACE",
                                                 "PROPFIND", "REPORT", "SEARCH",  "QUERY"};
  if (std::find(safe.begin(), safe.end(), head.method) == safe.end()) return true;
  return overrides_method(fields);
}

bool overrides_method(const http::FieldList& fields) noexcept {
  return std::any_of(fields.begin(), fields.end(),
                     [](const Field& field) { return overrides_method(field); });
}

bool may_be_stored(const http::Head& head, const http::FieldList& fields, Duration ttl, WallTime came) {
  if (head.status != 200) return false;
  for (const Field& field : fields) {
    if (forbids_storing(field)) return false;
  }
  if (ttl <= Duration::zero()) return true;
  const std::optional<Duration> good_for = own_lifetime(fields, came);
  return !good_for || *good_for >= ttl;
}

Duration usable_in_place_of_a_failure(const http::FieldList& fields, WallTime came) {
  bool never_stale = false;
  for (const Field& field : fields) {
    if (field.id != FieldId::cache_control) continue;
    for_each_directive(field.value, [&](std::string_view name, std::string_view) {
      never_stale |= http::equals_lower(name, "must-revalidate") ||
                     http::equals_lower(name, "proxy-revalidate") || http::equals_lower(name, "s-maxage");
    });
  }
  const std::optional<Duration> stale_for =
      never_stale ? Duration::zero() : first_seconds(fields, "stale-if-error");
  if (!stale_for) return Duration::max();
  const Duration fresh_for = own_lifetime(fields, came).value_or(Duration::zero());
  return std::max(Duration::zero(), fresh_for + *stale_for);
}

Duration age_of(const http::FieldList& fields, WallTime came) noexcept {
  Duration age{};
  if (const Field* said = fields.find(FieldId::age)) {
    // Of a list, which this field should not be, the first member counts (RFC 9111, 5.1).
    age = seconds_of(http::trimmed(said->value.substr(0, said->value.find(','))));
  }
  if (const auto date = date_of(fields, came)) {
    // Date counts whole seconds, and so does what is compared with it: an answer that was made just now may
    // look a second old, and is not for that.
    const auto since_date = std::chrono::floor<std::chrono::seconds>(came) - *date;
    if (since_date > std::chrono::seconds{1})
      age = std::max(age, std::chrono::duration_cast<Duration>(since_date));
  }
  return age;
}

}  // namespace switchgear::gateway
