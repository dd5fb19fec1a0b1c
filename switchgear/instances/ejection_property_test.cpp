// The ejection against a plain model with one thread, written from the rules: names, maps and lists of ends.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/instances/ejection_fixture.hpp"
#include "switchgear/policy/property_fixture.hpp"

namespace switchgear::instances {
namespace {

using namespace std::chrono_literals;

/// One step of a run. Instances are numbered; `number` means nothing to some steps.
struct Step {
  enum class What : std::uint8_t { end, hang, end_hung, pass, good, bad, add, remove } what = What::end;
  std::size_t number = 0;
  unsigned status = 200;  ///< 0: a local error
  Duration length{};
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr std::array<const char*, 8> names{"end",  "hang", "end_hung", "pass",
                                                    "good", "bad",  "add",      "remove"};
  return out << names[static_cast<std::size_t>(step.what)] << ' ' << step.number << ' ' << step.status << ' '
             << step.length.count();
}

struct ModelInstance {
  std::vector<unsigned> row;       ///< ends since the counts last began, newest last
  std::vector<unsigned> interval;  ///< ends of the current interval
  // How much of the row each rule still looks at: a rule that was not enforced counts anew.
  std::map<EjectionRule, std::size_t> row_from;
  bool present = true;
  bool bad = false;
  bool out = false;
  bool was_out_or_accused = false;
  int times = 0;
  TimePoint until{};
  int era = 0;
  int joined = 0;  ///< the order of equals
};

class Model {
 public:
  Model(const EjectionOptions& options, TimePoint now) : options_(options), next_(now + options.interval) {}

  std::map<std::size_t, ModelInstance> all;

  void add(std::size_t number, TimePoint now) {
    ModelInstance& instance = all[number];
    if (instance.times == 0) {
      const int era = instance.era + 1;
      instance = {};
      instance.era = era;
    }
    instance.present = true;
    instance.joined = ++joins_;
    begin(instance, instance.times > 0 && instance.until > now && room_for_one_more());
  }

  void remove(std::size_t number, TimePoint now) {
    ModelInstance& instance = all[number];
    instance.present = false;
    instance.bad = false;
    begin(instance, false);
    while (ejected() > limit()) {
      ModelInstance* first = nullptr;
      for (auto& [other, candidate] : all) {
        if (!candidate.present || !candidate.out) continue;
        const auto order = [](const ModelInstance& of) { return std::pair{of.until, of.joined}; };
        if (first == nullptr || order(candidate) < order(*first)) first = &candidate;
      }
      give_back(*first, now);
    }
  }

  void end(std::size_t number, int era, unsigned status, TimePoint now) {
    ModelInstance& instance = all[number];
    if (era != instance.era || !instance.present || instance.out) return;
    instance.row.push_back(status);
    instance.interval.push_back(status);
    if (!any_holds(instance)) return;
    return_due(now);
    for (const auto& [rule, of] : rows()) {
      if (!of || in_a_row(instance, rule) < of->count) continue;
      if (accuse(instance, of->enforce, now)) return;
      instance.row_from[rule] = instance.row.size();
    }
  }

  void tick(TimePoint now) {
    return_due(now);
    if (now < next_) return;
    next_ = now + options_.interval;
    judge_rates(now);
    for (auto& [number, instance] : all) {
      instance.interval.clear();
      if (!instance.was_out_or_accused && instance.times > 0) --instance.times;
      instance.was_out_or_accused = instance.present ? instance.out : instance.until > now;
    }
  }

  [[nodiscard]] TimePoint next_due() const {
    TimePoint due = next_;
    for (const auto& [number, instance] : all) {
      if (instance.present && instance.out) due = std::min(due, instance.until);
    }
    return due;
  }

  void good(std::size_t number, TimePoint now) {
    all[number].bad = false;
    if (all[number].out) give_back(all[number], now);
  }

  [[nodiscard]] int present() const {
    int count = 0;
    for (const auto& [number, instance] : all) count += instance.present ? 1 : 0;
    return count;
  }
  [[nodiscard]] int ejected() const {
    int count = 0;
    for (const auto& [number, instance] : all) count += instance.present && instance.out ? 1 : 0;
    return count;
  }
  [[nodiscard]] int limit() const {
    int most = options_.always_one && present() > 0 ? 1 : 0;
    for (int k = most + 1; k <= present(); ++k) {
      if (static_cast<double>(k) / present() <= options_.max_ejected) most = k;
    }
    return most;
  }
  [[nodiscard]] bool panic() const {
    int healthy = 0;
    for (const auto& [number, instance] : all) {
      healthy += instance.present && !instance.out && !instance.bad ? 1 : 0;
    }
    return present() > 0 && static_cast<double>(healthy) / present() < options_.panic;
  }

