// What a call to an agent (`kind: a2a`) asks for, and what its answer says in its body.
#pragma once

#include <cstddef>
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
#include "switchgear/a2a/sse_reader.hpp"
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
  /// Whatever its HTTP method promises: it sends a message, by its path or its content.
  [[nodiscard]] bool may_not_be_repeated() const noexcept { return !is_harmless() && call_.sends(); }
  /// How the verdict of an answer is found, when its head has come.
  enum class Reading : std::uint8_t {
    none,   ///< it is known, as far as it can be: by the head
    whole,  ///< by the body, which is to be held: judge()
    event,  ///< by the first event of the stream: take_stream()
  };
  [[nodiscard]] Reading reading(const http::Head& head, const http::FieldList& fields) const noexcept;
  /// One to be held whole. `content`: empty if it has not come so.
  void judge(unsigned status, std::optional<std::string_view> content, const http::FieldList& fields,
             const config::Router& router);
  /// A final head has come; what is known is of an attempt before it, or beside it.
  void forget_answer() noexcept;
  /// Of an answer that is not held: its head. `most`: bytes of an event that are read.
  void take_stream(const http::Head& head, const http::FieldList& fields, std::size_t most);
  /// The first event has not come, so the stream has no verdict yet.
  [[nodiscard]] bool awaits_event() const noexcept { return events_.has_value(); }
  /// Content of the stream. True: its first event has come, or it is too long to be read.
  [[nodiscard]] bool see(std::string_view content);
  /// No event will come: a failure, where the agent has to speak the protocol.
  void end_stream() noexcept;

  [[nodiscard]] Outcome outcome(const Service& service, unsigned status, std::optional<Duration> retry_after,
                                Duration latency) const;
  /// The answer is a card or a redirect, which is not passed on as it is.
  [[nodiscard]] bool replaces_answer() const noexcept { return replaces_; }
  /// Of one that is replaced; empty: it cannot be, and why_not() says why.
  [[nodiscard]] std::optional<StoredAnswer> replacement(const http::Head& head,
                                                        const http::FieldList& fields);
  [[nodiscard]] std::string_view why_not() const noexcept { return why_not_; }
  /// That the caller gets then.
  [[nodiscard]] unsigned status_then() const noexcept { return status_then_; }

 private:
  void rewrite_card(unsigned status, std::optional<std::string_view> content, a2a::CardForm form,
                    const config::Router& router);
  void rewrite_redirect(unsigned status, std::optional<std::string_view> content,
                        const http::FieldList& fields, const config::Router& router);
  [[nodiscard]] a2a::ProxyPlace place_by(const config::Router& router);
  [[nodiscard]] bool has_card_here() const;
  [[nodiscard]] bool is_own_path(std::string_view path) const noexcept;  ///< below the service's URL
  [[nodiscard]] bool speaks_protocol_here() const;
  [[nodiscard]] bool leads_here(std::string_view path, const config::Router& router) const;
  /// Nothing but the protocol is an answer to this call.
  [[nodiscard]] bool is_strict() const noexcept {
    return call_.known() && expects_ == a2a::Expects::protocol;
  }
  /// Once stored, a message is sent until it is answered well.
  [[nodiscard]] a2a::Again again_for_policies() const noexcept {
    return queued_ ? a2a::Again::harmless : again_;
  }
  [[nodiscard]] Outcome not_the_protocol(unsigned status) const;
  [[nodiscard]] Outcome outcome_of_body(unsigned status, std::string_view body) const;

  const config::AgentOptions* agent_ =
      nullptr;  ///< borrowed from the service, as the service is from its call
  const Service* service_ = nullptr;
  a2a::ProxyPlace place_;
  std::string http_method_;
  std::string path_;  ///< of the agent, without its query
  std::string host_;  ///< of the route that led to it
  a2a::PassedCall call_;
  a2a::Expects expects_ = a2a::Expects::protocol;
  bool asks_for_protocol_ = false;  ///< by its headers
  bool may_get_other_ = false;      ///< by its Accept, something that is not the protocol
  a2a::Again again_ = a2a::Again::harmful;
  bool queued_ = false;
  std::optional<Outcome> judged_;         ///< by the body; without a latency
  std::optional<a2a::SseReader> events_;  ///< until the first one
  bool ended_early_ = false;              ///< before that
  bool replaces_ = false;
  std::string content_;   ///< that callers get in its place
  std::string location_;  ///< the same; empty: the answer is not a redirect
  std::string why_not_;
  unsigned status_then_ = 502;
};

}  // namespace switchgear::gateway
