// Recordings in the admin API.
#pragma once

#include <functional>
#include <vector>

#include "app/recording/recordings.hpp"
#include "switchgear/admin/added_resource.hpp"

namespace switchgear::recording {

/// Lines of one answer of GET /traces/{name}.
inline constexpr std::size_t lines_an_answer = 50'000;

/// GET /traces, POST /traces?name=&for=&sample=&most=, POST /traces/{name}/stop, GET /traces/{name}?after=.
/// `recordings` is borrowed. `now`: the clock of the breakers.
[[nodiscard]] std::vector<admin::AddedResource> recording_resources(Recordings& recordings, WallAnchor anchor,
                                                                    std::function<TimePoint()> now);

}  // namespace switchgear::recording
