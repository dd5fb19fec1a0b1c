#include "switchgear/registry/breaker_registry.hpp"

#include <algorithm>
#include <utility>

#include "switchgear/core/policy_kind.hpp"
#include "switchgear/core/random.hpp"
#include "switchgear/policy/option_checker.hpp"

namespace switchgear {
namespace {

/// FNV-1a, then mixed with the registry's seed: the same on every machine, and different for every name, so
/// that breakers which open together do not probe together.
std::uint64_t seed_of(std::uint64_t seed, std::string_view name) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char each : name) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3U;
  return Random{seed ^ hash}.next();
}

KeyedLimits checked(const KeyedLimits& limits) {
  require_valid("registry", "keyed", validate(limits));
  return limits;
}

}  // namespace

using detail::HousedBreaker;

BreakerRegistry::BreakerRegistry(WallAnchor anchor, std::uint64_t seed, const KeyedLimits& limits)
    : anchor_(anchor), seed_(seed), events_(std::make_shared<EventFanout>()), keyed_(checked(limits)) {}
BreakerRegistry::~BreakerRegistry() = default;

std::shared_ptr<CircuitBreaker> BreakerRegistry::get_or_create(std::string_view name,
                                                               const CircuitBreakerOptions& options,
                                                               TimePoint now) {
  const std::lock_guard lock{mutex_};
  const auto known = named_.find(name);
  if (known != named_.end()) return HousedBreaker::door(known->second);
  House house = keyed_.take(name);
  if (!house) house = make(name, options, now, nullptr);
  named_.emplace(std::string{name}, house);
  return HousedBreaker::door(std::move(house));
}

std::shared_ptr<CircuitBreaker> BreakerRegistry::get_or_create_keyed(std::string_view name,
                                                                     const CircuitBreakerOptions& options,
                                                                     TimePoint now) {
  if (House known = keyed_.ask(name, now)) return HousedBreaker::door(std::move(known));
  const std::lock_guard lock{mutex_};  // held while a breaker is made, so that no thread makes a second
  const auto named = named_.find(name);
  if (named != named_.end()) return HousedBreaker::door(named->second);
  if (House known = keyed_.ask(name, now)) return HousedBreaker::door(std::move(known));
  House made = make(name, options, now, nullptr);
  keyed_.add(made, now);
  return HousedBreaker::door(std::move(made));
}

std::size_t BreakerRegistry::retire_idle(TimePoint now) { return keyed_.retire_idle(now); }

void BreakerRegistry::advance(TimePoint now) {
  std::vector<House> due;  // advanced outside the locks: listeners are the user's code
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [name, house] : named_) {
      if (house->is_due(now)) due.push_back(house);
    }
    keyed_.append_due(now, due);
  }
  for (const House& house : due) house->breaker().advance(now);
  due.clear();  // or they would be held, and not retire
  retire_idle(now);
}

BreakerRegistry::House BreakerRegistry::house(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto named = named_.find(name);
  return named != named_.end() ? named->second : keyed_.find(name);
}

std::shared_ptr<CircuitBreaker> BreakerRegistry::find(std::string_view name) const {
  House found = house(name);
  return found ? HousedBreaker::door(std::move(found)) : nullptr;
}

std::vector<std::shared_ptr<CircuitBreaker>> BreakerRegistry::all() const {
  std::vector<std::shared_ptr<CircuitBreaker>> list;
  {
    const std::lock_guard lock{mutex_};
    list.reserve(named_.size());
    for (const auto& [name, house] : named_) list.push_back(HousedBreaker::door(house));
    keyed_.append_to(list);
  }
  // Those with names are in order already.
  if (!std::ranges::is_sorted(list, {}, &CircuitBreaker::name))
    std::ranges::sort(list, {}, &CircuitBreaker::name);
  return list;
}

std::vector<NamedSnapshot> BreakerRegistry::snapshots(TimePoint now) const {
  std::vector<NamedSnapshot> list;
  const auto breakers = all();
  list.reserve(breakers.size());
  for (const auto& breaker : breakers) list.push_back({breaker->name(), breaker->snapshot(now)});
  return list;
}

