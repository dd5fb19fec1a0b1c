// From the protocol's parts to its JSON, in the form of 1.0, and from that to the forms of 0.3.
#pragma once

#include <boost/json/object.hpp>

#include "switchgear/a2a/message.hpp"

namespace switchgear::a2a::wire {

[[nodiscard]] boost::json::object write_message(const Message& message);
[[nodiscard]] boost::json::object write_configuration(const SendMessageConfiguration& configuration);
[[nodiscard]] boost::json::object write_push_config(const TaskPushNotificationConfig& config);

/// The parameters of SendMessage, as message/send of 0.3 takes them.
[[nodiscard]] boost::json::object send_params_v03(const boost::json::object& params);
/// The same for HTTP+JSON of 0.3, which has the protocol buffers' form.
[[nodiscard]] boost::json::object send_body_v03(const boost::json::object& params);
/// Of a push configuration, for tasks/pushNotificationConfig/set: `{taskId, pushNotificationConfig}`.
[[nodiscard]] boost::json::object push_params_v03(const boost::json::object& config);

}  // namespace switchgear::a2a::wire
