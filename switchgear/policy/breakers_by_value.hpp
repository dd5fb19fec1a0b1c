// A breaker for each value of something that strangers choose: a tenant, a user, a shard. As many as a bound
// allows, each small while nothing happens to it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/core/command.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/core/value_call.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/opened_values.hpp"
#include "switchgear/policy/option_problem.hpp"
#include "switchgear/policy/quiet_window.hpp"
#include "switchgear/policy/sip_hash.hpp"

namespace switchgear {

namespace detail {
struct ValueEntry;
struct ValueShard;
}  // namespace detail

struct ByValueOptions {
  /// Values that have a breaker at once, at most; 1 … 10'000'000. Default 100,000.
  std::size_t max = 100'000;
  /// A value that is not used for so long begins anew; longer than 0. Default 10 min.
  Duration idle = std::chrono::minutes{10};

  friend bool operator==(const ByValueOptions&, const ByValueOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const ByValueOptions& options);

/// Each of these is of one moment; together they are not.
struct ByValueCounts {
  std::size_t values = 0;       ///< that have a breaker now
  std::size_t open = 0;         ///< of these: not closed
  std::uint64_t made = 0;       ///< breakers so far
  std::uint64_t retired = 0;    ///< because they were idle
  std::uint64_t evicted = 0;    ///< because a new value needed their place
  std::uint64_t uncovered = 0;  ///< calls without a breaker of their own: all places were taken
  std::uint64_t rejected = 0;   ///< calls that a value's breaker refused
  std::uint64_t untold = 0;     ///< transitions that the sink was not told of
};

/// Guards the calls to one dependency for each value apart, so that the calls of one tenant, which fail, do
/// not open the breaker of the others:
///
///     BreakersByValue tenants{"payment/tenant", options};
///     if (auto permit = tenants.try_acquire("acme", now)) std::move(*permit).record(Verdict::success,
///     later);
///
/// In a pipeline, inside a breaker for all, the value comes with the call: call(pipeline, f, {.value =
/// name}).
///
/// 1. Each value has a CircuitBreaker with the same options, called `payment/tenant=acme`. It decides as one
///    that is made with the value's first call.
/// 2. It retires when no call has used it for `idle`, it has no call in flight, and it is closed, half-open,
///    or open and has been due to probe for `idle`. A value that comes back begins anew.
/// 3. If `max` values have one, a new value takes the place of the least recently used one that is closed and
///    has no call in flight, first of those without a failed or slow call in their window. One that is not
///    closed is never evicted, however many others come.
/// 4. A value with a failed or slow call in its window has a whole CircuitBreaker, which is ten times as
/// large
///    as a quiet one. There are at most most_whole() of these. A further one takes the place of the least
///    recently used that is closed and has no call in flight, which is evicted. So strangers whose calls fail
///    cannot keep others from having a breaker, nor fill the memory.
/// 5. If none may go, because all are open, the new value has no breaker, or its failure is not recorded: it
/// is
///    counted as `uncovered`.
///
/// Not for a handful of names that are known beforehand: a CircuitBreaker each, in the registry, can be
/// operated and has its own metrics.
///
/// Threads: every method from any thread. A call takes a lock of a part of the values, twice while its value
/// is quiet (closed, only plain successes in its window); nothing long is done under it. Lifetime: must
/// outlive its permits. Allocates for a new value, and for the first failed or slow call of a quiet one; if
/// there is no memory, the value has no breaker. Memory: some 250 bytes for a quiet value, and what its
/// CircuitBreaker takes for any other; 8 to 16 bytes for each place: together at most 1 KiB for
/// each of `max` and some 10 MiB. With 512 places or more they are in parts, and rules 3 and 4 hold within
/// the part that the new one belongs to.
class BreakersByValue {
 public:
  class Permit;

  /// How many breakers' transitions the sink is told of at once: strangers choose the values, and must not be
  /// able to flood a log with their names. All others are counted as `untold`.
  static constexpr std::size_t most_told = 100;

