#include "app/gateway/service/service_values.hpp"

#include <boost/json/array.hpp>
#include <cstddef>
#include <utility>

#include "switchgear/core/state.hpp"
#include "switchgear/http/event_loop.hpp"

namespace switchgear::gateway {

namespace {

namespace json = boost::json;

constexpr std::size_t most_shown = 20;

[[nodiscard]] json::object of(const OpenedValue& opened) {
  const BreakerSnapshot& seen = opened.snapshot;
  json::object made{{"circuit", opened.breaker},        {"state", to_string(seen.state)},
                    {"retry_after", nullptr},           {"calls", seen.totals.calls},
                    {"failures", seen.totals.failures}, {"rejected", seen.totals.rejected}};
  if (seen.retry_after) made["retry_after"] = to_seconds(*seen.retry_after);
  return made;
}

}  // namespace

std::shared_ptr<BreakersByValue> values_of(const std::string& set, const config::Service& service,
                                           const config::Policy& policy, const PolicySet* before,
                                           BreakerRegistry& registry, std::uint64_t seed) {
  if (!service.by) return nullptr;
  const auto& options = service.by->breaker ? service.by->breaker : policy.circuit_breaker;
  if (!options) return nullptr;
  std::string name = set + "/" + service.by->header;
  const auto& known = before == nullptr ? nullptr : before->policies().by_value;
  if (known && known->name() == name && known->options() == service.by->limits &&
      known->breaker_options() == *options)
    return known;
  const BreakerContext context{registry.shared_events().get(), seed, registry.anchor(),
                               http::EventLoop::now()};
  return std::make_shared<BreakersByValue>(std::move(name), *options, service.by->limits, context);
}

json::object values_json(const config::ByHeader& by, const BreakersByValue& values, TimePoint now) {
  const ByValueCounts counts = values.counts();
  json::array opened;
  for (const OpenedValue& each : values.opened(most_shown, now)) opened.push_back(of(each));
  return {{"header", by.header},       {"values", counts.values},       {"max", values.options().max},
          {"open", counts.open},       {"opened", std::move(opened)},   {"retired", counts.retired},
          {"evicted", counts.evicted}, {"uncovered", counts.uncovered}, {"rejected", counts.rejected},
          {"untold", counts.untold}};
}

void add_values(telemetry::MetricFamilies& to, const std::string& service, const config::ByHeader& by,
                const BreakersByValue& values) {
  const ByValueCounts counts = values.counts();
  const telemetry::Labels labels{{"service", service}, {"header", by.header}};
  const auto removed = [&](const char* why, std::uint64_t count) {
    telemetry::Labels with = labels;
    with.push_back({"reason", why});
    to.counter("switchgear_value_breakers_removed_total",
               "Breakers of values that went: idle, or for another value's place.", with, count);
  };
  to.gauge("switchgear_value_breakers", "Values of the header that have a breaker.", labels,
           static_cast<double>(counts.values));
  to.gauge("switchgear_value_breakers_open", "Values of the header whose breaker is not closed.", labels,
           static_cast<double>(counts.open));
  removed("idle", counts.retired);
  removed("place", counts.evicted);
  to.counter("switchgear_value_breakers_uncovered_calls_total",
             "Calls that only the service's breaker guarded, because all places for values were taken.",
             labels, counts.uncovered);
  to.counter("switchgear_value_breakers_rejected_total", "Calls that the breaker of their value refused.",
             labels, counts.rejected);
  to.counter("switchgear_value_breakers_untold_transitions_total",
             "Transitions of values' breakers that no event tells of, because too many were open at once.",
             labels, counts.untold);
}

}  // namespace switchgear::gateway
