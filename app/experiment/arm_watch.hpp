// What one arm's breaker did during a split: how soon it noticed that calls went wrong, and whether it had to
// open.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "switchgear/core/event.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::experiment {

struct ArmOpenings {
  std::uint64_t doubtful = 0;
  std::uint64_t judged = 0;    ///< of which it is known whether they were doubtful
  std::uint64_t detected = 0;  ///< after bad calls
  Duration until_open{};       ///< of all these together, from the first bad call on
};

/// Bad is a call that failed, or was slow where the breaker minds. The first one is that after which no ten
/// good ones in a row came before the breaker opened.
///
/// An opening is doubtful, as in the figures, if every probe of its first half-open period was good and
/// nothing failed for one `open_duration` after the breaker closed. Without a call in that time it cannot be
/// judged.
///
/// Threads: any. Each call of the breaker takes a mutex for a moment, from construction to destruction.
class ArmWatch {
 public:
  /// Null: the registry has no breaker of that name. `registry` is borrowed.
  [[nodiscard]] static std::unique_ptr<ArmWatch> of(BreakerRegistry& registry, const std::string& circuit);
  ArmWatch(const ArmWatch&) = delete;
  ArmWatch& operator=(const ArmWatch&) = delete;
  ~ArmWatch();

  [[nodiscard]] ArmOpenings openings(TimePoint now) const;

 private:
  class Sink;
  ArmWatch(BreakerRegistry& registry, std::string circuit, std::shared_ptr<Sink> sink)
      : registry_(registry), circuit_(std::move(circuit)), sink_(std::move(sink)) {}

  BreakerRegistry& registry_;
  const std::string circuit_;
  const std::shared_ptr<Sink> sink_;
};

}  // namespace switchgear::experiment
