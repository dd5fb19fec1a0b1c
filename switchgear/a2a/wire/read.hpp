// wire/: the protocol's JSON, in the forms of both versions and both bindings. Never here: a socket, a
// policy.
//
// From the protocol's JSON to its parts. One reader for both versions: 1.0 writes the kind of a thing as the
// name of its member, 0.3 as `kind`, and 0.3's HTTP+JSON as the protocol buffers of its time.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <vector>

#include "switchgear/a2a/json/malformed.hpp"
#include "switchgear/a2a/message.hpp"
#include "switchgear/a2a/task_state.hpp"

namespace switchgear::a2a::wire {

/// All throw Malformed, with the place: `task.status.state is not a string`. Members that they do not know
/// are passed over.
[[nodiscard]] Task read_task(const boost::json::value& value);
[[nodiscard]] SendMessageResponse read_send_response(const boost::json::value& value);
[[nodiscard]] StreamResponse read_stream_response(const boost::json::value& value);
[[nodiscard]] TaskPage read_task_page(const boost::json::value& value);
[[nodiscard]] TaskPushNotificationConfig read_push_config(const boost::json::value& value);
[[nodiscard]] std::vector<TaskPushNotificationConfig> read_push_configs(const boost::json::value& value);

/// The state of the task in a result; empty: it has none.
[[nodiscard]] std::optional<TaskState> state_in(const boost::json::value& result) noexcept;

}  // namespace switchgear::a2a::wire
