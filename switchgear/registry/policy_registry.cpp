#include "switchgear/registry/policy_registry.hpp"

#include <algorithm>
#include <tuple>

#include "switchgear/core/raise.hpp"
#include "switchgear/policy/option_checker.hpp"

namespace switchgear {
namespace {

std::string quoted(std::string_view name) { return "'" + std::string{name} + "'"; }

/// `'a', 'b' and 5 more`
std::string listed(const std::vector<std::string>& words) {
  constexpr std::size_t shown = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(words.size(), shown); ++i) text += (i == 0 ? "" : ", ") + words[i];
  if (words.size() > shown) text += " and " + std::to_string(words.size() - shown) + " more";
  return text;
}

}  // namespace

PolicyRegistry::PolicyRegistry(WallAnchor anchor, std::uint64_t seed, const KeyedLimits& limits)
    : breakers_(anchor, seed, limits) {}
PolicyRegistry::~PolicyRegistry() = default;

void PolicyRegistry::put(Key key, const void* object, Tags tags, Present present,
                         const std::function<Entry(Tags)>& make) {
  require_valid(to_string(key.second), key.first, validate(tags));
  Entry gone;  // destroyed outside the lock, if it was the last pointer
  const std::lock_guard lock{mutex_};
  const auto known = policies_.find(key);
  if (known == policies_.end()) {
    policies_.emplace(std::move(key), make(std::move(tags)));
    return;
  }
  if (present == Present::refuses)
    detail::raise_invalid("registry: a " + std::string{to_string(key.second)} + " is called " +
                          quoted(key.first) + " already");
  if (known->second->object.get() == object) {
    known->second->tags = std::move(tags);
    return;
  }
  gone = std::exchange(known->second, make(std::move(tags)));
  gone->detach();  // at once: a reader may hold it for longer
}

std::shared_ptr<void> PolicyRegistry::object(PolicyKind kind, std::string_view name,
                                             detail::TypeId type) const {
  const std::lock_guard lock{mutex_};
  const auto known = policies_.find(Key{name, kind});
  return known != policies_.end() && known->second->type == type ? known->second->object : nullptr;
}

bool PolicyRegistry::remove(PolicyKind kind, std::string_view name) {
  if (kind == PolicyKind::circuit_breaker) breakers_.tag(name, {});
  Entry gone;
  const std::lock_guard lock{mutex_};
  const auto known = policies_.find(Key{name, kind});
  if (known == policies_.end()) return false;
  gone = std::move(known->second);
  policies_.erase(known);
  gone->detach();  // at once: a reader may hold it for longer
  return true;
}

bool PolicyRegistry::tag(PolicyKind kind, std::string_view name, Tags tags) {
  require_valid(to_string(kind), name, validate(tags));
  if (kind == PolicyKind::circuit_breaker) return breakers_.tag(name, std::move(tags));
  const std::lock_guard lock{mutex_};
  const auto known = policies_.find(Key{name, kind});
  if (known == policies_.end()) return false;
  known->second->tags = std::move(tags);
  return true;
}

std::vector<PolicySnapshot> PolicyRegistry::snapshots(TimePoint now) const {
  std::vector<PolicySnapshot> list;
  std::vector<Entry> entries;  // read outside the lock, which a reader of many policies would hold for long
  const auto breakers = breakers_.all();
  for (const auto& breaker : breakers)
    list.push_back({PolicyKind::circuit_breaker, breaker->name(), breakers_.tags(breaker->name()), {}});
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [key, entry] : policies_) {
      list.push_back({key.second, key.first, entry->tags, {}});
      entries.push_back(entry);
    }
  }
  for (std::size_t i = 0; i < breakers.size(); ++i) list[i].totals = detail::totals_of(*breakers[i], now);
  for (std::size_t i = 0; i < entries.size(); ++i) list[breakers.size() + i].totals = entries[i]->totals(now);
  std::ranges::sort(list, {}, [](const PolicySnapshot& each) { return std::tie(each.name, each.kind); });
  return list;
}

void PolicyRegistry::raise_null(PolicyKind kind) {
  detail::raise_invalid("registry: a pointer to a " + std::string{to_string(kind)} + " is null");
}

void PolicyRegistry::raise_missing(PolicyKind kind, std::string_view name) const {
  std::vector<std::string> of_that_name;
  std::vector<std::string> of_that_kind;
  if (breakers_.find(name) != nullptr) of_that_name.emplace_back(to_string(PolicyKind::circuit_breaker));
  if (kind == PolicyKind::circuit_breaker) {
    for (const auto& breaker : breakers_.all()) of_that_kind.push_back(quoted(breaker->name()));
  }
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [key, entry] : policies_) {
      if (key.first == name) of_that_name.emplace_back(to_string(key.second));
      if (key.second == kind) of_that_kind.push_back(quoted(key.first));
    }
  }
  const std::string kind_word{to_string(kind)};
  if (std::ranges::find(of_that_name, kind_word) != of_that_name.end())
    detail::raise_invalid("registry: the " + kind_word + " " + quoted(name) +
                          " keeps answers of another type");
  std::string text = "registry: no " + kind_word + " is called " + quoted(name);
  if (!of_that_name.empty()) {
    text += "; the policies of that name: " + listed(of_that_name);
  } else {
    text += of_that_kind.empty() ? "; it holds none" : "; it holds " + listed(of_that_kind);
  }
  detail::raise_invalid(text);
}

}  // namespace switchgear
