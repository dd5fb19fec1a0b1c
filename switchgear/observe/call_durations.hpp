// The durations of calls by circuit, guarded by a breaker or not: the gateway records, the admin server
// reads.
#pragma once

#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "switchgear/observe/duration_histogram.hpp"
#include "switchgear/observe/kept_by_name.hpp"

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
/// Threads: any. Not for the path of a call: look a circuit up once, keep the pointer and record through
/// that. A circuit is forgotten a minute after the last pointer to it, or to what stands beside it, is gone
/// (kept_by_name.hpp), if forget_unused() is called now and then: its counters go, and begin at zero if it
/// comes back.
class CallDurations {
 public:
  /// Those of a service's own circuit, made when it is named first.
  [[nodiscard]] std::shared_ptr<CircuitDurations> of(std::string_view service);
  /// The same for the circuit of a further policy.
  [[nodiscard]] std::shared_ptr<CircuitDurations> of_policy(std::string_view circuit);
  /// For the calls of a service that its own circuit does not judge. They are in no circuit by this.
  [[nodiscard]] std::shared_ptr<CircuitDurations> beside(std::string_view service);

  /// Null when the circuit is not known.
  [[nodiscard]] std::shared_ptr<const CircuitDurations> find(std::string_view circuit) const;
  /// Of circuits that the configuration has lost: see above.
  void forget_unused(TimePoint now);
  /// Zeros when the service is not known.
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
  [[nodiscard]] static ServiceDurations of_service(const Circuit& own);

  mutable std::shared_mutex mutex_;
  KeptByName<Circuit> circuits_;
};

}  // namespace switchgear
