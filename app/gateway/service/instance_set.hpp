// The instances of one service, as all threads share them: who is left out, and what became of them.
#pragma once

#include <spdlog/logger.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/gateway/service/spoken_http.hpp"
#include "switchgear/a2a/proxy/known_agent.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/core/event.hpp"
#include "switchgear/instances/ejection.hpp"
#include "switchgear/observe/event_queue.hpp"

namespace switchgear::gateway {

/// Where ejections, returns and panic are told.
struct InstanceNews {
  std::shared_ptr<EventQueue> events;  ///< null: nowhere
  WallAnchor anchor;
};

/// Threads: any, each method. Lives as long as a call that began with it.
class InstanceSet final : private instances::InstanceListener {
 public:
  using Shared = std::vector<std::shared_ptr<instances::Instance>>;

  /// `log`, which gets the findings that eject no instance, is borrowed. Instances that `before` had, which
  /// may be null, are left out as long as they were.
  InstanceSet(const config::Service& service, const InstanceSet* before, InstanceNews news,
              spdlog::logger& log, std::uint64_t seed, TimePoint now);

  /// Whether it can go on for a service with these options.
  [[nodiscard]] bool fits(const config::Service& service) const;
  /// The instances in the order of `upstreams`: some may be new, others have left.
  [[nodiscard]] Shared follow(const std::vector<config::Upstream>& upstreams, TimePoint now);

  /// Of these instances, in their order. An instance that stays keeps what is known of it.
  [[nodiscard]] std::vector<std::shared_ptr<SpokenHttp>> spoken() const;

  /// What the health checks of the instance of this name have come to. False: it is none of these.
  bool on_health(const std::string& name, instances::Ejection::Health health, TimePoint now);

  /// Of a service of kind a2a: what its cards have said.
  [[nodiscard]] a2a::KnownAgent& agent() noexcept { return agent_; }
  [[nodiscard]] instances::Ejection& ejection() noexcept { return ejection_; }
  [[nodiscard]] const instances::Ejection& ejection() const noexcept { return ejection_; }
  /// How many instances there are now; at least one as soon as it follows upstreams.
  [[nodiscard]] std::size_t size() const;
  /// Whether a rule can leave out an instance.
  [[nodiscard]] bool ejects() const noexcept { return ejects_; }
  /// Another set has taken its place: what its last calls find is not told.
  void retire() noexcept { retired_.store(true, std::memory_order_relaxed); }

  /// Since the start, by instance; for a minute also of those that have left.
  [[nodiscard]] std::map<std::string, std::uint64_t> ejections(TimePoint now) const;

 private:
  struct EjectionCount {
    std::uint64_t count = 0;
    std::optional<TimePoint> left;  ///< since when it is not among the instances
  };

  void on_instance_event(const instances::InstanceEvent& event) noexcept override;
  [[nodiscard]] LoggedInstance logged(const instances::InstanceEvent& event) const;

  const bool ejects_;
  const InstanceNews news_;
  spdlog::logger& log_;
  std::atomic<bool> retired_{false};
  mutable std::mutex mutex_;
  std::map<std::string, EjectionCount> ejections_;
  Shared followed_;  ///< the latest
  std::vector<std::shared_ptr<SpokenHttp>> spoken_;
  instances::Ejection ejection_;
  a2a::KnownAgent agent_;
};

}  // namespace switchgear::gateway
