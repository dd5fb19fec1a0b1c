// The attempts of one call, and which of them are in the air.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "app/gateway/call/attempt.hpp"
#include "switchgear/pipeline/flights.hpp"
#include "switchgear/policy/hedge.hpp"

namespace switchgear::gateway {

/// An attempt is in the air until its machine knows its outcome; it may go on after that, when its response
/// is on its way to the client. Cancelling takes no time here, so no loser keeps its place. An attempt's time
/// runs only while the upstream is waited for: so its limit is the call's to look at, and not that of its
/// flight. Threads: one at a time.
class Attempts {
 public:
  /// Made when its branch runs first.
  [[nodiscard]] Attempt& operator[](unsigned branch) { return branch == 0 ? first_ : hedge(branch); }
  [[nodiscard]] unsigned size() const noexcept { return static_cast<unsigned>(1 + hedges_.size()); }

  /// The attempt that the machine asks for: in the air from now on, and to be begun.
  Attempt& launch(const Step& step, TimePoint now);
  /// Its machine is told what has become of it.
  void land(const Attempt& attempt, TimePoint now) noexcept;
  /// Step::losers.
  void drop(std::uint16_t losers, TimePoint now) noexcept;
  void drop_all_but(const Attempt& winner, TimePoint now) noexcept;
  void drop_all(TimePoint now) noexcept;
  /// Precondition: none is running.
  void forget_hedges() noexcept {
    if (!hedges_.empty()) hedges_.clear();
  }
  [[nodiscard]] TimePoint started(const Attempt& attempt) const noexcept {
    return flights_.started(attempt.branch());
  }

  /// The machine's last word was `wait`, or was not.
  void wait(TimePoint until) noexcept { flights_.wait(until); }
  void stop_waiting() noexcept { flights_.stop_waiting(); }
  [[nodiscard]] bool waiting() const noexcept { return flights_.waiting(); }
  [[nodiscard]] bool wait_is_over(TimePoint now) const noexcept { return flights_.wait_is_over(now); }
  [[nodiscard]] TimePoint next_due() const noexcept { return flights_.next_due(); }

 private:
  [[nodiscard]] Attempt& hedge(unsigned branch);
  void drop_one(unsigned branch, TimePoint now) noexcept;

  Flights<Hedge::most + 1> flights_;
  Attempt first_;
  std::vector<std::unique_ptr<Attempt>> hedges_;
};

}  // namespace switchgear::gateway