  /// `context` is for every breaker; its call_events are not looked at. Of its seed are made those of the
  /// breakers, and the secret of the table. Throws std::invalid_argument when options are not valid.
  BreakersByValue(std::string name, const CircuitBreakerOptions& breaker, const ByValueOptions& options = {},
                  const BreakerContext& context = {});
  BreakersByValue(const BreakersByValue&) = delete;
  BreakersByValue& operator=(const BreakersByValue&) = delete;
  ~BreakersByValue();

  /// Requests one call. An empty value stands for none: the call passes, and nothing of it is recorded. A
  /// rejection's policy is name(), which outlives it, and not the name of the value's breaker.
  [[nodiscard]] Result<Permit> try_acquire(std::string_view value, TimePoint now) noexcept;

  /// From now on `sink` is told of every call that begins, when it ends or is refused here; of calls without
  /// a value, too. There is one sink at a time; null: none. Until there is one, a call pays for a load. With
  /// one, it takes a mutex for a moment.
  void tell_calls(std::shared_ptr<ValueCallSink> sink);

  /// Retires what is idle, and makes values small again to which nothing has happened of late. Values retire
  /// without it as well, but keep their memory until their part is used. About every minute is enough. A call
  /// looks at some `most` values, and the next one goes on from there.
  void retire_idle(TimePoint now, std::size_t most = ~std::size_t{0}) noexcept;

  /// An operator's command to the breaker of one value; false when it has none. One that is forced open,
  /// disabled or in metrics_only stays until another command. A value of more than 64 bytes may also be given
  /// as the name of its breaker shows it, with `%XX` decoded.
  bool command(std::string_view value, Command command, TimePoint now);

  /// Empty when the value, given as for a command, has no breaker. The totals of a quiet one are empty.
  [[nodiscard]] std::optional<BreakerSnapshot> find(std::string_view value, TimePoint now) const;
  /// Of the breaker that find() finds; breaker_name() when it finds none.
  [[nodiscard]] std::string found_name(std::string_view value, TimePoint now) const;

  /// Those that are not closed, in the order in which they opened. O(most).
  [[nodiscard]] std::vector<OpenedValue> opened(std::size_t most, TimePoint now) const;

  [[nodiscard]] ByValueCounts counts() const noexcept;
  /// Values that can have a whole breaker at once: those that fit into 640 bytes for each of `max`, and
  /// 4,096 in any case.
  [[nodiscard]] std::size_t most_whole() const noexcept;
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Of the breaker of one value.
  [[nodiscard]] std::string breaker_name(std::string_view value) const;
  [[nodiscard]] const CircuitBreakerOptions& breaker_options() const noexcept { return breaker_; }
  [[nodiscard]] const ByValueOptions& options() const noexcept { return options_; }

 private:
  using Entry = detail::ValueEntry;
  using Shard = detail::ValueShard;
  class Gone;

  [[nodiscard]] Shard& shard_of(std::uint64_t hash) const noexcept;
  [[nodiscard]] std::string shown(std::string_view key) const;

  /// What a value is known by, with its hash.
  struct Known {
    std::uint64_t hash;
    std::string_view text;
  };
  bool command_known(Known known, Command command, TimePoint now);
  [[nodiscard]] std::optional<BreakerSnapshot> find_known(Known known, TimePoint now) const;

  // With the lock of the shard.
  [[nodiscard]] Entry* try_add(Shard& shard, std::uint64_t hash, std::string_view key, TimePoint now,
                               Gone& gone) noexcept;
  [[nodiscard]] bool try_evict(Shard& shard, TimePoint now, Gone& gone) noexcept;
  enum class Place : std::uint8_t { kept, given_up };
  void remove(Shard& shard, Entry& entry, Place place, Gone& gone) noexcept;
  [[nodiscard]] bool try_wake(Shard& shard, Entry& entry, TimePoint now, Gone& gone) noexcept;
  [[nodiscard]] bool try_make_room(Shard& shard, TimePoint now, Gone& gone) noexcept;
  [[nodiscard]] bool try_rest(Shard& shard, Entry& entry, TimePoint now, Gone& gone) noexcept;
  [[nodiscard]] bool is_over(const Entry& entry, TimePoint now) const noexcept;
  /// Returns how many it has looked at.
  std::size_t sweep(Shard& shard, std::size_t most, TimePoint now, Gone& gone) noexcept;

