#include "switchgear/instances/ejection.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "switchgear/instances/outliers.hpp"
#include "switchgear/policy/option_checker.hpp"

namespace switchgear::instances {

namespace {

/// The least number of times that makes an ejection as long as it may be. More would only make the way back
/// longer.
std::uint32_t most_times(const EjectionOptions& options) noexcept {
  if (options.base <= Duration::zero()) return 1;  // refused by the constructor
  const Duration::rep times = (options.max.count() - 1) / options.base.count() + 1;
  return static_cast<std::uint32_t>(std::clamp<Duration::rep>(times, 1, 1'000'000'000));
}

struct RowRule {
  EjectionRule name;
  EndsInARow::Count count;
  const std::optional<ConsecutiveRule>& rule;
};

/// As Envoy does, the narrower rule first: what it finds is better evidence.
std::array<RowRule, 3> row_rules(const EjectionOptions& options) noexcept {
  return {{{EjectionRule::consecutive_gateway, EndsInARow::gateway_errors, options.consecutive_gateway},
           {EjectionRule::consecutive_5xx, EndsInARow::server_errors, options.consecutive_5xx},
           {EjectionRule::consecutive_local, EndsInARow::local_errors, options.consecutive_local}}};
}

bool holds(const RowRule& rule, const EndsInARow::Counts& counts) noexcept {
  return rule.rule && counts[rule.count] >= rule.rule->count;
}

template <class Instances>
auto named(Instances& instances, std::string_view name) noexcept {
  return std::find_if(instances.begin(), instances.end(),
                      [name](const auto& instance) { return instance->name() == name; });
}

}  // namespace

Ejection::Ejection(std::string service, const EjectionOptions& options, std::uint64_t seed, TimePoint now,
                   InstanceListener* listener)
    : service_(std::move(service)),
      options_(options),
      rates_(options.success_rate || options.failure_percentage),
      most_times_(most_times(options)),
      listener_(listener),
      next_tick_(saturating_add(now, options.interval)),
      random_(seed) {
  require_valid("ejection", service_, validate(options));
}

// --- the ends of calls

void Ejection::record(InstanceCall&& call, CallEnd end, TimePoint now) noexcept {
  const InstanceCall ended = std::move(call);
  record_begun(ended, end, now);
}

void Ejection::record_begun(const InstanceCall& call, CallEnd end, TimePoint now) noexcept {
  Instance& instance = *call.instance_;
  const bool local = end.kind() == CallEnd::Kind::local_error;
  const bool apart = options_.local_errors == LocalErrors::apart;
  if (!end.good()) instance.failures_.fetch_add(1, std::memory_order_relaxed);
  if (rates_) {
    if (!local || !apart) instance.answers_.add(call.generation_, end.good());
    if (apart) instance.local_.add(call.generation_, !local);
  }
  const auto counts = instance.in_a_row_.add(call.generation_, end, options_.local_errors);
  if (counts && reached(*counts)) judge_row(call.instance_, now);
}

bool Ejection::reached(const EndsInARow::Counts& counts) const noexcept {
  const auto rules = row_rules(options_);
  return std::any_of(rules.begin(), rules.end(), [&](const RowRule& rule) { return holds(rule, counts); });
}

bool Ejection::has_rules() const noexcept {
  const auto rules = row_rules(options_);
  return rates_ || std::any_of(rules.begin(), rules.end(), [](const RowRule& each) { return each.rule; });
}

/// Those whose time is over come first, one by one so that the events of each fit without an allocation: they
/// must not take the place of the instance that is judged.
void Ejection::judge_row(const Shared& instance, TimePoint now) noexcept {
  for (bool due = true; due;) {
    Told told;
    {
      const std::scoped_lock lock(mutex_);
      due = take_back_one_due_locked(now, told);
      if (!due) judge_row_locked(instance, now, told);
    }
    tell(told);
  }
}

/// The counts are read again: while this thread waited for the mutex, another may have ejected the instance
/// or started a count anew.
void Ejection::judge_row_locked(const Shared& instance, TimePoint now, Told& told) noexcept {
  if (!instance->standing_.present || instance->ejected()) return;
  const EndsInARow::Counts counts = instance->in_a_row_.get();
  for (const RowRule& rule : row_rules(options_)) {
    if (!holds(rule, counts)) continue;
    const Finding finding{rule.name, static_cast<double>(counts[rule.count]),
                          static_cast<double>(rule.rule->count)};
    if (find_locked(instance, finding, rule.rule->enforce, now, told)) return;
    instance->in_a_row_.clear(rule.count);  // or every further failure would be a finding
  }
}

bool Ejection::find_locked(const Shared& instance, const Finding& finding, double enforce, TimePoint now,
                           Told& told) noexcept {
  Standing& standing = instance->standing_;
  const bool enforced = enforce >= 1 || (enforce > 0 && random_.uniform() < enforce);
  if (enforced) standing.troubled = true;
  if (!enforced || !has_room_locked(ejected_ + 1)) {
    InstanceEvent& event = tell_locked(InstanceEvent::Kind::spared, instance, now, told);
    event.finding = finding;
    event.until = TimePoint{};
    event.reason = enforced ? InstanceReason::max_ejected : InstanceReason::not_enforced;
    return false;
  }
  standing.times = std::min(standing.times + 1, most_times_);
  standing.until = saturating_add(now, length_locked(standing.times));
  standing.finding = finding;
  put_out_locked(instance, InstanceReason::none, now, told);
  return true;
}

Duration Ejection::length_locked(std::uint32_t times) noexcept {
  const Duration length = times >= most_times_ ? options_.max : options_.base * times;
  if (options_.jitter == Duration::zero()) return length;
  const Duration extra = uniform_between(random_, Duration::zero(), options_.jitter);
  return extra > Duration::max() - length ? Duration::max() : length + extra;
}

// --- time

void Ejection::tick(TimePoint now) {
  Told told;
  {
    const std::scoped_lock lock(mutex_);
    while (take_back_one_due_locked(now, told)) {
    }
    if (now >= next_tick_) {
      judge_interval_locked(now, told);
      next_tick_ = saturating_add(now, options_.interval);
    }
  }
  tell(told);
}

TimePoint Ejection::next_due() const noexcept {
  const std::scoped_lock lock(mutex_);
  TimePoint due = next_tick_;
  for (const Shared& instance : instances_) {
    if (instance->ejected()) due = std::min(due, instance->standing_.until);
  }
  return due;
}

bool Ejection::take_back_one_due_locked(TimePoint now, Told& told) noexcept {
  if (ejected_ == 0) return false;
  const auto due = std::find_if(instances_.begin(), instances_.end(), [now](const Shared& instance) {
    return instance->ejected() && instance->standing_.until <= now;
  });
  if (due == instances_.end()) return false;
  take_back_locked(*due, InstanceReason::time_is_over, now, told);
  return true;
}

/// An instance that is ejected, or was not in use for long enough, has too few calls to be judged. Local
/// errors come second, as in Envoy: an instance that its answers have ejected is not among those any more.
void Ejection::judge_interval_locked(TimePoint now, Told& told) {
  if (rates_) {
    using Share = FailurePercentageRule;
    using Deviation = SuccessRateRule;
    const Intervals answers = take_locked(&Instance::answers_);
    judge_rate_locked(answers, options_.success_rate, EjectionRule::success_rate, &Deviation::enforce, now,
                      told);
    judge_rate_locked(answers, options_.failure_percentage, EjectionRule::failure_percentage, &Share::enforce,
                      now, told);
    const Intervals local = take_locked(&Instance::local_);
    judge_rate_locked(local, options_.success_rate, EjectionRule::success_rate_local,
                      &Deviation::enforce_local, now, told);
    judge_rate_locked(local, options_.failure_percentage, EjectionRule::failure_percentage_local,
                      &Share::enforce_local, now, told);
  }
  forgive_locked(now);
}

Ejection::Intervals Ejection::take_locked(EndRate Instance::*rate) {
  Intervals taken;
  for (const Shared& instance : instances_) taken.push_back(((*instance).*rate).take());
  return taken;
}

template <class Rule>
void Ejection::judge_rate_locked(const Intervals& intervals, const std::optional<Rule>& rule,
                                 EjectionRule name, double Rule::*enforce, TimePoint now, Told& told) {
  if (!rule) return;
  for (const Outlier& outlier : outliers(intervals, *rule)) {
    const Shared& instance = instances_[outlier.index];
    if (instance->ejected()) continue;  // by a rule before this one
    find_locked(instance, {name, outlier.value, outlier.threshold}, *rule.*enforce, now, told);
  }
}

/// After the interval was judged: an instance that is ejected at every other tick only would otherwise be
/// forgiven as often as it is ejected.
void Ejection::forgive_locked(TimePoint now) noexcept {
  for (const Shared& instance : instances_) {
    Standing& standing = instance->standing_;
    if (!standing.troubled && standing.times > 0) --standing.times;
    standing.troubled = instance->ejected();
  }
  for (const Shared& instance : remembered_) {
    Standing& standing = instance->standing_;
    if (!standing.troubled && standing.times > 0) --standing.times;
    standing.troubled = standing.until > now;
  }
  std::erase_if(remembered_, [](const Shared& instance) { return instance->standing_.times == 0; });
}

// --- out and back

void Ejection::put_out_locked(const Shared& instance, InstanceReason reason, TimePoint now,
                              Told& told) noexcept {
  instance->standing_.troubled = true;
  ++ejected_;
  begin_next_generation_locked(*instance);
  instance->out_.fetch_or(Instance::by_rule, std::memory_order_acq_rel);
  InstanceEvent& event = tell_locked(InstanceEvent::Kind::ejected, instance, now, told);
  event.finding = instance->standing_.finding;
  event.reason = reason;
  update_panic_locked(now, told);
}

void Ejection::take_back_locked(const Shared& instance, InstanceReason reason, TimePoint now,
                                Told& told) noexcept {
  --ejected_;
  begin_next_generation_locked(*instance);
  instance->fresh_since_.store(ticks_of(now), std::memory_order_relaxed);
  instance->out_.fetch_and(static_cast<std::uint8_t>(~Instance::by_rule), std::memory_order_acq_rel);
  InstanceEvent& event = tell_locked(InstanceEvent::Kind::returned, instance, now, told);
  event.finding = instance->standing_.finding;
  event.reason = reason;
  // One that left may come back before its time is over; for all others it is over.
  Standing& standing = instance->standing_;
  if (reason != InstanceReason::left) standing.until = std::min(standing.until, now);
  update_panic_locked(now, told);
}

/// Calls read the generation from in_a_row_, so that is the last to change: a call of the new generation
/// finds the rates there too.
void Ejection::begin_next_generation_locked(Instance& instance) noexcept {
  const auto generation = static_cast<std::uint16_t>(instance.in_a_row_.generation() + 1);
  instance.answers_.begin(generation);
  instance.local_.begin(generation);
  instance.in_a_row_.begin(generation);
}

void Ejection::on_health(Instance& instance, Health health, TimePoint now) noexcept {
  Told told;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::find_if(instances_.begin(), instances_.end(),
                                    [&](const Shared& present) { return present.get() == &instance; });
    if (found == instances_.end()) return;  // it has left
    const Shared& shared = *found;
    if (health == Health::bad) {
      shared->out_.fetch_or(Instance::by_check, std::memory_order_acq_rel);
      update_panic_locked(now, told);
    } else {
      if (shared->found_bad()) {
        shared->fresh_since_.store(ticks_of(now), std::memory_order_relaxed);
        shared->out_.fetch_and(static_cast<std::uint8_t>(~Instance::by_check), std::memory_order_acq_rel);
      }
      if (health == Health::good && shared->ejected())
        take_back_locked(shared, InstanceReason::good_check, now, told);
      update_panic_locked(now, told);
    }
  }
  tell(told);
}

// --- limits

/// Divides instead of multiplying: 29 / 100 is the very double that 0.29 was read as, 0.29 · 100 is not 29.
bool Ejection::has_room_locked(std::uint32_t ejected) const noexcept {
  if (ejected == 0) return true;
  if (ejected > instances_.size()) return false;
  if (options_.always_one && ejected == 1) return true;
  return static_cast<double>(ejected) / static_cast<double>(instances_.size()) <= options_.max_ejected;
}

/// After instances have left, the same number of ejected ones may be too many. Those whose time is over first
/// are taken back.
void Ejection::keep_limit_locked(TimePoint now, Told& told) noexcept {
  while (!has_room_locked(ejected_)) {
    const Shared* soonest = nullptr;
    for (const Shared& instance : instances_) {
      if (!instance->ejected()) continue;
      if (soonest == nullptr || instance->standing_.until < (*soonest)->standing_.until) soonest = &instance;
    }
    take_back_locked(*soonest, InstanceReason::max_ejected, now, told);
  }
}

std::uint32_t Ejection::healthy_locked() const noexcept {
  return static_cast<std::uint32_t>(
      std::count_if(instances_.begin(), instances_.end(), [](const Shared& i) { return i->usable(); }));
}

void Ejection::update_panic_locked(TimePoint now, Told& told) noexcept {
  const bool panic =
      !instances_.empty() &&
      static_cast<double>(healthy_locked()) / static_cast<double>(instances_.size()) < options_.panic;
  if (panic_.exchange(panic, std::memory_order_acq_rel) == panic) return;
  tell_locked(panic ? InstanceEvent::Kind::panic_began : InstanceEvent::Kind::panic_ended, nullptr, now,
              told);
}

// --- who is an instance

std::shared_ptr<Instance> Ejection::add(std::string_view name, TimePoint now) {
  Told told;
  Shared instance;
  {
    const std::scoped_lock lock(mutex_);
    instance = add_locked(name, now, told);
    update_panic_locked(now, told);
  }
  tell(told);
  return instance;
}

bool Ejection::remove(std::string_view name, TimePoint now) {
  Told told;
  bool removed = false;
  {
    const std::scoped_lock lock(mutex_);
    removed = remove_locked(name, now, told);
    keep_limit_locked(now, told);
    update_panic_locked(now, told);
  }
  tell(told);
  return removed;
}

std::vector<std::shared_ptr<Instance>> Ejection::set_instances(std::span<const std::string> names,
                                                               TimePoint now) {
  Told told;
  std::vector<Shared> wanted;
  {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> leaving;
    for (const Shared& instance : instances_) {
      if (std::find(names.begin(), names.end(), instance->name()) == names.end()) {
        leaving.push_back(instance->name());
      }
    }
    for (const std::string& name : names) wanted.push_back(add_locked(name, now, told));
    for (const std::string& name : leaving) remove_locked(name, now, told);
    keep_limit_locked(now, told);
    update_panic_locked(now, told);
  }
  tell(told);
  return wanted;
}

Ejection::Shared Ejection::add_locked(std::string_view name, TimePoint now, Told& told) {
  if (const auto found = named(instances_, name); found != instances_.end()) return *found;
  Shared instance = recall_locked(name);
  if (instance) {
    begin_next_generation_locked(*instance);
  } else {
    instance = std::make_shared<Instance>(std::string(name), now);
  }
  instances_.push_back(instance);
  instance->standing_.present = true;
  instance->fresh_since_.store(ticks_of(now), std::memory_order_relaxed);
  const bool still_out = instance->standing_.times > 0 && instance->standing_.until > now;
  if (still_out && has_room_locked(ejected_ + 1))
    put_out_locked(instance, InstanceReason::rejoined, now, told);
  return instance;
}

bool Ejection::remove_locked(std::string_view name, TimePoint now, Told& told) {
  const auto found = named(instances_, name);
  if (found == instances_.end()) return false;
  const Shared instance = std::move(*found);
  instances_.erase(found);
  instance->standing_.present = false;
  if (instance->ejected()) take_back_locked(instance, InstanceReason::left, now, told);
  begin_next_generation_locked(*instance);  // an odd one: until it is back, no end counts
  instance->out_.store(0, std::memory_order_release);
  if (instance->standing_.times > 0) {
    if (remembered_.size() == most_remembered) remembered_.erase(remembered_.begin());
    remembered_.push_back(instance);
  }
  return true;
}

Ejection::Shared Ejection::recall_locked(std::string_view name) noexcept {
  const auto found = named(remembered_, name);
  if (found == remembered_.end()) return nullptr;
  Shared instance = *found;
  remembered_.erase(found);
  return instance;
}

void Ejection::continue_from(const Ejection& before, TimePoint now) {
  Told told;
  {
    const std::scoped_lock lock(mutex_, before.mutex_);
    for (const Shared& old : before.instances_) instances_.push_back(copy_locked(*old));
    if (has_rules()) {
      for (const Shared& old : before.remembered_) remembered_.push_back(copy_locked(*old));
    } else {
      for (const Shared& instance : instances_) {
        if (instance->ejected()) take_back_locked(instance, InstanceReason::switched_off, now, told);
      }
    }
    keep_limit_locked(now, told);
    update_panic_locked(now, told);
  }
  tell(told);
}

Ejection::Shared Ejection::copy_locked(const Instance& old) {
  auto copy = std::make_shared<Instance>(old.name(), old.fresh_since());
  copy->standing_ = old.standing_;
  copy->standing_.times = std::min(old.standing_.times, most_times_);
  copy->out_.store(old.out_.load(std::memory_order_acquire), std::memory_order_release);
  const bool in_use = old.standing_.present && !copy->ejected();
  if (!in_use) begin_next_generation_locked(*copy);
  if (copy->ejected()) ++ejected_;
  copy->calls_.store(old.calls(), std::memory_order_relaxed);
  copy->failures_.store(old.failures(), std::memory_order_relaxed);
  return copy;
}

// --- what is told

InstanceEvent& Ejection::Told::add() {
  if (count_ < first_.size()) return first_[count_++];
  return more_.emplace_back();
}

void Ejection::Told::tell(InstanceListener& listener) const noexcept {
  for (std::size_t i = 0; i < count_; ++i) listener.on_instance_event(first_[i]);
  for (const InstanceEvent& event : more_) listener.on_instance_event(event);
}

InstanceEvent& Ejection::tell_locked(InstanceEvent::Kind kind, const Shared& instance, TimePoint now,
                                     Told& told) noexcept {
  InstanceEvent& event = told.add();
  event.kind = kind;
  event.number = ++events_;
  event.at = now;
  event.instance = instance;
  event.instances = static_cast<std::uint32_t>(instances_.size());
  event.ejected = ejected_;
  event.healthy = healthy_locked();
  event.panic = panicking();
  if (instance) {
    event.found_bad = instance->found_bad();
    event.until = instance->standing_.until;
    event.times = instance->standing_.times;
  }
  return event;
}

void Ejection::tell(const Told& told) const noexcept {
  if (listener_ != nullptr) told.tell(*listener_);
}

EjectionSnapshot Ejection::snapshot() const {
  const std::scoped_lock lock(mutex_);
  EjectionSnapshot seen;
  seen.panic = panicking();
  seen.events = events_;
  for (const Shared& instance : instances_) {
    const Standing& standing = instance->standing_;
    seen.instances.push_back({instance->name(), instance->ejected(), instance->found_bad(), standing.times,
                              standing.until, standing.finding, instance->in_flight(), instance->calls(),
                              instance->failures(), instance->in_a_row_.get(), instance->answers_.get(),
                              instance->local_.get()});
  }
  return seen;
}

}  // namespace switchgear::instances
