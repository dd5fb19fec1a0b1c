// One attempt of a call: a connection, or the wait for one, and what is exchanged on it.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "app/gateway/call/attempt_failure.hpp"
#include "app/gateway/call/call_client.hpp"
#include "app/gateway/call/call_request.hpp"
#include "app/gateway/service/spoken_http.hpp"
#include "switchgear/http/connection_pool.hpp"
#include "switchgear/http/exchange.hpp"
#include "switchgear/instances/instance.hpp"

namespace switchgear::gateway {

/// The call that an attempt is made for.
class AttemptOwner {
 public:
  /// Something has happened to an attempt: look at it.
  virtual void on_attempt_event() = 0;
  /// One more block is going to be moved. False: the other connections have their turn first; the attempt
  /// waits, and is looked at again soon.
  [[nodiscard]] virtual bool may_move_block() = 0;

 protected:
  ~AttemptOwner() = default;
};

/// Does what can be done without waiting, and says what it has found. Decides nothing but whether a
/// connection that was already dead when it was taken is replaced.
///
///   idle ──begin()──▶ connecting ──take_connection()──▶ exchanging ──finish(), abandon()──▶ idle
///                         ▲                                  │
///                         └───── pull_head(): reconnects ────┘
///
/// While all connections of a full pool are in use it stands in line: it waits for other calls, and not for
/// the service. Its call tells the breakers so.
///
/// Threads: its worker's.
class Attempt final : private http::ConnectionPool::Waiter, private http::Stream::Owner {
 public:
  enum class Found : std::uint8_t {
    wait,         ///< nothing more until on_attempt_event()
    connection,   ///< of connect(): take_connection(), or decline_connection()
    interim,      ///< head() is a 1xx: accept_head() makes room for the next
    head,         ///< head() is final, or 101 that was asked for: accept_head(), or discard_response()
    content,      ///< there is a piece of the response's content
    reconnects,   ///< the kept connection was dead: the request is made again on a new one
    failure,      ///< failure() says why; abandon() it
    source_lost,  ///< the request's content does not come: the call is over
  };
  enum class Turn : std::uint8_t { clients, upstreams };

  explicit Attempt(unsigned branch = 0);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  /// `request` and `pool` are borrowed, and `source`, which is null if no content is streamed. `span`: what
  /// the service knows the attempt by, if the request is traced. Without a pool every instance is left out.
  void begin(AttemptOwner& owner, const CallRequest& request, telemetry::SpanId span, ContentSource* source,
             http::ConnectionPool* pool, TimePoint now, TimePoint until);
  /// Of the instance that it goes to; borrowed, null without one. Set before begin().
  SpokenHttp* spoken = nullptr;
  [[nodiscard]] bool to_http10() const noexcept {
    return spoken != nullptr && spoken->latest() == SpokenHttp::Version::http10;
  }
  /// What the instance that it goes to is judged by; dropped with the attempt.
  std::optional<instances::InstanceCall> instance_call;
  /// Waits no longer, closes the connection.
  void abandon() noexcept;
  /// Takes away a response whose head is at hand; keeps the connection if all of it has come.
  void discard_response() noexcept;
  /// The response's content has been taken whole.
  void finish() noexcept;

  [[nodiscard]] Found connect(TimePoint now);
  void take_connection(TimePoint now);
  /// Gives it back as it was.
  void decline_connection() noexcept;
  /// After connect() has said `wait`: for other calls that have all connections.
  [[nodiscard]] bool waits_for_others() const noexcept {
    return phase_ == Phase::connecting && !pool_->connects_for(*this);
  }
  /// Its breakers have been told so.
  void stand_in_line() noexcept { in_line_ = true; }
  [[nodiscard]] bool in_line() const noexcept { return in_line_; }
  /// Its breakers know better now. False: they were not told.
  bool leave_line() noexcept { return std::exchange(in_line_, false); }
  /// How long it has stood in line, told or not, once that is over: for the connection at hand.
  [[nodiscard]] Duration last_wait() const noexcept { return last_wait_; }
  [[nodiscard]] Duration waited() const noexcept { return waited_; }  ///< in all
  /// It has its connection, and time until then.
  void resume(TimePoint until) noexcept {
    in_line_ = false;
    last_wait_ = {};
    until_ = until;
  }
  /// Request out. Begins the look at an attempt that has its connection; end_look() is its end.
  [[nodiscard]] Found push(TimePoint now);
  [[nodiscard]] Found pull_head();
  /// Of a head() that is final: `failure` if its body is broken, or ends too early, as far as it has come.
  [[nodiscard]] Found inspect_body();
  void accept_head(TimePoint now) noexcept;
  /// Of a head() that is final, before inspect_body(): `content` when all of the body is behind it, in
  /// held_content(); `wait` until it is; `head` when it is longer than `most`, or does not come whole. Views
  /// into the head are made anew.
  [[nodiscard]] Found hold_body(std::size_t most);
  [[nodiscard]] std::string_view held_content() noexcept { return exchange_.held_content(); }
  /// `wait` here: none is there yet, read_content() may bring some.
  [[nodiscard]] Found next_content(http::Outbox::Content& content);
  void content_used(std::size_t size) noexcept;
  [[nodiscard]] Found read_content(TimePoint now);
  /// Whose turn it is: the client's to take the answer, or the upstream's once it has what there is to send.
  void end_look(TimePoint now, Turn turn) noexcept;

