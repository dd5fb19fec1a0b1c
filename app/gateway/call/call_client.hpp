// call/: one upstream call, from a request's head to the end of its response: policies, attempts, deadlines,
// and what is counted of them. Never here: the client's connection, or how an answer is written for it.
//
// Whom a call is made for, and what the two say to each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "app/gateway/service/stored_answer.hpp"
#include "switchgear/core/rejection.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"
#include "switchgear/http/outbox.hpp"
#include "switchgear/pipeline/call.hpp"
#include "switchgear/policy/fallback_failure.hpp"

namespace switchgear::gateway {

/// Why an attempt has no response to hand on: what the client is told when it was the last.
struct LastWords {
  unsigned status = 502;
  std::string_view error;  ///< of RFC 9209
  std::string_view detail;
};

/// What is said beside an answer of the gateway's own.
struct Remarks {
  bool chaos = false;                         ///< something was injected: `X-Switchgear-Chaos`
  const FallbackFailure* fallback = nullptr;  ///< the fallback failed too: both causes are told
};

/// The head of the response that the client gets. Views into the upstream's buffer, good until the function
/// that is given it returns.
struct ChosenHead {
  const http::Head& head;
  const http::FieldList& fields;
  bool endless = false;  ///< the head does not say how long the content is
  bool chaos = false;    ///< something was injected into the call
};

/// An answer that was kept, and where.
struct KeptAnswer {
  const StoredAnswer& answer;
  Source source;
  Duration age;
};

/// 429 for want of a token, 504 for want of time, 503 for every other refusal.
[[nodiscard]] unsigned status_of(Reason reason) noexcept;

/// The content of a request that is still coming in, taken piece by piece.
class ContentSource {
 public:
  enum class State : std::uint8_t {
    content,    ///< `content` has bytes, the end, or both
    wait,       ///< nothing has come; on_call_event() says when to ask again
    held_back,  ///< the same, and it is the upstream's turn: the client waits for 100 (Continue)
    lost,       ///< the rest will not come, or is not taken: the call is over
  };
  struct Piece {
    State state;
    http::Outbox::Content content{};
  };
  /// The same piece again, until it is used.
  [[nodiscard]] virtual Piece next_piece(TimePoint now) = 0;
  virtual void used(std::size_t size) = 0;
  /// The piece that ended the content is out, its framing included.
  virtual void all_used() = 0;

  /// The client is silent for `patience`, or that far behind the least rate: a service that does not wait for
  /// the rest of the content is not to blame.
  [[nodiscard]] virtual bool dawdles(Duration patience, TimePoint now) const noexcept = 0;
  /// Bytes that have come, from an origin that stays the same.
  [[nodiscard]] virtual std::uint64_t moved() const noexcept = 0;
  /// It was silent for so long, before the latest bytes.
  [[nodiscard]] virtual bool paused(Duration patience) const noexcept = 0;
  /// The rest is not waited for, because of that.
  virtual void give_up() noexcept = 0;

 protected:
  ~ContentSource() = default;
};

/// Gets one of: a head and then its content, a refusal, a kept answer, a failure. Before that, interim heads.
/// None of these may end the call; UpstreamCall::advance() says when it is over.
class CallClient {
 public:
  /// Something has happened: call advance(). May come when nothing has, and while advance() runs.
  virtual void on_call_event() = 0;

  /// Threads' scratch and the upstream's buffer are its own until it returns. `broken`: the client has left.
  [[nodiscard]] virtual http::IoStatus take_interim(const http::Head& head,
                                                    const http::FieldList& fields) = 0;
  /// Of one that waits for 100 before it sends its content: the service has nothing against it.
  [[nodiscard]] virtual http::IoStatus invite_content() = 0;
  virtual void take_head(const ChosenHead& head) = 0;
  /// As http::Outbox::send(). Empty and not the last: only what is pending of the head is meant.
  [[nodiscard]] virtual http::Stream::Sent take_content(const http::Outbox::Content& content) = 0;

  /// Of the content that was given to it: what has left this machine. One system call.
  [[nodiscard]] virtual std::uint64_t content_taken() const noexcept = 0;
  /// It is too slow, and others need what the call holds. The call is abandoned next.
  virtual void give_up_answer() noexcept = 0;

  virtual void take_refusal(const Rejection& rejection, const Remarks& remarks) = 0;
  virtual void take_kept(const KeptAnswer& kept, const Remarks& remarks) = 0;
  virtual void take_failure(const LastWords& words, const Remarks& remarks) = 0;

 protected:
  ~CallClient() = default;
};

}  // namespace switchgear::gateway
