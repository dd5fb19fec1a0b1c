// Candidates that see the outcomes of a service's calls and refuse no call.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "switchgear/config/config.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::experiment {

/// Of one breaker's decisions about the calls that were made.
struct Decisions {
  std::uint64_t calls = 0;         ///< whose outcome is known
  std::uint64_t let_bad = 0;       ///< let through, and failed
  std::uint64_t refused_good = 0;  ///< would have refused, and it succeeded
  std::uint64_t refused_bad = 0;   ///< would have refused, and it failed
  std::uint64_t opened = 0;
  std::uint64_t unknown = 0;  ///< of the breaker in force: calls that it refused
  State state = State::closed;
  Duration time_open{};
};

struct ShadowFinding {
  std::string policy;
  Decisions decisions;
};

struct ShadowedService {
  std::string service;
  std::string policy;  ///< in force
  TimePoint since{};
  Decisions in_force;
  std::vector<ShadowFinding> shadows;
};

/// Threads: any.
class Shadows {
 public:
  explicit Shadows(BreakerRegistry& registry) : registry_(registry) {}
  Shadows(const Shadows&) = delete;
  Shadows& operator=(const Shadows&) = delete;
  ~Shadows();

  /// What services say in `experiment.shadow`. A candidate whose options did not change goes on; with any
  /// other change of a service's policy or candidates, all of that service begin anew, for they are compared.
  void apply(const config::Config& config, TimePoint now);

  /// A health check of the service has come to its answer, as for CircuitBreaker::on_check().
  void on_check(const std::string& service, CheckAnswer answer, const HealthRows& rows, TimePoint now) const;

  /// Sorted by service.
  [[nodiscard]] std::vector<ShadowedService> all(TimePoint now) const;
  [[nodiscard]] bool empty() const;
  /// Automatic probes of the candidates. To be called about every second.
  void advance(TimePoint now) const;

 private:
  class Watch;
  BreakerRegistry& registry_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Watch>> watches_;
};

}  // namespace switchgear::experiment