  void tell(const ValueCall& call) const noexcept;
  [[nodiscard]] Result<Permit> ask(std::string_view value, TimePoint now) noexcept;

  void end_quietly(Entry& entry, const Outcome* outcome, TimePoint now) noexcept;

  const std::string name_;
  const CircuitBreakerOptions breaker_;
  const ByValueOptions options_;
  const BreakerContext context_;
  const SipKey secret_;
  const detail::QuietRules quiet_;
  const Duration rest_after_;
  const std::size_t shard_count_;
  const std::size_t most_whole_;  ///< of one shard
  const std::unique_ptr<Shard[]> shards_;

  std::atomic<std::size_t> places_{0};
  std::atomic<std::size_t> next_swept_{0};
  std::atomic<std::uint64_t> made_{0}, retired_{0}, evicted_{0}, uncovered_{0}, rejected_{0};

  detail::OpenedValues opened_;

  std::atomic<bool> tells_calls_{false};
  mutable std::mutex sink_mutex_;
  std::shared_ptr<ValueCallSink> call_sink_;
};

/// The right to make one call for one value; as CircuitBreaker::Permit. Move-only.
class [[nodiscard]] BreakersByValue::Permit {
 public:
  Permit(Permit&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)),
        entry_(other.entry_),
        start_(other.start_),
        told_(other.told_),
        value_(other.value_),
        permit_(std::move(other.permit_)) {}
  Permit& operator=(Permit&&) = delete;
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit() {
    if (owner_ != nullptr) end(nullptr, start_);
  }

  /// Ends the call. A second record of the same permit, or of one that was moved from, does nothing.
  void record(const Outcome& outcome, TimePoint now) && noexcept {
    if (owner_ != nullptr) end(&outcome, now);
  }
  /// The same, with the latency counted from the acquire.
  void record(Verdict verdict, TimePoint now, FailureType type = FailureType::exception) && noexcept {
    std::move(*this).record(Outcome{verdict, type, saturating_sub(now, start_), std::nullopt}, now);
  }

  /// As those of CircuitBreaker::Permit; a probe that was given back joins again by itself.
  void set_aside(TimePoint now) noexcept {
    if (permit_) permit_->set_aside(now);
  }
  void set_aside(const Outcome& so_far, TimePoint now) noexcept {
    if (permit_) permit_->set_aside(so_far, now);
  }
  void take_up(TimePoint now) noexcept;
  /// The same for a call that has not reached the dependency yet: a probe that was given back is requested
  /// anew. Empty: the call may go on.
  [[nodiscard]] std::optional<Rejection> readmit(TimePoint now) noexcept;

  /// False when nothing will be recorded: no breaker counts the call, or it was recorded.
  [[nodiscard]] bool counts() const noexcept {
    return owner_ != nullptr && entry_ != nullptr && (!permit_ || permit_->counts());
  }

 private:
  friend class BreakersByValue;
  Permit() = default;
  Permit(BreakersByValue& owner, Entry& entry, TimePoint start,
         std::optional<CircuitBreaker::Permit> permit) noexcept
      : owner_(&owner), entry_(&entry), start_(start), permit_(std::move(permit)) {}

  /// Whether the sink for calls is told how it ends.
  enum class Told : std::uint8_t { no, of_no_value, of_value };

  [[nodiscard]] ValueCall call_told(const Outcome* outcome, TimePoint now) const noexcept;
  /// `outcome`: null if it was dropped.
  void end(const Outcome* outcome, TimePoint now) noexcept;

  BreakersByValue* owner_ = nullptr;  ///< null: nothing to record
  Entry* entry_ = nullptr;            ///< stays as long as the permit; null: no breaker counts the call
  TimePoint start_{};
  Told told_ = Told::no;
  std::uint64_t value_ = 0;                         ///< its hash, if it is told of
  std::optional<CircuitBreaker::Permit> permit_{};  ///< empty: the value was quiet when the call began
};

}  // namespace switchgear
