// Breakers by value, and paths of breakers, against the model: random policies, random calls, every decision,
// transition and state compared. SWITCHGEAR_SEED sets the first seed, SWITCHGEAR_CASES how many follow.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/policy/breaker_group.hpp"
#include "switchgear/policy/breakers_by_value.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "tests/model/random_case.hpp"
#include "tests/model/values_model.hpp"

namespace switchgear::model {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Transitions by the breaker's name: `at from to rule value threshold`, and changes of level.
class Told : public EventSink {
 public:
  void on_transition(const Transition& each) override {
    add(each.breaker, each.at, each.from, each.to, each.rule, each.value, each.threshold);
  }
  void on_level(const LevelEvent& each) override { add(each.policy, each.change.at, each.change.to); }

  void add(std::string_view breaker, TimePoint at, State from, State to, Rule rule, double value,
           double threshold) {
    // The model works out a latency and the end of an interval in another way.
    const bool exact = rule != Rule::latency && rule != Rule::failure_rate;
    text_ << breaker << ' ' << at.time_since_epoch().count() << ' ' << to_string(from) << ' ' << to_string(to)
          << ' ' << to_string(rule) << ' ' << (exact ? value : 0) << ' ' << threshold << '\n';
  }
  void add(std::string_view breaker, TimePoint at, BreakerLevel to) {
    levels_ << breaker << ' ' << at.time_since_epoch().count() << ' ' << to_string(to) << '\n';
  }
  void add(std::string_view breaker, BreakerModel& model) {
    for (const ModelTransition& each : model.take_transitions())
      add(breaker, each.at, each.from, each.to, each.rule, each.value, each.threshold);
    for (const ModelLevel& each : model.take_levels()) add(breaker, each.at, each.to);
  }
  [[nodiscard]] std::string take() {
    std::string all = text_.str() + levels_.str();
    text_.str({});
    levels_.str({});
    return all;
  }

 private:
  std::ostringstream text_, levels_;
};

std::string shown(bool admitted, const std::optional<Reason>& reason, const std::optional<Duration>& wait,
                  const std::optional<BreakerLevel>& level, std::string_view by) {
  std::ostringstream text;
  text << (admitted ? "admitted" : "refused");
  if (reason) text << ' ' << to_string(*reason);
  if (wait) text << ' ' << wait->count() << "ns";
  if (level) text << ' ' << to_string(*level);
  if (!by.empty()) text << " by the " << by << "'s";
  return text.str();
}

std::string shown(const ValueDecision& made) {
  return shown(made.decision.admitted, made.decision.reason, made.decision.retry_after, made.decision.level,
               made.by);
}
std::string shown(const Rejection& made, std::string_view by = {}) {
  return shown(false, made.reason, made.retry_after, made.level, by);
}

/// What the cases have led the model to.
struct Reached {
  std::uint64_t refused_by_value = 0, began_anew = 0, opened = 0, escalated = 0, refused_by_route = 0;
};

/// A service's breaker, those of its routes and its values, and their model, shown the same steps.
class Service {
 public:
  explicit Service(const ValuesCase& given)
      : rows_(given.calls.rows),
        model_(given),
        values_("v", given.of_value, {.max = 100, .idle = given.idle}, context(given, 7)) {
    if (given.has_around)
      around_.emplace("around", given.calls.options, context(given, given.calls.jitter_seed));
    for (const auto& [policy, options] : given.of_routes)
      routes_.try_emplace(policy, "route/" + policy, options, context(given, given.calls.jitter_seed));
  }

  void take(const Step& step, const ModelPath& path) {
    now_ = step.at;
    switch (step.kind) {
      case Step::Kind::acquire:
        acquire(step, path);
        break;
      case Step::Kind::record:
      case Step::Kind::abandon: {
        const Outcome outcome = step.kind == Step::Kind::abandon ? Outcome::ignored() : step.outcome;
        (void)model_.record(step.id, outcome, step.at);
        record(step.id, outcome, step.at);
        break;
      }
      case Step::Kind::command:
        model_.command(path, step.order, step.at);
        command(path, static_cast<Command>(step.order), step.at);
        break;
      case Step::Kind::check:
        model_.check(step.answer, rows_, step.at);
        if (around_) around_->on_check(step.answer, rows_, step.at);
        break;
      case Step::Kind::advance:
        model_.advance(step.at);
        if (around_) around_->advance(step.at);
        for (auto& [policy, breaker] : routes_) breaker.advance(step.at);
        if (step.id % 2 == 0) values_.retire_idle(step.at);
        break;
      case Step::Kind::restart:
      case Step::Kind::call:
        break;
    }
    compare_events(path.value);
    compare_routes();
    if (!path.value.empty()) compare_state(path.value);
  }

