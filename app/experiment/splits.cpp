#include "app/experiment/splits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace switchgear::experiment {

namespace {

constexpr Duration a_second = std::chrono::seconds{1};

constexpr Verdict verdicts[] = {Verdict::not_enough_data, Verdict::better, Verdict::worse, Verdict::harmful,
                                Verdict::invalid};

[[nodiscard]] std::string text_of(const Split& split, const Finding& finding) {
  const std::string& candidate = split.subject().options.candidate;
  const std::string rates =
      fmt::format("{:.2f} % of its requests were bad, and {:.2f} % of those of '{}'",
                  100 * finding.candidate_rate, 100 * finding.current_rate, split.subject().policy);
  switch (finding.verdict) {
    case Verdict::better:
      return fmt::format("candidate '{}' is better: {}", candidate, rates);
    case Verdict::worse:
      return fmt::format("candidate '{}' is worse: {}", candidate, rates);
    case Verdict::harmful:
      return fmt::format("candidate '{}' does harm and is stopped: {}", candidate, rates);
    case Verdict::invalid:
      return fmt::format(
          "the comparison with candidate '{}' is void: the values are not divided as they "
          "should be",
          candidate);
    case Verdict::not_enough_data:
      break;
  }
  return {};
}

}  // namespace

Splits::Splits(std::function<Live()> live, BreakerRegistry& registry, std::shared_ptr<EventQueue> events)
    : live_(std::move(live)), registry_(registry), events_(std::move(events)) {}

Splits::~Splits() = default;

void Splits::tell(const Split& split, std::string what, std::string text, TimePoint now) const {
  if (!events_) return;
  const bool warns = what == "harmful" || what == "invalid" || what == "worse";
  events_->publish(LoggedExperiment{
      split.subject().service, split.subject().options.candidate, std::move(what), std::move(text), now,
      warns ? LoggedExperiment::Weight::warning : LoggedExperiment::Weight::news});
}

/// Trials of splits that are gone, or are others by now, end.
void Splits::follow(TimePoint now) {
  const Live live = live_();
  std::erase_if(watches_, [&](const auto& watch) {
    const auto found = live.find(watch.first);
    return found == live.end() || found->second != watch.second->split();
  });
  for (const auto& [service, split] : live) {
    auto& watch = watches_[service];
    if (!watch) watch = std::make_unique<SplitWatch>(split, registry_, now);
  }
}

void Splits::advance(TimePoint now) {
  const std::lock_guard lock(mutex_);
  follow(now);
  for (const auto& [service, watch] : watches_) {
    const auto verdict = watch->look(now);
    if (!verdict) continue;
    if (*verdict == Verdict::harmful) watch->halt(Halt::harmful, now);
    tell(*watch->split(), to_string(*verdict), text_of(*watch->split(), watch->finding()), now);
  }
}

TimePoint Splits::next_look(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  TimePoint next = now + a_second;
  for (const auto& [service, watch] : watches_) {
    if (watch->halted() == Halt::none) next = std::min(next, watch->next_look());
  }
  return std::max(next, now + std::chrono::milliseconds{50});
}

Splits::Stopped Splits::stop(const std::string& service, TimePoint now) {
  const std::lock_guard lock(mutex_);
  follow(now);
  const auto found = watches_.find(service);
  if (found == watches_.end()) return Stopped::not_found;
  SplitWatch& watch = *found->second;
  if (watch.halted() != Halt::none) return Stopped::before;
  watch.halt(Halt::by_operator, now);
  tell(*watch.split(), "stopped",
       fmt::format("candidate '{}' is stopped by an operator", watch.split()->subject().options.candidate),
       now);
  return Stopped::done;
}

void Splits::restarted(const std::string& service, TimePoint now) {
  const std::lock_guard lock(mutex_);
  follow(now);
  const auto found = watches_.find(service);
  if (found == watches_.end()) return;
  const Split& split = *found->second->split();
  tell(split, "restarted",
       fmt::format("the split with candidate '{}' begins anew", split.subject().options.candidate), now);
}

std::vector<SplitStanding> Splits::all(TimePoint now) const {
  const std::lock_guard lock(mutex_);
  std::vector<SplitStanding> found;
  for (const auto& [service, watch] : watches_) found.push_back(watch->standing(now));
  return found;
}

std::shared_ptr<const Split> Splits::find(const std::string& service) const {
  const Live live = live_();
  const auto found = live.find(service);
  return found == live.end() ? nullptr : found->second;
}

void Splits::add_metrics(telemetry::MetricFamilies& to) const {
  for (const SplitStanding& each : all(std::chrono::steady_clock::now())) {
    const telemetry::Labels labels{{"service", each.service}, {"candidate", each.options.candidate}};
    const auto with = [&](const char* name, const char* value) {
      telemetry::Labels more = labels;
      more.push_back({name, value});
      return more;
    };
    const auto add_arm = [&](const char* name, const SplitArm& arm) {
      const auto add = [&](const char* result, std::uint64_t count) {
        telemetry::Labels more = with("arm", name);
        more.push_back({"result", result});
        to.counter("switchgear_split_requests_total",
                   "Requests of a split, by arm and by what their callers saw.", more, count);
      };
      add("good", arm.block.calls - arm.block.bad);
      add("failed", arm.block.bad - arm.refused);
      add("refused", arm.refused);
      to.histogram("switchgear_split_request_duration_seconds",
                   "How long requests of a split took until their answer began, by arm.", with("arm", name),
                   arm.durations);
    };
    add_arm("current", each.current);
    add_arm("candidate", each.candidate);
    to.gauge("switchgear_split_share", "Share of the requests that the candidate gets; 0: it is stopped.",
             labels, each.halt == Halt::none ? each.options.share : 0);
    for (const Verdict verdict : verdicts) {
      to.gauge("switchgear_split_verdict", "1: what the comparison has come to.",
               with("verdict", to_string(verdict)), each.finding.verdict == verdict ? 1 : 0);
    }
    constexpr const char* difference =
        "Bounds of the difference of the ratios of bad requests, candidate less current.";
    to.gauge("switchgear_split_difference_ratio", difference, with("bound", "low"),
             each.finding.difference.low);
    to.gauge("switchgear_split_difference_ratio", difference, with("bound", "high"),
             each.finding.difference.high);
    to.counter("switchgear_split_blocks_total", "Blocks of time that the comparison has.", labels,
               each.finding.blocks);
  }
}

}  // namespace switchgear::experiment
