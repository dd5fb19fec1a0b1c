// Envoy's outlier detection as its documentation tells it, for one cluster of one priority and one thread:
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier. Plain, and written from
// that page and from what the fields of the API are said to mean; it knows nothing of Switchgear.
//
// Where Switchgear differs on purpose, a switch in Differences makes the model do the same. With none of them
// it is Envoy.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace switchgear::interop {

using Millis = std::int64_t;  ///< in settings
using Nanos = std::int64_t;   ///< in time

/// Fields of `outlier_detection`, and two of elsewhere that it needs. What is not set is Envoy's default.
struct EnvoySettings {
  using Count = std::optional<std::uint32_t>;
  Count consecutive_5xx, consecutive_gateway_failure, consecutive_local_origin_failure;
  Count enforcing_consecutive_5xx, enforcing_consecutive_gateway_failure,
      enforcing_consecutive_local_origin_failure;
  std::optional<bool> split_external_local_origin_errors;
  Count success_rate_minimum_hosts, success_rate_request_volume, success_rate_stdev_factor;
  Count enforcing_success_rate, enforcing_local_origin_success_rate;
  Count failure_percentage_threshold, failure_percentage_minimum_hosts, failure_percentage_request_volume;
  Count enforcing_failure_percentage, enforcing_failure_percentage_local_origin;
  std::optional<Millis> interval, base_ejection_time, max_ejection_time, max_ejection_time_jitter;
  Count max_ejection_percent;
  std::optional<bool> always_eject_one_host;
  Count healthy_panic_threshold;  ///< common_lb_config
  Count overprovisioning_factor;  ///< load_assignment.policy
};

/// What docs/instances.md says that Switchgear does otherwise.
struct Differences {
  bool returns_at_its_time = false;
  bool limit_holds_after_leaving = false;
  bool worst_first = false;
  bool counts_begin_anew = false;
  bool spared_is_not_healthy = false;
  bool times_stop_at_max = false;
  bool remembers_who_left = false;

  static Differences all() { return {true, true, true, true, true, true, true}; }
};

enum class EnvoyRule : std::uint8_t {
  gateway_failure,
  any_5xx,
  local_origin,
  success_rate,
  failure_percentage,
  local_success_rate,
  local_failure_percentage,
};

/// A rule held against a host.
struct EnvoyFinding {
  int host = 0;
  EnvoyRule rule{};
  bool room = false;  ///< max_ejection_percent has room for one more
  bool ejects = false;
};

struct EnvoyHost {
  struct Ends {
    std::uint32_t all = 0;
    std::uint32_t good = 0;
  };
  bool present = false;
  bool ejected = false;
  bool failed_checks = false;
  std::uint32_t row_5xx = 0, row_gateway = 0, row_local = 0;
  Ends external{}, local{};  ///< of the current interval
  std::uint32_t times = 0;   ///< ejected in a row
  Nanos ejected_at = 0, length = 0;
  std::optional<Nanos> in_use_since{};  ///< its latest return
  bool spared = false;                  ///< there was no room, in the current interval
  int spared_intervals = 0;             ///< before that
  int stale = 0;   ///< ends from before the latest ejection or return in what is counted now
  int life = 0;    ///< of an address that left and came back: which one this is
  int era = 0;     ///< changes with each ejection and return
  int joined = 0;  ///< order of arrival

  [[nodiscard]] Nanos ends_at() const { return ejected_at + length; }
};

/// A call that is under way.
struct EnvoyCall {
  int host = 0, life = 0, era = 0;
  bool was_out = false;
};

class EnvoyDetector {
 public:
  /// Chance, which the caller decides: whether a rule of `percent` ejects this time, and how much jitter.
  std::function<bool(int host, EnvoyRule rule, std::uint32_t percent)> enforced =
      [](int, EnvoyRule, std::uint32_t percent) { return percent >= 100; };
  std::function<Nanos(Nanos length)> jitter = [](Nanos) { return 0; };
  /// In what order the outliers of one interval are taken: Envoy's hosts have none. Changes `outliers`.
  std::function<void(std::vector<std::pair<double, int>>& outliers)> shuffled = [](auto&) {};