 private:
  [[nodiscard]] std::vector<std::pair<EjectionRule, std::optional<ConsecutiveRule>>> rows() const {
    return {{EjectionRule::consecutive_gateway, options_.consecutive_gateway},
            {EjectionRule::consecutive_5xx, options_.consecutive_5xx},
            {EjectionRule::consecutive_local, options_.consecutive_local}};
  }
  [[nodiscard]] bool any_holds(const ModelInstance& instance) const {
    for (const auto& [rule, of] : rows()) {
      if (of && in_a_row(instance, rule) >= of->count) return true;
    }
    return false;
  }

  /// How many ends back from the newest the rule holds for. Nothing if the newest is not one of its failures.
  [[nodiscard]] unsigned in_a_row(const ModelInstance& instance, EjectionRule rule) const {
    const bool apart = options_.local_errors == LocalErrors::apart;
    const auto from = instance.row_from.find(rule);
    const std::size_t first = from == instance.row_from.end() ? 0 : from->second;
    unsigned count = 0;
    for (std::size_t i = instance.row.size(); i > first; --i) {
      const unsigned status = instance.row[i - 1];
      if (rule == EjectionRule::consecutive_local) {
        if (status != 0) break;
      } else if (status == 0 && apart) {
        continue;  // says nothing about answers
      } else if (rule == EjectionRule::consecutive_5xx) {
        if (status != 0 && (status < 500 || status >= 600)) break;
      } else if (status != 0 && (status < 502 || status > 504)) {
        break;
      }
      ++count;
    }
    return count;
  }

  bool room_for_one_more() const { return ejected() + 1 <= limit(); }

  bool accuse(ModelInstance& instance, double enforce, TimePoint now) {
    if (enforce == 0) return false;
    instance.was_out_or_accused = true;
    if (!room_for_one_more()) return false;
    // base × times, where times grows only while that is less than max
    if (instance.times == 0 || options_.base * instance.times < options_.max) ++instance.times;
    instance.until = now + std::min(options_.base * instance.times, options_.max);
    begin(instance, true);
    return true;
  }

  /// The counts begin anew.
  static void begin(ModelInstance& instance, bool out) {
    instance.out = out;
    if (out) instance.was_out_or_accused = true;
    instance.row.clear();
    instance.row_from.clear();
    instance.interval.clear();
    ++instance.era;
  }
  static void give_back(ModelInstance& instance, TimePoint now) {
    begin(instance, false);
    instance.until = std::min(instance.until, now);
  }
  void return_due(TimePoint now) {
    for (auto& [number, instance] : all) {
      if (instance.present && instance.out && instance.until <= now) give_back(instance, now);
    }
  }

  /// Success rates of the instances with enough calls, none if these are too few.
  [[nodiscard]] std::map<std::size_t, double> success_rates(bool local, std::uint32_t volume,
                                                            std::uint32_t hosts) const {
    const bool apart = options_.local_errors == LocalErrors::apart;
    std::map<std::size_t, double> found;
    for (const auto& [number, instance] : all) {
      if (!instance.present || instance.out) continue;
      double calls = 0;
      double good = 0;
      for (const unsigned status : instance.interval) {
        if (local && !apart) continue;
        if (!local && apart && status == 0) continue;
        ++calls;
        const bool failed = local ? status == 0 : status == 0 || (status >= 500 && status < 600);
        good += failed ? 0 : 1;
      }
      if (calls >= volume) found[number] = good / calls;
    }
    if (found.size() < hosts) found.clear();
    return found;
  }

  struct Judged {
    std::map<std::size_t, double> rates;
    double below = 0;  ///< or at, for percentages
    bool at = false;
    double enforce = 1;
  };

