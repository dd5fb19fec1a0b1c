// Breakers by value, as they are looked at, and as they tell of calls.
#include <algorithm>
#include <utility>

#include "switchgear/policy/breakers_by_value.hpp"
#include "switchgear/policy/value_key.hpp"
#include "switchgear/policy/value_shard.hpp"

namespace switchgear {

std::optional<BreakerSnapshot> BreakersByValue::find(std::string_view value, TimePoint now) const {
  if (const auto hash = ValueKey::hash_in(value)) {
    if (auto found = find_known({*hash, value}, now)) return found;
  }
  const ValueKey key{value, secret_};
  return find_known({key.hash(), key.text()}, now);
}

std::string BreakersByValue::found_name(std::string_view value, TimePoint now) const {
  const auto hash = ValueKey::hash_in(value);
  return hash && find_known({*hash, value}, now) ? shown(value) : breaker_name(value);
}

std::optional<BreakerSnapshot> BreakersByValue::find_known(Known known, TimePoint now) const {
  Shard& shard = shard_of(known.hash);
  const std::scoped_lock lock{shard.mutex};
  const Entry* entry = shard.find(known.hash, known.text);
  if (entry == nullptr || is_over(*entry, now)) return std::nullopt;
  if (entry->awake) return entry->awake->breaker.snapshot(now);
  BreakerSnapshot quiet;
  quiet.since = entry->quiet.begun(quiet_, entry->seen);
  quiet.window.calls = entry->quiet.calls(quiet_, now);
  return quiet;
}

std::vector<OpenedValue> BreakersByValue::opened(std::size_t most, TimePoint now) const {
  return opened_.first(most, now);
}

std::size_t BreakersByValue::most_whole() const noexcept {
  return std::min(options_.max, most_whole_ * shard_count_);
}

ByValueCounts BreakersByValue::counts() const noexcept {
  ByValueCounts counts;
  counts.values = std::min(places_.load(std::memory_order_relaxed), options_.max);
  counts.made = made_.load(std::memory_order_relaxed);
  counts.retired = retired_.load(std::memory_order_relaxed);
  counts.evicted = evicted_.load(std::memory_order_relaxed);
  counts.uncovered = uncovered_.load(std::memory_order_relaxed);
  counts.rejected = rejected_.load(std::memory_order_relaxed);
  counts.untold = opened_.untold();
  counts.open = opened_.count();
  return counts;
}

// --- calls

void BreakersByValue::tell_calls(std::shared_ptr<ValueCallSink> sink) {
  const std::scoped_lock lock{sink_mutex_};
  call_sink_.swap(sink);  // the one before is destroyed after the lock
  tells_calls_.store(call_sink_ != nullptr, std::memory_order_relaxed);
}

void BreakersByValue::tell(const ValueCall& call) const noexcept {
  std::shared_ptr<ValueCallSink> sink;
  {
    const std::scoped_lock lock{sink_mutex_};
    sink = call_sink_;
  }
  if (sink) sink->on_value_call(call);
}

ValueCall BreakersByValue::Permit::call_told(const Outcome* outcome, TimePoint now) const noexcept {
  ValueCall call;
  if (told_ == Told::of_value) call.value = value_;
  call.verdict = outcome == nullptr ? Verdict::ignored : outcome->verdict;
  if (outcome != nullptr) {
    call.type = outcome->type;
    call.latency = outcome->latency;
  }
  call.at = now;
  return call;
}

}  // namespace switchgear
