// The breaker against the model: random policies, random traces, every decision, transition and total
// compared. SWITCHGEAR_SEED sets the first seed, SWITCHGEAR_CASES how many follow.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/policy/circuit_breaker.hpp"
#include "tests/model/breaker_model.hpp"
#include "tests/model/random_case.hpp"

namespace switchgear::model {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Recorder : public EventSink {
 public:
  void on_transition(const Transition& transition) override { transitions.push_back(transition); }
  void on_rejection(const RejectionEvent& event) override { rejections.push_back(event); }

  void on_adapted(const AdaptedEvent& event) override { adapted.push_back(event); }
  void on_ramp(const RampEvent& event) override { ramps.push_back(event); }
  void on_level(const LevelEvent& event) override { levels.push_back(event); }
  std::vector<Transition> transitions;
  std::vector<AdaptedEvent> adapted;
  std::vector<RampEvent> ramps;
  std::vector<LevelEvent> levels;
  std::vector<RejectionEvent> rejections;
};

/// Says what differs, or nothing.
class Comparison {
 public:
  template <class A, class B>
  void same(std::string_view what, const A& model, const B& library) {
    if (model == library || !difference_.empty()) return;
    std::ostringstream text;
    text << what << ": model says " << shown(model) << ", the breaker " << shown(library);
    difference_ = text.str();
  }
  [[nodiscard]] const std::string& difference() const { return difference_; }

 private:
  static std::string shown(std::string_view text) { return std::string(text); }
  static std::string shown(State state) { return std::string(to_string(state)); }
  static std::string shown(BreakerLevel level) { return std::string(to_string(level)); }
  static std::string shown(LevelCause cause) { return std::string(to_string(cause)); }
  static std::string shown(Reason reason) { return std::string(to_string(reason)); }
  static std::string shown(Rule rule) { return std::string(to_string(rule)); }
  static std::string shown(TimePoint at) { return shown(at.time_since_epoch()); }
  static std::string shown(Duration length) { return std::to_string(length.count()) + "ns"; }
  template <class T>
  static std::string shown(const std::optional<T>& value) {
    return value ? shown(*value) : "nothing";
  }
  template <class Number>
  requires std::is_arithmetic_v<Number>
  static std::string shown(Number number) { return std::to_string(number); }

