// For tests: an Ejection and the model of Envoy's outlier detection under the same random traffic.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "app/interop/envoy_settings_fixture.hpp"
#include "switchgear/instances/ejection_fixture.hpp"

namespace switchgear::interop {

using instances::InstanceEvent;

struct Step {
  enum class What : std::uint8_t { call, hang, end_hung, pass, good, bad, add, remove } what = What::call;
  int host = 0;
  unsigned status = 200;  ///< 0: no answer
  Millis length = 0;
};

inline std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr std::array<const char*, 8> names{"call", "hang", "end_hung", "pass",
                                                    "good", "bad",  "add",      "remove"};
  return out << names[static_cast<std::size_t>(step.what)] << ' ' << step.host << ' ' << step.status << ' '
             << step.length;
}

/// Hosts have good and bad times.
class Traffic {
 public:
  Traffic(Dice& dice, int hosts) : dice_(dice), fails_(static_cast<std::size_t>(hosts)) {}

  Step next(Millis unit) {
    using What = Step::What;
    Step step;
    step.host = dice_.between(0, static_cast<int>(fails_.size()) - 1);
    const int kind = dice_.between(1, 100);
    step.what = kind <= 62   ? What::call
                : kind <= 67 ? What::hang
                : kind <= 72 ? What::end_hung
                : kind <= 90 ? What::pass
                : kind <= 92 ? What::good
                : kind <= 94 ? What::bad
                : kind <= 97 ? What::add
                             : What::remove;
    int& fails = fails_[static_cast<std::size_t>(step.host)];
    if (dice_.one_in(15)) fails = dice_.from({0, 10, 50, 90, 100});
    if (dice_.between(1, 100) <= fails) step.status = dice_.from({500U, 503U, 0U, 0U, 501U});
    if (dice_.one_in(20)) step.status = 404;
    step.length = unit * dice_.between(0, 12);
    return step;
  }

 private:
  Dice& dice_;
  std::vector<int> fails_;
};

// --- side by side

inline EnvoyRule of_envoy(instances::EjectionRule rule) {
  using Ours = instances::EjectionRule;
  switch (rule) {
    case Ours::consecutive_gateway:
      return EnvoyRule::gateway_failure;
    case Ours::consecutive_5xx:
      return EnvoyRule::any_5xx;
    case Ours::consecutive_local:
      return EnvoyRule::local_origin;
    case Ours::success_rate:
      return EnvoyRule::success_rate;
    case Ours::failure_percentage:
      return EnvoyRule::failure_percentage;
    case Ours::success_rate_local:
      return EnvoyRule::local_success_rate;
    case Ours::failure_percentage_local:
      return EnvoyRule::local_failure_percentage;
  }
  return {};
}

/// How often rules of a share between none and all have ejected, and how often they should have.
struct Tally {
  double expected = 0;
  double variance = 0;
  double seen = 0;
};

class SideBySide {
 public:
  SideBySide(const EnvoySettings& settings, const instances::EjectionOptions& options,
             const Differences& differences, int hosts, int seed)
      : settings_(settings),
        ours(options, 0, static_cast<std::uint64_t>(seed)),
        envoy(settings, differences, nanos(ours.now)),
        start_(ours.now) {
    for (int i = 0; i < hosts; ++i) {
      ours.add(std::to_string(i));
      envoy.add(i, now());
    }
  }

  /// Findings come in the same order, and the model learns from ours what chance has decided.
  void share_chance(Tally& tally) {
    envoy.enforced = [this, &tally](int host, EnvoyRule rule, std::uint32_t percent) {
      while (read_ < ours.recorder.events.size() && !is_finding(ours.recorder.events[read_])) ++read_;
      if (read_ == ours.recorder.events.size()) {
        ADD_FAILURE() << "Envoy finds host " << host << " an outlier by rule " << int(rule);
        return false;
      }
      const InstanceEvent& event = ours.recorder.events[read_++];
      EXPECT_EQ(event.instance->name(), std::to_string(host));
      EXPECT_EQ(int(of_envoy(event.finding.rule)), int(rule));
      const bool yes = event.reason != instances::InstanceReason::not_enforced;
      if (percent == 0 || percent == 100) {
        EXPECT_EQ(yes, percent == 100) << percent << '%';
      }
      const double share = percent / 100.0;
      tally.expected += share;
      tally.variance += share * (1 - share);
      tally.seen += yes ? 1 : 0;
      return yes;
    };
    envoy.jitter = [this](Nanos length) {
      const InstanceEvent& event = ours.recorder.events[read_ - 1];
      const Nanos extra = nanos(event.until) - nanos(event.at) - length;
      EXPECT_GE(extra, 0);
      EXPECT_LE(extra, settings_.max_ejection_time_jitter.value_or(0) * 1'000'000);
      return extra;
    };
  }
  /// Every finding of ours was one of Envoy's.
  void expect_no_finding_left(const Step& step) {
    for (; read_ < ours.recorder.events.size(); ++read_) {
      const InstanceEvent& event = ours.recorder.events[read_];
      if (step.what == Step::What::add || !is_finding(event)) continue;
      ADD_FAILURE() << "only Switchgear finds host " << event.instance->name() << " an outlier by "
                    << to_string(event.finding.rule);
    }
  }