  void finish(Reached& reached) {
    values_.retire_idle(now_);
    const ValueTotals& totals = model_.totals();
    const std::size_t left = model_.retire(now_);
    const ByValueCounts counts = values_.counts();
    EXPECT_EQ(counts.made, totals.made);
    // The memory of a value that is over may be freed later.
    EXPECT_GE(counts.values, left);
    EXPECT_GE(counts.open, model_.open());
    EXPECT_EQ(counts.values + counts.retired, counts.made);
    EXPECT_EQ(counts.rejected, totals.rejected);
    EXPECT_EQ(counts.evicted + counts.uncovered + counts.untold, 0U);
    reached.refused_by_value += totals.rejected;
    reached.refused_by_route += refused_by_route_;
    reached.began_anew += totals.made - left;
    reached.opened += opened_;
    reached.escalated += escalated_;
  }

 private:
  struct Out {
    std::optional<CircuitBreaker::Permit> around, of_route;
    std::optional<BreakersByValue::Permit> of_value;
  };

  BreakerContext context(const ValuesCase& given, std::uint64_t seed) {
    BreakerContext context;
    context.sink = &told_;
    context.seed = seed;
    context.created = given.calls.start;
    return context;
  }

  CircuitBreaker* of_route(const ModelPath& path) {
    const auto found = routes_.find(path.route);
    return found == routes_.end() ? nullptr : &found->second;
  }

  void command(const ModelPath& path, Command command, TimePoint now) {
    if (!path.value.empty()) {
      values_.command(path.value, command, now);
    } else if (!path.route.empty()) {
      if (CircuitBreaker* const breaker = of_route(path)) breaker->command(command, now);
    } else if (around_) {
      around_->command(command, now);
    }
  }

  void acquire(const Step& step, const ModelPath& path) {
    const ValueDecision expected = model_.acquire(step.id, path, step.at);
    Out out;
    if (around_) {
      auto permit = around_->try_acquire(step.at);
      if (!permit) {
        EXPECT_EQ(shown(expected), shown(permit.rejection()));
        return;
      }
      out.around.emplace(*std::move(permit));
    }
    if (CircuitBreaker* const breaker = of_route(path)) {
      auto permit = breaker->try_acquire(step.at);
      if (!permit) {
        ++refused_by_route_;
        EXPECT_EQ(shown(expected), shown(permit.rejection(), "route"));
        if (out.around) std::move(*out.around).record(Outcome::ignored(), step.at);
        return;
      }
      out.of_route.emplace(*std::move(permit));
    }
    auto permit = values_.try_acquire(path.value, step.at);
    if (!permit) {
      EXPECT_EQ(shown(expected), shown(permit.rejection(), "value"));
      if (out.of_route) std::move(*out.of_route).record(Outcome::ignored(), step.at);
      if (out.around) std::move(*out.around).record(Outcome::ignored(), step.at);
      return;
    }
    out.of_value.emplace(*std::move(permit));
    EXPECT_EQ(shown(expected), "admitted");
    out_.emplace(step.id, std::move(out));
  }

  void record(std::size_t id, const Outcome& outcome, TimePoint now) {
    const auto found = out_.find(id);
    if (found == out_.end()) return;
    std::move(*found->second.of_value).record(outcome, now);
    if (found->second.of_route) std::move(*found->second.of_route).record(outcome, now);
    if (found->second.around) std::move(*found->second.around).record(outcome, now);
    out_.erase(found);
  }

  void compare_events(const std::string& value) {
    Told expected;
    if (BreakerModel* const around = model_.around()) expected.add("around", *around);
    for (auto& [policy, breaker] : model_.routes()) expected.add("route/" + policy, breaker);
    if (!value.empty()) {
      if (BreakerModel* const own = model_.find(value, now_)) expected.add("v=" + value, *own);
    }
    const std::string told = expected.take();
    EXPECT_EQ(told, sorted_by_breaker(told_.take()));
    opened_ += told.find(" open ") != std::string::npos && told.find("v=") != std::string::npos ? 1 : 0;
    escalated_ += told.find(" critical\n") != std::string::npos ? 1 : 0;
  }