  [[nodiscard]] unsigned branch() const noexcept { return branch_; }
  [[nodiscard]] bool running() const noexcept { return phase_ != Phase::idle; }
  [[nodiscard]] bool connected() const noexcept { return phase_ == Phase::exchanging; }
  [[nodiscard]] bool waits_for_upstream() const noexcept { return turn_ == Turn::upstreams; }
  /// It asks `source` for content.
  [[nodiscard]] bool takes_content() const noexcept;
  /// It asks, and the client has none for it.
  [[nodiscard]] bool awaits_content() const noexcept {
    return takes_content() && sending_ == Sending::under_way && turn_ == Turn::clients;
  }
  /// Of one that is connected(): other requests wait for a connection, or are refused for want of one.
  [[nodiscard]] bool is_in_the_way() const noexcept {
    return pool_->is_full() || pool_->counts().waiting > 0;
  }
  /// How many wait for its connection, or one like it.
  [[nodiscard]] std::size_t others_waiting() const noexcept { return pool_->counts().waiting; }
  /// The service has the whole request.
  [[nodiscard]] bool sent_whole() const noexcept { return sending_ == Sending::done; }
  /// The client waits for 100 before it sends the content.
  [[nodiscard]] bool holds_back() const noexcept { return sending_ == Sending::held_back; }
  /// The content comes from the client while it is sent: each wait for the upstream has its own limit.
  [[nodiscard]] bool streams() const noexcept {
    return request_->content == CallRequest::Content::streamed && !holds_back();
  }
  [[nodiscard]] TimePoint until() const noexcept { return until_; }
  /// Of one that is connected(), when the service's time is over: an answer that has come is there at the
  /// next look, even if the event that says so still waits in the loop, as on a busy machine. False: that
  /// look is over, for the limit that ended then.
  [[nodiscard]] bool look_again(TimePoint limit) noexcept;
  /// The upstream's last progress, or since when it is waited for.
  [[nodiscard]] TimePoint since() const noexcept { return since_; }
  [[nodiscard]] const http::Head& head() const noexcept { return exchange_.head(); }
  /// Of a head() that is 101, with its fields: the service has switched to what it was asked for, and has the
  /// whole request. False: failure() says so.
  [[nodiscard]] bool switches_as_asked(const http::FieldList& fields);
  /// The connection of one that is connected().
  [[nodiscard]] http::Stream& stream() const noexcept { return exchange_.stream(); }
  /// head(), which is final, does not say how long the content is.
  [[nodiscard]] bool has_endless_response() const noexcept;
  /// What head() is in.
  [[nodiscard]] std::string_view received() const noexcept { return exchange_.stream().buffer().view(); }
  [[nodiscard]] const AttemptFailure& failure() const noexcept { return failure_; }

 private:
  enum class Phase : std::uint8_t {
    idle,
    unplaced,    ///< too many wait for a connection, or there is no instance to connect to
    unsendable,  ///< its instance could not tell where the content ends
    connecting,  ///< waits for a connection
    exchanging,
  };
  /// The request's way out.
  enum class Sending : std::uint8_t {
    under_way,
    held_back,  ///< the client waits for 100 before it sends the content
    done,
    deaf,  ///< the upstream takes no more of it; it may still answer
  };

  void on_connection(http::Lease given) override;
  void on_connect_error(http::ConnectError why) override;
  void on_ready(http::Stream&) override { owner_->on_attempt_event(); }

  void ask_for_connection(http::ConnectionPool::Reuse which, TimePoint now);
  void end_wait() noexcept;
  [[nodiscard]] Found no_connection(http::ConnectError why);
  [[nodiscard]] Found push_held();
  [[nodiscard]] Found push_streamed(TimePoint now);
  [[nodiscard]] Found closed_before_answer();
  [[nodiscard]] Found fail(AttemptFailure::Blame blame, const LastWords& words);

  const unsigned branch_;
  AttemptOwner* owner_ = nullptr;
  const CallRequest* request_ = nullptr;
  telemetry::SpanId span_;
  ContentSource* source_ = nullptr;
  http::ConnectionPool* pool_ = nullptr;
  Phase phase_ = Phase::idle;
  Sending sending_ = Sending::under_way;
  Turn turn_ = Turn::clients;
  Turn turn_before_ = Turn::clients;
  TimePoint until_ = TimePoint::max();  ///< the machine's limit
  TimePoint since_{};
  TimePoint looked_again_{};  ///< the limit that it did so for
  TimePoint asked_{};         ///< for a connection
  TimePoint taken_{};         ///< when it got one
  Duration waited_{};
  Duration last_wait_{};  ///< the part of it that its machine does not know of
  bool in_line_ = false;
  bool holds_body_ = false;     ///< the head is final, and its body is waited for
  std::size_t sent_ = 0;        ///< of content that is held
  std::uint32_t interims_ = 0;  ///< 1xx heads that came
  http::Lease lease_;           ///< between the pool and the exchange
  std::optional<http::ConnectError> error_;
  http::Exchange exchange_;
  AttemptFailure failure_;
};

}  // namespace switchgear::gateway
