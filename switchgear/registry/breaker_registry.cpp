#include "switchgear/registry/breaker_registry.hpp"

#include <utility>

#include "switchgear/core/random.hpp"

namespace switchgear {
namespace {

/// FNV-1a, then mixed with the registry's seed: the same on every machine, and different for every name, so
/// that breakers which open together do not probe together.
std::uint64_t seed_of(std::uint64_t seed, std::string_view name) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char each : name) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3U;
  return Random{seed ^ hash}.next();
}

/// A breaker together with the sink it borrows. Handed out as a pointer to the breaker that owns the whole.
struct Housed {
  std::shared_ptr<EventFanout> events;
  CircuitBreaker breaker;

  Housed(std::shared_ptr<EventFanout> sink, std::string_view name, const CircuitBreakerOptions& options,
         const BreakerContext& context)
      : events(std::move(sink)), breaker(std::string{name}, options, context) {}
};

}  // namespace

BreakerRegistry::BreakerRegistry(WallAnchor anchor, std::uint64_t seed)
    : anchor_(anchor), seed_(seed), events_(std::make_shared<EventFanout>()) {}
BreakerRegistry::~BreakerRegistry() = default;

std::shared_ptr<CircuitBreaker> BreakerRegistry::get_or_create(std::string_view name,
                                                               const CircuitBreakerOptions& options,
                                                               TimePoint now) {
  const std::lock_guard lock{mutex_};
  const auto known = breakers_.find(name);
  if (known != breakers_.end()) return known->second;
  auto made = make(name, options, now);
  breakers_.emplace(std::string{name}, made);
  return made;
}

std::shared_ptr<CircuitBreaker> BreakerRegistry::find(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto known = breakers_.find(name);
  return known == breakers_.end() ? nullptr : known->second;
}

std::vector<std::shared_ptr<CircuitBreaker>> BreakerRegistry::all() const {
  std::vector<std::shared_ptr<CircuitBreaker>> list;
  const std::lock_guard lock{mutex_};
  list.reserve(breakers_.size());
  for (const auto& [name, breaker] : breakers_) list.push_back(breaker);
  return list;
}

AppliedOptions BreakerRegistry::apply(const std::map<std::string, CircuitBreakerOptions>& options,
                                      TimePoint now) {
  AppliedOptions done;
  Breakers next;  // after the swap it holds the old ones, which are then released outside the lock
  const std::lock_guard lock{mutex_};
  for (const auto& [name, wanted] : options) {
    const auto known = breakers_.find(name);
    if (known == breakers_.end()) {
      next.emplace(name, make(name, wanted, now));
      done.added.push_back(name);
    } else if (known->second->options() == wanted) {
      next.emplace(name, known->second);
      done.kept.push_back(name);
    } else {
      next.emplace(name, make(name, wanted, now));
      done.replaced.push_back(name);
    }
  }
  for (const auto& [name, breaker] : breakers_) {
    if (!options.contains(name)) done.removed.push_back(name);
  }
  breakers_.swap(next);
  return done;
}

std::shared_ptr<CircuitBreaker> BreakerRegistry::make(std::string_view name,
                                                      const CircuitBreakerOptions& options,
                                                      TimePoint now) const {
  BreakerContext context;
  context.sink = events_.get();
  context.seed = seed_of(seed_, name);
  context.anchor = anchor_;
  context.created = now;
  auto housed = std::make_shared<Housed>(events_, name, options, context);
  CircuitBreaker* const breaker = &housed->breaker;
  return {std::move(housed), breaker};
}

}  // namespace switchgear