  /// False as soon as something differs.
  bool take(const Step& step) {
    using What = Step::What;
    const auto name = std::to_string(step.host);
    const bool here = envoy.hosts[step.host].present;
    switch (step.what) {
      case What::call:
        if (here) end(begin(step.host), step.status);
        break;
      case What::hang:
        if (here) hanging_.push_back(begin(step.host));
        break;
      case What::end_hung:
        if (hanging_.empty()) break;
        end(std::move(hanging_.front()), step.status);
        hanging_.erase(hanging_.begin());
        break;
      case What::pass:
        return pass(step.length);
      case What::good:
      case What::bad:
        if (!here) break;
        ours.ejection.on_health(
            *ours.instances.at(name),
            step.what == What::good ? instances::Ejection::Health::good : instances::Ejection::Health::bad,
            ours.now);
        envoy.checked(step.host, step.what == What::good, now());
        break;
      case What::add:
        if (here) break;
        ours.add(name);
        envoy.add(step.host, now());
        break;
      case What::remove:
        if (!here) break;
        ours.ejection.remove(name, ours.now);
        envoy.remove(step.host, now());
        break;
    }
    return same();
  }

  /// What happens at one instant comes before the end of an interval at the same instant.
  bool pass(Millis length) {
    const Nanos end = now() + length * 1'000'000;
    for (;;) {
      const Nanos due = std::min(nanos(ours.ejection.next_due()), envoy.next_due());
      if (due >= end) break;
      ours.now = start_ + std::chrono::nanoseconds{due - nanos(start_)};
      if (nanos(ours.ejection.next_due()) <= due) ours.ejection.tick(ours.now);
      if (envoy.next_due() <= due) envoy.tick(due);
      if (!same()) return false;
    }
    ours.now = start_ + std::chrono::nanoseconds{end - nanos(start_)};
    return true;
  }

  bool same() {
    out_in_one.clear();
    const auto seen = ours.ejection.snapshot();
    other_times.clear();
    for (const instances::InstanceSnapshot& each : seen.instances) {
      const int id = std::stoi(each.name);
      const EnvoyHost& host = envoy.hosts[id];
      if (each.ejected != host.ejected || (host.ejected && nanos(each.until) != host.ends_at()))
        out_in_one.insert(id);
      if (times_matter && each.times != host.times) other_times.insert(id);
    }
    other_panic = seen.panic != envoy.panics();
    return out_in_one.empty() && other_times.empty() && !other_panic;
  }

  [[nodiscard]] Nanos now() const { return nanos(ours.now); }
  [[nodiscard]] static Nanos nanos(TimePoint at) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
  }
  [[nodiscard]] bool out_only_in_envoy(int id) {
    return envoy.hosts[id].ejected && !ours.instances.at(std::to_string(id))->ejected();
  }
  [[nodiscard]] std::string difference() {
    std::ostringstream text;
    text << "at " << now() << " ns, out in one only:";
    for (const int id : out_in_one) text << ' ' << id << (out_only_in_envoy(id) ? " (Envoy)" : " (ours)");
    text << "; times:";
    for (const int id : other_times)
      text << ' ' << id << " (Envoy " << envoy.hosts[id].times << ", ours "
           << ours.seen(static_cast<std::size_t>(id)).times << ')';
    text << (other_panic ? "; panic" : "");
    return text.str();
  }

 private:
  struct Hanging {
    instances::InstanceCall call;
    EnvoyCall of_envoy;
  };
  static bool is_finding(const InstanceEvent& event) {
    return event.kind == InstanceEvent::Kind::ejected || event.kind == InstanceEvent::Kind::spared;
  }
  Hanging begin(int id) { return {ours.call(static_cast<std::size_t>(id)), envoy.begin(id)}; }
  void end(Hanging&& call, unsigned status) {
    using instances::CallEnd;
    ours.ejection.record(std::move(call.call),
                         status == 0 ? CallEnd::local_error() : CallEnd::answered(status), ours.now);
    envoy.end(call.of_envoy, status, now());
  }

  EnvoySettings settings_;
  std::vector<Hanging> hanging_;
  std::size_t read_ = 0;

 public:
  instances::TestService ours;
  EnvoyDetector envoy;
  bool times_matter = true;
  std::set<int> out_in_one;  ///< or with another end
  std::set<int> other_times;
  bool other_panic = false;

 private:
  TimePoint start_;
};

inline std::string told(int number, const std::string& file, const std::vector<Step>& steps) {
  std::ostringstream text;
  text << "case " << number << '\n' << file;
  for (const Step& step : steps) text << step << '\n';
  return text.str();
}

}  // namespace switchgear::interop
