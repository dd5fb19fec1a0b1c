// Which requests of a client may be given the same answer, for its caches and cached fallbacks.
#pragma once

#include <string>
#include <string_view>

#include "switchgear/http/headers.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::http {

/// What a client with these headers of its own knows the answer to a plain GET of `url` by: the URL, and a
/// line for each header by which the server may choose among answers (Accept, Accept-Language, …).
[[nodiscard]] std::string answer_key(const Url& url, const Headers& clients_own);

/// Whether the answer to a request may differ from that to a plain GET of its client: it has such a header of
/// its own, or it is sent with credentials, with a condition or with a Range. `sent` are all its headers.
[[nodiscard]] bool is_answered_by_itself(const Headers& requests_own, const Headers& sent) noexcept;

/// Whether requests with the same answer_key() send the same value of this header, or none: an answer that
/// varies by it (RFC 9110, 12.5.5) is the same for them.
[[nodiscard]] bool is_covered_by_key(std::string_view header) noexcept;

}  // namespace switchgear::http
