#include "switchgear/policy/breakers_by_value.hpp"

#include <algorithm>
#include <bit>
#include <variant>

#include "switchgear/core/quietly.hpp"
#include "switchgear/core/random.hpp"
#include "switchgear/policy/option_checker.hpp"
#include "switchgear/policy/value_key.hpp"
#include "switchgear/policy/value_shard.hpp"

namespace switchgear {

using detail::AwakeValue;
using detail::ValueEntry;
using detail::ValueShard;

std::vector<OptionProblem> validate(const ByValueOptions& options) {
  OptionChecker check;
  check.between("max", options.max, 1, 10'000'000);
  check.positive("idle", options.idle);
  return check.take();
}

namespace {

constexpr std::size_t most_shards = 64;
constexpr std::size_t least_places_of_shard = 256;
/// Under one lock.
constexpr std::size_t looks_of_a_sweep = 64;
constexpr std::size_t looks_per_add = 4;
constexpr std::size_t looks_for_a_place = 8;

/// Cheap ones: most are turned down by a single load.
constexpr std::size_t looks_for_room = 32;

/// Of the KiB that each of `max` may take, what is not for itself while it is quiet, and for its place.
constexpr std::size_t share_of_whole = 640;
/// As many may be whole even if that is more.
constexpr std::size_t least_whole = 4'096;
/// Its name, and what the heap takes for its parts.
constexpr std::size_t around_a_breaker = 512;

[[nodiscard]] std::size_t most_whole_of(const CircuitBreakerOptions& breaker, std::size_t max) {
  const CircuitBreaker sample{"", breaker};
  const std::size_t bytes =
      sample.memory_bytes() + (sizeof(AwakeValue) - sizeof(CircuitBreaker)) + around_a_breaker;
  return std::min(max, std::max(least_whole, max * share_of_whole / bytes));
}

/// A quiet value is small, but a value in use need not become quiet and whole again all the time.
constexpr Duration least_rest = std::chrono::seconds{10};

[[nodiscard]] Duration rest_after(const CircuitBreakerOptions& breaker, const ByValueOptions& options) {
  const auto* time = std::get_if<TimeWindowOptions>(&breaker.window);
  const Duration window = time != nullptr ? time->duration : Duration::zero();
  return std::min(std::max(window, least_rest), options.idle);
}

[[nodiscard]] SipKey secret_of(std::uint64_t seed) noexcept {
  Random random{seed};
  const std::uint64_t low = random.next();
  return {low, random.next()};
}

[[nodiscard]] bool is_raised(const BreakerSnapshot& seen) noexcept {
  return seen.level && seen.level->level != BreakerLevel::warning;
}
[[nodiscard]] bool is_closed(const BreakerSnapshot& seen) noexcept {
  return seen.state == State::closed && !seen.metrics_only && !seen.ramping;
}
[[nodiscard]] bool is_plainly_closed(const BreakerSnapshot& seen) noexcept {
  return is_closed(seen) && !is_raised(seen);
}
/// The same, and nothing but time would have to pass for it to be at its first level by `at`. A controlled
/// ramp, which only calls can end, counts as over when none has used it for its duration.
[[nodiscard]] bool would_be_plainly_closed(const CircuitBreaker& breaker, const BreakerSnapshot& seen,
                                           TimePoint at) noexcept {
  if (seen.state == State::closed && !seen.metrics_only && seen.ramp) {
    const CircuitBreakerOptions& options = breaker.options();
    const Duration calm = seen.level ? options.calm_from(seen.level->level) : Duration::zero();
    return saturating_add(saturating_add(breaker.last_used(), options.ramp->duration), calm) <= at;
  }
  return is_closed(seen) && (!is_raised(seen) || (seen.level->at_first && *seen.level->at_first <= at));
}

[[nodiscard]] bool is_unmarked(const WindowSnapshot& window) noexcept {
  return (window.failures | window.slow | window.high | window.consecutive_failures |
          window.failure_balance) == 0;
}

[[nodiscard]] ByValueOptions checked(const std::string& name, const ByValueOptions& options) {
  require_valid("breakers by value", name, validate(options));
  return options;
}

[[nodiscard]] CircuitBreakerOptions checked(const std::string& name, const CircuitBreakerOptions& options) {
  require_valid("breaker", name, validate(options));
  return options;
}

}  // namespace

/// What was removed under a lock, and is destroyed after it.
class BreakersByValue::Gone {
 public:
  Gone() = default;
  Gone(const Gone&) = delete;
  Gone& operator=(const Gone&) = delete;
  ~Gone() {
    while (entries_ != nullptr) delete std::exchange(entries_, entries_->next);
    while (values_ != nullptr) delete std::exchange(values_, values_->newer);
  }
  void take(Entry& entry) noexcept { entry.next = std::exchange(entries_, &entry); }
  /// Not one that is listed.
  void take(std::unique_ptr<AwakeValue> value) noexcept {
    AwakeValue* const one = value.release();
    one->newer = std::exchange(values_, one);
  }

