#include "app/chaos/script.hpp"

#include <algorithm>

#include "switchgear/core/random.hpp"

namespace switchgear::chaos {
namespace {

constexpr std::uint64_t uses_of_a_phase = 2;
constexpr unsigned overloaded = 503;

/// Other words and numbers, unrelated seeds.
std::uint64_t seed_of(std::uint64_t seed, std::string_view service, std::uint64_t instance) {
  std::uint64_t mixed = Random{seed}.next();
  for (const char letter : service) mixed = Random{mixed ^ static_cast<unsigned char>(letter)}.next();
  return Random{mixed ^ instance}.next();
}

double value_of(const std::optional<Ramp>& ramp, double part) { return ramp ? ramp->at(part) : 0; }

}  // namespace

Script::Script(const Scenario& scenario, const std::string& service, std::size_t instance)
    : service_(scenario.services.at(service)), seed_(seed_of(scenario.seed, service, instance)) {
  for (const Phase& phase : scenario.phases) {
    if (phase.concerns(service, instance)) phases_.push_back(phase);
  }
}

double Script::draw(std::uint64_t request, std::uint64_t use) const noexcept {
  const std::uint64_t uses = uses_of_a_phase * (phases_.size() + 1);
  return Random::at(seed_, request * uses + use).uniform();
}

stage::Reaction Script::reaction(const stage::Arrival& arrival, Duration now) const {
  using Kind = stage::Reaction::Kind;
  if (service_.capacity > 0 && arrival.working >= service_.capacity) return {Kind::answer, overloaded};
  double seconds = to_seconds(service_.latency) * (0.9 + 0.2 * draw(arrival.number, 0));
  unsigned status = draw(arrival.number, 1) < service_.errors ? 500 : 200;
  std::uint64_t use = 0;
  for (const Phase& phase : phases_) {
    use += uses_of_a_phase;
    if (!phase.active(now) || !arrival.target.starts_with(phase.path)) continue;
    if (draw(arrival.number, use) >= phase.share) continue;
    const double part = phase.part(now);
    if (phase.capacity && static_cast<double>(arrival.working) + 1 > phase.capacity->at(part))
      return {Kind::answer, overloaded};
    const double outcome = draw(arrival.number, use + 1);
    const double resets = value_of(phase.reset, part);
    const double hangs = resets + value_of(phase.hang, part);
    const double errors = hangs + value_of(phase.errors, part);
    if (outcome < resets) return {Kind::reset};
    if (outcome < hangs) return {Kind::hang};
    if (outcome < errors) status = phase.status;
    seconds += value_of(phase.latency, part);
  }
  return {Kind::answer, status, from_seconds(seconds)};
}

bool Script::refuses(Duration now) const noexcept {
  return std::any_of(phases_.begin(), phases_.end(),
                     [&](const Phase& phase) { return phase.refuse && phase.active(now); });
}

bool Script::hangs(Duration now) const noexcept {
  return std::any_of(phases_.begin(), phases_.end(),
                     [&](const Phase& phase) { return phase.hang && phase.active(now); });
}

}  // namespace switchgear::chaos
