// One call that was made for a value, such as a tenant, as those are told who record calls.
#pragma once

#include <cstdint>
#include <optional>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear {

/// A call that has ended, or was refused by the breaker of its value.
struct ValueCall {
  /// A hash of the value that only its owner can work out; empty: the call was made for no value.
  std::optional<std::uint64_t> value;
  Verdict verdict = Verdict::success;
  FailureType type = FailureType::exception;  ///< of a failure
  Duration latency{};                         ///< zero for a permit that was dropped
  TimePoint at{};                             ///< of its end, or of the refusal
  bool refused = false;
};

/// Threads: any. Called without a lock of the caller's; must not throw.
class ValueCallSink {
 public:
  ValueCallSink() = default;
  ValueCallSink(const ValueCallSink&) = delete;
  ValueCallSink& operator=(const ValueCallSink&) = delete;
  virtual ~ValueCallSink() = default;

  virtual void on_value_call(const ValueCall& call) noexcept = 0;
};

}  // namespace switchgear
