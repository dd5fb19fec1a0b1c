#include "tests/model/random_case.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "tests/model/breaker_model.hpp"

namespace switchgear::model {

namespace {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  /// From `least` to `most`, both included.
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(most - least + 1));
  }
  std::uint32_t count(std::uint32_t least, std::uint32_t most) {
    return static_cast<std::uint32_t>(between(least, most));
  }
  bool chance(double probability) { return random_.uniform() < probability; }
  std::uint64_t bits() { return random_.next(); }

  template <class T, std::size_t N>
  T one_of(const std::array<T, N>& choices) {
    return choices[static_cast<std::size_t>(between(0, N - 1))];
  }

 private:
  Random random_;
};

/// Lengths of time on a grid, so that instants of policy and trace meet exactly. One grid is a single
/// nanosecond wide.
class Grid {
 public:
  Grid(Dice& dice, Flavour flavour) : dice_(dice) {
    constexpr std::array coarse{Duration{100'000'000}, Duration{250'000'000}, Duration{1'000'000'000}};
    step_ = dice.one_of(coarse);
    if (dice.chance(0.25)) blur_ = flavour == Flavour::library ? Duration{1} : Duration{1'000'000};
  }

  Duration length(std::int64_t least, std::int64_t most) {
    const Duration length = step_ * dice_.between(least, most);
    return blur_ == Duration::zero() ? length : length + blur_ * dice_.between(0, step_ / blur_);
  }
  Duration latency() { return dice_.chance(0.3) ? Duration::zero() : length(0, 6); }

 private:
  Dice& dice_;
  Duration step_{};
  Duration blur_{};
};

void choose_rules(Dice& dice, Grid& grid, CircuitBreakerOptions& options) {
  constexpr std::array rates{0.1, 0.25, 1.0 / 3, 0.5, 0.6, 0.75, 0.9, 1.0};
  constexpr std::array quantiles{0.01, 0.25, 0.28, 0.5, 0.6, 0.75, 0.9, 0.95, 1.0};
  if (dice.chance(0.5)) options.failure_rate = dice.one_of(rates);
  if (dice.chance(0.35)) options.slow_call = SlowCallRule{grid.length(0, 4), dice.one_of(rates)};
  if (dice.chance(0.3)) options.latency = LatencyRule{dice.one_of(quantiles), grid.length(1, 6)};
  constexpr std::array confidences{0.5, 0.75, 0.9, 0.95, 0.99};
  if (options.failure_rate && *options.failure_rate < 1 && dice.chance(0.3)) {
    options.failure_rate_confidence = dice.one_of(confidences);
  } else if (dice.chance(0.25)) {
    for (std::uint8_t& weight : options.weights.by_type)
      weight = static_cast<std::uint8_t>(dice.chance(0.1) ? 100 : dice.chance(0.5) ? dice.count(1, 5) : 1);
  }
  if (dice.chance(0.3)) options.consecutive_failures = dice.count(1, 6);
  if (dice.chance(0.25)) options.failure_balance = dice.count(1, 6);
  if (dice.chance(0.3)) options.stuck_calls = StuckCallsRule{grid.length(1, 8), dice.count(1, 4)};
  if (!options.needs_window() && !options.consecutive_failures && !options.failure_balance &&
      !options.stuck_calls) {
    options.failure_rate = dice.one_of(rates);
  }
}

void choose_window(Dice& dice, Grid& grid, CircuitBreakerOptions& options) {
  if (dice.chance(0.5)) {
    const std::uint32_t size = dice.chance(0.2) ? 1 : dice.chance(0.15) ? 25 : dice.count(1, 12);
    options.window = CountWindowOptions{size};
    options.minimum_calls = dice.chance(0.2) ? size : dice.count(dice.chance(0.1) ? 0 : 1, size);
  } else {
    constexpr std::array<std::uint32_t, 7> buckets{1, 2, 3, 4, 7, 10, 25};
    options.window = TimeWindowOptions{grid.length(1, 20), dice.one_of(buckets)};
    options.minimum_calls = dice.count(dice.chance(0.1) ? 0 : 1, 8);
  }
}

AdaptiveOptions random_adaptive(Dice& dice, Grid& grid) {
  constexpr std::array shares{0.0, 0.1, 0.25, 0.5, 0.75, 1.0};
  constexpr std::array longer{1.0, 1.5, 4.0};
  constexpr std::array shorter{0.1, 0.5, 0.8, 1.0};
  AdaptiveOptions adaptive;
  adaptive.samples = dice.count(1, 8);
  adaptive.failures.strict_above = dice.one_of(shares);
  adaptive.failures.lax_below = dice.one_of(shares) * adaptive.failures.strict_above;
  adaptive.failures.step = dice.count(1, 4);
  adaptive.failures.most = dice.count(1, 8);
  adaptive.failures.least = dice.count(1, adaptive.failures.most);
  adaptive.opening.short_below = grid.length(0, 3);
  adaptive.opening.long_above = adaptive.opening.short_below + grid.length(0, 3);
  adaptive.opening.lengthen = dice.one_of(longer);
  adaptive.opening.longest = grid.length(1, 30);
  adaptive.opening.shorten = dice.one_of(shorter);
  adaptive.opening.shortest = grid.length(1, 8);
  return adaptive;
}

RampControllerOptions random_controller(Dice& dice, Grid& grid) {
  constexpr std::array tolerances{0.0, 0.1, 0.25, 0.5, 0.6, 1.0};
  constexpr std::array growths{1.1, 1.5, 2.0, 10.0, 100.0};
  RampControllerOptions controller;
  if (dice.chance(0.7)) controller.step = grid.length(1, 4);
  controller.minimum = dice.count(1, 3);
  controller.max_failure_rate = dice.one_of(tolerances);
  controller.growth = dice.one_of(growths);
  return controller;
}

/// Levels on top of valid options.
void choose_levels(Dice& dice, Grid& grid, CircuitBreakerOptions& options) {
  constexpr std::array limits{0.0, 0.25, 0.5, 0.6, 0.75, 0.99};
  constexpr std::array rates{0.1, 0.25, 1.0 / 3, 0.5, 0.75, 1.0};
  LevelsOptions levels;
  levels.escalate_above = dice.one_of(limits);
  const auto* count = std::get_if<CountWindowOptions>(&options.window);
  Duration longest = options.open_duration;
  for (const BreakerLevel level : breaker_levels) {
    LevelOptions& own = levels[level];
    if (dice.chance(0.4)) own.minimum_calls = dice.count(1, count != nullptr ? count->size : 8);
    // With a confidence not every rate is possible in every window.
    if (!options.failure_rate_confidence && dice.chance(0.5)) own.failure_rate = dice.one_of(rates);
    if (dice.chance(0.2)) own.slow_call = SlowCallRule{grid.length(0, 4), dice.one_of(rates)};
    if (dice.chance(0.2)) own.latency = LatencyRule{dice.one_of(rates), grid.length(1, 6)};
    if (dice.chance(0.3)) own.consecutive_failures = dice.count(1, 6);
    if (dice.chance(0.2)) own.failure_balance = dice.count(1, 6);
    if (level != BreakerLevel::warning || dice.chance(0.5)) {
      longest += grid.length(0, 6);
      own.open_duration = longest;
    }
    if (dice.chance(0.6)) own.calm = grid.length(1, 12);
  }
  options.max_open_duration = std::max(options.max_open_duration, longest);
  options.adaptive.reset();
  options.levels = levels;
}

CircuitBreakerOptions random_policy(Dice& dice, Grid& grid) {
  constexpr std::array backoffs{1.5, 2.0, 3.0, 10.0};
  constexpr std::array jitters{0.1, 0.5, 0.9};
  constexpr std::array tolerances{0.2, 0.25, 1.0 / 3, 0.5, 0.75, 1.0};
  CircuitBreakerOptions options;
  choose_rules(dice, grid, options);
  choose_window(dice, grid, options);

  const auto* count = std::get_if<CountWindowOptions>(&options.window);
  if (options.failure_rate_confidence && count != nullptr) {
    // With 99 %, a rate p takes 5.42 · p / (1 - p) calls that all fail; a window without room for them is
    // refused.
    const double most = 5.42 * *options.failure_rate / (1 - *options.failure_rate);
    if (count->size < most) options.failure_rate_confidence.reset();
  }

  options.open_duration = grid.length(1, 8);
  if (dice.chance(0.3)) options.adaptive = random_adaptive(dice, grid);
  if (dice.chance(0.4)) options.backoff = dice.one_of(backoffs);
  options.max_open_duration = options.open_duration + grid.length(0, 30);
  if (dice.chance(0.25)) options.jitter = dice.one_of(jitters);
  options.honor_retry_after = dice.chance(0.4);
  options.probe_automatically = dice.chance(0.3);

  HalfOpenOptions& half_open = options.half_open;
  half_open.permitted_calls = dice.count(1, 6);
  if (dice.chance(0.4)) half_open.success_threshold = dice.count(1, half_open.permitted_calls);
  if (dice.chance(0.5)) half_open.max_concurrent = dice.count(1, half_open.permitted_calls);
  if (dice.chance(0.5)) half_open.max_failure_rate = dice.one_of(tolerances);
  if (dice.chance(0.4)) half_open.probe_interval = grid.length(0, 3);
  if (dice.chance(0.7)) half_open.max_wait = grid.length(1, 12);
  constexpr std::array shares{0.0, 0.1, 0.5, 0.9, 1.0};
  if (dice.chance(0.4)) options.ramp = RampOptions{grid.length(1, 20), dice.one_of(shares)};
  if (options.ramp && options.ramp->from > 0 && dice.chance(0.75))
    options.ramp->controller = random_controller(dice, grid);
  return options;
}

/// How the dependency behaves for a while, and its callers: `hanging` calls come back late or never,
/// `dropped` ones end without a verdict.
struct Weather {
  double failing = 0, ignoring = 0, hanging = 0, dropped = 0;
};

class TraceMaker {
 public:
  TraceMaker(Dice& dice, Grid& grid, Flavour flavour, TimePoint start)
      : dice_(dice), grid_(grid), flavour_(flavour), start_(start), now_(start) {}

  std::vector<Step> make() {
    const std::int64_t length = dice_.between(20, 160);
    eagerness_ = dice_.chance(0.5) ? 0.5 : 0.3;
    seldom_ = dice_.chance(0.15);
    constexpr std::array shares{0.0, 0.5, 1.0};
    if (flavour_ == Flavour::replay) whole_calls_ = dice_.one_of(shares);
    if (dice_.chance(0.3)) checked_ = 0.1;
    for (std::int64_t i = 0; i < length; ++i) {
      if (dice_.chance(0.06)) change_weather();
      pass_time();
      steps_.push_back(next());
    }
    return std::move(steps_);
  }

 private:
  void change_weather() {
    constexpr std::array<Weather, 6> weathers{{{0.05, 0.05, 0.0, 0.02},
                                               {0.5, 0.1, 0.05, 0.06},
                                               {0.95, 0.0, 0.0, 0.06},
                                               {0.3, 0.5, 0.1, 0.3},
                                               {0.05, 0.0, 0.5, 0.0},
                                               {0.0, 0.0, 0.0, 0.0}}};
    weather_ = dice_.one_of(weathers);
  }

  void pass_time() {
    const double luck = static_cast<double>(dice_.between(0, 99)) / 100;
    if (seldom_ && luck < 0.7) now_ += hours(1) / 60 * dice_.between(1, 90);
    if (dice_.chance(0.003)) now_ += hours(dice_.between(1, 30));
    if (luck < 0.45) return;
    now_ += luck < 0.9 ? grid_.length(0, 2) : luck < 0.98 ? grid_.length(1, 10) : grid_.length(20, 200);
  }

  static Duration hours(std::int64_t count) { return std::chrono::hours{count}; }

  Step next() {
    Step step;
    step.at = now_;
    if (flavour_ == Flavour::library && dice_.chance(0.03))
      step.at = std::max(start_, now_ - grid_.length(0, 4));
    if (dice_.chance(0.02)) {
      constexpr std::array orders{Order::reset, Order::force_close, Order::force_open, Order::disable,
                                  Order::metrics_only};
      step.kind = Step::Kind::command;
      step.order = held_ ? Order::reset : dice_.one_of(orders);
      // What would hold the breaker for the rest of the trace is usually ended by the next command.
      held_ = dice_.chance(0.7) && (step.order == Order::force_open || step.order == Order::disable);
    } else if (flavour_ == Flavour::library && dice_.chance(0.03)) {
      step.kind = Step::Kind::advance;
    } else if (flavour_ == Flavour::library && dice_.chance(0.01)) {
      step.kind = Step::Kind::restart;
    } else if (dice_.chance(checked_)) {
      step.kind = Step::Kind::check;
      step.answer = dice_.chance(weather_.failing) ? CheckAnswer::bad : CheckAnswer::good;
    } else if (!hanging_.empty() && dice_.chance(0.05)) {
      finish(step, hanging_);
    } else if (running_.empty() || running_.size() < 8 ? dice_.chance(eagerness_) || running_.empty()
                                                       : false) {
      step.id = next_id_++;
      if (dice_.chance(whole_calls_)) {
        step.kind = Step::Kind::call;
        step.outcome = outcome();
        if (dice_.chance(weather_.hanging)) step.outcome.latency = grid_.length(5, 200);
      } else if (dice_.chance(weather_.hanging)) {
        hanging_.push_back(step.id);
      } else {
        running_.push_back(step.id);
      }
    } else {
      finish(step, running_);
    }
    return step;
  }

  /// Ends one of these calls, or once more one that has ended.
  void finish(Step& step, std::vector<std::size_t>& calls) {
    step.kind = dice_.chance(weather_.dropped) ? Step::Kind::abandon : Step::Kind::record;
    if (!finished_.empty() && dice_.chance(0.04)) {  // a second result for the same call
      step.id = finished_[static_cast<std::size_t>(
          dice_.between(0, static_cast<std::int64_t>(finished_.size()) - 1))];
    } else {
      const std::size_t last = calls.size() - 1;
      const std::size_t which =
          dice_.chance(0.7) ? last
                            : static_cast<std::size_t>(dice_.between(0, static_cast<std::int64_t>(last)));
      step.id = calls[which];
      calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(which));
      finished_.push_back(step.id);
    }
    if (step.kind == Step::Kind::abandon) return;
    step.outcome = outcome();
  }

  Outcome outcome() {
    Outcome outcome = Outcome::success(grid_.latency());
    if (dice_.chance(weather_.failing)) {
      outcome = Outcome::failure(dice_.one_of(failure_types), outcome.latency);
    } else if (dice_.chance(weather_.ignoring)) {
      outcome.verdict = Verdict::ignored;
    }
    if (outcome.verdict == Verdict::failure && dice_.chance(0.2)) outcome.retry_after = grid_.length(0, 40);
    return outcome;
  }

  Dice& dice_;
  Grid& grid_;
  const Flavour flavour_;
  const TimePoint start_;
  TimePoint now_;
  double eagerness_ = 0.5;
  double whole_calls_ = 0;
  double checked_ = 0;  ///< the share of steps that are answers of health checks
  Weather weather_{0.5, 0.1, 0.05, 0.06};
  bool held_ = false;
  bool seldom_ = false;  ///< minutes and hours pass between two calls
  std::size_t next_id_ = 1;
  std::vector<std::size_t> running_, hanging_, finished_;
  std::vector<Step> steps_;
};

}  // namespace