  std::string difference_;
};

void compare_windows(Comparison& compare, const WindowSnapshot& model, const WindowSnapshot& library) {
  compare.same("window calls", model.calls, library.calls);
  compare.same("window failures", model.failures, library.failures);
  compare.same("window slow", model.slow, library.slow);
  compare.same("window high", model.high, library.high);
  compare.same("window consecutive failures", model.consecutive_failures, library.consecutive_failures);
  compare.same("window failure balance", model.failure_balance, library.failure_balance);
  compare.same("window extra weight", model.extra_weight, library.extra_weight);
}

void compare_transitions(Comparison& compare, const std::vector<ModelTransition>& model,
                         const std::vector<Transition>& library) {
  compare.same("number of transitions", model.size(), library.size());
  for (std::size_t i = 0; i < std::min(model.size(), library.size()); ++i) {
    compare.same("transition from", model[i].from, library[i].from);
    compare.same("transition to", model[i].to, library[i].to);
    compare.same("transition at", model[i].at, library[i].at);
    compare.same("transition rule", model[i].rule, library[i].rule);
    compare.same("transition generation", model[i].generation, library[i].generation);
    compare.same("transition threshold", model[i].threshold, library[i].threshold);
    // A latency is shown rounded; the end of an interval is worked out in another way here.
    const double off = model[i].rule == Rule::latency ? 0.02 : model[i].rule == Rule::failure_rate ? 1e-9 : 0;
    if (std::abs(model[i].value - library[i].value) > off * model[i].value) {
      compare.same("transition value", model[i].value, library[i].value);
    }
    const bool opens = model[i].from == State::closed && model[i].to == State::open;
    if (model[i].rule <= Rule::stuck_calls || model[i].rule == Rule::ramp ||
        (opens && model[i].rule == Rule::health_check))
      compare_windows(compare, model[i].window, library[i].window);
  }
}

void compare_adapted(Comparison& compare, const ModelAdapted& model, std::uint32_t consecutive_failures,
                     Duration open_duration, std::uint32_t samples, double failure_rate,
                     std::optional<Duration> mean_latency) {
  compare.same("adapted consecutive_failures", model.consecutive_failures, consecutive_failures);
  compare.same("adapted open_duration", model.open_duration, open_duration);
  compare.same("adapted samples", model.samples, std::size_t{samples});
  compare.same("adapted failure rate", model.failure_rate, failure_rate);
  compare.same("adapted mean latency", model.mean_latency, mean_latency);
}

void compare_changes(Comparison& compare, const std::vector<ModelAdapted>& model,
                     const std::vector<AdaptedEvent>& library) {
  compare.same("number of adaptations", model.size(), library.size());
  for (std::size_t i = 0; i < std::min(model.size(), library.size()); ++i) {
    const AdaptedEvent& event = library[i];
    compare.same("adapted at", model[i].at, event.at);
    compare_adapted(compare, model[i], event.consecutive_failures, event.open_duration, event.samples,
                    event.failure_rate, event.mean_latency);
  }
}

void compare_turns(Comparison& compare, const std::vector<RampTurn>& model,
                   const std::vector<RampEvent>& library) {
  compare.same("number of ramp events", model.size(), library.size());
  for (std::size_t i = 0; i < std::min(model.size(), library.size()); ++i) {
    compare.same("ramp event at", model[i].at, library[i].at);
    compare.same("ramp event change", to_string(*model[i].change), to_string(library[i].change));
    compare.same("ramp event share", model[i].share, library[i].share);
    compare.same("ramp event safe share", model[i].safe_share, library[i].safe_share);
    compare.same("ramp event hold", model[i].hold, library[i].hold);
    compare.same("ramp event calls", model[i].calls, library[i].calls);
    compare.same("ramp event failed", model[i].failed, library[i].failed);
  }
}

void compare_ramps(Comparison& compare, const std::optional<ModelRamp>& model,
                   const std::optional<RampFigures>& library) {
  compare.same("a controlled ramp", model.has_value(), library.has_value());
  if (!model || !library) return;
  compare.same("ramp share", model->share, library->share);
  compare.same("ramp safe share", model->safe_share, library->safe_share);
  compare.same("ramp hold", model->hold, library->hold);
  compare.same("ramp calls", std::uint64_t{model->step.size()}, library->calls);
  const auto failed =
      std::count_if(model->step.begin(), model->step.end(), [](const RampCall& call) { return call.failed; });
  compare.same("ramp failed", static_cast<std::uint64_t>(failed), library->failed);
}

void compare_levels(Comparison& compare, const std::vector<ModelLevel>& model,
                    const std::vector<LevelEvent>& library) {
  compare.same("number of level events", model.size(), library.size());
  for (std::size_t i = 0; i < std::min(model.size(), library.size()); ++i) {
    const LevelChange& change = library[i].change;
    compare.same("level event at", model[i].at, library[i].at);
    compare.same("level event from", model[i].from, change.from);
    compare.same("level event to", model[i].to, change.to);
    compare.same("level event cause", model[i].cause, change.cause);
    compare.same("level event state", model[i].state, library[i].state);
    compare.same("level event generation", model[i].generation, library[i].generation);
    compare.same("level event calls", model[i].calls, change.calls);
    compare.same("level event failed", model[i].failed, change.failed);
  }
}

void compare_totals(Comparison& compare, const ModelTotals& model, const CallTotals& library) {
  compare.same("calls", model.calls, library.calls);
  compare.same("successes", model.successes, library.successes);
  compare.same("failures", model.failures, library.failures);
  compare.same("slow successes", model.slow_successes, library.slow_successes);
  compare.same("slow failures", model.slow_failures, library.slow_failures);
  compare.same("ignored", model.ignored, library.ignored);
  compare.same("rejected", model.rejected, library.rejected);
  compare.same("would_reject", model.would_reject, library.would_reject);
  compare.same("late", model.late, library.late);
  compare.same("opened", model.opened, library.opened);
  compare.same("closed", model.closed, library.closed);
  compare.same("half_opened", model.half_opened, library.half_opened);
  const auto count_in = [](const auto& counts, auto key) {
    const auto found = counts.find(key);
    return found == counts.end() ? std::uint64_t{0} : found->second;
  };
  for (const FailureType type : failure_types) {
    compare.same("failures by type", count_in(model.failures_by_type, type),
                 library.failures_by_type[static_cast<std::size_t>(type)]);
  }
  for (const Reason reason : breaker_rejection_reasons) {
    compare.same("rejected by reason", count_in(model.rejected_by_reason, reason),
                 library.rejected_by_reason[static_cast<std::size_t>(reason)]);
  }
}

/// What the traces have led the model to, to see that they still reach what they are made for.
struct Reached {
  std::set<Rule> rules;                        ///< by which it changed its state
  std::uint64_t hung_tolerated = 0;            ///< a hung probe that did not relapse it
  std::uint64_t hung_came_back = 0;            ///< the permit of one, in the same half-open period
  std::uint64_t closed_early = 0;              ///< by `success_threshold` alone
  std::uint64_t adapted = 0;                   ///< changes of what an adaptive breaker goes by
  std::map<RampChange, std::uint64_t> turns;   ///< of controlled ramps
  std::map<LevelCause, std::uint64_t> levels;  ///< changes
  std::uint64_t closed_in_quiet = 0;           ///< after more than an hour of half-open
};

/// One breaker and one model, shown the same steps.
class Pair {
 public:
  Pair(const Case& given, Reached& reached)
      : reached_(reached),
        half_open_(given.options.half_open),
        rows_(given.rows),
        model_(given.options, given.jitter_seed),
        breaker_("pair", given.options, context(given)) {}

