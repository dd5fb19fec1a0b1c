#include "app/experiment/splits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
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

/// Trials of splits that are gone, or are others by now, end. Their stops are forgotten.
void Splits::follow(TimePoint now) {
  const Live live = live_();
  std::erase_if(watches_, [&](const auto& watch) {
    const auto found = live.find(watch.first);
    const bool goes = found == live.end() || found->second != watch.second->split();
    const Halt halted = watch.second->halted();
    if (goes && record_ && (halted == Halt::by_operator || halted == Halt::harmful))
      write([this, service = watch.first] { return record_->remove(service); });
    return goes;
  });
  for (const auto& [service, split] : live) {
    auto& watch = watches_[service];
    if (!watch) watch = std::make_unique<SplitWatch>(split, registry_, now);
  }
}

const char* Splits::until_when() const noexcept {
  return record_ ? "" : "; the next start of the gateway does not know that, because history.file is not set";
}

void Splits::hold() {
  const std::lock_guard lock(mutex_);
  knows_ = false;
  for (const auto& [service, split] : live_()) split->hold();
}

void Splits::keep(std::unique_ptr<const StopRecord> record, std::function<bool()> can_be_read,
                  TimePoint now) {
  const std::lock_guard lock(mutex_);
  record_ = std::move(record);
  can_be_read_ = std::move(can_be_read);
  load(now);
}

void Splits::keep_nothing() {
  const std::lock_guard lock(mutex_);
  begin_all();
}

/// One step of it; never waits for the disk.
void Splits::load(TimePoint now) {
  if (knows_ || !record_ || !can_be_read_()) return;
  if (!loading_.valid()) {
    loaded_ = std::make_shared<std::vector<StoppedSplit>>();
    loading_ = record_->load(loaded_);
  }
  if (loading_.wait_for(std::chrono::seconds{0}) != std::future_status::ready) return;
  try {
    loading_.get();
  } catch (const std::exception&) {
    return;  // again at the next look
  }
  if (!can_be_read_()) return;  // it was read from what stands in for it
  apply(*loaded_, now);
}

void Splits::apply(const std::vector<StoppedSplit>& stopped, TimePoint now) {
  follow(now);
  for (const StoppedSplit& each : stopped) {
    const auto found = watches_.find(each.service);
    if (found == watches_.end() || identity_of(found->second->split()->subject()) != each.split) {
      write([this, service = each.service] { return record_->remove(service); });
      continue;
    }
    SplitWatch& watch = *found->second;
    if (watch.halted() == Halt::none)  // an operator has begun it anew in the meantime
      write([this, service = each.service] { return record_->remove(service); });
    if (watch.halted() != Halt::held) continue;
    watch.halt_as_before(each.why, each.at);
    tell(*watch.split(), "stopped",
         fmt::format("candidate '{}' stays stopped, as before the start of the gateway: {}",
                     watch.split()->subject().options.candidate,
                     each.why == Halt::harmful ? "it did harm" : "an operator stopped it"),
         now);
  }
  begin_all();
  follow(now);
}

void Splits::begin_all() {
  knows_ = true;
  for (const auto& [service, split] : live_()) split->release();
  std::erase_if(watches_, [](const auto& each) { return each.second->halted() == Halt::held; });
}

void Splits::note_stop(const SplitWatch& watch, TimePoint now) {
  if (!record_) return;
  const SplitSubject& subject = watch.split()->subject();
  write([this, stopped = StoppedSplit{subject.service, identity_of(subject), watch.halted(),
                                      registry_.anchor().to_wall(now)}] { return record_->put(stopped); });
}

void Splits::write(std::function<std::future<void>()> write) {
  std::future<void> done = write();
  writing_.push_back({std::move(write), std::move(done)});
}

/// What could not be written is tried again, in the same order.
void Splits::see_what_was_written() {
  while (!writing_.empty()) {
    Writing& oldest = writing_.front();
    if (oldest.done.wait_for(std::chrono::seconds{0}) != std::future_status::ready) return;
    try {
      oldest.done.get();
    } catch (const std::exception&) {
      for (Writing& each : writing_) each.done = each.again();
      return;
    }
    writing_.erase(writing_.begin());
  }
}

void Splits::advance(TimePoint now) {
  const std::lock_guard lock(mutex_);
  load(now);
  see_what_was_written();
  follow(now);
  for (const auto& [service, watch] : watches_) {
    const auto verdict = watch->look(now);
    if (!verdict) continue;
    if (*verdict == Verdict::harmful) {
      watch->halt(Halt::harmful, now);
      note_stop(*watch, now);
    }
    std::string text = text_of(*watch->split(), watch->finding());
    if (*verdict == Verdict::harmful) text += until_when();
    tell(*watch->split(), to_string(*verdict), std::move(text), now);
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
  if (watch.halted() != Halt::none && watch.halted() != Halt::held) return Stopped::before;
  watch.halt(Halt::by_operator, now);
  note_stop(watch, now);
  tell(*watch.split(), "stopped",
       fmt::format("candidate '{}' is stopped by an operator{}", watch.split()->subject().options.candidate,
                   until_when()),
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
