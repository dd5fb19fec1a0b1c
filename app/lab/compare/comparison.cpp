#include "app/lab/compare/comparison.hpp"

#include <algorithm>
#include <utility>

namespace switchgear::lab {

namespace {

bool in_an_outage(TimePoint at, const std::vector<Outage>& outages) {
  return std::any_of(outages.begin(), outages.end(), [&](const Outage& each) { return each.has(at); });
}

}  // namespace

std::optional<TimePoint> first_open(const std::vector<StateChange>& changes, const Outage& outage) {
  const auto after = std::upper_bound(changes.begin(), changes.end(), outage.from,
                                      [](TimePoint at, const StateChange& each) { return at < each.at; });
  if (after != changes.begin() && std::prev(after)->to == State::open) return outage.from;
  const auto opening =
      std::find_if(after, changes.end(), [](const auto& each) { return each.to == State::open; });
  if (opening == changes.end() || opening->at > outage.to) return std::nullopt;
  return opening->at;
}

Notice judge(const Course& course, const std::vector<Outage>& outages) {
  Notice notice;
  for (const StateChange& change : course.changes) {
    if (change.from != State::closed || change.to != State::open) continue;
    ++notice.opened;
    if (!in_an_outage(change.at, outages)) ++notice.doubtful;
  }
  std::vector<Duration> delays;
  for (const Outage& outage : outages) {
    if (const auto at = first_open(course.changes, outage)) delays.push_back(*at - outage.from);
  }
  notice.noticed = delays.size();
  if (delays.empty()) return notice;
  std::sort(delays.begin(), delays.end());
  notice.median = delays[(delays.size() - 1) / 2];
  notice.longest = delays.back();
  return notice;
}

Comparison compare(const std::vector<analysis::Policy>& policies, const Setting& setting, const Calls& calls,
                   std::uint64_t seed, Progress& progress) {
  Comparison comparison;
  comparison.calls = calls.size();
  for (const RecordedCall& call : calls) {
    if (!call.known) ++comparison.unknown;
    if (call.known && call.verdict == Verdict::failure) ++comparison.failed;
  }
  comparison.values = values_of(calls);
  comparison.by_value = setting.values.has_value();
  comparison.begin = calls.front().at;
  comparison.end = calls.back().at;
  comparison.outages = find_outages(calls);
  const auto played = [&](const analysis::Policy& policy, Unknown unknown) {
    progress.begin(policy.name, calls.size());
    Course course = simulate(policy, setting, calls, unknown, seed, progress);
    Notice notice = judge(course, comparison.outages);
    return Judged{std::move(course), notice};
  };
  for (const analysis::Policy& policy : policies) {
    Arm arm;
    arm.policy = policy.name;
    arm.has_breaker = policy.circuit_breaker.has_value();
    arm.if_good = played(policy, Unknown::succeeds);
    arm.has_values = arm.if_good.course.values.has_value();
    if (comparison.unknown > 0) arm.if_bad = played(policy, Unknown::fails);
    comparison.arms.push_back(std::move(arm));
  }
  return comparison;
}

}  // namespace switchgear::lab
