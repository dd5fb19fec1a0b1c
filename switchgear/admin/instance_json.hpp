// What happened to an instance of a service, as the event stream and the history show it.
#pragma once

#include <boost/json/object.hpp>

#include "switchgear/observe/logged_event.hpp"

namespace switchgear::admin {

/// `{"at", "instance", "what", "text"}`; the instance is null for what happened to all of them.
[[nodiscard]] boost::json::object instance_json(const LoggedInstance& event);

}  // namespace switchgear::admin
