// The record of one call: its span, and one for each of its attempts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "app/gateway/call/call_request.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/pipeline/call.hpp"
#include "switchgear/policy/hedge.hpp"
#include "switchgear/telemetry/span.hpp"

namespace switchgear::gateway {

/// Made only for calls that are recorded. Attributes follow OpenTelemetry's conventions for HTTP; those of
/// its own begin with `switchgear.`. No query, and no field but the request id, is in it. Threads: one.
class CallTrace {
 public:
  CallTrace(const AskedFor& asked, const CallRequest& request, const Service& service);

  void begin(TimePoint now) noexcept { call().start = now; }
  /// `upstream`: where it goes; null: nowhere, because every instance is left out.
  void begin_attempt(const Step& step, telemetry::SpanId id, const config::Endpoint* upstream, TimePoint now);
  /// `status`: 0 without a response. `error`: why it was broken off; empty: it was not.
  void end_attempt(unsigned branch, const Outcome& outcome, unsigned status, std::string_view error,
                   TimePoint now);
  /// Those of them that run are not needed any more; bit b is branch b.
  void cancel(std::uint32_t branches, TimePoint now);
  /// By a policy; also when the client is not told so, because something else answers.
  void refused(const Rejection& rejection, TimePoint now);
  /// The client is told so.
  void failed(std::string_view type);
  /// What the client was told.
  void answered(unsigned status);
  void answered_from(Source source);
  /// Something was injected.
  void chaos();
  /// `how`: `answered`, `broken_off` or `abandoned`. Cancels what still runs, and leaves nothing behind.
  [[nodiscard]] std::vector<telemetry::Span> end(std::string_view how, TimePoint now);

  static constexpr std::uint32_t all_branches = ~std::uint32_t{0};

 private:
  static constexpr std::size_t none = 0;  ///< where the call's own span is

  [[nodiscard]] telemetry::Span& call() noexcept { return spans_.front(); }

  std::vector<telemetry::Span> spans_;
  std::array<std::size_t, Hedge::most + 1> running_{};  ///< by branch: where its span is, or `none`
  std::int64_t attempts_ = 0;
};

}  // namespace switchgear::gateway
