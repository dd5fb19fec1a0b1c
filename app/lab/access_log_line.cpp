#include "app/lab/access_log_line.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <utility>

#include "app/lab/seconds.hpp"
#include "switchgear/config/timestamp.hpp"

namespace switchgear::lab {

namespace {

namespace json = boost::json;
using Read = std::variant<LoggedCall, NoCall, LogProblem>;

/// Takes a text apart from the front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  /// Up to `end`, which is taken too. Empty if it does not come.
  std::optional<std::string_view> until(std::string_view end) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view found = rest_.substr(0, at);
    rest_.remove_prefix(at + end.size());
    return found;
  }

  /// The next word, or what stands in quotes, in which a backslash covers the character behind it.
  std::optional<std::string_view> word() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
    if (rest_.empty()) return std::nullopt;
    if (rest_.front() != '"') {
      const std::string_view found = rest_.substr(0, rest_.find(' '));
      rest_.remove_prefix(found.size());
      return found;
    }
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] == '\\') {
        ++at;
      } else if (rest_[at] == '"') {
        const std::string_view found = rest_.substr(1, at - 1);
        rest_.remove_prefix(at + 1);
        return found;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<unsigned> month(std::string_view name) {
  constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto* const found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<unsigned>(found - names.begin()) + 1;
}

/// `27/Nov/2026:04:10:00 +0000`, `27/Nov/2026:04:10:00.123`. Without a zone, as if it were UTC.
std::optional<WallAnchor::Wall> common_time(std::string_view text) {
  if (text.size() < 20 || text[2] != '/' || text[6] != '/' || text[11] != ':') return std::nullopt;
  const auto day = number<unsigned>(text.substr(0, 2));
  const auto which = month(text.substr(3, 3));
  const auto year = number<int>(text.substr(7, 4));
  if (!day || !which || !year) return std::nullopt;
  std::array<char, 48> iso{};
  std::string_view clock = text.substr(12);
  std::string zone = "Z";
  if (const std::size_t space = clock.find(' '); space != std::string_view::npos) {
    const std::string_view offset = clock.substr(space + 1);
    if (offset.size() != 5) return std::nullopt;
    zone = std::string(offset.substr(0, 3)) + ":" + std::string(offset.substr(3));
    clock = clock.substr(0, space);
  }
  const int size =
      std::snprintf(iso.data(), iso.size(), "%04d-%02u-%02uT%.*s%s", *year, *which, *day,
                    static_cast<int>(std::min<std::size_t>(clock.size(), 20)), clock.data(), zone.c_str());
  return config::parse_timestamp({iso.data(), static_cast<std::size_t>(size)});
}

/// By a status alone. 0: the client got none.
void judge(LoggedCall& call, unsigned status) {
  if (status == 0 || status == 499) {
    call.verdict = Verdict::ignored;
  } else if (status >= 500 && status <= 599) {
    call.verdict = Verdict::failure;
    call.type = status == 504   ? FailureType::timeout
                : status == 502 ? FailureType::connection_error
                                : FailureType::http_error;
  }
}

/// What only the gateway's own log says.
struct Ours {
  std::string_view source, reason;
  bool called = false;  ///< an attempt was made
};

Read judged(LoggedCall call, const Ours& ours) {
  if (!ours.called) return NoCall{};
  if (ours.reason == "client_left" || ours.reason == "request_broken") call.verdict = Verdict::ignored;
  // A fallback answered in the place of a call that had failed.
  if (ours.source == "fallback" && call.verdict == Verdict::success) call.verdict = Verdict::failure;
  if (ours.reason == "response_broken_off") {
    call.verdict = Verdict::failure;
    call.type = FailureType::connection_error;
  }
  return call;
}

void take_latency(LoggedCall& call, std::optional<Duration> latency, WallAnchor::Wall ended) {
  call.timed = latency.has_value();
  call.latency = latency.value_or(Duration::zero());
  call.began = ended - call.latency;
}

/// Of nginx's upstream times, which may be several: `0.001, 0.020`, the attempts; the last one answered.
std::optional<Duration> seconds_of(std::string_view text) {
  if (const std::size_t comma = text.find_last_of(", "); comma != std::string_view::npos)
    text = text.substr(comma + 1);
  return parse_seconds(text);
}

constexpr std::array<std::string_view, 6> time_keys{"rt",  "request_time",           "duration",
                                                    "urt", "upstream_response_time", "latency"};

/// `A - U [TIME] "REQUEST" STATUS BYTES`, and more: `key=value`, or a plain number of seconds.
Read read_combined(std::string_view line, bool is_ours) {
  Scanner scan{line};
  if (!scan.until(" [")) return LogProblem{"no time in square brackets found"};
  const auto stamp = scan.until("] ");
  const auto ended = stamp ? common_time(*stamp) : std::nullopt;
  if (!ended) return LogProblem{"no time like [27/Nov/2026:04:10:00 +0000] found"};
  const auto request = scan.word();
  const auto status_word = scan.word();
  const auto bytes = scan.word();
  const auto status = status_word && *status_word == "-" ? std::optional(0U)
                      : status_word                      ? number<unsigned>(*status_word)
                                                         : std::nullopt;
  if (!request || !bytes || !status || *status > 999)
    return LogProblem{"no \"request\", status and number of bytes found behind the time"};
  LoggedCall call;
  judge(call, *status);
  std::optional<Duration> latency;
  std::size_t best = time_keys.size();
  Ours ours;
  std::string_view left = scan.rest();
  while (!left.empty()) {
    // A value in quotes may hold spaces; so the key is taken off first.
    Scanner words{left};
    const std::size_t begin = std::min(left.find_first_not_of(' '), left.size());
    const std::size_t equals = left.find_first_of("=\" ", begin);
    if (equals != std::string_view::npos && left[equals] == '=') {
      const std::string_view key = left.substr(begin, equals - begin);
      words = Scanner{left.substr(equals + 1)};
      const std::string_view value = words.word().value_or(std::string_view{});
      const auto rank = static_cast<std::size_t>(std::ranges::find(time_keys, key) - time_keys.begin());
      const auto seconds = rank < best ? seconds_of(value) : std::nullopt;
      if (seconds) {
        latency = seconds;
        best = rank;
      }
      if (key == "service") call.service = value;
      if (key == "source") ours.source = value;
      if (key == "reason") ours.reason = value;
      if (key == "attempts") ours.called = value != "0";
    } else {
      const auto value = words.word();
      if (!value) break;
      if (best == time_keys.size() && value->find('.') != std::string_view::npos) {
        if (const auto seconds = parse_seconds(*value)) latency = seconds;
      }
    }
    left = words.rest();
  }
  take_latency(call, latency, *ended);
  call.to_the_second = true;
  if (is_ours) return judged(std::move(call), ours);
  return call;
}

/// `… [27/Nov/2026:04:10:00.123] front back/server TR/Tw/Tc/Tr/Ta status bytes - - state …`, as option
/// httplog writes it. The time is that of the first byte of the request.
Read read_haproxy(std::string_view line) {
  Scanner scan{line};
  std::optional<WallAnchor::Wall> accepted;
  while (!accepted) {  // syslog's prefix may have brackets too: haproxy[71]:
    if (!scan.until("[")) return LogProblem{"no time like [27/Nov/2026:04:10:00.123] found"};
    Scanner inside{scan.rest()};
    if (const auto stamp = inside.until("]")) accepted = common_time(*stamp);
    if (accepted) scan = inside;
  }
  (void)scan.word();  // the frontend
  const auto server = scan.word();
  const auto timers = scan.word();
  const auto status = scan.word();
  const auto bytes = scan.word();
  const auto state = scan.word() && scan.word() ? scan.word() : std::nullopt;
  if (!server || !timers || !status || !bytes || !state || state->size() < 2)
    return LogProblem{
        "no \"backend/server timers status bytes\" found behind the time; is it option httplog?"};
  std::array<std::int64_t, 5> times{};
  Scanner parts{*timers};
  for (std::size_t i = 0; i < times.size(); ++i) {
    auto part = i + 1 < times.size() ? parts.until("/") : std::optional(parts.rest());
    if (part && part->starts_with('+')) part->remove_prefix(1);
    const auto time = part ? number<std::int64_t>(*part) : std::nullopt;
    if (!time) return LogProblem{"\"" + std::string(*timers) + "\" is not five timers like 0/0/1/25/26"};
    times[i] = *time;
  }
  const std::size_t slash = server->find('/');
  if (server->substr(std::min(slash, server->size())) == "/<NOSRV>" && (*state)[0] == 'P') return NoCall{};
  LoggedCall call;
  call.service = server->substr(0, slash);
  const auto code = number<int>(*status);
  if (!code) return LogProblem{"\"" + std::string(*status) + "\" is not a status"};
  judge(call, *code < 0 ? 0U : static_cast<unsigned>(*code));
  const char why = (*state)[0];
  if (why == 'C' || why == 'c') call.verdict = Verdict::ignored;
  if (why == 'S' || why == 's' || why == 'D') {
    call.verdict = Verdict::failure;
    call.type = why == 's' ? FailureType::timeout : FailureType::connection_error;
  }
  const Duration waited = std::chrono::milliseconds{std::max<std::int64_t>(times[0], 0)};
  call.began = *accepted + waited;
  call.latency = std::max<Duration>(std::chrono::milliseconds{times[4]} - waited, Duration::zero());
  call.timed = true;
  return call;
}

const json::value* first_of(const json::object& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const json::value* found = object.if_contains(key); found != nullptr && !found->is_null())
      return found;
  }
  return nullptr;
}