  std::map<int, EnvoyHost> hosts;
  std::vector<EnvoyFinding> findings;  ///< of all time
  // Of the latest interval that ended:
  std::map<int, double> judged;  ///< success rates of those that a rule of rates found bad, in percent
  int stale = 0;                 ///< ends that were counted, from before an ejection or a return

  EnvoyDetector(const EnvoySettings& settings, const Differences& differences, Nanos now)
      : set_(settings), ours_(differences), next_tick_(now + interval()) {}

  void add(int id, Nanos now) {
    EnvoyHost& host = hosts[id];
    if (!ours_.remembers_who_left || host.times == 0) forget_all(host);
    ++host.life;
    host.present = true;
    host.joined = ++joins_;
    forget(host);
    if (host.times == 0) return;
    host.in_use_since = std::min(host.ends_at(), now);
    if (host.ends_at() <= now) return;
    host.in_use_since = now;
    host.ejected = has_room();
  }

  void remove(int id, Nanos now) {
    EnvoyHost& host = hosts[id];
    if (host.ejected || host.ends_at() > now) host.in_use_since = host.ends_at();  // as if it went on
    host.present = host.ejected = host.failed_checks = false;
    while (ours_.limit_holds_after_leaving && ejected() > 0 && !fits(ejected())) {
      EnvoyHost* soonest = nullptr;
      for (auto& [other, each] : hosts) {
        const auto order = [](const EnvoyHost& of) { return std::pair{of.ends_at(), of.joined}; };
        if (each.present && each.ejected && (soonest == nullptr || order(each) < order(*soonest)))
          soonest = &each;
      }
      put_back(*soonest, now);
    }
  }

  [[nodiscard]] EnvoyCall begin(int id) const {
    const EnvoyHost& host = hosts.at(id);
    return {id, host.life, host.era, host.ejected};
  }

  /// `status` 0: no answer came.
  void end(const EnvoyCall& call, unsigned status, Nanos now) {
    EnvoyHost& host = hosts[call.host];
    if (!host.present || host.life != call.life) return;
    const bool old = call.era != host.era || call.was_out;
    if (old && ours_.counts_begin_anew) return;
    if (old) ++host.stale;
    const bool split = set_.split_external_local_origin_errors.value_or(false);
    if (split) {
      count(host.local, status != 0);
      host.row_local = status == 0 ? host.row_local + 1 : 0;
      if (status == 0) {
        row_found(call.host, host.row_local, set_.consecutive_local_origin_failure.value_or(5),
                  EnvoyRule::local_origin, set_.enforcing_consecutive_local_origin_failure.value_or(100),
                  now);
        return;
      }
    }
    // Not split, an error without an answer is a gateway error.
    const bool gateway = status == 0 || (status >= 502 && status <= 504);
    const bool failed = status == 0 || (status >= 500 && status <= 599);
    count(host.external, !failed);
    host.row_gateway = gateway ? host.row_gateway + 1 : 0;
    host.row_5xx = failed ? host.row_5xx + 1 : 0;
    if (gateway)
      row_found(call.host, host.row_gateway, set_.consecutive_gateway_failure.value_or(5),
                EnvoyRule::gateway_failure, set_.enforcing_consecutive_gateway_failure.value_or(0), now);
    if (failed)
      row_found(call.host, host.row_5xx, set_.consecutive_5xx.value_or(5), EnvoyRule::any_5xx,
                set_.enforcing_consecutive_5xx.value_or(100), now);
  }

  /// A check's result, after its thresholds.
  void checked(int id, bool good, Nanos now) {
    EnvoyHost& host = hosts[id];
    host.failed_checks = !good;
    if (good && host.ejected) put_back(host, now);
  }

  [[nodiscard]] Nanos next_due() const {
    Nanos due = next_tick_;
    for (const auto& [id, host] : hosts)
      if (ours_.returns_at_its_time && host.present && host.ejected) due = std::min(due, host.ends_at());
    return due;
  }
  [[nodiscard]] Nanos next_tick() const { return next_tick_; }

