#include "switchgear/core/duration_text.hpp"

namespace switchgear {

std::string format_duration(Duration length) {
  if (length == Duration::zero()) return "0s";
  for (const DurationUnit& unit : duration_units) {
    if (length.count() % unit.nanoseconds != 0) continue;
    return std::to_string(length.count() / unit.nanoseconds).append(unit.name);
  }
  return std::to_string(length.count()) + "ns";
}

}  // namespace switchgear
