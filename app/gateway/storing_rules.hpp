// Which requests may be answered from memory, and which responses may be remembered: RFC 9111 for a shared
// cache, as far as a gateway that is told how long to remember needs it; where in doubt, not.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"

namespace switchgear::gateway {

/// What an answer is about: method, host, target, the encodings the client takes, and whatever else in the
/// request claims to say which site is meant. Empty for a request whose answer is nobody else's: another
/// method than GET and HEAD, credentials or cookies, a part or a condition asked for, or told not to be
/// answered from memory.
void write_answer_key(std::string& key, const http::Head& head, const http::FieldList& fields);

/// Whether others may be given this response for as long as `ttl`: 200, nothing in it forbids it, and by its
/// own word it stays good for that long, if it says so.
[[nodiscard]] bool may_be_stored(const http::Head& head, const http::FieldList& fields, Duration ttl);

/// How old the response was when it came, by its own word; 0 when it does not say.
[[nodiscard]] Duration age_of(const http::FieldList& fields) noexcept;

}  // namespace switchgear::gateway