  /// The order between the breakers of one call is that of a pipeline; only each one's own matters here.
  static std::string sorted_by_breaker(const std::string& told) {
    std::istringstream lines(told);
    std::array<std::string, 6> parts;
    for (std::string line; std::getline(lines, line);) {
      const bool is_level = std::count(line.begin(), line.end(), ' ') == 2;
      const std::size_t place = line.starts_with("v=") ? 2 : line.starts_with("route/") ? 1 : 0;
      parts[(is_level ? 3U : 0U) + place] += line + '\n';
    }
    return parts[0] + parts[1] + parts[2] + parts[3] + parts[4] + parts[5];
  }

  void compare_routes() {
    for (auto& [policy, model] : model_.routes()) {
      const CircuitBreaker& breaker = routes_.at(policy);
      EXPECT_EQ(to_string(breaker.state()), to_string(model.state())) << policy;
      const CallTotals totals = breaker.snapshot(model.latest()).totals;
      EXPECT_EQ(totals.calls, model.totals().calls) << policy;
      EXPECT_EQ(totals.ignored, model.totals().ignored) << policy;
      EXPECT_EQ(totals.rejected, model.totals().rejected) << policy;
    }
  }

  void compare_state(const std::string& value) {
    BreakerModel* const own = model_.find(value, now_);
    const auto seen = values_.find(value, now_);
    ASSERT_EQ(seen.has_value(), own != nullptr) << value;
    if (own == nullptr) return;
    EXPECT_EQ(to_string(seen->state), to_string(own->state()));
    EXPECT_EQ(seen->metrics_only, own->metrics_only());
    EXPECT_EQ(seen->relapses, own->relapses());
    if (own->state() == State::closed) {
      const WindowSnapshot window = own->window(now_);
      EXPECT_EQ(seen->window.failures, window.failures);
      EXPECT_EQ(seen->window.slow, window.slow);
      EXPECT_EQ(seen->window.extra_weight, window.extra_weight);
    }
  }

