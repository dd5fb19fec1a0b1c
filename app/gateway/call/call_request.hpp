// The request of a call as its attempts send it, and what its policies know it by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/gateway/heads/forwarding.hpp"
#include "app/gateway/heads/provenance.hpp"
#include "app/gateway/service/worker_state.hpp"
#include "switchgear/http/failure_classifier.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"
#include "switchgear/http/outbox.hpp"
#include "switchgear/pipeline/call.hpp"
#include "switchgear/telemetry/trace_context.hpp"

namespace switchgear::gateway {

/// A request's validated head, where it stands.
struct AskedFor {
  const http::Head& head;
  const http::FieldList& fields;
  std::string_view text;  ///< the head as it came
  std::string_view path;  ///< that the service gets, with the query
  const Provenance& from;
  std::string_view upgrade = {};          ///< the protocol to switch to (heads/upgrade.hpp); empty: none
  TimePoint deadline = TimePoint::max();  ///< its caller's
};

/// What a queue keeps of a request: how it came, the message as it came, and the path for the service if its
/// route made another, so that a reload of the routes does not change it.
struct StoredRequest {
  Arrival arrival;
  std::string_view path;  ///< empty: as it came
  std::string_view text;  ///< head and content

  /// Of what write() wrote.
  explicit StoredRequest(std::string_view payload) noexcept;
  /// The head alone; the content is appended to it.
  static void write(std::string& payload, const AskedFor& asked);
};

struct CallRequest {
  /// A call from a queue goes past the fallback, and is not stored again.
  enum class Origin : std::uint8_t { client, queue };
  enum class Content : std::uint8_t {
    none,
    held,      ///< is in `body` whole before the call begins: then an attempt is one piece
    streamed,  ///< passes through, behind what is in `body`
  };

  /// Decides about the content, and writes what does not depend on it.
  void take(const AskedFor& asked, const Service& service, WorkerState& worker, Origin from);
  /// The whole head, for an attempt that is known by `span`, whose response may take so long to begin, and
  /// whose instance speaks HTTP/1.0 or not: such a one is not asked to say that the content may come.
  void put_head(http::Outbox& to, telemetry::SpanId span, Duration left, bool to_http10) const;
  /// Content that has come whole has a length, and need not be asked for (RFC 9112, 6.1).
  void settle_content();
  /// Whose client does not wait to be asked for them.
  [[nodiscard]] bool is_in_chunks() const noexcept { return coding == http::Coding::chunked && !expects_; }
  /// A service of HTTP/1.0 may not understand how the content is announced, and may when it is held.
  [[nodiscard]] bool gains_by_holding() const noexcept {
    return content == Content::streamed && (coding == http::Coding::chunked || (expects_ && fits_));
  }
  /// The content need not come whole before the call begins, and may.
  [[nodiscard]] bool may_be_held() const noexcept { return content == Content::streamed && short_; }
  /// The client takes its time: no policy is asked before the content is whole, or stream_rest() is called.
  void hold_all() noexcept { content = Content::held; }
  /// Of content that is held.
  void hold(std::string_view bytes) {
    body.append(bytes);
    if (!payload.empty()) payload.append(bytes);
  }
  /// The content has turned out too long to be held, or not to be there in time: what is held is its
  /// beginning.
  void stream_rest() noexcept;
  /// Keeps no memory worth mentioning.
  void forget() noexcept;

  [[nodiscard]] bool repeatable() const noexcept { return repeats == Repeatable::yes; }

  Origin origin = Origin::client;
  Content content = Content::none;
  Repeatable repeats = Repeatable::no;  ///< making the call twice does no harm, and nothing of it is lost
  http::Coding coding = http::Coding::identity;
  bool to_head = false;                             ///< the method is HEAD
  http::Support support = http::Support::required;  ///< of the method
  std::string head;                                 ///< as the upstream gets it; see put_head()
  std::string body;                                 ///< when it is held
  std::string key;                                  ///< of the answer; empty: it is for this client only
  std::optional<std::size_t> changes;  ///< where the URI has its version, if a good answer makes that void
  std::string payload;                 ///< what a queue stores; empty: nothing can be stored
  std::optional<std::uint64_t> spread_key;  ///< of the hash that chooses an instance
  TimePoint deadline = TimePoint::max();    ///< the caller's; a call from a queue has none
  bool tells_deadline = false;              ///< the service is told how long an attempt may take
  std::string value;              ///< by which a breaker is chosen; empty: only those for all guard the call
  telemetry::TraceContext trace;  ///< no trace: requests are sent without one. The span: if recorded
  telemetry::SpanId caller;       ///< the client's span; none: the trace begins here
  std::string trace_state;        ///< if recorded
  std::string upgrade;            ///< the protocol that the service may switch to; empty: none
  std::string proof;              ///< what it has to say when it does; empty: nothing in particular
  std::string request_id;         ///< the client's, or one that was made; empty: none is asked for

 private:
  [[nodiscard]] Marks mark(const AskedFor& asked, Tracing& tracing);

  void put_open_head(http::Outbox& to, bool to_http10) const;

  bool short_ = false;    ///< the content is known to fit, and may be held
  bool fits_ = false;     ///< the content is known to fit
  bool expects_ = false;  ///< the head has an Expect line
  ContentLines content_lines_;
};

}  // namespace switchgear::gateway
