#include "switchgear/observe/call_durations.hpp"

#include <mutex>

namespace switchgear {

CircuitDurations& CallDurations::of(std::string_view circuit) {
  {
    const std::shared_lock lock{mutex_};
    const auto known = circuits_.find(circuit);
    if (known != circuits_.end()) return *known->second;
  }
  const std::unique_lock lock{mutex_};
  std::unique_ptr<CircuitDurations>& place = circuits_[std::string{circuit}];
  if (!place) place = std::make_unique<CircuitDurations>();
  return *place;
}

const CircuitDurations* CallDurations::find(std::string_view circuit) const {
  const std::shared_lock lock{mutex_};
  const auto known = circuits_.find(circuit);
  return known == circuits_.end() ? nullptr : known->second.get();
}

void CallDurations::for_each(
    const std::function<void(const std::string& name, const CircuitDurations&)>& see) const {
  const std::shared_lock lock{mutex_};
  for (const auto& [name, durations] : circuits_) see(name, *durations);
}

}  // namespace switchgear
