// One client's connection, from accept to close: reads requests, forwards each or answers it, in order.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/gateway/answers.hpp"
#include "app/gateway/service.hpp"
#include "switchgear/http/body_reader.hpp"
#include "switchgear/http/connection_pool.hpp"
#include "switchgear/http/exchange.hpp"
#include "switchgear/http/head_validator.hpp"
#include "switchgear/http/outbox.hpp"
#include "switchgear/http/stream.hpp"
#include "switchgear/http/task.hpp"

namespace switchgear::gateway {

class Worker;

struct SessionTag;
using SessionHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<SessionTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// The coroutine run() is the session; everything else are its steps. A step does what can be done without
/// waiting and says how it went; what it waits for resumes the coroutine through wake_, and the step looks
/// again. So nothing is ever forgotten when two things happen at once: client and upstream move
/// independently, and both are looked at every time.
///
/// Where the code is: session.cpp reads requests and ends the connection, session_forward.cpp decides about a
/// request and gets a connection, session_exchange.cpp moves bytes both ways. Threads: its worker's. Ends by
/// itself; the worker only asks it to.
class Session final : public SessionHook,
                      private http::Stream::Owner,
                      private http::Timer,
                      private http::ConnectionPool::Waiter {
 public:
  static constexpr std::size_t idle_memory = 2048;

  /// Takes over an accepted, non-blocking socket. May end before it returns.
  static void start(Worker& worker, int descriptor, std::string client_address);

  Session(Worker& worker, int descriptor, std::string client_address);
  ~Session();

  /// Worker's words. draining: look at the worker's state again. kill: end now.
  void reconsider() { wake(); }
  void kill();

 private:
  enum class Step : std::uint8_t {
    wait,  ///< nothing to do until woken
    go,    ///< this part is done
    over,  ///< the connection has no future
  };
  enum class Part : std::uint8_t { reading, connecting, exchanging, answering, discarding, lingering };

  http::Detached run();
  [[nodiscard]] http::WakePoint::Awaiter sleep();
  void on_ready(http::Stream& stream) override;
  void on_timer(TimePoint now) override;
  void on_connection(http::Lease lease) override;
  void on_connect_error(http::ConnectError error) override;
  void wake();
  void wait_until(TimePoint due) noexcept { due_ = due < due_ ? due : due_; }

  // session.cpp: reading a request, ending an exchange
  [[nodiscard]] Step read_request();
  [[nodiscard]] Step finish_answer();
  [[nodiscard]] Step discard_request();
  [[nodiscard]] Step linger();
  [[nodiscard]] Step next_request();
  [[nodiscard]] bool make_room(std::size_t most);
  [[nodiscard]] Step watch_client();
  /// Lets the other connections have their turn; then goes on.
  [[nodiscard]] Step yield();

  // session_forward.cpp: deciding
  void take_request();
  void refuse_head(http::HeadError error);
  void answer(const Answer& answer);
  void answer_refusal(const Rejection& rejection);
  [[nodiscard]] AnswerFraming framing_of_answer();
  void begin_answer(unsigned status);
  void start_call(Service& service);
  void put_request_head();
  [[nodiscard]] Step forward();
  void ask_for_connection(http::ConnectionPool::Reuse reuse);
  [[nodiscard]] Step connect();
  [[nodiscard]] Step take_connection();
  [[nodiscard]] Step connect_failed(http::ConnectError error);
  void settle(const Outcome& outcome);
  [[nodiscard]] Duration latency() const noexcept;

  // session_exchange.cpp: moving bytes
  [[nodiscard]] Step exchange();
  [[nodiscard]] Step push_request();
  [[nodiscard]] Step pull_response();
  [[nodiscard]] Step pull_head();
  [[nodiscard]] Step pull_body();
  [[nodiscard]] Step relay_interim();
  void start_response();
  void settle_status();
  [[nodiscard]] Step response_complete();
  [[nodiscard]] Step upstream_failed(std::string_view error, std::string_view detail);
  [[nodiscard]] Step upstream_timed_out(std::string_view error, std::string_view detail);
  [[nodiscard]] Step give_up(unsigned status, std::string_view error, std::string_view detail);
  [[nodiscard]] Step client_left();
  [[nodiscard]] Step check_deadlines();

  Worker& worker_;
  http::StreamPtr client_;
  std::string client_address_;
  http::WakePoint wake_;
  TimePoint now_{};
  TimePoint due_ = TimePoint::max();  ///< when to wake at the latest
  Part part_ = Part::reading;
  bool killed_ = false;
  std::shared_ptr<Session*> self_;  ///< for what yield() posts; empty until then

  // The request.
  http::HeadValidator validator_;
  http::BodyReader body_;
  bool head_started_ = false;
  bool head_held_ = false;  ///< the head's bytes still stand in the buffer: the request can be made once more
  bool to_head_ = false;    ///< the method is HEAD
  bool http10_ = false;
  bool expecting_ = false;      ///< the client waits for 100 before it sends the body
  bool repeatable_ = false;     ///< idempotent and without a body
  bool request_done_ = false;   ///< all of it is with the upstream
  bool upstream_deaf_ = false;  ///< takes no more of the request; may still answer
  bool keep_ = false;           ///< the connection may stay open after the answer
  bool answered_ = false;       ///< a final head has gone to the client's outbox
  bool repeated_ = false;
  bool waits_for_upstream_ = false;
  bool client_blocked_ = false;  ///< the client does not take what is there for it
  std::uint32_t rounds_ = 0;
  TimePoint since_{};           ///< idle, or the head's first byte, or the answer's last progress
  TimePoint client_gone_{};     ///< when its stream ended; zero: it did not
  TimePoint upstream_since_{};  ///< the upstream's last progress, or since when it is waited for
  TimePoint client_since_{};

  // The call.
  ServicePtr service_;
  std::optional<CircuitBreaker::Permit> permit_;
  bool call_open_ = false;  ///< not settled yet
  TimePoint call_started_{};
  TimePoint slept_at_{};
  Duration client_share_{};  ///< of the time since then: waiting for the client alone
  unsigned status_ = 0;
  std::optional<Duration> retry_after_;
  http::Lease lease_;
  std::optional<http::ConnectError> connect_error_;
  http::Exchange exchange_;
  http::Outbox outbox_;
};

}  // namespace switchgear::gateway
