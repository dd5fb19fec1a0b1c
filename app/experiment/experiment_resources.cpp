#include "app/experiment/experiment_resources.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "app/experiment/split_resources.hpp"
#include "switchgear/admin/breaker_view.hpp"

namespace switchgear::experiment {

namespace {

namespace json = boost::json;

json::object in_force_json(const ShadowedService& service) {
  const Decisions& has = service.in_force;
  return {{"policy", service.policy},
          {"calls", has.calls},
          {"let_through_bad", has.let_bad},
          {"refused", has.unknown},
          {"opened", has.opened},
          {"state", to_string(has.state)},
          {"time_open", to_seconds(has.time_open)}};
}

json::object shadow_json(const ShadowFinding& shadow) {
  const Decisions& has = shadow.decisions;
  return {{"policy", shadow.policy},        {"calls", has.calls},
          {"let_through_bad", has.let_bad}, {"refused_good", has.refused_good},
          {"refused_bad", has.refused_bad}, {"opened", has.opened},
          {"state", to_string(has.state)},  {"time_open", to_seconds(has.time_open)}};
}

}  // namespace

admin::AddedResource experiment_resource(const Shadows& shadows, const Splits& splits, WallAnchor anchor,
                                         std::function<TimePoint()> now) {
  return {.method = admin::Method::get,
          .path = "/experiments",
          .handle = [&shadows, &splits, anchor,
                     now = std::move(now)](const admin::ResourceRequest&) -> admin::ResourceAnswer {
            json::array all;
            for (const ShadowedService& service : shadows.all(now())) {
              json::array candidates;
              for (const ShadowFinding& shadow : service.shadows) candidates.push_back(shadow_json(shadow));
              all.push_back(json::object{{"service", service.service},
                                         {"since", admin::iso8601(anchor.to_wall(service.since))},
                                         {"in_force", in_force_json(service)},
                                         {"shadows", std::move(candidates)}});
            }
            return admin::Json{
                json::object{{"experiments", std::move(all)}, {"splits", splits_json(splits, now())}}};
          }};
}

}  // namespace switchgear::experiment