 private:
  Entry* entries_ = nullptr;
  AwakeValue* values_ = nullptr;
};

BreakersByValue::BreakersByValue(std::string name, const CircuitBreakerOptions& breaker,
                                 const ByValueOptions& options, const BreakerContext& context)
    : name_(std::move(name)),
      breaker_(checked(name_, breaker)),
      options_(checked(name_, options)),
      context_(context),
      secret_(secret_of(context.seed)),
      quiet_(breaker_.at(BreakerLevel::warning)),
      rest_after_(rest_after(breaker_, options_)),
      shard_count_(
          std::clamp<std::size_t>(std::bit_floor(options_.max / least_places_of_shard), 1, most_shards)),
      most_whole_(shard_count_ == 1 ? most_whole_of(breaker_, options_.max)
                                    : most_whole_of(breaker_, options_.max) / shard_count_ + 1),
      shards_(std::make_unique<Shard[]>(shard_count_)),
      opened_(context.sink, most_told) {
  const std::size_t buckets = std::bit_ceil(options_.max / shard_count_ + 1);
  for (std::size_t i = 0; i < shard_count_; ++i) shards_[i].buckets.resize(buckets);
}

BreakersByValue::~BreakersByValue() {
  for (std::size_t i = 0; i < shard_count_; ++i) {
    for (detail::ValueRow* row : {&shards_[i].quiet, &shards_[i].awake}) {
      for (Entry* entry = row->oldest(); entry != nullptr;) delete std::exchange(entry, entry->newer);
    }
  }
}

ValueShard& BreakersByValue::shard_of(std::uint64_t hash) const noexcept {
  return shards_[hash >> 32U & (shard_count_ - 1)];  // other bits than those of the buckets
}

std::string BreakersByValue::shown(std::string_view key) const { return name_ + "=" + shown_value(key); }

std::string BreakersByValue::breaker_name(std::string_view value) const {
  return shown(ValueKey{value, secret_}.text());
}

// --- a call

Result<BreakersByValue::Permit> BreakersByValue::try_acquire(std::string_view value, TimePoint now) noexcept {
  auto permit = ask(value, now);
  if (!tells_calls_.load(std::memory_order_relaxed)) return permit;
  const std::uint64_t hash = sip_hash(secret_, value);
  if (!permit) {
    tell({hash, Verdict::ignored, FailureType::exception, Duration::zero(), now, true});
    return permit;
  }
  permit->owner_ = this;
  permit->start_ = now;
  permit->told_ = value.empty() ? Permit::Told::of_no_value : Permit::Told::of_value;
  permit->value_ = hash;
  return permit;
}

Result<BreakersByValue::Permit> BreakersByValue::ask(std::string_view value, TimePoint now) noexcept {
  if (value.empty()) return Permit{};
  const ValueKey key{value, secret_};
  Shard& shard = shard_of(key.hash());
  Entry* entry = nullptr;
  AwakeValue* awake = nullptr;
  {
    Gone gone;
    const std::scoped_lock lock{shard.mutex};
    entry = shard.find(key.hash(), key.text());
    if (entry != nullptr && is_over(*entry, now)) {
      remove(shard, *entry, Place::given_up, gone);
      retired_.fetch_add(1, std::memory_order_relaxed);
      entry = nullptr;
    }
    if (entry == nullptr) entry = try_add(shard, key.hash(), key.text(), now, gone);
    if (entry != nullptr) {
      entry->calls.fetch_add(1, std::memory_order_relaxed);
      entry->seen = std::max(entry->seen, now);
      shard.row_of(*entry).to_end(*entry, now);
      awake = entry->awake.get();
    }
  }
  if (entry == nullptr) {
    uncovered_.fetch_add(1, std::memory_order_relaxed);
    return Permit{};
  }
  if (awake == nullptr) return Permit{*this, *entry, now, std::nullopt};
  auto permit = awake->breaker.try_acquire(now);
  if (permit) return Permit{*this, *entry, now, *std::move(permit)};
  const Rejection rejection = permit.rejection();
  entry->leave();
  rejected_.fetch_add(1, std::memory_order_relaxed);
  return Rejection{rejection.reason, name_, rejection.retry_after, rejection.level};
}

void BreakersByValue::Permit::end(const Outcome* outcome, TimePoint now) noexcept {
  BreakersByValue& owner = *std::exchange(owner_, nullptr);
  if (told_ != Told::no) owner.tell(call_told(outcome, now));
  if (entry_ == nullptr) return;
  if (!permit_) return owner.end_quietly(*entry_, outcome, now);
  if (outcome != nullptr) std::move(*permit_).record(*outcome, now);
  permit_.reset();
  entry_->leave();
}

void BreakersByValue::Permit::take_up(TimePoint now) noexcept {
  if (owner_ == nullptr || !permit_) return;
  if (!permit_->gave_place_back()) return permit_->take_up(now);
  permit_ = entry_->awake->breaker.rejoin(now);  // which stays while it has a call in flight
}

std::optional<Rejection> BreakersByValue::Permit::readmit(TimePoint now) noexcept {
  if (owner_ == nullptr || !permit_) return std::nullopt;
  if (!permit_->gave_place_back()) {
    permit_->take_up(now);
    return std::nullopt;
  }
  auto again = entry_->awake->breaker.try_acquire(now);  // which stays while it has a call in flight
  if (!again) {
    owner_->rejected_.fetch_add(1, std::memory_order_relaxed);
    return Rejection{again.rejection().reason, owner_->name_, again.rejection().retry_after,
                     again.rejection().level};
  }
  permit_ = *std::move(again);
  return std::nullopt;
}

/// Of a call that began while its value was quiet.
void BreakersByValue::end_quietly(Entry& entry, const Outcome* outcome, TimePoint now) noexcept {
  std::optional<CircuitBreaker::Permit> permit;
  {
    Gone gone;
    Shard& shard = shard_of(entry.hash);
    const std::scoped_lock lock{shard.mutex};
    if (!entry.awake) {
      const bool nothing = outcome == nullptr || outcome->verdict == Verdict::ignored;
      const bool kept = nothing || (quiet_.is_plain(*outcome) && entry.quiet.add(quiet_, now));
      if (kept && outcome != nullptr) entry.seen = std::max(entry.seen, now);
      const bool awake = !kept && try_wake(shard, entry, now, gone);
      if (!kept && !awake) uncovered_.fetch_add(1, std::memory_order_relaxed);
      if (!awake) return entry.leave();
    }
    permit.emplace(std::move(entry.awake->waiting.back()));
    entry.awake->waiting.pop_back();
  }
  if (outcome != nullptr) std::move(*permit).record(*outcome, now);
  permit.reset();
  entry.leave();
}

// --- under a shard's lock

ValueEntry* BreakersByValue::try_add(Shard& shard, std::uint64_t hash, std::string_view key, TimePoint now,
                                     Gone& gone) noexcept {
  sweep(shard, looks_per_add, now, gone);
  if (places_.fetch_add(1, std::memory_order_relaxed) >= options_.max) {
    places_.fetch_sub(1, std::memory_order_relaxed);
    if (!try_evict(shard, now, gone)) return nullptr;  // otherwise its place is kept for this one
  }
  std::unique_ptr<Entry> made;
  detail::quietly([&] {
    auto with_key = std::make_unique<Entry>();
    with_key->key = key;
    made = std::move(with_key);
  });
  if (!made) {
    places_.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  Entry& entry = *made.release();
  entry.hash = hash;
  entry.seen = now;
  shard.insert(entry);
  shard.quiet.add(entry, now);
  made_.fetch_add(1, std::memory_order_relaxed);
  if (quiet_.possible() || try_wake(shard, entry, now, gone)) return &entry;
  remove(shard, entry, Place::given_up, gone);
  return nullptr;
}

bool BreakersByValue::try_evict(Shard& shard, TimePoint now, Gone& gone) noexcept {
  const auto evict = [&](Entry& entry) {
    remove(shard, entry, Place::kept, gone);
    evicted_.fetch_add(1, std::memory_order_relaxed);
    return true;
  };
  for (std::size_t looks = looks_for_a_place; looks > 0 && shard.quiet.oldest() != nullptr; --looks) {
    Entry& entry = *shard.quiet.oldest();
    if (!entry.in_use()) return evict(entry);
    shard.quiet.to_end(entry, now);
  }
  for (std::size_t looks = looks_for_a_place; looks > 0 && shard.awake.oldest() != nullptr; --looks) {
    Entry& entry = *shard.awake.oldest();
    if (!entry.in_use()) {
      const BreakerSnapshot seen = entry.awake->breaker.snapshot(now);
      if (is_over(entry, now) || is_plainly_closed(seen)) return evict(entry);
    }
    shard.awake.to_end(entry, now);
  }
  return false;
}

void BreakersByValue::remove(Shard& shard, Entry& entry, Place place, Gone& gone) noexcept {
  if (entry.awake) {
    opened_.forget(*entry.awake);
    --shard.whole;
  }
  shard.row_of(entry).remove(entry);
  shard.erase(entry);
  gone.take(entry);
  if (place == Place::given_up) places_.fetch_sub(1, std::memory_order_relaxed);
}

/// Makes the breaker that the value would have had from the start; false without memory for it, or when all
/// that may be whole are open.
bool BreakersByValue::try_wake(Shard& shard, Entry& entry, TimePoint now, Gone& gone) noexcept {
  if (shard.whole >= most_whole_ && !try_make_room(shard, now, gone)) return false;
  std::unique_ptr<AwakeValue> made;
  const std::uint32_t calls = entry.calls.load(std::memory_order_acquire);
  detail::quietly([&] {
    BreakerContext context = context_;
    context.seed = Random{context_.seed ^ entry.hash}.next();
    context.created = entry.quiet.begun(quiet_, now);
    auto with_room = std::make_unique<AwakeValue>(opened_, shown(entry.key), breaker_, context);
    with_room->waiting.reserve(calls);
    made = std::move(with_room);
  });
  if (!made) return false;
  entry.quiet.replay(quiet_, made->breaker, now);
  for (std::uint32_t i = 0; i < calls; ++i) {
    // Plain successes open no breaker, so each of these is admitted.
    if (auto permit = made->breaker.try_acquire(now)) made->waiting.push_back(*std::move(permit));
  }
  shard.quiet.remove(entry);
  entry.awake = std::move(made);
  shard.awake.add(entry, now);
  ++shard.whole;
  return true;
}

/// The least recently used that is closed goes: its value begins anew with its next call.
bool BreakersByValue::try_make_room(Shard& shard, TimePoint now, Gone& gone) noexcept {
  for (std::size_t looks = looks_for_room; looks > 0 && shard.awake.oldest() != nullptr; --looks) {
    Entry& entry = *shard.awake.oldest();
    const CircuitBreaker& breaker = entry.awake->breaker;
    if (!entry.in_use() && breaker.state() == State::closed && is_plainly_closed(breaker.snapshot(now))) {
      remove(shard, entry, Place::given_up, gone);
      evicted_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    shard.awake.to_end(entry, now);
  }
  return false;
}

bool BreakersByValue::try_rest(Shard& shard, Entry& entry, TimePoint now, Gone& gone) noexcept {
  const BreakerSnapshot seen = entry.awake->breaker.snapshot(now);
  if (!quiet_.possible() || !is_plainly_closed(seen) || !is_unmarked(seen.window)) return false;
  if (!entry.quiet.take(quiet_, seen.window)) return false;
  opened_.forget(*entry.awake);
  entry.seen = entry.awake->breaker.last_used();
  shard.awake.remove(entry);
  --shard.whole;
  gone.take(std::move(entry.awake));
  shard.quiet.add(entry, now);
  return true;
}

/// The value begins anew with its next call.
bool BreakersByValue::is_over(const Entry& entry, TimePoint now) const noexcept {
  const TimePoint idle_from = saturating_add(now, -options_.idle);
  if (entry.seen > idle_from || entry.in_use()) return false;
  if (!entry.awake) return true;
  const CircuitBreaker& breaker = entry.awake->breaker;
  if (breaker.last_used() > idle_from) return false;
  // An opening must have been due for as long; a ramp need only be over, as for a value that has become
  // quiet.
  const BreakerSnapshot seen = breaker.snapshot(breaker.state() == State::closed ? now : idle_from);
  if (seen.metrics_only) return false;  // until an operator's next command
  if (seen.state == State::open) return *seen.retry_after == Duration::zero();  // at idle_from
  return seen.state == State::half_open || would_be_plainly_closed(breaker, seen, idle_from);
}

std::size_t BreakersByValue::sweep(Shard& shard, std::size_t most, TimePoint now, Gone& gone) noexcept {
  const TimePoint idle_from = saturating_add(now, -options_.idle);
  const TimePoint rest_from = saturating_add(now, -rest_after_);
  const auto retire = [&](Entry& entry) {
    remove(shard, entry, Place::given_up, gone);
    retired_.fetch_add(1, std::memory_order_relaxed);
  };
  std::size_t looks = 0;
  for (Entry* entry = shard.quiet.oldest(); looks < most && entry != nullptr && entry->placed <= idle_from;
       entry = shard.quiet.oldest(), ++looks) {
    if (is_over(*entry, now)) {
      retire(*entry);
    } else {
      shard.quiet.to_end(*entry, now);
    }
  }
  for (Entry* entry = shard.awake.oldest(); looks < most && entry != nullptr && entry->placed <= rest_from;
       entry = shard.awake.oldest(), ++looks) {
    if (is_over(*entry, now)) {
      retire(*entry);
    } else if (entry->in_use() || !try_rest(shard, *entry, now, gone)) {
      shard.awake.to_end(*entry, now);
    }
  }
  return looks;
}

// --- the rest

void BreakersByValue::retire_idle(TimePoint now, std::size_t most) noexcept {
  std::size_t looked = 0;
  for (std::size_t shards = 0; shards < shard_count_ && looked < most;) {
    Gone gone;
    Shard& shard = shards_[next_swept_.load(std::memory_order_relaxed) % shard_count_];
    const std::scoped_lock lock{shard.mutex};
    const std::size_t looks = sweep(shard, looks_of_a_sweep, now, gone);
    looked += looks;
    if (looks == looks_of_a_sweep) continue;  // there may be more
    next_swept_.fetch_add(1, std::memory_order_relaxed);
    ++shards;
  }
}

bool BreakersByValue::command(std::string_view value, Command command, TimePoint now) {
  const auto hash = ValueKey::hash_in(value);
  if (hash && command_known({*hash, value}, command, now)) return true;
  const ValueKey key{value, secret_};
  return command_known({key.hash(), key.text()}, command, now);
}

bool BreakersByValue::command_known(Known known, Command command, TimePoint now) {
  Shard& shard = shard_of(known.hash);
  Entry* entry = nullptr;
  {
    Gone gone;
    const std::scoped_lock lock{shard.mutex};
    entry = shard.find(known.hash, known.text);
    if (entry == nullptr || is_over(*entry, now)) return false;
    if (!entry->awake && !try_wake(shard, *entry, now, gone)) return false;
    entry->calls.fetch_add(1, std::memory_order_relaxed);
  }
  entry->awake->breaker.command(command, now);
  entry->leave();
  return true;
}

}  // namespace switchgear
