#include "switchgear/core/rejection.hpp"

#include <array>
#include <cstdio>

namespace switchgear {

std::string to_string(const Rejection& rejection) {
  std::string text = "breaker '";
  text += rejection.policy;
  switch (rejection.reason) {
    case Reason::open:
      text += "' is open";
      break;
    case Reason::half_open:
      text += "' is half-open and has no probe to give";
      break;
    case Reason::forced_open:
      text += "' is held open by an operator";
      break;
    case Reason::ramping:
      text += "' has just closed and is ramping up";
      break;
  }
  if (rejection.retry_after) {
    std::array<char, 64> wait{};
    std::snprintf(wait.data(), wait.size(), "; retry in %.3gs", to_seconds(*rejection.retry_after));
    text += wait.data();
  }
  return text;
}

}  // namespace switchgear
