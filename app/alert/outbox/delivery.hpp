// How an attempt to deliver a message ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "switchgear/core/time.hpp"

namespace switchgear::alert {

struct Delivery {
  enum class End : std::uint8_t {
    delivered,
    refused,  ///< for good: the receiver will not take this message, whenever it comes
    failed,   ///< to be tried again
    busy,     ///< to be tried again, later: the receiver works, and takes no more for now
  };
  End end = End::delivered;
  std::optional<Duration> retry_after{};  ///< the receiver's own wait
  std::string problem{};                  ///< for the log; without secrets

  [[nodiscard]] bool again() const noexcept { return end == End::failed || end == End::busy; }
};

}  // namespace switchgear::alert