Case random_case(std::uint64_t seed, Flavour flavour) {
  Dice dice(seed);
  Grid grid(dice, flavour);
  Case result;
  result.seed = seed;
  result.options = random_policy(dice, grid);
  result.jitter_seed = dice.chance(0.5) ? 0 : dice.bits() >> 12U;
  if (flavour == Flavour::library && dice.chance(0.2)) {
    constexpr std::array starts{Duration{-5'000'000'000}, Duration{-1}, Duration{7},
                                Duration{86'400'000'000'000'000}};
    result.start += dice.one_of(starts);
  }
  result.rows = {dice.count(1, 3), dice.count(1, 3)};
  // By dice of their own, so that the other cases stay as they are.
  Dice others(seed ^ 0x5eed1e7e15U);
  Grid lengths(others, flavour);
  if (others.chance(0.35)) choose_levels(others, lengths, result.options);
  result.steps = TraceMaker(dice, grid, flavour, result.start).make();
  return result;
}

Case random_hurried_case(std::uint64_t seed) {
  Case made = random_case(seed, Flavour::replay);
  Dice dice(seed ^ 0x4a57e5U);
  Grid grid(dice, Flavour::replay);
  if (dice.chance(0.7)) made.timeout = grid.length(1, 8);
  for (Step& step : made.steps) {
    if (step.kind == Step::Kind::call && dice.chance(0.6))
      step.deadline = dice.chance(0.2) && made.timeout ? *made.timeout : grid.length(1, 8);
  }
  return made;
}

std::string name_of(Kind kind) {
  constexpr std::array<std::string_view, kinds.size()> names{"adaptive",   "levels",  "controlled_ramp",
                                                             "confidence", "weights", "health_checks"};
  return std::string{names[static_cast<std::size_t>(kind)]};
}

bool is_of(const Case& given, Kind kind) {
  const CircuitBreakerOptions& options = given.options;
  switch (kind) {
    case Kind::adaptive:
      return static_cast<bool>(options.adaptive);
    case Kind::levels:
      return static_cast<bool>(options.levels);
    case Kind::controlled_ramp:
      return options.ramp && options.ramp->controller;
    case Kind::confidence:
      return options.failure_rate_confidence.has_value();
    case Kind::weights:
      return options.weights.any() && options.failure_rate;
    case Kind::health_checks:
      return std::any_of(given.steps.begin(), given.steps.end(),
                         [](const Step& step) { return step.kind == Step::Kind::check; });
  }
  return false;
}

void for_each_case(Kind kind, std::uint64_t first, std::uint64_t count, Flavour flavour,
                   const std::function<bool(const Case&)>& play) {
  for (std::uint64_t seed = first, played = 0; played < count; ++seed) {
    const Case given = random_case(seed, flavour);
    if (!is_of(given, kind)) continue;
    ++played;
    if (!play(given)) return;
  }
}

ValuesCase random_values_case(std::uint64_t seed, Flavour flavour) {
  ValuesCase made;
  made.calls = random_case(seed, flavour);
  Dice dice(seed ^ 0x9a1ce5U);
  Grid grid(dice, flavour);
  made.has_around = dice.chance(0.7);
  made.of_value = dice.chance(0.5) ? made.calls.options : random_policy(dice, grid);
  if (!made.of_value.levels && dice.chance(0.3)) choose_levels(dice, grid, made.of_value);
  made.of_value.adaptive.reset();
  made.of_value.jitter = 0;
  made.idle = dice.chance(0.5) ? grid.length(1, 30) : Duration{600'000'000'000};
  constexpr std::array<std::string_view, 6> names{"acme", "acme", "acme", "globex", "initech", ""};
  TimePoint latest = made.calls.start;
  std::map<std::size_t, std::string> of_call;
  for (Step& step : made.calls.steps) {
    if (step.kind == Step::Kind::restart) step.kind = Step::Kind::advance;
    step.at = latest = std::max(step.at, latest);  // a quiet value has no clock of its own
    std::string value{dice.one_of(names)};
    if (step.kind == Step::Kind::acquire || step.kind == Step::Kind::call) {
      of_call[step.id] = value;
    } else if (step.kind == Step::Kind::record || step.kind == Step::Kind::abandon) {
      value = of_call[step.id];
    } else if (step.kind != Step::Kind::command) {
      value.clear();
    }
    made.values.push_back(std::move(value));
  }
  return made;
}

ValuesCase random_paths_case(std::uint64_t seed, Flavour flavour) {
  ValuesCase made = random_values_case(seed, flavour);
  Dice dice(seed ^ 0x9a7458U);
  Grid grid(dice, flavour);
  made.has_values = dice.chance(0.6);
  if (!made.has_values) made.values.assign(made.values.size(), "");
  for (const char* const policy : {"r0", "r1"}) {
    CircuitBreakerOptions& options = made.of_routes[policy];
    options = dice.chance(0.3) ? made.calls.options : random_policy(dice, grid);
    if (!options.levels && dice.chance(0.2)) choose_levels(dice, grid, options);
  }
  constexpr std::array<std::string_view, 6> names{"r0", "r0", "r0", "r1", route_without_breaker, ""};
  std::map<std::size_t, std::string> of_call;
  for (const Step& step : made.calls.steps) {
    std::string route{dice.one_of(names)};
    if (step.kind == Step::Kind::acquire || step.kind == Step::Kind::call) {
      of_call[step.id] = route;
    } else if (step.kind == Step::Kind::record || step.kind == Step::Kind::abandon) {
      route = of_call[step.id];
    } else if (step.kind != Step::Kind::command) {
      route.clear();
    }
    made.routes.push_back(std::move(route));
  }
  return made;
}

}  // namespace switchgear::model
