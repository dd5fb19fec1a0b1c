// The options and the report of one awaited call.
#pragma once

#include <cstdint>
#include <optional>

#include "switchgear/core/rejection.hpp"
#include "switchgear/pipeline/call.hpp"

namespace switchgear {

/// Attempts that are no longer needed: a hedge has won without them. They are cancelled at once; it is a
/// question of when the call completes.
enum class Stragglers : std::uint8_t {
  /// When the last of them is gone, so that an operation may refer to its caller's frame. Costs nothing but
  /// the time that the operation takes to react to its cancellation.
  waited_for,
  /// At once. The operation is then used after the call has completed: it, and what it refers to, must live
  /// as long as the executor's context; the same is true of the handler's allocator.
  left_behind,
};

/// The whole story of one call.
struct AsyncReport : CallReport {
  std::optional<Rejection> rejection;  ///< which policy refused, and when to come back; empty if none did
};

/// About one awaited call: CallOptions, and what only Asio's callers may say. What it refers to must live
/// until the call has completed. `stop` is ignored: an awaited call is cancelled through its handler's slot.
///
///     async_call<int>(pipeline, CallOptions{.key = "EUR"}, op, token);
///     async_call<int>(pipeline, AsyncCallOptions{{.key = "EUR"}, &full_report}, op, token);
struct AsyncCallOptions : CallOptions {
  AsyncCallOptions() = default;
  AsyncCallOptions(const CallOptions& options, AsyncReport* full = nullptr,  // NOLINT: meant to convert
                   Stragglers what_to_do = Stragglers::waited_for)
      : CallOptions(options), full_report(full), stragglers(what_to_do) {}

  AsyncReport* full_report = nullptr;  ///< filled in just before the handler runs, on the handler's executor
  Stragglers stragglers = Stragglers::waited_for;
};

}  // namespace switchgear