  /// What differs after this step, or nothing.
  std::string take(const Step& step) {
    Comparison compare;
    const ModelProbes before = model_.probes();
    const std::uint64_t generation = model_.generation();
    const std::uint64_t late = model_.totals().late;
    recorder_.transitions.clear();
    recorder_.rejections.clear();
    recorder_.adapted.clear();
    recorder_.ramps.clear();
    recorder_.levels.clear();
    switch (step.kind) {
      case Step::Kind::acquire:
        acquire(compare, step);
        break;
      case Step::Kind::record:
      case Step::Kind::abandon: {
        const Outcome outcome = step.kind == Step::Kind::abandon ? Outcome::ignored() : step.outcome;
        model_.record(step.id, outcome, step.at);
        if (const auto permit = permits_.find(step.id); permit != permits_.end()) {
          std::move(permit->second)
              .record(outcome, step.at);  // stays in the map: the next record is the second
        }
        break;
      }
      case Step::Kind::command:
        model_.command(step.order, step.at);
        breaker_.command(static_cast<Command>(step.order), step.at);
        break;
      case Step::Kind::advance:
        model_.advance(step.at);
        breaker_.advance(step.at);
        break;
      case Step::Kind::restart: {
        const WallAnchor clocks{step.at, WallAnchor::Wall{std::chrono::hours{500'000}}};
        model_.restart(step.at);
        breaker_.advance(step.at);  // what is due by itself happens first, as in the model
        breaker_.restore(breaker_.save(clocks), clocks);
        break;
      }
      case Step::Kind::check:
        model_.check(step.answer, rows_, step.at);
        breaker_.on_check(step.answer, rows_, step.at);
        break;
      case Step::Kind::call:  // a replay's word; made of an acquire and a record
        break;
    }
    const std::vector<ModelTransition> expected = model_.take_transitions();
    if (model_.generation() == generation) {
      if (step.kind == Step::Kind::acquire && model_.probes().failed > before.failed)
        ++reached_.hung_tolerated;
      if (model_.totals().late > late && given_in_[step.id] == generation) ++reached_.hung_came_back;
    }
    for (const ModelTransition& transition : expected) note(transition, before);
    compare_transitions(compare, expected, recorder_.transitions);
    const std::vector<ModelAdapted> changes = model_.take_adapted();
    reached_.adapted += changes.size();
    compare_changes(compare, changes, recorder_.adapted);
    const std::vector<RampTurn> turns = model_.take_ramp_turns();
    for (const RampTurn& turn : turns) ++reached_.turns[*turn.change];
    compare_turns(compare, turns, recorder_.ramps);
    const std::vector<ModelLevel> levels = model_.take_levels();
    for (const ModelLevel& change : levels) ++reached_.levels[change.cause];
    compare_levels(compare, levels, recorder_.levels);
    compare_snapshots(compare);
    return compare.difference();
  }

 private:
  BreakerContext context(const Case& given) {
    BreakerContext context;
    context.sink = &recorder_;
    context.seed = given.jitter_seed;
    context.created = given.start;
    return context;
  }

  void note(const ModelTransition& transition, const ModelProbes& before) {
    reached_.rules.insert(transition.rule);
    if (transition.to == State::half_open) half_open_since_ = transition.at;
    if (transition.rule != Rule::recovered) return;
    if (half_open_.max_failure_rate == 0 && before.back + 1 < half_open_.permitted_calls)
      ++reached_.closed_early;
    if (transition.at - half_open_since_ > std::chrono::hours{1}) ++reached_.closed_in_quiet;
  }

  void acquire(Comparison& compare, const Step& step) {
    const Decision expected = model_.acquire(step.id, step.at);
    given_in_[step.id] = model_.generation();
    auto permit = breaker_.try_acquire(step.at);
    Decision decision{permit.has_value(), std::nullopt, std::nullopt};
    if (permit) {
      permits_.emplace(step.id, std::move(*permit));
    } else {
      decision.reason = permit.rejection().reason;
      decision.retry_after = permit.rejection().retry_after;
      decision.level = permit.rejection().level;
    }
    compare.same("admitted", expected.admitted, decision.admitted);
    compare.same("reason", expected.reason, decision.reason);
    compare.same("retry_after", expected.retry_after, decision.retry_after);
    compare.same("level of a refusal", expected.level, decision.level);
    compare.same("rejection events", expected.admitted ? 0U : 1U, recorder_.rejections.size());
  }

  void compare_snapshots(Comparison& compare) {
    const TimePoint now = model_.latest();
    const BreakerSnapshot seen = breaker_.snapshot(now);
    compare.same("state", model_.state(), seen.state);
    compare.same("state()", model_.state(), breaker_.state());
    compare.same("generation", model_.generation(), seen.generation);
    compare.same("metrics_only", model_.metrics_only(), seen.metrics_only);
    compare.same("relapses", model_.relapses(), seen.relapses);
    compare.same("time_open", model_.time_open(now), seen.time_open);
    compare.same("next_due()", model_.next_due(), breaker_.next_due());
    const ModelProbes probes = model_.probes();
    compare.same("probes out", probes.out, seen.half_open.in_flight);
    compare.same("probes back", probes.back, seen.half_open.recorded);
    compare.same("probes failed", probes.failed, seen.half_open.failed);
    if (seen.adapted) {
      compare_adapted(compare, model_.adapted(), seen.adapted->consecutive_failures,
                      seen.adapted->open_duration, seen.adapted->samples, seen.adapted->failure_rate,
                      seen.adapted->mean_latency);
    }
    compare_ramps(compare, model_.ramp(), seen.ramp);
    compare.same("levels", model_.level().has_value(), seen.level.has_value());
    if (seen.level) {
      compare.same("level", *model_.level(), seen.level->level);
      compare.same("comes down", model_.calm_until(), seen.level->comes_down);
    }
    compare_totals(compare, model_.totals(), seen.totals);
    if (seen.state == State::closed) compare_windows(compare, model_.window(now), seen.window);
  }

  Reached& reached_;
  const HalfOpenOptions half_open_;
  const HealthRows rows_;
  TimePoint half_open_since_{};
  std::map<std::size_t, std::uint64_t> given_in_;  ///< the generation of each permit
  Recorder recorder_;
  BreakerModel model_;
  CircuitBreaker breaker_;
  std::map<std::size_t, CircuitBreaker::Permit> permits_;
};

struct Difference {
  std::size_t step = 0;
  std::string text;
};

std::optional<Difference> first_difference(const Case& given, Reached& reached) {
  Pair pair(given, reached);
  for (std::size_t i = 0; i < given.steps.size(); ++i) {
    if (std::string text = pair.take(given.steps[i]); !text.empty()) return Difference{i, std::move(text)};
  }
  return std::nullopt;
}

std::optional<Difference> first_difference(const Case& given) {
  Reached reached;
  return first_difference(given, reached);
}

/// Leaves out every step without which the two still differ.
Case shrunk(Case failing) {
  failing.steps.resize(first_difference(failing)->step + 1);
  for (std::size_t i = failing.steps.size(); i-- > 0;) {
    Case smaller = failing;
    smaller.steps.erase(smaller.steps.begin() + static_cast<std::ptrdiff_t>(i));
    if (first_difference(smaller)) failing = std::move(smaller);
  }
  failing.steps.resize(first_difference(failing)->step + 1);
  return failing;
}

std::string story(const Case& failing) {
  std::ostringstream text;
  text << "seed " << failing.seed << " (SWITCHGEAR_SEED=" << failing.seed
       << " SWITCHGEAR_CASES=1 repeats it)\n"
       << describe(failing.options) << '\n';
  for (const Step& step : failing.steps) text << "  " << describe(step) << '\n';
  text << first_difference(failing)->text;
  return text.str();
}

TEST(BreakerModel, AgreesWithTheBreakerOnRandomPoliciesAndTraces) {
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 20'240'001);
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 12'000);
  Reached reached;
  std::uint64_t failures = 0;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    const Case given = random_case(seed, Flavour::library);
    ASSERT_TRUE(validate(given.options).empty())
        << "seed " << seed << ": " << validate(given.options).front().key << ' '
        << validate(given.options).front().message;
    if (const auto difference = first_difference(given, reached)) {
      ADD_FAILURE() << story(shrunk(given));
      if (++failures == 5) return;
    }
  }
  constexpr std::size_t every_rule = static_cast<std::size_t>(Rule::ramp) + 1;
  if (cases >= 10'000) {
    constexpr std::uint64_t often = 100;
    EXPECT_EQ(reached.rules.size(), every_rule) << "the random traces no longer reach every rule";
    EXPECT_GE(reached.hung_tolerated, often);
    EXPECT_GE(reached.hung_came_back, often);
    EXPECT_GE(reached.closed_early, often);
    EXPECT_GE(reached.closed_in_quiet, often);
    EXPECT_GE(reached.adapted, 10 * often);
  }
}

class BreakersOfAKind : public testing::TestWithParam<Kind> {};

TEST_P(BreakersOfAKind, AgreeWithTheModel) {
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 70'000'001);
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 10'000);
  Reached reached;
  for_each_case(GetParam(), first, cases, Flavour::library, [&](const Case& given) {
    const auto problems = validate(given.options);
    EXPECT_TRUE(problems.empty()) << "seed " << given.seed << ": " << problems.front().key << ' '
                                  << problems.front().message;
    if (first_difference(given, reached)) ADD_FAILURE() << story(shrunk(given));
    return !HasFailure();
  });
  if (cases < 10'000) return;
  switch (GetParam()) {  // that the random cases reach what they are made for
    case Kind::adaptive:
      EXPECT_GE(reached.adapted, 5'000U);
      break;
    case Kind::levels:
      for (const LevelCause cause : {LevelCause::escalated, LevelCause::calm, LevelCause::operator_command})
        EXPECT_GE(reached.levels[cause], 500U) << to_string(cause);
      break;
    case Kind::controlled_ramp:
      EXPECT_TRUE(reached.rules.contains(Rule::ramp));
      for (const RampChange change : {RampChange::grew, RampChange::fell, RampChange::over})
        EXPECT_GE(reached.turns[change], 100U) << to_string(change);
      break;
    case Kind::confidence:
    case Kind::weights:
      EXPECT_TRUE(reached.rules.contains(Rule::failure_rate));
      break;
    case Kind::health_checks:
      EXPECT_TRUE(reached.rules.contains(Rule::health_check));
      break;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, BreakersOfAKind, testing::ValuesIn(kinds),
                         [](const auto& given) { return name_of(given.param); });

}  // namespace
}  // namespace switchgear::model
