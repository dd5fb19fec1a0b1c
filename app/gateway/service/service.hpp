// One service as one thread sees it: where its calls go, what guards them, what became of them.
#pragma once

#include <array>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/experiment/split.hpp"
#include "app/gateway/service/policy_set.hpp"
#include "app/gateway/service/upgrade_counts.hpp"
#include "app/gateway/service/upstreams.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/router.hpp"
#include "switchgear/http/failure_classifier.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/unix_socket.hpp"
#include "switchgear/observe/call_durations.hpp"

namespace switchgear::gateway {

/// Attempts that failed, by FailureType.
using FailuresByType = std::array<std::uint64_t, failure_types.size()>;

/// Plain numbers of one thread; others get copies by message.
struct ServiceCounts {
  std::array<std::uint64_t, 6>
      answers{};                     ///< by the first digit of the status; [0]: the client left without one
  std::uint64_t loops = 0;           ///< requests that this gateway had forwarded before: 508
  std::uint64_t fresh_attempts = 0;  ///< requests repeated because a kept connection turned out to be closed
  std::uint64_t responses_aborted = 0;  ///< that the service broke off, or did not finish in time
  std::uint64_t caller_timeouts = 0;    ///< attempts cut off because their caller had no more time
  FailuresByType failures{};
  UpgradeCounts upgrades;

  void add(const ServiceCounts& other) noexcept;
};

/// Where the lengths of attempts are recorded.
struct RecordedIn {
  std::shared_ptr<CircuitDurations> circuit;  ///< whose policy guards them; never null
  /// That of the service around it, whose breaker judges them too; or, of a candidate, what stands beside
  /// that. Null: none.
  std::shared_ptr<CircuitDurations> further;
};

struct ServiceSplit;

/// A field that is there twice could be read either way: it has no value, as one that is not there.
[[nodiscard]] std::string_view single_value(const http::FieldList& fields, std::string_view name) noexcept;

/// Or as the routes with a policy of their own see it. Made anew by every reload; shares its pools and counts
/// with the one before when they did not change. Lives as long as a request is under way that was routed to
/// it.
class Service final : public boost::intrusive_ref_counter<Service, boost::thread_unsafe_counter> {
 public:
  Service(config::Service options, const config::Policy& policy, std::shared_ptr<Upstreams> upstreams,
          std::shared_ptr<ServiceCounts> counts, std::shared_ptr<const PolicySet> policies,
          RecordedIn recorded, std::shared_ptr<FailuresByType> apart = nullptr);
  ~Service();

  [[nodiscard]] const config::Service& options() const noexcept { return options_; }
  [[nodiscard]] const std::string& name() const noexcept { return options_.name; }
  /// `host:port` of its first instance, or the path of its socket.
  [[nodiscard]] const std::string& authority() const noexcept { return authority_; }
  /// The Host of a request that came without one.
  [[nodiscard]] std::string_view host() const noexcept {
    return authority_.starts_with(http::unix_scheme) ? std::string_view{"localhost"} : authority_;
  }
  [[nodiscard]] const http::FailureClassifier& classifier() const noexcept { return classifier_; }
  [[nodiscard]] Upstreams& upstreams() const noexcept { return *upstreams_; }
  [[nodiscard]] ServiceCounts& counts() const noexcept { return *counts_; }
  /// An attempt's, whether or not a breaker guards the service.
  void count(const Outcome& outcome) noexcept;
  /// To a client's request; 0: the client left without one.
  void count_answer(unsigned status) noexcept { ++counts_->answers[status / 100 % 6]; }
  [[nodiscard]] const std::shared_ptr<ServiceCounts>& shared_counts() const noexcept { return counts_; }
  [[nodiscard]] const PolicySet& policies() const noexcept { return *policies_; }
  [[nodiscard]] Duration timeout() const noexcept { return timeout_; }
  [[nodiscard]] const std::optional<Duration>& deadline() const noexcept { return deadline_; }
  /// Null: all of its requests are its own.
  [[nodiscard]] const ServiceSplit* split() const noexcept { return split_.get(); }
  void divide(ServiceSplit split);

 private:
  config::Service options_;
  std::string authority_;
  http::FailureClassifier classifier_;
  std::shared_ptr<Upstreams> upstreams_;  ///< that it shares with those of its routes' policies
  std::shared_ptr<ServiceCounts> counts_;
  std::shared_ptr<const PolicySet> policies_;
  const RecordedIn recorded_;
  std::shared_ptr<FailuresByType> apart_;  ///< of a candidate: its part of the failures; null: it is none
  Duration timeout_;
  std::optional<Duration> deadline_;
  std::unique_ptr<const ServiceSplit> split_;
};

using ServicePtr = boost::intrusive_ptr<Service>;

/// How the requests of a service are divided between its policy and another one.
struct ServiceSplit {
  std::shared_ptr<experiment::Split> split;
  std::shared_ptr<experiment::SplitLane> lane;  ///< of this thread
  ServicePtr candidate;                         ///< the service as its candidate guards it
};

/// The router that all threads share, and this thread's services.
class Routes {
 public:
  struct Found {
    Service* service = nullptr;  ///< null: no route takes the request
    const config::Route* route = nullptr;
  };

  Routes() : router_(std::make_shared<const config::Router>()) {}
  /// `services`: of each of the router's targets, in their order.
  Routes(std::shared_ptr<const config::Router> router, std::vector<ServicePtr> services)
      : router_(std::move(router)), services_(std::move(services)) {}

  [[nodiscard]] Found find(const config::RoutedRequest& request) const noexcept;
  [[nodiscard]] const config::Router& router() const noexcept { return *router_; }

 private:
  std::shared_ptr<const config::Router> router_;
  std::vector<ServicePtr> services_;
};

}  // namespace switchgear::gateway