  void tick(Nanos now) {
    const bool interval_is_over = now >= next_tick_;
    if (interval_is_over || ours_.returns_at_its_time) return_due(now);
    if (!interval_is_over) return;
    next_tick_ = now + interval();
    judged.clear();
    stale = 0;
    for (const auto& [id, host] : hosts) stale += host.stale;
    judge(&EnvoyHost::external, EnvoyRule::success_rate, set_.enforcing_success_rate.value_or(100),
          EnvoyRule::failure_percentage, set_.enforcing_failure_percentage.value_or(0), now);
    judge(&EnvoyHost::local, EnvoyRule::local_success_rate,
          set_.enforcing_local_origin_success_rate.value_or(100), EnvoyRule::local_failure_percentage,
          set_.enforcing_failure_percentage_local_origin.value_or(0), now);
    for (auto& [id, host] : hosts) {
      const bool healthy = !host.ejected && host.in_use_since && now - *host.in_use_since >= interval() &&
                           !(ours_.spared_is_not_healthy && host.spared);
      if (healthy && host.times > 0) --host.times;
      host.spared_intervals += std::exchange(host.spared, false) ? 1 : 0;
      host.external = host.local = {};
      host.stale = 0;
    }
  }

  [[nodiscard]] int present() const {
    return static_cast<int>(
        std::count_if(hosts.begin(), hosts.end(), [](const auto& each) { return each.second.present; }));
  }
  [[nodiscard]] int ejected() const {
    return static_cast<int>(std::count_if(hosts.begin(), hosts.end(), [](const auto& each) {
      return each.second.present && each.second.ejected;
    }));
  }
  /// Whether so many may be ejected at once.
  [[nodiscard]] bool fits(int ejected) const {
    if (ejected == 1 && set_.always_eject_one_host.value_or(false)) return true;
    return ejected * 100 <= static_cast<int>(set_.max_ejection_percent.value_or(10)) * present();
  }

  /// The share of healthy hosts is below the threshold, and they cannot take over the load of the others.
  [[nodiscard]] bool panics() const {
    const int all = present();
    const auto healthy = static_cast<int>(std::count_if(hosts.begin(), hosts.end(), [](const auto& each) {
      return each.second.present && !each.second.ejected && !each.second.failed_checks;
    }));
    if (all == 0) return false;
    const auto threshold = static_cast<int>(set_.healthy_panic_threshold.value_or(50));
    const auto factor = static_cast<int>(set_.overprovisioning_factor.value_or(140));
    return healthy * 100 < threshold * all && healthy * factor / all < 100;
  }

