#include "app/service_health/health_report.hpp"

#include <array>
#include <boost/json/object.hpp>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>

#include "switchgear/admin/breaker_view.hpp"

namespace switchgear::service_health {

namespace {

namespace json = boost::json;
using health::CheckEnd;

[[nodiscard]] const char* kind_of(const Target& target) {
  return std::holds_alternative<health::HttpCheck>(target.options.how) ? "http" : "tcp";
}

template <class See>
void for_each_end(const health::WatchSnapshot& seen, See see) {
  for (std::size_t i = 0; i < health::check_ends; ++i)
    see(to_string(static_cast<CheckEnd>(i)), seen.results[i]);
}

}  // namespace

json::array health_checks(const std::vector<TargetHealth>& all, const WallAnchor& anchor) {
  json::array made;
  for (const auto& [target, seen] : all) {
    json::object results;
    for_each_end(seen, [&](std::string_view end, std::uint64_t count) { results[end] = count; });
    json::object shown{{"service", target.service},
                       {"address", http::text_of(target.address)},
                       {"kind", kind_of(target)},
                       {"status", to_string(seen.status)},
                       {"since", admin::iso8601(anchor.to_wall(seen.since))},
                       {"last_check", nullptr},
                       {"last_result", nullptr},
                       {"reason", nullptr},
                       {"consecutive_failures", seen.failures_in_a_row},
                       {"consecutive_successes", seen.successes_in_a_row},
                       {"results", std::move(results)}};
    if (seen.last_at) {
      shown["last_check"] = admin::iso8601(anchor.to_wall(*seen.last_at));
      shown["last_result"] = to_string(seen.last.end);
      if (!seen.last.words.empty()) shown["reason"] = seen.last.words;
    }
    made.push_back(std::move(shown));
  }
  return made;
}

void add_health_checks(telemetry::MetricFamilies& to, const std::vector<TargetHealth>& all) {
  for (const auto& [target, seen] : all) {
    const telemetry::Label service{"service", target.service};
    const telemetry::Label address{"address", http::text_of(target.address)};
    for (const health::Status status : health::statuses) {
      to.gauge("switchgear_health_check_status",
               "Whether an address of a service has this status by its health checks: 1, or 0.",
               {service, address, {"status", std::string{to_string(status)}}}, seen.status == status ? 1 : 0);
    }
    for_each_end(seen, [&](std::string_view end, std::uint64_t count) {
      to.counter("switchgear_health_check_results_total", "Health checks, by how they ended.",
                 {service, address, {"result", std::string{end}}}, count);
    });
    to.gauge("switchgear_health_check_consecutive_failures", "Bad health checks since the last good one.",
             {service, address}, seen.failures_in_a_row);
  }
}

}  // namespace switchgear::service_health