  /// Both rules judge the rates of the interval as it was before either of them, first those of answers, then
  /// those of local errors.
  void judge_rates(TimePoint now) {
    for (const bool local : {false, true}) {
      std::vector<Judged> rules;
      if (const auto& rule = options_.success_rate) {
        Judged judged{success_rates(local, rule->volume, rule->minimum_hosts), 0, false,
                      local ? rule->enforce_local : rule->enforce};
        double mean = 0;
        double variance = 0;
        const auto n = static_cast<double>(judged.rates.size());
        for (const auto& [number, rate] : judged.rates) mean += rate / n;
        for (const auto& [number, rate] : judged.rates) variance += (rate - mean) * (rate - mean) / n;
        judged.below = mean - rule->stdev * std::sqrt(variance) - 1e-9;
        rules.push_back(judged);
      }
      if (const auto& rule = options_.failure_percentage) {
        rules.push_back({success_rates(local, rule->volume, rule->minimum_hosts), 1 - rule->threshold, true,
                         local ? rule->enforce_local : rule->enforce});
      }
      for (Judged& judged : rules) judge(judged, now);
    }
  }

  void judge(Judged& judged, TimePoint now) {
    while (!judged.rates.empty()) {
      auto worst = judged.rates.begin();
      for (auto it = judged.rates.begin(); it != judged.rates.end(); ++it) {
        const auto order = [this](const auto& of) { return std::pair{of->second, all[of->first].joined}; };
        if (order(it) < order(worst)) worst = it;
      }
      const bool accused = judged.at ? worst->second <= judged.below + 1e-9 : worst->second < judged.below;
      if (!accused) break;
      if (!all[worst->first].out) accuse(all[worst->first], judged.enforce, now);
      judged.rates.erase(worst);
    }
  }

  EjectionOptions options_;
  TimePoint next_;
  int joins_ = 0;
};

template <class T>
rc::Gen<T> one_of(std::initializer_list<T> values) {
  return rc::gen::elementOf(std::vector<T>(values));
}

rc::Gen<Step> any_step(std::size_t instances) {
  using What = Step::What;
  return rc::gen::apply(
      [](What what, std::size_t number, unsigned status, int tenths) {
        return Step{what, number, status, tenths * 100ms};
      },
      rc::gen::weightedElement<What>({{40, What::end},
                                      {4, What::hang},
                                      {4, What::end_hung},
                                      {12, What::pass},
                                      {1, What::good},
                                      {1, What::bad},
                                      {2, What::add},
                                      {2, What::remove}}),
      rc::gen::inRange<std::size_t>(0, instances),
      rc::gen::weightedElement<unsigned>({{4, 200}, {1, 404}, {4, 500}, {4, 503}, {4, 0}}),
      rc::gen::inRange(0, 60));
}

EjectionOptions any_options() {
  EjectionOptions options;
  const auto row = [] {
    return *rc::gen::inRange(0, 4) == 0 ? std::optional<ConsecutiveRule>{}
                                        : ConsecutiveRule{*rc::gen::inRange(1U, 4U), *one_of({0.0, 1.0})};
  };
  options.consecutive_5xx = row();
  options.consecutive_gateway = row();
  options.consecutive_local = row();
  options.local_errors = *one_of({LocalErrors::as_5xx, LocalErrors::apart});
  options.success_rate.reset();
  options.failure_percentage.reset();
  if (*rc::gen::arbitrary<bool>()) {
    options.success_rate =
        SuccessRateRule{*one_of({0.0, 0.5, 1.0}), *rc::gen::inRange(1U, 4U), *rc::gen::inRange(1U, 4U),
                        *one_of({0.0, 1.0}), *one_of({0.0, 1.0})};
  }
  if (*rc::gen::arbitrary<bool>()) {
    options.failure_percentage =
        FailurePercentageRule{*one_of({0.25, 0.5, 1.0}), *rc::gen::inRange(1U, 4U), *rc::gen::inRange(1U, 4U),
                              *one_of({0.0, 1.0}), *one_of({0.0, 1.0})};
  }
  options.interval = *one_of<Duration>({1s, 3s, 10s});
  options.base = *one_of<Duration>({1s, 2s, 5s});
  options.max = options.base * *rc::gen::inRange(1, 4) + *one_of<Duration>({0s, 500ms});
  options.max_ejected = *one_of({0.0, 0.1, 0.29, 0.34, 0.5, 1.0});
  options.always_one = *rc::gen::arbitrary<bool>();
  options.panic = *one_of({0.0, 0.5, 0.8});
  return options;
}

class SideBySide {
 public:
  SideBySide(const EjectionOptions& options, std::size_t instances)
      : service_(options, instances), model_(options, service_.now) {
    for (std::size_t i = 0; i < instances; ++i) model_.add(i, service_.now);
  }