/// A number, or a text of one.
std::optional<double> number_of(const json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->to_number<double>();
  if (value->is_string()) return number<double>(std::string_view{value->get_string()});
  return std::nullopt;
}

/// RFC 3339, or seconds since 1970; in milliseconds where that would be after the year 5138.
std::optional<WallAnchor::Wall> time_of(const json::value* value) {
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) {
    const std::string_view text{value->get_string()};
    if (const auto at = config::parse_timestamp(text)) return at;
    if (const auto at = common_time(text)) return at;
  }
  const auto seconds = number_of(value);
  constexpr double far = 1e11;
  if (!seconds || !std::isfinite(*seconds) || *seconds < 0 || *seconds >= far * 1e3) return std::nullopt;
  const double since = *seconds >= far ? *seconds / 1e3 : *seconds;
  return WallAnchor::Wall{} + from_seconds(since);
}

std::optional<Duration> length_of(const json::object& object) {
  double scale = 1;
  const json::value* value =
      first_of(object, {"duration", "request_time", "latency", "response_time", "upstream_response_time"});
  if (value == nullptr) {
    value = first_of(object, {"duration_ms", "request_time_ms", "latency_ms", "response_time_ms"});
    scale = 1e-3;
  }
  const auto length = number_of(value);
  if (!length || !std::isfinite(*length) || *length < 0 || *length > 1e9) return std::nullopt;
  return from_seconds(*length * scale);
}

