// Whether an HTTP answer is the one that a check expects.
#pragma once

#include "switchgear/health/check_options.hpp"
#include "switchgear/health/check_result.hpp"
#include "switchgear/http/response.hpp"

namespace switchgear::http {

/// Good, or `unexpected` with the first thing that is not as expected: `status 503`, `/status is "down", not
/// "ok"`. Values of the answer are cut short.
[[nodiscard]] health::CheckResult judged(const health::HttpCheck& check, const Response& response);

/// By its status alone.
[[nodiscard]] bool is_expected(const health::HttpCheck& check, unsigned status) noexcept;

}  // namespace switchgear::http
