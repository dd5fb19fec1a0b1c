// The durations of calls by circuit, guarded by a breaker or not: the gateway records, the admin server
// reads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "switchgear/observe/duration_histogram.hpp"

namespace switchgear {

struct CircuitDurations {
  DurationHistogram success;
  DurationHistogram failure;
};

/// Of all calls of a service, whichever of its circuits judges them.
struct ServiceDurations {
  DurationHistogramSnapshot success;
  DurationHistogramSnapshot failure;
};

/// A service is a circuit of its own name. Its further policies may be others: `service/policy`. A call is
/// recorded in every circuit that judges it, and beside() those of the service if the service's own is none
/// of them.
///
/// Threads: any. Not for the path of a call: look a circuit up once, keep the reference and record through
/// that. Names are never forgotten, so that a counter never goes back while the process lives.
class CallDurations {
 public:
  /// Those of a service's own circuit, made when it is named first. The reference stays good as long as this
  /// object lives.
  [[nodiscard]] CircuitDurations& of(std::string_view service);
  /// The same for the circuit of a further policy.
  [[nodiscard]] CircuitDurations& of_policy(std::string_view circuit);
  /// For the calls of a service that its own circuit does not judge. They are in no circuit by this.
  [[nodiscard]] CircuitDurations& beside(std::string_view service);

  /// Null when the circuit was never named.
  [[nodiscard]] const CircuitDurations* find(std::string_view circuit) const;
  /// Zeros when the service was never named.
  [[nodiscard]] ServiceDurations of_service(std::string_view service) const;
  /// All circuits in the order of their names.
  void for_each(const std::function<void(const std::string& name, const CircuitDurations&)>& see) const;
  /// All services in the order of their names.
  void for_each_service(
      const std::function<void(const std::string& name, const ServiceDurations&)>& see) const;

 private:
  struct Circuit {
    CircuitDurations durations;
    std::unique_ptr<CircuitDurations> beside;  ///< null: it was never asked for
    bool is_service = false;
  };
  [[nodiscard]] Circuit& circuit_locked(std::string_view name);
  [[nodiscard]] static ServiceDurations of_service(const Circuit& own);

  mutable std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<Circuit>, std::less<>> circuits_;
};

}  // namespace switchgear