Read read_json(std::string_view line, bool is_ours) {
  boost::system::error_code failed;
  const json::value parsed = json::parse(line, failed);
  if (failed) return LogProblem{"not JSON: " + failed.message()};
  const json::object* object = parsed.if_object();
  if (object == nullptr) return LogProblem{"not a JSON object"};
  const auto ended =
      time_of(first_of(*object, {"time", "@timestamp", "timestamp", "ts", "time_local", "msec"}));
  if (!ended) return LogProblem{"no time found; expected time, @timestamp, timestamp or ts"};
  const auto status = number_of(first_of(*object, {"status", "status_code", "response_code", "code"}));
  if (!status && !is_ours)
    return LogProblem{"no status found; expected status, status_code or response_code"};
  if (status && (*status < 0 || *status > 999)) return LogProblem{"the status is not one of HTTP"};
  LoggedCall call;
  judge(call, static_cast<unsigned>(status.value_or(0)));
  const auto text_at = [&](std::initializer_list<std::string_view> keys) {
    const json::value* value = first_of(*object, keys);
    return value != nullptr && value->is_string() ? std::string_view{value->get_string()}
                                                  : std::string_view{};
  };
  call.service = text_at({"service", "backend", "upstream_cluster"});
  take_latency(call, length_of(*object), *ended);
  if (!is_ours) return call;
  const auto attempts = number_of(object->if_contains("attempts"));
  return judged(std::move(call), {text_at({"source"}), text_at({"reason"}), attempts.value_or(0) > 0});
}

}  // namespace

Read read_log_line(LogFormat format, std::string_view line) {
  switch (format) {
    case LogFormat::nginx:
      return read_combined(line, false);
    case LogFormat::haproxy:
      return read_haproxy(line);
    case LogFormat::json:
      return read_json(line, false);
    case LogFormat::switchgear:
      return line.starts_with('{') ? read_json(line, true) : read_combined(line, true);
  }
  return LogProblem{"unknown format"};
}

}  // namespace switchgear::lab
