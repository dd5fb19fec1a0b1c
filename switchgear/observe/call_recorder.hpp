// The calls of a breaker, recorded one by one: a trace that `switchgear replay` and `switchgear tune` read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <ostream>
#include <vector>

#include "switchgear/core/event.hpp"
#include "switchgear/core/random.hpp"

namespace switchgear {

/// One call as a recorder has it.
struct CallRecord {
  TimePoint at{};      ///< when it began, or was refused
  Duration latency{};  ///< of one that was not refused
  Verdict verdict = Verdict::success;
  FailureType type = FailureType::exception;  ///< of a failure
  bool refused = false;                       ///< by the breaker: how it would have ended is unknown
};

struct RecorderOptions {
  TimePoint from{};                    ///< calls that began before are left out
  TimePoint until = TimePoint::max();  ///< calls that end later are left out
  std::size_t most_calls = 1'000'000;  ///< 16 bytes each, taken as they come
  double sample = 1;                   ///< the share of calls that is kept; (0, 1]
  std::uint64_t seed = 0;              ///< of the sample
};

struct RecorderCounts {
  std::uint64_t calls = 0;     ///< kept, refused ones included
  std::uint64_t refused = 0;   ///< of these
  std::uint64_t left_out = 0;  ///< came when there was no room left
};

/// Records nothing but times, verdicts and types: no address, no header, no body.
///
///     auto recorder = std::make_shared<CallRecorder>(RecorderOptions{.from = from});
///     registry.subscribe("payment", recorder, Interest::calls | Interest::rejections);
///     …
///     registry.unsubscribe("payment", recorder);
///     write_trace(file, recorder->calls(), from);
///
/// A call that is made with a permit of metrics_only or disabled is recorded if the breaker tells of it.
/// Threads: any. A recorded call costs a mutex; bounded as `options` say, never waits for anything else.
class CallRecorder final : public EventSink {
 public:
  /// Precondition: `options` are in their ranges.
  explicit CallRecorder(const RecorderOptions& options);

  void on_call(const CallEvent& call) override;
  void on_rejection(const RejectionEvent& rejection) override;

  [[nodiscard]] RecorderCounts counts() const;
  [[nodiscard]] const RecorderOptions& options() const noexcept { return options_; }
  /// In the order in which they began.
  [[nodiscard]] std::vector<CallRecord> calls() const;

 private:
  /// Nanoseconds from `from` on; the latency with verdict and type in its last byte.
  struct Packed {
    std::int64_t at;
    std::uint64_t rest;
  };
  void keep(const CallRecord& call);
  [[nodiscard]] Packed packed(const CallRecord& call) const noexcept;
  [[nodiscard]] CallRecord unpacked(const Packed& packed) const noexcept;

  const RecorderOptions options_;
  mutable std::mutex mutex_;
  Random random_;
  std::vector<Packed> kept_;
  RecorderCounts counts_;
};

/// One line a call, as docs/replay.md has them; times count from `zero`. Precondition: no call began before.
void write_trace(std::ostream& out, const std::vector<CallRecord>& calls, TimePoint zero);

}  // namespace switchgear
