#include "app/check/explain_report.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <cstdio>
#include <utility>

#include "switchgear/core/duration_text.hpp"

namespace switchgear::check {

using namespace analysis;

namespace {

namespace json = boost::json;

std::string number(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.12g", value);
  return text.data();
}

/// As in the file, but `9.3s` for 9300ms.
std::string readable(Duration length) {
  constexpr Duration second = std::chrono::seconds{1};
  if (length < second || length % second == Duration::zero()) return format_duration(length);
  return number(to_seconds(length)) + "s";
}

std::string count(std::uint64_t n, std::string_view word) {
  return std::to_string(n).append(" ").append(word).append(n == 1 ? "" : "s");
}

/// Columns that UTF-8 text takes on a terminal; nothing here is wider than one.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char letter) {
    return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U;
  }));
}

/// Labels on the left, text beside them, wrapped so that it fits on any terminal.
class Lines {
 public:
  void add(std::string_view label, std::string_view text) {
    constexpr std::size_t widest = 80;
    constexpr std::size_t margin = 14;
    text_.append("  ").append(label).append(margin - 2 - std::min(margin - 2, label.size()), ' ');
    std::size_t at = margin;
    for (bool first = true; !text.empty(); first = false) {
      const std::string_view word = text.substr(0, text.find(' '));
      const bool fits = first || at + 1 + columns(word) <= widest;
      if (!fits) {
        text_.append("\n").append(margin, ' ');
        at = margin;
      } else if (!first) {
        text_ += ' ';
        ++at;
      }
      text_ += word;
      at += columns(word);
      text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    text_ += '\n';
  }
  /// More about the label above.
  void more(std::string_view text) { add("", text); }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string parts_of(const WorstLatency& latency, const Policy& policy) {
  std::string parts;
  const auto add = [&](const std::string& part) { parts += (parts.empty() ? "" : " + ") + part; };
  if (latency.token_wait > Duration::zero()) add(readable(latency.token_wait) + " for a token");
  if (latency.queue_wait > Duration::zero()) add(readable(latency.queue_wait) + " in the queue");
  const bool cut = policy.deadline && (!latency.attempts || *policy.deadline < *latency.attempts);
  if (cut) add(readable(*policy.deadline) + " until the deadline");
  if (!latency.attempts) return parts;
  std::string attempts = std::to_string(policy.retry ? policy.retry->max_attempts : 1) + " × " +
                         readable(*latency.race) + (policy.hedge ? " (hedges included)" : "");
  if (latency.delays_asked_for > Duration::zero())
    attempts += " + " + readable(latency.delays_asked_for) + " of delays";
  if (!cut) {
    add(attempts);
  } else {
    parts += ", which cuts " + attempts + " = " + readable(*latency.attempts);
  }
  return parts;
}

void add_order(Lines& lines, const Explanation& explanation) {
  std::string order;
  for (const std::string& name : explanation.order) order += (order.empty() ? "" : " → ") + name;
  lines.add("order", order);
}

void add_latency(Lines& lines, const WorstLatency& latency, const Policy& policy) {
  const std::string parts = parts_of(latency, policy);
  if (latency.most) {
    lines.add("latency", "at most " + readable(*latency.most) + " a call: " + parts);
    return;
  }
  lines.add("latency", "unbounded: " + latency.unbounded);
  if (!parts.empty()) lines.more("otherwise " + parts);
}

void add_retry_after(Lines& lines, const WorstLatency& latency, const Policy& policy) {
  if (!policy.retry || policy.retry->max_attempts == 1) return;
  std::string text = "up to " + readable(longest_retry_after(policy)) + " is waited for";
  if (policy.deadline) text += ", and no longer than the deadline leaves";
  text += "; if the service asks for more, its answer goes back at once";
  if (latency.delays < latency.delays_asked_for)
    text += "; without one the delays come to at most " + readable(latency.delays);
  lines.add("Retry-After", text);
}

void add_load(Lines& lines, const Amplification& load, const Policy& policy) {
  lines.add("load", "at most " + count(load.most, "attempt") + " for one call");
  if (load.steady) {
    std::string text = "on average at most " + number(*load.steady) + ", by the retry budget";
    if (load.extra_per_second > 0) text += ", and " + number(load.extra_per_second) + " more a second";
    lines.more(text);
  } else if (load.most > 1 && policy.retry_budget) {
    lines.more("also on average while every call fails at once; the retry budget limits those in flight");
  } else if (load.most > 1) {
    lines.more("without a retry budget, also on average while every call fails");
  }
}

void add_in_flight(Lines& lines, const AttemptsAtOnce& in_flight) {
  lines.add("in flight", in_flight.most ? "at most " + count(*in_flight.most, "attempt") + " at once (" +
                                              std::string(in_flight.limited_by) + ")"
                                        : "unbounded: no bulkhead, adaptive limit or rate limiter bounds it");
}

void add_notice(Lines& lines, const std::optional<Notice>& notice) {
  if (!notice) return;
  std::string text = "opens after ";
  if (notice->attempts > 0) {
    text += "at most " + count(notice->attempts, notice->only_hanging ? "hanging attempt" : "failed attempt");
    if (notice->calls_least != notice->calls_most) {
      text += " (" + std::to_string(notice->calls_least) + " to " + count(notice->calls_most, "call") + ")";
    }
    if (notice->within) text += ", and " + readable(*notice->within) + " of steady traffic";
  } else {
    text += readable(notice->within.value_or(Duration{}));
  }
  lines.add("breaker", text + ": " + std::string(notice->rule));
  if (notice->only_hanging) lines.more("attempts that fail at once are never noticed: no rule counts them");
}

void add_levels(Lines& lines, const CircuitBreakerOptions& options) {
  lines.add("levels", "what is said here is of warning; above a failure rate of " +
                          number(options.levels->escalate_above * 100) + "% it opens one level up");
  for (const BreakerLevel level : {BreakerLevel::critical, BreakerLevel::emergency}) {
    lines.more(std::string(to_string(level)) + " opens for " + readable(options.at(level).open_duration) +
               ", comes down once closed for " + readable(options.calm_at(level)));
  }
}

void add_breaker(Lines& lines, const BreakerOutlook& breaker, const CircuitBreakerOptions& options) {
  std::string open;
  for (std::size_t i = 0; i < breaker.openings.size(); ++i) {
    const bool last = i + 1 == breaker.openings.size();
    if (i > 0) open += last && breaker.relapses_to_longest >= breaker.openings.size() ? ", … " : ", ";
    open += readable(breaker.openings[i]);
  }
  if (breaker.openings.size() > 1) {
    open += " after " + count(breaker.relapses_to_longest, "relapse") + " and more";
  } else {
    open += " each time";
  }
  if (options.jitter > 0) open += ", all ± " + number(options.jitter * 100) + "%";
  lines.add("open for", open);
  if (options.honor_retry_after && options.max_open_duration > options.open_duration)
    lines.more("up to " + readable(options.max_open_duration) +
               " when the service asks for it (Retry-After)");
  std::string closes = "after " + count(breaker.probes_to_close, "successful probe");
  if (options.half_open.probe_interval > Duration::zero())
    closes += ", " + readable(options.half_open.probe_interval) + " apart";
  lines.add("closes",
            closes + "; one that hangs for " + readable(options.half_open.max_wait) + " has failed");
  if (options.levels) add_levels(lines, options);
}

void add_memory(Lines& lines, const KeptInMemory& memory) {
  std::string_view label = "memory";
  const auto line = [&](bool there, const std::string& text) {
    if (there) lines.add(std::exchange(label, ""), "at most " + text);
  };
  const std::uint64_t answers = memory.cached_answers + memory.stale_answers;
  line(answers > 0,
       count(answers, "answer") + (memory.answer_body_bytes
                                       ? ", with bodies of " + format_bytes(*memory.answer_body_bytes)
                                       : ", of " + format_bytes(memory.answer_bytes)));
  line(memory.queued_calls > 0, count(memory.queued_calls, "stored call") +
                                    (memory.queue_bytes ? " of " + format_bytes(*memory.queue_bytes) : ""));
  const std::uint64_t bodies = memory.request_body_bytes.value_or(0);
  line(bodies > 0, format_bytes(bodies) + " of request bodies, to be sent again");
}

json::value seconds(const std::optional<Duration>& length) {
  return length ? json::value(to_seconds(*length)) : json::value(nullptr);
}

template <class T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::value to_json(const std::optional<Notice>& notice) {
  if (!notice) return nullptr;
  return json::object{{"rule", notice->rule},
                      {"only_hanging", notice->only_hanging},
                      {"attempts", notice->attempts},
                      {"calls_least", notice->calls_least},
                      {"calls_most", notice->calls_most},
                      {"within", seconds(notice->within)}};
}

void add_whole_breaker(Lines& lines, const Explanation& explanation, const Policy& policy) {
  if (!explanation.breaker || !policy.circuit_breaker) return;
  add_notice(lines, explanation.notice);
  add_breaker(lines, *explanation.breaker, *policy.circuit_breaker);
}

json::value to_json(const std::optional<BreakerOutlook>& breaker, const std::optional<Notice>& notice) {
  if (!breaker) return nullptr;
  json::array rules;
  for (const RuleOutlook& rule : breaker->rules) {
    rules.push_back(json::object{{"rule", rule.rule},
                                 {"can_hold", rule.never.empty()},
                                 {"attempts", rule.attempts},
                                 {"within", seconds(rule.within)}});
  }
  json::array openings;
  for (const Duration opening : breaker->openings) openings.push_back(to_seconds(opening));
  return json::object{{"notices", to_json(notice)},
                      {"rules", std::move(rules)},
                      {"openings", std::move(openings)},
                      {"relapses_to_longest", breaker->relapses_to_longest},
                      {"probes_to_close", breaker->probes_to_close}};
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 7> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1024 && unit + 1 < units.size()) {
    amount /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g ", amount);
  return std::string(text.data()).append(units[unit]);
}

std::string to_text(const Explanation& explanation, const Policy& policy) {
  Lines lines;
  add_order(lines, explanation);
  add_latency(lines, explanation.latency, policy);
  add_retry_after(lines, explanation.latency, policy);
  add_load(lines, explanation.amplification, policy);
  add_in_flight(lines, explanation.in_flight);
  add_whole_breaker(lines, explanation, policy);
  add_memory(lines, explanation.memory);
  return lines.take();
}

std::string to_breaker_text(const Explanation& explanation, const Policy& policy) {
  Lines lines;
  add_whole_breaker(lines, explanation, policy);
  return lines.take();
}

json::value to_breaker_json(const Explanation& explanation) {
  return to_json(explanation.breaker, explanation.notice);
}

std::string to_service_text(const Explanation& explanation, const Policy& policy) {
  Lines lines;
  if (explanation.order != order_of(policy)) add_order(lines, explanation);
  add_latency(lines, explanation.latency, policy);
  add_in_flight(lines, explanation.in_flight);
  add_memory(lines, explanation.memory);
  return lines.take();
}

std::string to_text(const AttemptsAtOnce& in_flight) {
  Lines lines;
  add_in_flight(lines, in_flight);
  return lines.take();
}

json::object to_json(const AttemptsAtOnce& in_flight) {
  return {{"most", or_null(in_flight.most)},
          {"limited_by", in_flight.most ? json::value(in_flight.limited_by) : json::value(nullptr)}};
}

json::object to_json(const Explanation& explanation) {
  const WorstLatency& latency = explanation.latency;
  const Amplification& load = explanation.amplification;
  const KeptInMemory& memory = explanation.memory;
  return json::object{
      {"order", json::array(explanation.order.begin(), explanation.order.end())},
      {"latency", json::object{{"most", seconds(latency.most)},
                               {"unbounded_because",
                                latency.most ? json::value(nullptr) : json::value(latency.unbounded)},
                               {"token_wait", to_seconds(latency.token_wait)},
                               {"queue_wait", to_seconds(latency.queue_wait)},
                               {"attempt", seconds(latency.attempt)},
                               {"attempt_with_hedges", seconds(latency.race)},
                               {"delays", to_seconds(latency.delays)},
                               {"delays_asked_for", to_seconds(latency.delays_asked_for)},
                               {"attempts_and_delays", seconds(latency.attempts)}}},
      {"amplification",
       json::object{{"most", load.most},
                    {"steady", load.steady ? json::value(*load.steady) : json::value(load.most)},
                    {"extra_per_second", load.extra_per_second}}},
      {"in_flight", to_json(explanation.in_flight)},
      {"breaker", to_breaker_json(explanation)},
      {"memory", json::object{{"cached_answers", memory.cached_answers},
                              {"stale_answers", memory.stale_answers},
                              {"queued_calls", memory.queued_calls},
                              {"request_body_bytes", or_null(memory.request_body_bytes)},
                              {"answer_bytes", memory.answer_bytes},
                              {"answer_body_bytes", or_null(memory.answer_body_bytes)},
                              {"queue_bytes", or_null(memory.queue_bytes)}}}};
}

}  // namespace switchgear::check