  const HealthRows rows_;
  Told told_;
  ValuesModel model_;
  std::optional<CircuitBreaker> around_;
  std::map<std::string, CircuitBreaker> routes_;
  BreakersByValue values_;
  std::map<std::size_t, Out> out_;
  TimePoint now_{};
  std::uint64_t opened_ = 0, escalated_ = 0, refused_by_route_ = 0;
};

std::string story(const ValuesCase& given, std::size_t last) {
  std::ostringstream text;
  text << "seed " << given.calls.seed << " (SWITCHGEAR_SEED=" << given.calls.seed
       << " SWITCHGEAR_CASES=1 repeats it)\n";
  if (given.has_around) text << "around: " << describe(given.calls.options) << '\n';
  for (const auto& [policy, options] : given.of_routes) text << policy << ": " << describe(options) << '\n';
  text << "of a value: " << describe(given.of_value) << "\nidle " << to_seconds(given.idle) << "s\n";
  for (std::size_t i = 0; i <= last && i < given.calls.steps.size(); ++i)
    text << "  " << describe(given.calls.steps[i]) << ' ' << path_of(given, i).route << ' ' << given.values[i]
         << '\n';
  return text.str();
}

/// Plays a random case through a service and its model.
void play(const ValuesCase& given, Reached& reached) {
  Service service(given);
  for (std::size_t i = 0; i < given.calls.steps.size(); ++i) {
    service.take(given.calls.steps[i], path_of(given, i));
    if (testing::Test::HasFailure()) FAIL() << story(given, i);
  }
  service.finish(reached);
  if (testing::Test::HasFailure()) FAIL() << story(given, given.calls.steps.size());
}

TEST(ValuesModel, AgreesWithBreakersByValueInsideThoseOfRoutesOnRandomPoliciesAndCalls) {
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 150'000'001);
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 10'000);
  Reached reached;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    play(random_paths_case(seed, Flavour::library), reached);
    if (HasFailure()) return;
  }
  if (cases < 10'000) return;
  EXPECT_GE(reached.refused_by_route, 10'000U) << "the random calls hardly reach what they are made for";
  EXPECT_GE(reached.refused_by_value, 1'000U);
}

TEST(ValuesModel, AgreesWithBreakersByValueOnRandomPoliciesAndCalls) {
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 110'000'001);
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 10'000);
  Reached reached;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    play(random_values_case(seed, Flavour::library), reached);
    if (HasFailure()) return;
  }
  if (cases < 10'000) return;
  EXPECT_GE(reached.refused_by_value, 10'000U) << "the random calls hardly reach what they are made for";
  EXPECT_GE(reached.began_anew, 1'000U);
  EXPECT_GE(reached.opened, 5'000U);
  EXPECT_GE(reached.escalated, 500U);
}

/// One service, two operations, each with three tenants: every call has a path of three breakers.
class Paths {
 public:
  explicit Paths(const ValuesCase& given)
      : service_("service", given.calls.options, context(given)),
        service_model_(given.calls.options, given.calls.jitter_seed) {
    for (std::size_t i = 0; i < 2 + 6; ++i) {
      inner_.push_back(std::make_unique<CircuitBreaker>("inner", given.of_value, context(given)));
      inner_models_.emplace_back(given.of_value, given.calls.jitter_seed);
    }
  }

  void take(const Step& step) {
    if (step.kind == Step::Kind::acquire) return acquire(step);
    if (step.kind != Step::Kind::record && step.kind != Step::Kind::abandon) return;
    const Outcome outcome = step.kind == Step::Kind::abandon ? Outcome::ignored() : step.outcome;
    const auto found = out_.find(step.id);
    if (found == out_.end()) return;
    std::move(found->second).record(outcome, step.at);
    out_.erase(found);
    for (BreakerModel* const each : models_of(step.id)) each->record(step.id, outcome, step.at);
    compare(step);
  }

 private:
  static BreakerContext context(const ValuesCase& given) {
    BreakerContext context;
    context.seed = given.calls.jitter_seed;
    context.created = given.calls.start;
    return context;
  }
  /// Outermost first.
  std::array<std::size_t, 2> inner_of(std::size_t id) const {
    const std::size_t operation = id % 2, tenant = id / 2 % 3;
    return {operation, 2 + 3 * operation + tenant};
  }
  std::array<BreakerModel*, 3> models_of(std::size_t id) {
    const auto inner = inner_of(id);
    return {&service_model_, &inner_models_[inner[0]], &inner_models_[inner[1]]};
  }

  void acquire(const Step& step) {
    const auto inner = inner_of(step.id);
    const BreakerGroup path{&service_, inner_[inner[0]].get(), inner_[inner[1]].get()};
    const auto models = models_of(step.id);
    ValueDecision expected{{true, std::nullopt, std::nullopt}, {}};
    std::size_t asked = 0;
    for (; asked < models.size() && expected.decision.admitted; ++asked)
      expected.decision = models[asked]->acquire(step.id, step.at);
    auto permits = path.try_acquire(step.at);
    if (permits) {
      EXPECT_EQ(shown(expected), "admitted");
      out_.emplace(step.id, *std::move(permits));
    } else {
      EXPECT_EQ(shown(expected), shown(permits.rejection()));
      for (std::size_t i = 0; i + 1 < asked; ++i) models[i]->abandon(step.id, step.at);
    }
    compare(step);
  }

  void compare(const Step& step) {
    const auto inner = inner_of(step.id);
    const std::array breakers{&service_, inner_[inner[0]].get(), inner_[inner[1]].get()};
    const auto models = models_of(step.id);
    for (std::size_t i = 0; i < models.size(); ++i) {
      EXPECT_EQ(to_string(breakers[i]->state()), to_string(models[i]->state())) << i;
      const CallTotals totals = breakers[i]->snapshot(models[i]->latest()).totals;
      EXPECT_EQ(totals.calls, models[i]->totals().calls) << i;
      EXPECT_EQ(totals.ignored, models[i]->totals().ignored) << i;
      EXPECT_EQ(totals.rejected, models[i]->totals().rejected) << i;
    }
  }

  CircuitBreaker service_;
  BreakerModel service_model_;
  std::vector<std::unique_ptr<CircuitBreaker>> inner_;
  std::vector<BreakerModel> inner_models_;
  std::map<std::size_t, BreakerGroup::Permits> out_;
};

TEST(ValuesModel, AgreesWithPathsOfNestedBreakers) {
  const std::uint64_t first = from_environment("SWITCHGEAR_SEED", 130'000'001);
  const std::uint64_t cases = from_environment("SWITCHGEAR_CASES", 10'000);
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    const ValuesCase given = random_values_case(seed, Flavour::library);
    Paths paths(given);
    for (std::size_t i = 0; i < given.calls.steps.size(); ++i) {
      paths.take(given.calls.steps[i]);
      if (HasFailure()) FAIL() << story(given, i);
    }
  }
}

}  // namespace
}  // namespace switchgear::model
