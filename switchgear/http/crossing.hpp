// A request and the closing of its kept connection that cross each other on their ways.
#pragma once

#include <chrono>

#include "switchgear/core/time.hpp"

namespace switchgear::http {

/// A server may close a connection as idle at the moment at which a request is sent on it (RFC 9112, 9.3.1).
/// The end then comes within a round trip. One that comes later than this has met a server that had the
/// request, or a part of it.
inline constexpr Duration longest_crossing = std::chrono::seconds{1};

}  // namespace switchgear::http
