#include "switchgear/admin/instance_json.hpp"

#include "switchgear/admin/breaker_view.hpp"

namespace switchgear::admin {

boost::json::object instance_json(const LoggedInstance& event) {
  boost::json::object made{
      {"at", iso8601(event.wall)}, {"instance", nullptr}, {"what", event.what}, {"text", event.text}};
  if (!event.instance.empty()) made["instance"] = event.instance;
  return made;
}

}  // namespace switchgear::admin