AppliedOptions BreakerRegistry::apply(const std::map<std::string, CircuitBreakerOptions>& options,
                                      TimePoint now) {
  AppliedOptions done;
  Houses next;  // after the swap it holds the old ones, which are then released outside the lock
  std::vector<House> taken;
  const std::lock_guard lock{mutex_};
  for (const auto& [name, wanted] : options) {
    const auto named = named_.find(name);
    const House known = named != named_.end() ? named->second : keyed_.find(name);
    if (!known) {
      next.emplace(name, make(name, wanted, now, nullptr));
      done.added.push_back(name);
    } else if (known->breaker().options() == wanted) {
      next.emplace(name, known);
      done.kept.push_back(name);
    } else {
      next.emplace(name, make(name, wanted, now, known));
      done.replaced.push_back(name);
    }
  }
  for (const auto& [name, house] : named_) {
    if (!options.contains(name)) done.removed.push_back(name);
  }
  for (const auto& [name, wanted] : options) taken.push_back(keyed_.take(name));
  named_.swap(next);
  return done;
}

std::shared_ptr<CircuitBreaker> BreakerRegistry::put(std::string_view name,
                                                     const CircuitBreakerOptions& options, TimePoint now) {
  House replaced;  // released outside the lock
  const std::lock_guard lock{mutex_};
  const auto named = named_.find(name);
  House known = named != named_.end() ? named->second : keyed_.find(name);
  House next = known && known->breaker().options() == options ? known : make(name, options, now, known);
  replaced = keyed_.take(name);
  named_.insert_or_assign(std::string{name}, next);
  return HousedBreaker::door(std::move(next));
}

bool BreakerRegistry::command(std::string_view name, Command command, TimePoint now) {
  const auto breaker = find(name);
  if (breaker) breaker->command(command, now);
  return breaker != nullptr;
}

void BreakerRegistry::reset_all(TimePoint now) {
  for (const auto& breaker : all()) breaker->command(Command::reset, now);
}

std::vector<SavedBreaker> BreakerRegistry::save(const WallAnchor& clocks) const {
  std::vector<SavedBreaker> saved;
  for (const auto& breaker : all()) saved.push_back(breaker->save(clocks));
  return saved;
}

std::vector<std::string> BreakerRegistry::restore(const std::vector<SavedBreaker>& saved,
                                                  const WallAnchor& clocks) {
  std::vector<std::string> unknown;
  for (const SavedBreaker& each : saved) {
    if (const auto breaker = find(each.name)) {
      breaker->restore(each, clocks);
    } else {
      unknown.push_back(each.name);
    }
  }
  return unknown;
}

bool BreakerRegistry::tag(std::string_view name, Tags tags) {
  require_valid(to_string(PolicyKind::circuit_breaker), name, validate(tags));
  const House found = house(name);
  if (found) found->set_tags(std::move(tags));
  return found != nullptr;
}

Tags BreakerRegistry::tags(std::string_view name) const {
  const House found = house(name);
  return found ? found->tags() : Tags{};
}

bool BreakerRegistry::subscribe(std::string_view name, std::shared_ptr<EventSink> listener,
                                Interest interest) {
  const House found = house(name);
  if (found) found->listeners()->subscribe(std::move(listener), interest);
  return found != nullptr;
}

void BreakerRegistry::unsubscribe(std::string_view name, const std::shared_ptr<EventSink>& listener) {
  if (const House found = house(name)) found->listeners()->unsubscribe(listener);
}

BreakerRegistry::House BreakerRegistry::make(std::string_view name, const CircuitBreakerOptions& options,
                                             TimePoint now, const House& replaced) const {
  BreakerContext context;
  context.seed = seed_of(seed_, name);
  context.anchor = anchor_;
  context.created = now;
  auto listeners = replaced ? replaced->listeners() : std::make_shared<EventFanout>();
  auto made = std::make_shared<HousedBreaker>(std::move(listeners), events_, name, options, context);
  if (replaced) made->set_tags(replaced->tags());
  return made;
}

}  // namespace switchgear
