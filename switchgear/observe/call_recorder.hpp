// The calls of a breaker, recorded one by one: a trace that `switchgear replay` and `switchgear tune` read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "switchgear/core/event.hpp"
#include "switchgear/core/random.hpp"
#include "switchgear/core/value_call.hpp"

namespace switchgear {

/// One call as a recorder has it.
struct CallRecord {
  TimePoint at{};      ///< when it began, or was refused
  Duration latency{};  ///< of one that was not refused
  Verdict verdict = Verdict::success;
  FailureType type = FailureType::exception;  ///< of a failure
  bool refused = false;                       ///< by the breaker: how it would have ended is unknown
  /// Of a call that was made for a value: the same for all of that value in this recording, and never the
  /// value itself.
  std::optional<std::uint64_t> value{};
  /// Of a call that a breaker of a route's policy has seen: the policy's name, which the recorder owns.
  std::string_view route_policy{};
};

struct RecorderOptions {
  TimePoint from{};                    ///< calls that began before are left out
  TimePoint until = TimePoint::max();  ///< calls that end later are left out
  std::size_t most_calls = 1'000'000;  ///< 16 bytes each, 8 more with values, 2 with routes; as they come
  double sample = 1;                   ///< the share of calls that is kept; (0, 1]
  std::uint64_t seed = 0;              ///< of the sample
  std::uint64_t value_key = 0;         ///< what values are hashed with; a secret of the recording
};

struct RecorderCounts {
  std::uint64_t calls = 0;     ///< kept, refused ones included
  std::uint64_t refused = 0;   ///< of these
  std::uint64_t left_out = 0;  ///< came when there was no room left
};

/// Records nothing but times, verdicts and types, and hashes of values: no address, no header, no body.
///
///     auto recorder = std::make_shared<CallRecorder>(RecorderOptions{.from = from});
///     registry.subscribe("payment", recorder, Interest::calls | Interest::rejections);
///     …
///     registry.unsubscribe("payment", recorder);
///     write_trace(file, recorder->calls(), from);
///
/// Of breakers by value it is told by BreakersByValue::tell_calls(), and by the breaker around of its
/// rejections alone. Of breakers between these, as those of routes' policies in the gateway, by route_sink().
/// A call ends at all breakers of its path in one thread, one after the other, and is recorded once.
///
/// A call that is made with a permit of metrics_only or disabled is recorded if the breaker tells of it.
/// Threads: any. A recorded call costs a mutex; bounded as `options` say, never waits for anything else.
class CallRecorder final : public EventSink, public ValueCallSink {
 public:
  /// Precondition: `options` are in their ranges.
  explicit CallRecorder(const RecorderOptions& options);

  void on_call(const CallEvent& call) override;
  void on_rejection(const RejectionEvent& rejection) override;
  void on_value_call(const ValueCall& call) noexcept override;

  [[nodiscard]] RecorderCounts counts() const;
  [[nodiscard]] const RecorderOptions& options() const noexcept { return options_; }
  /// In the order in which they began.
  [[nodiscard]] std::vector<CallRecord> calls() const;

 private:
  friend class RouteSink;
  enum class Teller : unsigned { around = 1, of_route = 2, of_value = 4 };
  using Route = std::uint16_t;  ///< 0: none

  /// What was told last in a thread.
  struct Told {
    TimePoint at{};
    Duration latency{};
    bool dropped = false;              ///< without an outcome: each breaker has its own time of that
    unsigned by = 0;                   ///< these Tellers
    std::optional<std::size_t> place;  ///< in `kept_`; empty: it was left out
  };

  /// Nanoseconds from `from` on; the latency with verdict and type in its last byte.
  struct Packed {
    std::int64_t at;
    std::uint64_t rest;
  };
  /// From here on calls of this policy may be told of, and by more than one breaker.
  [[nodiscard]] Route add_route(std::string_view policy);
  void keep(const CallRecord& call, Teller teller, Route route = 0);
  /// Of the call that another breaker of its path has just told of, or of a new one.
  [[nodiscard]] Told& told_of(const CallRecord& call, Teller teller);
  void mark(std::size_t place, const CallRecord& call, Route route);
  [[nodiscard]] Packed packed(const CallRecord& call) const noexcept;
  [[nodiscard]] CallRecord unpacked(const Packed& packed) const noexcept;

  const RecorderOptions options_;
  mutable std::mutex mutex_;
  Random random_;
  std::vector<Packed> kept_;
  std::vector<std::uint64_t> values_;  ///< of each, 0 for none; shorter: those behind it have none
  std::vector<Route> routes_;          ///< the same
  std::deque<std::string> policies_;   ///< of routes, from 1 on
  std::unordered_map<std::thread::id, Told> told_;
  RecorderCounts counts_;
};

/// For the breaker of a route's policy: tells `recorder` of its calls. Subscribe it for calls and rejections,
/// before the first call.
[[nodiscard]] std::shared_ptr<EventSink> route_sink(std::shared_ptr<CallRecorder> recorder,
                                                    std::string_view policy);

/// One line a call, as docs/replay.md has them; times count from `zero`. Precondition: no call began before.
void write_trace(std::ostream& out, const std::vector<CallRecord>& calls, TimePoint zero);

}  // namespace switchgear
