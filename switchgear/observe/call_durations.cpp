#include "switchgear/observe/call_durations.hpp"

#include <mutex>

namespace switchgear {

namespace {

void add(DurationHistogramSnapshot& to, const DurationHistogramSnapshot& more) {
  for (std::size_t i = 0; i < to.counts.size(); ++i) to.counts[i] += more.counts[i];
  to.count += more.count;
  to.sum += more.sum;
}

}  // namespace

CallDurations::Circuit& CallDurations::circuit_locked(std::string_view name) {
  const auto known = circuits_.find(name);
  if (known != circuits_.end()) return *known->second;
  return *circuits_.emplace(std::string{name}, std::make_unique<Circuit>()).first->second;
}

CircuitDurations& CallDurations::of(std::string_view service) {
  const std::unique_lock lock{mutex_};
  Circuit& own = circuit_locked(service);
  own.is_service = true;
  return own.durations;
}

CircuitDurations& CallDurations::of_policy(std::string_view circuit) {
  const std::unique_lock lock{mutex_};
  return circuit_locked(circuit).durations;
}

CircuitDurations& CallDurations::beside(std::string_view service) {
  const std::unique_lock lock{mutex_};
  Circuit& own = circuit_locked(service);
  own.is_service = true;
  if (!own.beside) own.beside = std::make_unique<CircuitDurations>();
  return *own.beside;
}

const CircuitDurations* CallDurations::find(std::string_view circuit) const {
  const std::shared_lock lock{mutex_};
  const auto known = circuits_.find(circuit);
  return known == circuits_.end() ? nullptr : &known->second->durations;
}

ServiceDurations CallDurations::of_service(const Circuit& own) {
  ServiceDurations all{own.durations.success.snapshot(), own.durations.failure.snapshot()};
  if (own.beside) {
    add(all.success, own.beside->success.snapshot());
    add(all.failure, own.beside->failure.snapshot());
  }
  return all;
}

ServiceDurations CallDurations::of_service(std::string_view service) const {
  const std::shared_lock lock{mutex_};
  const auto known = circuits_.find(service);
  return known == circuits_.end() ? ServiceDurations{} : of_service(*known->second);
}

void CallDurations::for_each(
    const std::function<void(const std::string& name, const CircuitDurations&)>& see) const {
  const std::shared_lock lock{mutex_};
  for (const auto& [name, circuit] : circuits_) see(name, circuit->durations);
}

void CallDurations::for_each_service(
    const std::function<void(const std::string& name, const ServiceDurations&)>& see) const {
  const std::shared_lock lock{mutex_};
  for (const auto& [name, circuit] : circuits_) {
    if (circuit->is_service) see(name, of_service(*circuit));
  }
}

}  // namespace switchgear
