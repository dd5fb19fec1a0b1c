// The durations of calls by dependency, guarded by a breaker or not: the gateway records, the admin server
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

/// Threads: any. Not for the path of a call: look a circuit up once, keep the reference and record through
/// that. Names are never forgotten, so that a counter never goes back while the process lives.
class CallDurations {
 public:
  /// The circuit's histograms, made when it is named first. The reference stays good as long as this object
  /// lives.
  [[nodiscard]] CircuitDurations& of(std::string_view circuit);
  /// Null when the circuit was never named.
  [[nodiscard]] const CircuitDurations* find(std::string_view circuit) const;
  /// All of them in the order of their names.
  void for_each(const std::function<void(const std::string& name, const CircuitDurations&)>& see) const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<CircuitDurations>, std::less<>> circuits_;
};

}  // namespace switchgear
