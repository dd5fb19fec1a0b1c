// The path that a service sees, where a route changes it.
#pragma once

#include <string>
#include <string_view>

#include "switchgear/config/config.hpp"
#include "switchgear/config/target_path.hpp"

namespace switchgear::config {

/// Replaces `out` by the target that the service is sent, to be put below the path of its url: the client's
/// without the prefix (`strip_prefix`), behind the text of `rewrite`, with the client's query. A request for
/// the prefix itself is sent as the text of `rewrite`, without a slash behind it.
///
/// `//` is merged and dot segments are resolved, so that what remains cannot lead out of the prefix.
/// Everything else stays percent-encoded as the client wrote it. Begins with '/'.
///
/// Preconditions: the route takes the request; `path` is made of `target` and valid; `route.changes_path()`.
/// Allocates only while `out` grows.
void write_sent_path(std::string& out, const Route& route, std::string_view target, const TargetPath& path);

}  // namespace switchgear::config
