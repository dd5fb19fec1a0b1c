// proxy/: what a proxy in front of agents has to know of the protocol: what a request asks for, what its
// answer means to the policies, and how a card is made to lead through the proxy. Decides and rewrites; never
// here: a socket.
//
// This header: one call that passes through.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "switchgear/a2a/failure_rules.hpp"
#include "switchgear/a2a/proxy/card_rewrite.hpp"
#include "switchgear/a2a/wire/call.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::a2a {

/// What a request asks for. By its line, and, for JSON-RPC, by its content. A request may be both: then it is
/// for the agent to choose.
struct PassedCall {
  enum class Content : std::uint8_t {
    unread,   ///< only its line is known
    none,     ///< empty, or of HTTP+JSON
    rpc,      ///< a call of JSON-RPC
    unknown,  ///< JSON-RPC without a known method or with a key twice, or not JSON: it may ask for anything
  };
  enum class Body : std::uint8_t { whole, unread };

  /// `path` without its query, `content` whole. Never throws; what is not the protocol asks for nothing.
  [[nodiscard]] static PassedCall of(std::string_view http_method, std::string_view path,
                                     std::string_view content, Body body = Body::whole) noexcept;

  [[nodiscard]] bool known() const noexcept { return by_path || content == Content::rpc; }
  /// To make it twice does no harm by both. Precondition: known().
  [[nodiscard]] Again again() const noexcept;
  /// Line or content sends a message.
  [[nodiscard]] bool sends() const noexcept;
  /// It is answered by a stream of events, or may be.
  [[nodiscard]] bool streams() const noexcept;

  /// The agent's card by its path, not the extended one.
  [[nodiscard]] static bool asks_for_card(std::string_view http_method, std::string_view path) noexcept;

  std::optional<wire::Method> by_path{};  ///< of HTTP+JSON; empty: the path is not one of the protocol's
  std::optional<wire::Method> by_body{};  ///< of JSON-RPC
  Content content = Content::none;
  bool notifies = false;                 ///< without an `id`, or with null: it is answered with nothing
  bool wants_card = false;               ///< the agent's card, or its extended one
  CardForm card_form = CardForm::plain;  ///< how that comes
};

/// What the caller of a known path may be given. A page or a file of the agent's own may have such a path.
enum class Expects : std::uint8_t {
  protocol,  ///< nothing but an answer of the protocol
  unsure,    ///< the agent need not speak the protocol there: what is not the protocol is ignored
  anything,  ///< errors of the protocol are errors; all else is good
};

/// The meaning of a whole answer, by its status and what its body says: a JSON-RPC error comes with 200. With
/// a good status, a body that is not an answer to this call is a failure (wire::decode_result()), or what
/// `expects` makes of it. A list of
/// answers, to a call that is not known, is a failure if one of them is, and a success if none is and one is
/// good.
[[nodiscard]] Outcome outcome_of_answer(const FailureClassifier& rules, const PassedCall& call,
                                        Expects expects, const wire::Answer& answer, Again again,
                                        Duration latency);
/// The text of an answer whose call is not known: one of JSON-RPC, or a list of them.
[[nodiscard]] bool is_rpc_answer(std::string_view text) noexcept;

/// The same by its status alone, for answers whose body is not looked at.
[[nodiscard]] Outcome outcome_of_status(const FailureClassifier& rules, unsigned status,
                                        std::optional<Duration> retry_after, Again again, Duration latency);

}  // namespace switchgear::a2a
