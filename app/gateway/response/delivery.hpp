// response/: an answer's way back to the client, be it a service's or the gateway's own. Never here: what the
// answer is, and what becomes of the connection after it.
//
// One answer after the other, on one client's connection.
#pragma once

#include <cstdint>

#include "app/gateway/call/call_client.hpp"
#include "app/gateway/response/answers.hpp"
#include "switchgear/http/event_loop.hpp"
#include "switchgear/http/head.hpp"
#include "switchgear/http/outbox.hpp"

namespace switchgear::gateway {

/// Frames and writes as its client understands it: an HTTP/1.0 client, or one that sent HEAD. Keeps no
/// content: what the client does not take is offered again.
///
///   silent ──an answer, or a head──▶ begun ──begin()──▶ silent
///
/// Threads: its loop's. Never allocates but for heads and the gateway's own answers.
class Delivery {
 public:
  enum class State : std::uint8_t { silent, begun };

  /// Both are borrowed.
  Delivery(http::EventLoop& loop, http::Stream& client) noexcept : loop_(loop), client_(client) {}

  /// For the answer to this request.
  void begin(const http::Head& request) noexcept;
  /// For the answer to what is not a request that could be read: nothing behind it can be.
  void begin_unreadable() noexcept;
  /// Nothing can come after this answer.
  void close_after() noexcept { framing_.keep_alive = false; }
  /// Forgets the answer, and keeps no memory worth mentioning.
  void clear() noexcept { outbox_.clear(); }

  void answer(const OwnAnswer& answer, const Remarks& remarks);
  void refuse(const Rejection& rejection, std::string_view service, const Remarks& remarks);
  void give(const KeptAnswer& kept, const Remarks& remarks);
  /// 200, for `OPTIONS *`.
  void give_nothing();

  /// A hint is dropped if the client has not taken the one before. `broken`: the client has left.
  [[nodiscard]] http::IoStatus interim(const http::Head& head, const http::FieldList& fields);
  /// 100, the gateway's own.
  [[nodiscard]] http::IoStatus go_ahead();
  void head(const ChosenHead& chosen);
  /// The same of a 101: all that follows is content, and never the end of it.
  void upgraded(const ChosenHead& chosen);
  /// As http::Outbox::send().
  [[nodiscard]] http::Stream::Sent content(const http::Outbox::Content& content);
  /// The rest of an answer that is given whole.
  [[nodiscard]] http::Stream::Sent finish() { return outbox_.send(client_, {{}, true}); }

  /// Of the answer so far: what the system has taken of a service's, and all of one that is given whole.
  [[nodiscard]] std::uint64_t content_bytes() const noexcept { return content_bytes_; }
  [[nodiscard]] bool begun() const noexcept { return state_ == State::begun; }
  [[nodiscard]] bool complete() const noexcept { return outbox_.complete(); }
  [[nodiscard]] bool keeps_alive() const noexcept { return framing_.keep_alive; }
  /// The client may know the answer's end by the connection's alone.
  [[nodiscard]] bool to_http10() const noexcept { return version_ < 11; }

 private:
  std::string& begin_own();
  void put_own();

  http::EventLoop& loop_;
  http::Stream& client_;
  http::Outbox outbox_;
  AnswerFraming framing_;
  std::uint64_t content_bytes_ = 0;
  unsigned version_ = 11;  ///< the client's
  State state_ = State::silent;
};

}  // namespace switchgear::gateway
