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

std::shared_ptr<CircuitDurations> CallDurations::of(std::string_view service) {
  const std::unique_lock lock{mutex_};
  const std::shared_ptr<Circuit> own = circuits_.of(service);
  own->is_service = true;
  return {own, &own->durations};
}

std::shared_ptr<CircuitDurations> CallDurations::of_policy(std::string_view circuit) {
  const std::unique_lock lock{mutex_};
  const std::shared_ptr<Circuit> known = circuits_.of(circuit);
  return {known, &known->durations};
}

std::shared_ptr<CircuitDurations> CallDurations::beside(std::string_view service) {
  const std::unique_lock lock{mutex_};
  const std::shared_ptr<Circuit> own = circuits_.of(service);
  own->is_service = true;
  if (!own->beside) own->beside = std::make_unique<CircuitDurations>();
  return {own, own->beside.get()};
}

std::shared_ptr<const CircuitDurations> CallDurations::find(std::string_view circuit) const {
  const std::shared_lock lock{mutex_};
  const std::shared_ptr<Circuit> known = circuits_.find(circuit);
  if (!known) return nullptr;
  return {known, &known->durations};
}

void CallDurations::forget_unused(TimePoint now) {
  const std::unique_lock lock{mutex_};
  circuits_.forget_unused(now);
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
  const std::shared_ptr<Circuit> known = circuits_.find(service);
  return known ? of_service(*known) : ServiceDurations{};
}

void CallDurations::for_each(
    const std::function<void(const std::string& name, const CircuitDurations&)>& see) const {
  const std::shared_lock lock{mutex_};
  circuits_.for_each([&](const std::string& name, const Circuit& circuit) { see(name, circuit.durations); });
}

void CallDurations::for_each_service(
    const std::function<void(const std::string& name, const ServiceDurations&)>& see) const {
  const std::shared_lock lock{mutex_};
  circuits_.for_each([&](const std::string& name, const Circuit& circuit) {
    if (circuit.is_service) see(name, of_service(circuit));
  });
}

}  // namespace switchgear