  void take(const Step& step) {
    using What = Step::What;
    const CallEnd end = step.status == 0 ? CallEnd::local_error() : CallEnd::answered(step.status);
    switch (step.what) {
      case What::end:
        model_.end(step.number, model_.all[step.number].era, step.status, service_.now);
        service_.end(step.number, end);
        break;
      case What::hang:
        hanging_.push_back({service_.call(step.number), step.number, model_.all[step.number].era});
        break;
      case What::end_hung:
        if (hanging_.empty()) break;
        model_.end(hanging_.back().number, hanging_.back().era, step.status, service_.now);
        service_.ejection.record(std::move(hanging_.back().call), end, service_.now);
        hanging_.pop_back();
        break;
      case What::pass:
        pass(step.length);
        break;
      default:
        change(step);
        break;
    }
  }

  void compare() {
    for (const auto& [number, expected] : model_.all) {
      if (!expected.present) continue;
      const InstanceSnapshot seen = service_.seen(number);
      RC_ASSERT(seen.ejected == expected.out);
      RC_ASSERT(seen.found_bad == expected.bad);
      RC_ASSERT(seen.times == static_cast<std::uint32_t>(expected.times));
      RC_ASSERT(!expected.out || seen.until == expected.until);
    }
    RC_ASSERT(service_.ejection.panicking() == model_.panic());
    RC_ASSERT(model_.ejected() <= model_.limit());
    RC_ASSERT(service_.ejection.next_due() == model_.next_due());
  }

  /// Every change was told: what the events say adds up to what there is.
  void compare_events() {
    int out = 0;
    bool panic = false;
    for (std::size_t i = 0; i < service_.recorder.events.size(); ++i) {
      const InstanceEvent& event = service_.recorder.events[i];
      RC_ASSERT(event.number == i + 1);
      using Kind = InstanceEvent::Kind;
      if (event.kind == Kind::ejected) ++out;
      if (event.kind == Kind::returned) --out;
      if (event.kind == Kind::panic_began || event.kind == Kind::panic_ended) {
        RC_ASSERT(panic == (event.kind == Kind::panic_ended));
        panic = !panic;
      }
      RC_ASSERT(event.ejected == static_cast<std::uint32_t>(out));
    }
    RC_ASSERT(panic == model_.panic());
  }

 private:
  struct Hanging {
    InstanceCall call;
    std::size_t number;
    int era;
  };

  void pass(Duration length) {
    const TimePoint end = service_.now + length;
    for (TimePoint due = model_.next_due(); due <= end; due = model_.next_due()) model_.tick(due);
    service_.pass(length);
  }
  void change(const Step& step) {
    using What = Step::What;
    const bool present = model_.all[step.number].present;
    if (step.what == What::add && !present) {
      model_.add(step.number, service_.now);
      service_.add(std::to_string(step.number));
    } else if (step.what == What::remove && present) {
      model_.remove(step.number, service_.now);
      service_.ejection.remove(std::to_string(step.number), service_.now);
    } else if (step.what == What::good && present) {
      model_.good(step.number, service_.now);
      service_.ejection.on_health(service_.at(step.number), Ejection::Health::good, service_.now);
    } else if (step.what == What::bad && present) {
      model_.all[step.number].bad = true;
      service_.ejection.on_health(service_.at(step.number), Ejection::Health::bad, service_.now);
    }
  }

  TestService service_;
  Model model_;
  std::vector<Hanging> hanging_;
};

TEST(EjectionProperty, DoesWhatThePlainModelDoes) {
  EXPECT_TRUE(holds(1'000, [] {
    const EjectionOptions options = any_options();
    const auto instances = *rc::gen::inRange<std::size_t>(1, 8);
    const auto steps = *rc::gen::container<std::vector<Step>>(200, any_step(instances));
    SideBySide run{options, instances};
    for (const Step& step : steps) {
      run.take(step);
      run.compare();
    }
    run.compare_events();
  }));
}

}  // namespace
}  // namespace switchgear::instances
