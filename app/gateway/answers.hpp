// What the gateway says by itself: problem documents (RFC 9457) with the reason in Proxy-Status (RFC 9209).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "switchgear/core/rejection.hpp"
#include "switchgear/core/state.hpp"

namespace switchgear::gateway {

struct Answer {
  unsigned status = 500;
  std::string_view proxy_error;   ///< an error type of RFC 9209; empty: no Proxy-Status
  std::string_view detail;        ///< for people
  std::string_view service = {};  ///< whose call it was; empty when none was chosen
  std::string_view allow = {};    ///< for 405
};

/// How the answer ends the message.
struct AnswerFraming {
  bool keep_alive = true;
  bool to_head = false;  ///< the head alone
  std::string_view date;
};

[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

void write_answer(std::string& out, const Answer& answer, const AnswerFraming& framing);

/// 503 for a call that a breaker refused.
void write_refusal(std::string& out, const Rejection& rejection, State state, const AnswerFraming& framing);

/// 200 without content, for `OPTIONS *`.
void write_empty(std::string& out, const AnswerFraming& framing);

}  // namespace switchgear::gateway
