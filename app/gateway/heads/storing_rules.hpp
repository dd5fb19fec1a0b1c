// Which requests may be answered from memory, and which responses may be remembered: RFC 9111 for a shared
// cache, as far as a gateway that is told how long to remember needs it; where in doubt, not.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/gateway/heads/provenance.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"

namespace switchgear::gateway {

using WallTime = std::chrono::system_clock::time_point;

/// What an answer is about: method, host, target, the encodings the client takes, and whatever else in the
/// request claims to say which site is meant. Empty for a request whose answer is for its client only:
/// another method than GET and HEAD, credentials or cookies, a part or a condition asked for, or told not to
/// be answered from memory.
/// `path` is the one that the service gets, because two routes may make the same of two paths, or two of one.
/// `version` is the URI's (uri_versions.hpp).
/// `from`: what the service is told of the site; the client's own claims that are replaced by it are left
/// out.
void write_answer_key(std::string& key, const http::Head& head, std::string_view path,
                      const http::FieldList& fields, const Provenance& from, std::uint64_t version = 0);

/// Whether the request may change what is stored for its URI, if it is answered well: every method that is
/// not known to be safe (RFC 9110, 9.2.1), and every one that a field says to mean another method.
[[nodiscard]] bool is_unsafe(const http::Head& head, const http::FieldList& fields);

/// A field says that another method is meant, to services that believe it.
[[nodiscard]] bool overrides_method(const http::FieldList& fields) noexcept;

/// Whether others may be given this response for as long as `ttl`: 200, nothing in it forbids it, and by its
/// own word it stays good for that long, if it says so. `came`: when it arrived.
[[nodiscard]] bool may_be_stored(const http::Head& head, const http::FieldList& fields, Duration ttl,
                                 WallTime came = std::chrono::system_clock::now());

/// How long after it came the response may be given in place of a failure, by its own word. While it is fresh
/// by `s-maxage`, `max-age` or `Expires`, always. After that: never with `must-revalidate`,
/// `proxy-revalidate` or `s-maxage` (RFC 9111, 4.2.4), for as long as `stale-if-error` says (RFC 5861, 4), or
/// else for good: then only `max_stale` ends it.
[[nodiscard]] Duration usable_in_place_of_a_failure(const http::FieldList& fields,
                                                    WallTime came = std::chrono::system_clock::now());

/// How old the response was when it came: by its `Age`, or by its `Date` where that makes it older, since
/// there are caches that do not say how long they kept it (RFC 9111, 4.2.3). 0 when it has neither, or a
/// `Date` that is yet to come.
[[nodiscard]] Duration age_of(const http::FieldList& fields,
                              WallTime came = std::chrono::system_clock::now()) noexcept;

}  // namespace switchgear::gateway
