// One request of a client and the answer to it, from behind the request's head.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/gateway/call/call_pool.hpp"
#include "app/gateway/connection/access_note.hpp"
#include "app/gateway/connection/admission.hpp"
#include "app/gateway/connection/incoming_request.hpp"
#include "app/gateway/connection/peer.hpp"
#include "app/gateway/connection/tunnel.hpp"
#include "app/gateway/response/delivery.hpp"

namespace switchgear::gateway {

/// Where the way down and the way back meet: answers by itself, or is the client of a call, gives it the
/// request's content and takes the response. On the connection's side it looks whether the client keeps pace,
/// or has left. Used for one request after the other.
///
///   idle ──take()──▶ holding ──▶ yielding ──▶ calling ──▶ answered ──end()──▶ idle
///            └──────────┴────────────┴───────────┴────────────▲
///                                                └──▶ upgraded ──▶ the end of the connection
///
/// Threads: its loop's.
class ClientExchange final : private CallClient {
 public:
  class Owner {
   public:
    /// Something has happened to the call: go on with forward().
    virtual void on_exchange_event() = 0;

   protected:
    ~Owner() = default;
  };

  /// All is borrowed.
  ClientExchange(Owner& owner, CallPool& calls, http::Stream& client, const Peer& peer) noexcept;
  ClientExchange(const ClientExchange&) = delete;
  ClientExchange& operator=(const ClientExchange&) = delete;
  ~ClientExchange() { end(); }

  /// The first byte of a request has come.
  void begin(TimePoint now) noexcept { began_ = now; }
  /// The request whose validated head is at the front of the client's buffer, which is taken away.
  void take(const http::Head& head, TimePoint now);
  /// The end of the message is unknown: nothing behind it can be read.
  void answer_unreadable(const OwnAnswer& own);
  void refuse_head(http::HeadError error);
  /// Until there is an answer (`go`), which may have to be sent yet, or the connection is at its end
  /// (`over`).
  [[nodiscard]] Progress forward(TimePoint now);
  /// The answer is out, whole.
  void answered(TimePoint now) { note_.end(call_, delivery_.content_bytes(), now); }
  /// The connection is closed for the gateway's own reasons.
  void cut_off() { note_.reason("cut_off"); }
  /// Ready for the next request.
  void end() noexcept;

  /// When to call forward() at the latest. After forward().
  [[nodiscard]] TimePoint due() const noexcept { return due_; }
  /// There is an answer that the client has begun to get, and not all of it is on its way to it. An orderly
  /// end of the connection could make it look whole.
  [[nodiscard]] bool has_part_of_answer() const noexcept {
    return part_ != Part::upgraded && delivery_.begun() && !delivery_.complete();
  }
  /// The client's stream has ended while its request was under way.
  [[nodiscard]] bool is_last() const noexcept { return client_gone_ && client_.buffer().empty(); }
  [[nodiscard]] IncomingRequest& request() noexcept { return request_; }
  [[nodiscard]] Delivery& delivery() noexcept { return delivery_; }

 private:
  enum class Part : std::uint8_t {
    holding,   ///< takes the whole request's content before the call begins
    yielding,  ///< that is too long to be held, and others may have a probe's place first
    calling,
    upgraded,
  };

  void act_on(const Admission& admission, const http::Head& head, const Provenance& from);
  /// max(): its caller has not said one, or is not believed.
  [[nodiscard]] TimePoint deadline_of(const Provenance& from);
  void answer(const OwnAnswer& own, Service* service = nullptr);
  void count_answer(unsigned status, Service* service) noexcept;
  void consider_keeping_alive() noexcept;

  void start_call();
  [[nodiscard]] bool any_speaks(SpokenHttp::Version what) const noexcept;
  [[nodiscard]] bool begin_holding();
  [[nodiscard]] Progress hold_content();
  [[nodiscard]] bool yields_to_others();
  [[nodiscard]] Progress follow_call();
  [[nodiscard]] Progress begin_tunnel();
  [[nodiscard]] Progress follow_tunnel();
  [[nodiscard]] Progress watch_client();
  [[nodiscard]] bool content_is_late();
  [[nodiscard]] std::string_view why_late() const noexcept;
  [[nodiscard]] Progress content_lost();
  [[nodiscard]] Progress give_up(unsigned status, std::string_view detail);
  [[nodiscard]] Progress client_left();
  void wait_until(TimePoint due) noexcept { due_ = due < due_ ? due : due_; }

  void on_call_event() override { owner_.on_exchange_event(); }
  http::IoStatus take_interim(const http::Head& head, const http::FieldList& fields) override;
  http::IoStatus invite_content() override;
  void take_head(const ChosenHead& head) override;
  http::Stream::Sent take_content(const http::Outbox::Content& content) override;
  [[nodiscard]] std::uint64_t content_taken() const noexcept override;
  void give_up_answer() noexcept override { request_.give_up(); }
  void take_refusal(const Rejection& rejection, const Remarks& remarks) override;
  void take_kept(const KeptAnswer& kept, const Remarks& remarks) override;
  void take_failure(const LastWords& words, const Remarks& remarks) override;

  Owner& owner_;
  CallPool& calls_;
  WorkerState& worker_;
  http::Stream& client_;
  const Peer& peer_;
  IncomingRequest request_;
  Delivery delivery_;
  AccessNote note_;
  UpstreamCall* call_ = nullptr;  ///< borrowed from the pool while there is one
  std::unique_ptr<Tunnel> tunnel_;
  Part part_ = Part::calling;  ///< while there is a call
  TimePoint now_{};
  TimePoint began_{};  ///< the request's first byte
  TimePoint due_ = TimePoint::max();
  TimePoint call_started_{};
  TimePoint hold_until_ = TimePoint::max();  ///< however little of the content is there by then
  TimePoint yield_until_ = TimePoint::max();
  TimePoint write_due_ = TimePoint::max();  ///< when the client must have taken some of what waits for it
  std::optional<TimePoint> client_gone_;    ///< when its stream ended
};

}  // namespace switchgear::gateway
