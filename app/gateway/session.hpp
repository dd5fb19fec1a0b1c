// One client's connection, from accept to close: reads requests, forwards each or answers it, in order.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/gateway/answers.hpp"
#include "app/gateway/forwarded_call.hpp"
#include "app/gateway/service/service.hpp"
#include "switchgear/http/body_reader.hpp"
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
struct IdleTag;
using IdleHook = boost::intrusive::list_base_hook<boost::intrusive::tag<IdleTag>,
                                                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// The coroutine run() is the session; everything else are its steps. A step does what can be done without
/// waiting and says how it went; what it waits for resumes the coroutine through wake_, and the step looks
/// again. So nothing is ever forgotten when two things happen at once: client and upstream move
/// independently, and both are looked at every time.
///
/// Where the code is: session.cpp reads requests, session_ending.cpp ends an exchange or the connection,
/// session_forward.cpp decides about a request, session_call.cpp does what the machine of its policies says,
/// session_exchange.cpp moves bytes both ways, session_response.cpp looks at what comes back,
/// session_answer.cpp answers itself. Threads: its worker's. Ends by itself; the worker only asks it to.
class Session final : public SessionHook,
                      public IdleHook,
                      private http::Stream::Owner,
                      private http::Timer,
                      private CallOwner {
 public:
  static constexpr std::size_t idle_memory = 2048;

  /// Takes over an accepted, non-blocking socket. May end before it returns.
  static void start(Worker& worker, int descriptor, std::string client_address);
  /// The same for a stored request, which goes to `service` wherever the routes lead now, and is not stored
  /// again.
  static void start_replay(Worker& worker, int descriptor, std::string client_address, ServicePtr service);

  Session(Worker& worker, int descriptor, std::string client_address);
  ~Session() override;

  /// Worker's words. draining: look at the worker's state again. kill: end now.
  void reconsider() { wake(); }
  void kill();
  /// For a session in the worker's list of idle ones. False, and still there, when a request has just come.
  [[nodiscard]] bool end_if_idle();
  [[nodiscard]] TimePoint idle_since() const noexcept { return since_; }

 private:
  enum class Step : std::uint8_t {
    wait,  ///< nothing to do until woken
    go,    ///< this part is done
    over,  ///< the connection has no future
  };
  enum class Part : std::uint8_t {
    reading,
    buffering,   ///< takes the whole request's content before the call begins
    calling,     ///< policies, connections, requests, until a response is chosen
    exchanging,  ///< that response is on its way
    answering,
    discarding,  ///< the answer is out, the client still sends
    lingering,   ///< the gateway has said its last word on this connection
  };

  http::Detached run();
  [[nodiscard]] http::WakePoint::Awaiter sleep();
  void on_ready(http::Stream& stream) override;
  void on_timer(TimePoint now) override;
  void on_call_event() override { wake(); }
  void wake();
  void wait_until(TimePoint due) noexcept { due_ = due < due_ ? due : due_; }

  // session.cpp: reading a request
  [[nodiscard]] Step read_request();
  [[nodiscard]] bool make_room(std::size_t most);
  [[nodiscard]] Step watch_client();
  /// Lets the other connections have their turn; then goes on.
  [[nodiscard]] Step yield();

  // session_ending.cpp: ending an exchange
  [[nodiscard]] Step finish_answer();
  [[nodiscard]] Step drop_content();
  [[nodiscard]] Step receive_to_drop(std::uint32_t& reads);
  void begin_discarding();
  [[nodiscard]] bool waits_for_rest();
  [[nodiscard]] Step discard_request();
  [[nodiscard]] Step linger();
  [[nodiscard]] Step next_request();

  // session_forward.cpp: deciding about a request
  void take_request();
  void start_call(Service& service);
  void refuse_loop(Service& service);
  [[nodiscard]] bool may_repeat(const PolicySet& policies) const;
  [[nodiscard]] Step buffer_request();
  [[nodiscard]] Step forward();

  // session_answer.cpp: answers of the gateway's own
  void refuse_head(http::HeadError error);
  void note_failure(std::string_view what, std::string_view why);
  void answer(const OwnAnswer& answer);
  void answer_refusal(const Rejection& rejection);
  void answer_last_words();
  void answer_failure_shared_or_injected();
  void answer_stored();
  [[nodiscard]] AnswerFraming framing_of_answer();
  [[nodiscard]] Remarks remarks() noexcept;
  void begin_answer(unsigned status);

  // session_call.cpp: what the machine says
  void begin_call();
  void follow(switchgear::Step todo);
  void conclude();
  void begin_attempt(unsigned branch, TimePoint until);
  void ask_for_connection(Attempt& attempt, http::ConnectionPool::Reuse reuse);
  [[nodiscard]] Step run_call();
  [[nodiscard]] Step drive(Attempt& attempt);
  [[nodiscard]] Step connect(Attempt& attempt);
  void take_connection(Attempt& attempt);
  [[nodiscard]] Step connect_failed(Attempt& attempt, http::ConnectError error);
  [[nodiscard]] Step attempt_failed(Attempt& attempt, const Outcome& outcome, const LastWords& words);
  [[nodiscard]] switchgear::Step report(const Attempt& attempt, const Outcome& outcome);
  [[nodiscard]] switchgear::Step report_timeout(const Attempt& attempt, const Outcome& outcome);
  void count(const Outcome& outcome) const;
  void settle(const Attempt& attempt, const Outcome& outcome);
  /// The call is nobody's result: its client has spoilt it, or has left.
  void ignore_call() noexcept;
  void end_call() noexcept;
  [[nodiscard]] Duration latency(const Attempt& attempt) const noexcept;

  // session_exchange.cpp: moving bytes
  [[nodiscard]] Step exchange();
  [[nodiscard]] Step advance(Attempt& attempt);
  [[nodiscard]] Step push_request(Attempt& attempt);
  [[nodiscard]] Step push_held_body(Attempt& attempt);
  [[nodiscard]] Step pull_body(Attempt& attempt);
  [[nodiscard]] Step check_deadlines(Attempt& attempt, bool waits_for_client_body);
  [[nodiscard]] Step response_complete(Attempt& attempt);
  [[nodiscard]] Step upstream_closed(Attempt& attempt);
  [[nodiscard]] Step upstream_failed(Attempt& attempt, std::string_view error, std::string_view detail);
  [[nodiscard]] Step upstream_timed_out(Attempt& attempt, std::string_view detail);
  [[nodiscard]] Step break_off(const Attempt& attempt, const Outcome& outcome, const LastWords& words);
  [[nodiscard]] Step give_up(unsigned status, std::string_view error, std::string_view detail);
  [[nodiscard]] Step client_left();

  // session_response.cpp: what comes back
  [[nodiscard]] Step pull_head(Attempt& attempt);
  [[nodiscard]] Step relay_interim(Attempt& attempt);
  void take_head(Attempt& attempt);
  [[nodiscard]] Outcome outcome_of(const Attempt& attempt, unsigned status) const;
  void start_response(Attempt& attempt);
  void note_stream(Attempt& attempt, bool endless);
  void settle_response(const Attempt& attempt, std::string_view last_content);
  void keep_copy(const Attempt& attempt, std::string_view content);
  /// Whoever has asked for the same gets this answer as well, once it is through.
  [[nodiscard]] bool keeps_others_waiting() const noexcept;

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
  bool head_held_ = false;  ///< the head's bytes still stand in the buffer
  bool to_head_ = false;    ///< the method is HEAD
  bool http10_ = false;
  bool expecting_ = false;     ///< the client waits for 100 before it sends the body
  bool repeatable_ = false;    ///< making the call twice does no harm, and nothing of it is lost
  bool request_done_ = false;  ///< all of it has been taken from the client
  bool keep_ = false;          ///< the connection may stay open after the answer
  bool answered_ = false;      ///< a final head has gone to the client's outbox
  bool waits_for_upstream_ = false;
  bool client_blocked_ = false;  ///< the client does not take what is there for it
  std::uint32_t rounds_ = 0;
  TimePoint since_{};        ///< idle, or the head's first byte, or the answer's last progress
  TimePoint client_gone_{};  ///< when its stream ended; zero: it did not
  TimePoint client_since_{};
  TimePoint heard_at_{};    ///< of a request that is answered already: when something more of it came
  TimePoint linger_end_{};  ///< and how long that is waited for at most

  // The call.
  ServicePtr replayed_;  ///< set when the request is a stored one: the service that it is for
  ServicePtr service_;
  ForwardedCall* call_ = nullptr;  ///< borrowed from the worker's pool while there is one
  Attempt* chosen_ = nullptr;      ///< whose response the client gets
  bool call_open_ = false;         ///< its machine is running
  TimePoint call_started_{};
  TimePoint slept_at_{};
  Duration client_share_{};  ///< of the time since the attempt began: waiting for the client alone
  unsigned status_ = 0;
  std::optional<Duration> retry_after_;
  http::Outbox outbox_;
};

}  // namespace switchgear::gateway
