#include "app/gateway/heads/storing_rules.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "app/gateway/heads/event_stream.hpp"
#include "switchgear/http/ascii.hpp"
#include "switchgear/http/http_date.hpp"

namespace switchgear::gateway {

namespace {

using http::Field;
using http::FieldId;

[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

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
    if (equals != std::string_view::npos) argument = trimmed(one.substr(equals + 1));
    if (argument.size() >= 2 && argument.front() == '"' && argument.back() == '"')
      argument = argument.substr(1, argument.size() - 2);
    see(trimmed(one.substr(0, equals)), argument);
  }
}

[[nodiscard]] bool names(std::string_view list, std::string_view directive) {
  bool found = false;
  for_each_directive(
      list, [&](std::string_view name, std::string_view) { found |= http::equals_lower(name, directive); });
  return found;
}

/// RFC 9111, 1.2.2: what is too large to count is very long; what is no number counts as nothing.
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
    case FieldId::vary:  // the key tells encodings apart, and nothing else that services vary by
      return !http::equals_lower(field.value, "accept-encoding");
    case FieldId::set_cookie:
      return true;
    case FieldId::content_type:
      // Never ends: whoever waited for it would wait for good.
      return is_event_stream(field.value);
    default:
      return false;
  }
}

/// Some services take these for the method.
[[nodiscard]] bool overrides_method(const Field& field) noexcept {
  return field.id == FieldId::unknown && (http::equals_lower(field.name, "x-http-method-override") ||
                                          http::equals_lower(field.name, "x-http-method") ||
                                          http::equals_lower(field.name, "x-method-override"));
}

[[nodiscard]] bool concerns_one_client(const Field& field) {
  switch (field.id) {
    case FieldId::authorization:
    case FieldId::cookie:  // a session, for all that anybody here knows
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
      return overrides_method(field);
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

/// What is left of the time for which the response calls itself good; empty when it says nothing.
[[nodiscard]] std::optional<Duration> own_lifetime(const http::FieldList& fields) {
  std::optional<Duration> shared;
  std::optional<Duration> any;
  std::optional<std::string_view> expires;
  std::string_view date;
  for (const Field& field : fields) {
    if (field.id == FieldId::expires) expires = field.value;
    if (field.id == FieldId::date) date = field.value;
    if (field.id != FieldId::cache_control) continue;
    for_each_directive(field.value, [&](std::string_view name, std::string_view argument) {
      if (http::equals_lower(name, "s-maxage")) shared = seconds_of(argument);
      if (http::equals_lower(name, "max-age")) any = seconds_of(argument);
    });
  }
  std::optional<Duration> whole = shared ? shared : any;
  if (!whole && expires) {
    // Not a date: it has expired already (RFC 9111, 5.3).
    const auto end = http::parse_http_date(*expires);
    const auto start = http::parse_http_date(date).value_or(std::chrono::system_clock::now());
    whole = end ? std::chrono::duration_cast<Duration>(*end - start) : Duration::zero();
  }
  if (!whole) return std::nullopt;
  return *whole - age_of(fields);
}

}  // namespace

void write_answer_key(std::string& key, const http::Head& head, const http::FieldList& fields,
                      std::uint64_t version) {
  key.clear();
  if (head.method != "GET" && head.method != "HEAD") return;
  if (head.chunked || head.content_length.value_or(0) != 0) return;
  for (const Field& field : fields) {
    if (concerns_one_client(field)) return;
  }
  key.append(head.method).append(" ").append(head.authority).append(" ").append(head.path);
  // A line for each: no value holds a line end.
  for (const Field& field : fields) {
    if (field.id == FieldId::accept_encoding || names_a_site(field))
      key.append("\n").append(field.name).append(":").append(field.value);
  }
  if (version != 0) key.append("\n").append(std::to_string(version));
}

bool is_unsafe(const http::Head& head, const http::FieldList& fields) {
  constexpr std::array<std::string_view, 8> safe{"GET",      "HEAD",   "OPTIONS", "TRACE",
                                                 "PROPFIND", "REPORT", "SEARCH",  "QUERY"};
  if (std::find(safe.begin(), safe.end(), head.method) == safe.end()) return true;
  return std::any_of(fields.begin(), fields.end(), overrides_method);
}

bool may_be_stored(const http::Head& head, const http::FieldList& fields, Duration ttl) {
  if (head.status != 200) return false;
  for (const Field& field : fields) {
    if (forbids_storing(field)) return false;
  }
  if (ttl <= Duration::zero()) return true;
  const std::optional<Duration> good_for = own_lifetime(fields);
  return !good_for || *good_for >= ttl;
}

Duration usable_in_place_of_a_failure(const http::FieldList& fields) {
  bool never_stale = false;
  std::optional<Duration> stale_for;
  for (const Field& field : fields) {
    if (field.id != FieldId::cache_control) continue;
    for_each_directive(field.value, [&](std::string_view name, std::string_view argument) {
      never_stale |= http::equals_lower(name, "must-revalidate") ||
                     http::equals_lower(name, "proxy-revalidate") || http::equals_lower(name, "s-maxage");
      if (http::equals_lower(name, "stale-if-error")) stale_for = seconds_of(argument);
    });
  }
  if (never_stale) stale_for = Duration::zero();
  if (!stale_for) return Duration::max();
  const Duration fresh_for = own_lifetime(fields).value_or(Duration::zero());
  return std::max(Duration::zero(), fresh_for + *stale_for);
}

Duration age_of(const http::FieldList& fields) noexcept {
  const Field* age = fields.find(FieldId::age);
  return age == nullptr ? Duration::zero() : seconds_of(age->value);
}

}  // namespace switchgear::gateway
