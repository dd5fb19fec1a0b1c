// What a thread needs to make its requests recognisable, and where it tells of those that are recorded.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "app/gateway/heads/correlation.hpp"
#include "switchgear/telemetry/sampler.hpp"
#include "switchgear/telemetry/span_queue.hpp"
#include "switchgear/telemetry/trace_context.hpp"

namespace switchgear::gateway {

/// By default nothing is added to requests, and nothing recorded.
struct TracingOptions {
  TraceHeaders headers = TraceHeaders::off;
  /// Of the traces that begin here, from 0 to 1, which are recorded. A trace that began elsewhere is recorded
  /// if its caller records it.
  double share = 0;
  std::string request_id = {};                            ///< name of its field, lower case; empty: none
  std::shared_ptr<telemetry::SpanQueue> spans = nullptr;  ///< null: none is recorded

  [[nodiscard]] bool on() const noexcept { return headers != TraceHeaders::off || !request_id.empty(); }
};

/// One thread's.
struct Tracing {
  TracingOptions options;
  telemetry::Sampler sampler;
  telemetry::TraceIds ids{entropy(), entropy()};

  void set(const TracingOptions& wanted) {
    options = wanted;
    sampler = telemetry::Sampler{wanted.spans ? wanted.share : 0};
  }

 private:
  [[nodiscard]] static std::uint64_t entropy() {
    std::random_device device;
    return std::uint64_t{device()} << 32U | device();
  }
};

}  // namespace switchgear::gateway
