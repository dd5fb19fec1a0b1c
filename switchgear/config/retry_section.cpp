// retry with its budget, and hedge: further attempts. The keys are read here; their ranges are said by the
// options' own validate().
#include <array>
#include <charconv>

#include "switchgear/config/option_problems.hpp"
#include "switchgear/config/sections.hpp"

namespace switchgear::config {

namespace {

/// `full`, or `{ratio: 0.1}`.
void read_jitter(const Value& value, RetryOptions& options) {
  static constexpr std::array words{to_string(Jitter::none), to_string(Jitter::full),
                                    to_string(Jitter::equal), to_string(Jitter::decorrelated)};
  static constexpr std::array meanings{Jitter::none, Jitter::full, Jitter::equal, Jitter::decorrelated};
  if (value.node->kind != Node::Kind::mapping) {
    if (const auto index = OneOf{words}(value)) options.jitter = meanings[*index];
    return;
  }
  options.jitter = Jitter::ratio;
  Section section(value);
  section.require("ratio", options.jitter_ratio, any_number, "ratio: 0.1");
  section.finish();
}

/// `true`, or `{max: 30s}`.
void read_honor_retry_after(const Value& value, HonorRetryAfter& options) {
  if (value.node->kind == Node::Kind::mapping) {
    Section section(value);
    section.read("max", options.max, Length{});
    section.finish();
  } else if (const auto honored = Truth{}(value); honored && !*honored) {
    value.wrong(
        "a service's Retry-After is never undercut; write {max: 0s} to retry no answer that carries one");
  }
}

void read_budget(const Value& value, RetryBudgetOptions& options) {
  static constexpr std::array modes{to_string(BudgetMode::window), to_string(BudgetMode::concurrent)};
  const std::size_t errors_before = value.report->errors();
  Section section(value);
  if (!section.is_mapping()) return;
  section.read("mode", options.mode, Named<BudgetMode>{modes});
  section.read("ratio", options.ratio, any_number);
  section.read("min_per_second", options.min_per_second, any_number);
  section.read("min_concurrency", options.min_concurrency, small_whole);
  const bool concurrent = options.mode == BudgetMode::concurrent;
  if (const auto other = section.find(concurrent ? "min_per_second" : "min_concurrency")) {
    other->report->error(other->key, other->path,
                         concurrent ? "is a key of \"mode: window\"; write min_concurrency"
                                    : "is a key of \"mode: concurrent\"; write min_per_second");
  }
  section.finish();
  report_problems(value, validate(options), errors_before);
}

bool is_digits(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A duration, or a quantile of the latencies: `p95`, `p99.9`.
struct HedgeDelay {
  [[nodiscard]] std::optional<std::variant<Duration, Quantile>> operator()(const Value& value) const {
    const std::string_view text = value.node->text;
    if (!text.starts_with('p')) {
      if (const auto length = Length{}(value)) return *length;
      return std::nullopt;
    }
    const std::string_view digits = text.substr(1);
    const std::size_t dot = digits.find('.');
    const std::string_view whole = digits.substr(0, dot);
    const std::string_view fraction = dot == std::string_view::npos ? "0" : digits.substr(dot + 1);
    if (!is_digits(whole, 2) || !is_digits(fraction, 6) ||
        digits.find_first_not_of("0.") == std::string_view::npos) {
      value.wrong(quoted(text) + " is not a quantile; use, for example, p95, or a duration");
      return std::nullopt;
    }
    // The decimal point is moved in the text: 99.9 / 100 is not the double next to 0.999.
    const std::string share = std::string(whole.size() == 1 ? "0.0" : "0.").append(whole).append(fraction);
    Quantile quantile;
    std::from_chars(share.data(), share.data() + share.size(), quantile.share);
    return quantile;
  }
};

}  // namespace

void read_retry(const Value& value, Policy& policy) {
  const std::size_t errors_before = value.report->errors();
  static constexpr std::array backoffs{to_string(Backoff::fixed), to_string(Backoff::linear),
                                       to_string(Backoff::exponential)};
  Section section(value);
  if (!section.is_mapping()) return;
  RetryOptions& options = policy.retry.emplace();
  section.read("max_attempts", options.max_attempts, small_whole);
  section.read("backoff", options.backoff, Named<Backoff>{backoffs});
  section.read("base", options.base, Length{});
  section.read("factor", options.factor, any_number);
  // The default cap is for default delays: a longer base alone must not be called a contradiction.
  options.max_delay = std::max(options.max_delay, options.base);
  section.read("max_delay", options.max_delay, Length{});
  if (const auto jitter = section.find("jitter")) read_jitter(*jitter, options);
  if (const auto honored = section.find("honor_retry_after"))
    read_honor_retry_after(*honored, options.honor_retry_after);
  if (const auto status = section.find("status"))
    policy.retry_status = read_statuses(*status, "[429, 500-599]");
  if (const auto budget = section.find("budget")) read_budget(*budget, policy.retry_budget.emplace());
  section.finish();

  auto problems = validate(options);
  for (OptionProblem& problem : problems) {
    if (problem.key == "jitter_ratio") problem.key = "jitter.ratio";
  }
  static constexpr std::array<std::string_view, 1> against_another{"max_delay"};
  report_problems(value, problems, errors_before, against_another);
}

void read_hedge(const Value& value, Policy& policy) {
  const std::size_t errors_before = value.report->errors();
  Section section(value);
  if (!section.is_mapping()) return;
  HedgeOptions& options = policy.hedge.emplace();
  section.require("delay", options.delay, HedgeDelay{}, "delay: p95");
  section.read("max_hedges", options.max_hedges, small_whole);
  section.read("initial_delay", options.initial_delay, Length{});
  if (const auto initial = section.find("initial_delay");
      initial && std::holds_alternative<Duration>(options.delay)) {
    initial->report->error(initial->key, initial->path,
                           "is not a key of a fixed delay; it stands for a quantile that is not known yet");
  }
  section.finish();
  report_problems(value, validate(options), errors_before);
}

}  // namespace switchgear::config
