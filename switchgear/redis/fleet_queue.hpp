// Which circuits of a fleet are to be looked at next. A member with thousands of circuits must not ask the
// store about all of them in one instant: the last of them would wait longer than a command may take.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "switchgear/core/time.hpp"

namespace switchgear::redis {

/// What is due of a circuit: to say what has changed, or to hear how the fleet stands too.
enum class FleetDue : std::uint8_t { says, hears };

/// Each circuit at most once. Threads: one at a time.
class FleetQueue {
 public:
  /// Behind all that are due.
  void add(const std::string& circuit, FleetDue due, TimePoint now = {}) {
    const auto [known, is_new] = due_.try_emplace(circuit, State{due, now, false});
    if (is_new) return order_.push_back(circuit);
    if (due == FleetDue::hears) known->second.due = due;
  }
  /// Before all that are due.
  void add_first(const std::string& circuit, FleetDue due, TimePoint now = {}) {
    State& state = due_.try_emplace(circuit, State{due, now, false}).first->second;
    if (due == FleetDue::hears) state.due = due;
    // One that was due already comes up twice, and the second time is skipped.
    if (!std::exchange(state.first, true)) order_.push_front(circuit);
  }
  struct Next {
    std::string circuit;
    FleetDue due;
    TimePoint since;  ///< when it was added
  };
  std::optional<Next> next() {
    while (!order_.empty()) {
      std::string circuit = std::move(order_.front());
      order_.pop_front();
      const auto known = due_.find(circuit);
      if (known == due_.end()) continue;
      const State state = known->second;
      due_.erase(known);
      return Next{std::move(circuit), state.due, state.since};
    }
    return std::nullopt;
  }
  void clear() {
    due_.clear();
    order_.clear();
  }
  [[nodiscard]] bool empty() const noexcept { return due_.empty(); }

 private:
  struct State {
    FleetDue due;
    TimePoint since;
    bool first;
  };
  std::map<std::string, State, std::less<>> due_;
  std::deque<std::string> order_;
};

}  // namespace switchgear::redis
