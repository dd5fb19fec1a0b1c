// proxy/: what a proxy in front of agents has to know of the protocol: what a request asks for, what its
// answer means to the policies, and how a card is made to lead through the proxy. Decides and rewrites; never
// here: a socket.
//
// This header: one call that passes through.
#pragma once

#include <optional>
#include <string_view>

#include "switchgear/a2a/failure_rules.hpp"
#include "switchgear/a2a/proxy/card_rewrite.hpp"
#include "switchgear/a2a/wire/call.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::a2a {

/// What a request asks for. By its line, and, for JSON-RPC, by its content.
struct PassedCall {
  /// `path` without its query, `content` whole. Never throws; what is not the protocol asks for nothing.
  [[nodiscard]] static PassedCall of(std::string_view http_method, std::string_view path,
                                     std::string_view content) noexcept;

  std::optional<wire::Method> method{};  ///< empty: not one of the protocol's
  bool wants_card = false;               ///< the agent's card, or its extended one
  CardForm card_form = CardForm::plain;  ///< how that comes
};

/// The meaning of a whole answer, by its status and what its body says: a JSON-RPC error comes with 200. A
/// body that is empty, or not of JSON, counts by its status.
[[nodiscard]] Outcome outcome_of_answer(const FailureClassifier& rules, const wire::Answer& answer,
                                        Again again, Duration latency);

/// The same by its status alone, for answers whose body is not looked at.
[[nodiscard]] Outcome outcome_of_status(const FailureClassifier& rules, unsigned status,
                                        std::optional<Duration> retry_after, Again again, Duration latency);

}  // namespace switchgear::a2a
