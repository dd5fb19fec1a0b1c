// What a call to an agent (`kind: a2a`) asks for, and what its answer says in its body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/gateway/call/call_request.hpp"
#include "app/gateway/service/service.hpp"
#include "app/gateway/service/stored_answer.hpp"
#include "switchgear/a2a/failure_rules.hpp"
#include "switchgear/a2a/proxy/card_rewrite.hpp"
#include "switchgear/a2a/proxy/passed_call.hpp"
#include "switchgear/config/router.hpp"
#include "switchgear/core/outcome.hpp"

namespace switchgear::gateway {

/// Empty for calls to all other services, which it costs a look. Threads: its worker's.
class AgentNote {
 public:
  [[nodiscard]] explicit operator bool() const noexcept { return agent_ != nullptr; }

  /// Where callers and the agent know it; of services of kind a2a only. `router`: that led there.
  void take(const AskedFor& asked, const Service& service, const config::Router& router);
  /// The request is whole, if it is held.
  void begin(const CallRequest& request);
  void end() noexcept { *this = AgentNote(); }

  // Precondition for the rest: not empty.

  /// To make the call twice does no harm.
  [[nodiscard]] bool is_harmless() const noexcept { return again_ == a2a::Again::harmless; }
  /// The answer's body says what came of the call.
  [[nodiscard]] bool reads(const http::Head& head, const http::FieldList& fields) const noexcept;
  /// One that reads() has been asked for. `content`: empty if it has not come whole.
  void judge(unsigned status, std::optional<std::string_view> content, const config::Router& router);
  /// A final head has come; what is known is of an attempt before it, or beside it.
  void forget_answer() noexcept;

  [[nodiscard]] Outcome outcome(const Service& service, unsigned status, std::optional<Duration> retry_after,
                                Duration latency) const;
  /// The answer is a card, which is not passed on as it is.
  [[nodiscard]] bool replaces_answer() const noexcept { return replaces_; }
  /// Of one that is replaced; empty: it cannot be, and why_not() says why.
  [[nodiscard]] std::optional<StoredAnswer> replacement(const http::Head& head,
                                                        const http::FieldList& fields);
  [[nodiscard]] std::string_view why_not() const noexcept { return why_not_; }

 private:
  void rewrite_card(unsigned status, std::optional<std::string_view> content, a2a::CardForm form,
                    const config::Router& router);
  [[nodiscard]] bool leads_here(std::string_view path, const config::Router& router) const;

  const config::AgentOptions* agent_ =
      nullptr;  ///< borrowed from the service, as the service is from its call
  const Service* service_ = nullptr;
  a2a::ProxyPlace place_;
  std::string http_method_;
  std::string path_;  ///< of the agent, without its query
  std::string host_;  ///< of the route that led to it
  a2a::PassedCall call_;
  a2a::Again again_ = a2a::Again::harmful;
  bool queued_ = false;
  std::optional<Outcome> judged_;  ///< by the body; without a latency
  bool replaces_ = false;
  std::string card_;  ///< that callers get; empty: none
  std::string why_not_;
};

}  // namespace switchgear::gateway
