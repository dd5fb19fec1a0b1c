#include "app/gateway/service/service.hpp"

#include "switchgear/config/address.hpp"
#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

void ServiceCounts::add(const ServiceCounts& other) noexcept {
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i] += other.answers[i];
  for (std::size_t i = 0; i < failures.size(); ++i) failures[i] += other.failures[i];
  loops += other.loops;
  fresh_attempts += other.fresh_attempts;
  responses_aborted += other.responses_aborted;
  caller_timeouts += other.caller_timeouts;
  upgrades.add(other.upgrades);
}

std::string_view single_value(const http::FieldList& fields, std::string_view name) noexcept {
  std::string_view value;
  std::size_t lines = 0;
  for (const http::Field& field : fields) {
    if (!http::equals_lower(field.name, name)) continue;
    value = field.value;
    ++lines;
  }
  return lines == 1 ? value : std::string_view{};
}

Service::Service(config::Service options, const config::Policy& policy, std::shared_ptr<Upstreams> upstreams,
                 std::shared_ptr<ServiceCounts> counts, std::shared_ptr<const PolicySet> policies,
                 RecordedIn recorded, std::shared_ptr<FailuresByType> apart)
    : options_(std::move(options)),
      authority_(config::text_of(options_.upstreams.front().at)),
      classifier_({policy.failure_when.status, policy.failure_when.timeout,
                   policy.failure_when.connection_error, policy.retry_status}),
      upstreams_(std::move(upstreams)),
      counts_(std::move(counts)),
      policies_(std::move(policies)),
      recorded_(std::move(recorded)),
      apart_(std::move(apart)),
      timeout_(policies_->policies().timeout->length()),
      deadline_(policy.deadline) {}

Service::~Service() = default;

void Service::divide(ServiceSplit split) { split_ = std::make_unique<const ServiceSplit>(std::move(split)); }

void Service::count(const Outcome& outcome) noexcept {
  switch (outcome.verdict) {
    case Verdict::success:
      recorded_.circuit->success.record(outcome.latency);
      if (recorded_.further) recorded_.further->success.record(outcome.latency);
      return;
    case Verdict::failure:
      recorded_.circuit->failure.record(outcome.latency);
      if (recorded_.further) recorded_.further->failure.record(outcome.latency);
      ++counts_->failures[static_cast<std::size_t>(outcome.type)];
      if (apart_) ++(*apart_)[static_cast<std::size_t>(outcome.type)];
      return;
    case Verdict::ignored:
      return;
  }
}

Routes::Found Routes::find(const config::RoutedRequest& request) const noexcept {
  const config::Router::Target* found = router_->find(request);
  if (found == nullptr) return {};
  return {services_[static_cast<std::size_t>(found - router_->in_order().data())].get(), &found->route};
}

}  // namespace switchgear::gateway
