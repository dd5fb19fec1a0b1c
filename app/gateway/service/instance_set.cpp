#include "app/gateway/service/instance_set.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "switchgear/config/address.hpp"
#include "switchgear/instances/event_text.hpp"

namespace switchgear::gateway {

namespace {

/// Without `ejection`, an instance is left out only if its health check is bad.
[[nodiscard]] instances::EjectionOptions options_of(const config::Service& service) {
  if (service.ejection) return *service.ejection;
  instances::EjectionOptions options;
  options.consecutive_5xx.reset();
  options.consecutive_gateway.reset();
  options.consecutive_local.reset();
  options.success_rate.reset();
  options.failure_percentage.reset();
  return options;
}

/// As what is counted of a service that was removed (kept_by_name.hpp).
[[nodiscard]] bool is_long_gone(const std::optional<TimePoint>& left, TimePoint now) noexcept {
  return left && now - *left >= std::chrono::minutes{1};
}

}  // namespace

InstanceSet::InstanceSet(const config::Service& service, const InstanceSet* before, InstanceNews news,
                         spdlog::logger& log, std::uint64_t seed, TimePoint now)
    : ejects_(service.ejection.has_value()),
      news_(std::move(news)),
      log_(log),
      ejection_(service.name, options_of(service), seed, now, this) {
  if (before == nullptr) return;
  {
    const std::lock_guard lock{before->mutex_};
    ejections_ = before->ejections_;
  }
  ejection_.continue_from(before->ejection_, now);
}

bool InstanceSet::fits(const config::Service& service) const {
  return ejects_ == service.ejection.has_value() && ejection_.options() == options_of(service);
}

InstanceSet::Shared InstanceSet::follow(const std::vector<config::Upstream>& upstreams, TimePoint now) {
  std::vector<std::string> names;
  for (const config::Upstream& upstream : upstreams) names.push_back(config::text_of(upstream.at));
  Shared followed = ejection_.set_instances(names, now);
  const std::lock_guard lock{mutex_};
  std::erase_if(ejections_, [now](const auto& each) { return is_long_gone(each.second.left, now); });
  for (auto& [name, ejected] : ejections_) {
    if (std::ranges::find(names, name) != names.end()) {
      ejected.left.reset();
    } else if (!ejected.left) {
      ejected.left = now;
    }
  }
  std::map<std::string, std::shared_ptr<SpokenHttp>> known;
  for (std::size_t i = 0; i < followed_.size(); ++i) known.emplace(followed_[i]->name(), spoken_[i]);
  spoken_.clear();
  for (const auto& each : followed) {
    std::shared_ptr<SpokenHttp>& spoken = known[each->name()];
    if (!spoken) spoken = std::make_shared<SpokenHttp>();
    spoken_.push_back(spoken);
  }
  return followed_ = std::move(followed);
}

std::vector<std::shared_ptr<SpokenHttp>> InstanceSet::spoken() const {
  const std::lock_guard lock{mutex_};
  return spoken_;
}

bool InstanceSet::on_health(const std::string& name, instances::Ejection::Health health, TimePoint now) {
  std::shared_ptr<instances::Instance> found;
  {
    const std::lock_guard lock{mutex_};
    const auto place =
        std::ranges::find_if(followed_, [&](const auto& each) { return each->name() == name; });
    if (place == followed_.end()) return false;
    found = *place;
  }
  ejection_.on_health(*found, health, now);
  return true;
}

std::size_t InstanceSet::size() const {
  const std::lock_guard lock{mutex_};
  return followed_.size();
}

std::map<std::string, std::uint64_t> InstanceSet::ejections(TimePoint now) const {
  const std::lock_guard lock{mutex_};
  std::map<std::string, std::uint64_t> counts;
  for (const auto& [name, ejected] : ejections_) {
    if (!is_long_gone(ejected.left, now)) counts.emplace(name, ejected.count);
  }
  return counts;
}

void InstanceSet::on_instance_event(const instances::InstanceEvent& event) noexcept {
  using Kind = instances::InstanceEvent::Kind;
  if (retired_.load(std::memory_order_relaxed)) return;
  try {
    if (is_new_ejection(event)) {
      const std::lock_guard lock{mutex_};
      ++ejections_[event.instance->name()].count;
    }
    if (event.kind == Kind::spared) {  // may be found again and again
      log_.debug("service '{}': {}", ejection_.service(), instances::text_of(event));
    } else if (news_.events) {
      news_.events->publish(logged(event));
    }
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): in effect, and not told
  }
}

LoggedInstance InstanceSet::logged(const instances::InstanceEvent& event) const {
  using Kind = instances::InstanceEvent::Kind;
  const bool bad = is_new_ejection(event) || event.kind == Kind::panic_began;
  return {ejection_.service(),
          event.instance ? event.instance->name() : std::string{},
          std::string{to_string(event.kind)},
          instances::text_of(event),
          event.at,
          news_.anchor.to_wall(event.at),
          bad ? LoggedInstance::Weight::warning : LoggedInstance::Weight::news};
}

}  // namespace switchgear::gateway
