// The policies of a later version. Their keys, types and ranges are checked now, so that a file that passes
// keeps passing; a warning says that they do nothing yet.
#include <array>

#include "app/config/duration.hpp"
#include "app/config/sections.hpp"

namespace switchgear::config {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr Number ratio{0, 1};
constexpr Length any_length{};
constexpr Length positive{nanoseconds{1}, Duration::max()};

/// Reads for the findings alone.
template <class Reader>
void check(const Value& value, const Reader& reader) {
  static_cast<void>(reader(value));
}

void read_jitter(const Value& value) {
  static constexpr std::array<std::string_view, 4> kinds{"none", "full", "equal", "decorrelated"};
  if (value.node->kind != Node::Kind::mapping) {
    check(value, OneOf{kinds});
    return;
  }
  Section section(value);
  double spread = 0;
  section.require("ratio", spread, ratio, "ratio: 0.1");
  section.finish();
}

void read_retry(const Value& value) {
  static constexpr std::array<std::string_view, 3> backoffs{"fixed", "linear", "exponential"};
  Section section(value);
  std::uint64_t max_attempts = 3;
  std::size_t backoff = 2;
  Duration base = milliseconds{100};
  Duration max_delay = seconds{5};
  double factor = 2;
  section.read("max_attempts", max_attempts, Whole{1, 100});
  section.read("backoff", backoff, OneOf{backoffs});
  section.read("base", base, any_length);
  section.read("factor", factor, Number{1, 100});
  section.read("max_delay", max_delay, any_length);
  if (base > max_delay) {
    const auto at = section.find("base");
    const std::string message = quoted(format_duration(base)) + " is longer than max_delay (" +
                                format_duration(max_delay) + "); want at most that";
    at ? at->wrong(message) : section.wrong("base of " + message);
  }
  if (const auto jitter = section.find("jitter")) read_jitter(*jitter);
  if (const auto budget = section.find("budget")) {
    Section limits(*budget);
    double share = 0.2;
    double floor = 3;
    limits.read("ratio", share, ratio);
    limits.read("min_per_second", floor, Number{0, 1e6});
    limits.finish();
  }
  section.finish();
}

void read_bulkhead(const Value& value) {
  Section section(value);
  std::uint64_t max_concurrent = 0;
  std::uint64_t max_queue = 0;
  Duration max_wait{};
  section.require("max_concurrent", max_concurrent, Whole{1, 1'000'000}, "max_concurrent: 50");
  section.read("max_queue", max_queue, Whole{0, 1'000'000});
  section.read("max_wait", max_wait, any_length);
  section.finish();
}

void read_rate_limiter(const Value& value) {
  Section section(value);
  double rate = 0;
  std::uint64_t burst = 0;
  Duration max_wait{};
  section.require("rate", rate, Number{0.001, 1e9}, "rate: 100");
  section.read("burst", burst, Whole{1, 1'000'000'000});
  section.read("max_wait", max_wait, any_length);
  section.finish();
}

/// A duration, or a quantile of the latencies: `p95`, `p99.9`.
void read_delay(const Value& value) {
  const std::string_view text = value.node->text;
  if (!text.starts_with('p')) {
    check(value, positive);
    return;
  }
  const std::string_view digits = text.substr(1);
  const std::size_t dot = digits.find('.');
  const std::string_view whole = digits.substr(0, dot);
  const std::string_view fraction = dot == std::string_view::npos ? "0" : digits.substr(dot + 1);
  const auto numeric = [](std::string_view part, std::size_t most) {
    return !part.empty() && part.size() <= most &&
           part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!numeric(whole, 2) || !numeric(fraction, 6) ||
      digits.find_first_not_of("0.") == std::string_view::npos) {
    value.wrong(quoted(text) + " is no quantile; want one such as p95, or a duration");
  }
}

void read_hedge(const Value& value) {
  Section section(value);
  std::uint64_t max_hedges = 1;
  if (const auto delay = section.find("delay")) {
    read_delay(*delay);
  } else {
    section.missing("delay", "delay: p95");
  }
  section.read("max_hedges", max_hedges, Whole{1, 10});
  section.finish();
}

void read_cache(const Value& value) {
  Section section(value);
  Duration ttl{};
  std::uint64_t max_entries = 0;
  section.require("ttl", ttl, positive, "ttl: 5s");
  section.read("max_entries", max_entries, Whole{1, 100'000'000});
  section.finish();
}

void read_fallback(const Value& value) {
  Section section(value);
  if (!section.is_mapping()) return;
  int kinds = 0;
  std::string text;
  std::uint64_t number = 0;
  Duration length{};
  if (const auto answer = section.find("value")) {
    ++kinds;
    Section parts(*answer);
    parts.read("status", number, Whole{200, 599});
    if (const auto body = parts.find("body"); body && body->node->kind != Node::Kind::scalar) {
      body->wrong(found(*body->node) + " found; want text");
    }
    parts.finish();
  }
  if (const auto cache = section.find("cache")) {
    ++kinds;
    Section parts(*cache);
    parts.read("max_stale", length, positive);
    parts.finish();
  }
  if (const auto queue = section.find("queue")) {
    ++kinds;
    Section parts(*queue);
    parts.require("max", number, Whole{1, 100'000'000}, "max: 10000");
    parts.finish();
  }
  if (section.find("fail")) ++kinds;
  section.read("fail", text, Text{});
  if (kinds != 1)
    section.wrong(std::to_string(kinds) + " kinds found; want exactly one of value, cache, queue, fail");
  section.finish();
}

}  // namespace

void read_later_sections(Section& policy) {
  struct Reader {
    std::string_view key;
    void (*read)(const Value&);
  };
  static constexpr std::array readers{Reader{"retry", read_retry},
                                      Reader{"bulkhead", read_bulkhead},
                                      Reader{"rate_limiter", read_rate_limiter},
                                      Reader{"hedge", read_hedge},
                                      Reader{"cache", read_cache},
                                      Reader{"fallback", read_fallback}};
  for (const Reader& reader : readers) {
    const auto value = policy.find(reader.key);
    if (!value) continue;
    const std::size_t errors_before = value->report->errors();
    reader.read(*value);
    if (value->report->errors() != errors_before) continue;
    value->report->warning(value->key, "",
                           printable(value->path) + " is valid but not applied by this version");
  }
}

}  // namespace switchgear::config
