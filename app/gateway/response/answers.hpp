// The gateway's own answers: problem documents (RFC 9457) with the reason in Proxy-Status (RFC 9209).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/gateway/call/call_client.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/pipeline/call.hpp"

namespace switchgear::gateway {

struct OwnAnswer {
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

void write_answer(std::string& out, const OwnAnswer& answer, const Remarks& remarks,
                  const AnswerFraming& framing);

/// For a call that a policy refused.
void write_refusal(std::string& out, const Rejection& rejection, std::string_view service,
                   const Remarks& remarks, const AnswerFraming& framing);

/// An answer that was kept, with its age and where it comes from.
void write_stored(std::string& out, const StoredAnswer& answer, Source source, Duration age,
                  const Remarks& remarks, const AnswerFraming& framing);

/// Of answers into which chaos was injected.
inline constexpr std::string_view chaos_field = "X-Switchgear-Chaos: injected\r\n";

/// 200 without content, for `OPTIONS *`.
void write_empty(std::string& out, const AnswerFraming& framing);

}  // namespace switchgear::gateway