 private:
  static constexpr Nanos ms = 1'000'000;
  [[nodiscard]] Nanos interval() const { return set_.interval.value_or(10'000) * ms; }
  [[nodiscard]] Nanos base() const { return set_.base_ejection_time.value_or(30'000) * ms; }
  [[nodiscard]] Nanos longest() const {
    return set_.max_ejection_time ? *set_.max_ejection_time * ms : std::max(300'000 * ms, base());
  }
  [[nodiscard]] bool has_room() const { return fits(ejected() + 1); }

  static void count(EnvoyHost::Ends& ends, bool good) {
    ++ends.all;
    ends.good += good ? 1 : 0;
  }

  /// The rule fires when the count is reached, and counts anew then. 0 is never reached.
  void row_found(int id, std::uint32_t& row, std::uint32_t reached, EnvoyRule rule, std::uint32_t percent,
                 Nanos now) {
    if (row != reached || hosts[id].ejected) return;
    if (ours_.returns_at_its_time) return_due(now);
    if (!found(id, rule, percent, now)) row = 0;
  }

  /// True if the host is ejected.
  bool found(int id, EnvoyRule rule, std::uint32_t percent, Nanos now) {
    EnvoyHost& host = hosts[id];
    EnvoyFinding finding{id, rule, has_room(), false};
    const bool enforce = enforced(id, rule, percent);
    finding.ejects = finding.room && enforce;
    findings.push_back(finding);
    if (enforce && !finding.room) host.spared = true;
    if (!finding.ejects) return false;
    // The released Envoy counts one further than the number that makes an ejection as long as it may be.
    const Nanos most = ours_.times_stop_at_max ? longest() : longest() + base();
    if (host.times * base() < most) ++host.times;
    host.ejected = true;
    host.ejected_at = now;
    host.length = std::min(base() * host.times, longest());
    host.length += jitter(host.length);
    forget(host);
    return true;
  }

  void return_due(Nanos now) {
    for (auto& [id, host] : hosts)
      if (host.present && host.ejected && host.ends_at() <= now)
        put_back(host, ours_.returns_at_its_time ? host.ends_at() : now);
  }
  void put_back(EnvoyHost& host, Nanos now) {
    host.ejected = false;
    host.in_use_since = now;
    host.length = std::min(host.length, now - host.ejected_at);
    host.row_5xx = host.row_gateway = host.row_local = 0;
    forget(host);
  }
  static void forget_all(EnvoyHost& host) {
    const EnvoyHost before = std::exchange(host, {});
    host.life = before.life;
    host.spared_intervals = before.spared_intervals;
  }
  /// Each ejection, each return.
  void forget(EnvoyHost& host) const {
    ++host.era;
    if (!ours_.counts_begin_anew) {
      host.stale += static_cast<int>(host.external.all + host.local.all);
      return;
    }
    host.row_5xx = host.row_gateway = host.row_local = 0;
    host.external = host.local = {};
  }

  void judge(EnvoyHost::Ends EnvoyHost::*ends, EnvoyRule by_rate, std::uint32_t rate_percent,
             EnvoyRule by_share, std::uint32_t share_percent, Nanos now) {
    const auto rates_of = [&](std::uint32_t volume, std::uint32_t minimum_hosts) {
      std::vector<std::pair<double, int>> rates;
      for (const auto& [id, host] : hosts) {
        const EnvoyHost::Ends& of = host.*ends;
        if (host.present && !host.ejected && of.all > 0 && of.all >= volume)
          rates.emplace_back(100.0 * of.good / of.all, id);
      }
      if (rates.size() < minimum_hosts) rates.clear();
      return rates;
    };
    const auto deviating = outliers(rates_of(set_.success_rate_request_volume.value_or(100),
                                             set_.success_rate_minimum_hosts.value_or(5)));
    const auto failing = failures(rates_of(set_.failure_percentage_request_volume.value_or(50),
                                           set_.failure_percentage_minimum_hosts.value_or(5)));
    take(deviating, by_rate, rate_percent, now);
    take(failing, by_share, share_percent, now);
  }

  [[nodiscard]] std::vector<std::pair<double, int>> outliers(
      std::vector<std::pair<double, int>> rates) const {
    if (rates.empty()) return rates;
    double sum = 0;
    for (const auto& [rate, id] : rates) sum += rate;
    const double mean = sum / static_cast<double>(rates.size());
    double squares = 0;
    for (const auto& [rate, id] : rates) squares += (rate - mean) * (rate - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(rates.size()));
    const double limit = mean - deviation * set_.success_rate_stdev_factor.value_or(1900) / 1000.0;
    // Equal numbers in the formula are not always equal in what is computed.
    std::erase_if(rates, [&](const auto& each) { return each.first >= limit - 1e-10; });
    return rates;
  }
  [[nodiscard]] std::vector<std::pair<double, int>> failures(
      std::vector<std::pair<double, int>> rates) const {
    const double threshold = set_.failure_percentage_threshold.value_or(85);
    std::erase_if(rates, [&](const auto& each) { return 100.0 - each.first < threshold; });
    return rates;
  }

  void take(std::vector<std::pair<double, int>> found_bad, EnvoyRule rule, std::uint32_t percent, Nanos now) {
    const auto order = [this](const auto& each) { return std::pair{each.first, hosts[each.second].joined}; };
    for (const auto& [rate, id] : found_bad) judged[id] = rate;
    if (ours_.worst_first) {
      std::ranges::sort(found_bad, {}, order);
    } else {
      shuffled(found_bad);
    }
    for (const auto& [rate, id] : found_bad)
      if (!hosts[id].ejected) found(id, rule, percent, now);
  }

  EnvoySettings set_;
  Differences ours_;
  Nanos next_tick_;
  int joins_ = 0;
};

}  // namespace switchgear::interop
