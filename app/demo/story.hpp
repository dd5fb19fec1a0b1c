// The story the demo tells: a dependency fails, its breaker opens, callers stop waiting, it recovers, the
// breaker closes. Every line is told after its fact was observed, from the callers' sockets, the services'
// own counters or the gateway's admin API. Nothing is told because it should have happened by now.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "app/demo/fault.hpp"
#include "app/demo/load.hpp"
#include "app/demo/shop.hpp"
#include "app/demo/teller.hpp"
#include "app/stage/stop_signal.hpp"

namespace switchgear::demo {

/// How long the parts of one round take. All follow from the time for the whole.
struct Pace {
  explicit Pace(std::chrono::milliseconds whole_round);

  std::chrono::milliseconds whole;
  std::chrono::milliseconds normal;          ///< before the fault
  std::chrono::milliseconds open_duration;   ///< of the breaker
  std::chrono::milliseconds probe_interval;  ///< so that half-open can be watched
  std::chrono::milliseconds patience;        ///< for a step to be observed, beyond the time it takes anyway
};

enum class Ending : std::uint8_t { held, missed, stopped };

/// Threads: one.
class Story {
 public:
  Story(Shop& shop, Load& load, Teller& teller, stage::StopSignal& stop, const Pace& pace);

  /// One round, from normal to normal. `missed`: a step was not observed in time; the missing step has been
  /// told, and payment is well again. A process that ends is started again and the story goes on, as far as
  /// its steps can still be observed. Throws stage::Broken.
  [[nodiscard]] Ending tell_round(const Fault& fault);

  /// Stays at the last scene until `end`, unless stopped.
  [[nodiscard]] Ending linger(std::chrono::steady_clock::time_point end);

 private:
  using Clock = std::chrono::steady_clock;

  void normal();
  void fails(const Fault& fault);
  void opens();
  void shields();
  void heals();
  void probes_pass();
  void closes();
  void normal_again();

  /// A question without an answer is not observed yet.
  void until(const std::string& step, std::chrono::milliseconds patience,
             const std::function<bool()>& observed);
  [[noreturn]] void miss(std::string text);
  // Shop's, of processes that may be starting again.
  [[nodiscard]] SeenBreaker breaker();
  [[nodiscard]] std::uint64_t arrived();
  void set_fault(const Fault& fault);
  /// Since the fault began.
  [[nodiscard]] std::uint64_t refused(const SeenBreaker& seen) const;
  void pause(std::chrono::milliseconds length);
  void look();
  [[nodiscard]] std::string felt_now(Asked what) const;
  [[nodiscard]] Feeling hurt(Clock::time_point since) const;

  Shop& shop_;
  Load& load_;
  Teller& teller_;
  stage::StopSignal& stop_;
  const Pace pace_;

  Fault fault_;
  Clock::time_point failing_since_{}, open_since_{}, closed_since_{}, looked_{};
  SeenBreaker before_;              ///< payment's breaker when the fault began, or when its process did
  Feeling hurt_;                    ///< what the failing orders felt like
  std::uint64_t arrived_open_ = 0;  ///< at payment, just after the opening
  unsigned restarts_ = 0;           ///< of processes, before the round
};

}  // namespace switchgear::demo
