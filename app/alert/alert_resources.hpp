// What the admin server shows of alerts, and the commands that it takes.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "app/alert/alerts.hpp"
#include "switchgear/admin/added_resource.hpp"

namespace switchgear::alert {

/// GET /alerts, POST /alerts/{id}/acknowledge, POST /silences, POST /silences/{id}/end. `alerts` is borrowed.
[[nodiscard]] std::vector<admin::AddedResource> alert_resources(Alerts& alerts);

/// Pending and firing ones.
[[nodiscard]] boost::json::array open_alerts(const Alerts::Status& status);

/// `{"at", "alerts", "silences", "channels", "rules"}`
[[nodiscard]] boost::json::object status_json(const Alerts::Status& status);

}  // namespace switchgear::alert
