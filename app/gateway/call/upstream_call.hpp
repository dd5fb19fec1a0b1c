// One call to a service: what its policies say, the attempts that are made, the response that is chosen.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "app/gateway/call/agent_note.hpp"
#include "app/gateway/call/attempts.hpp"
#include "app/gateway/call/call_clock.hpp"
#include "app/gateway/call/call_machine.hpp"
#include "app/gateway/call/call_trace.hpp"
#include "app/gateway/call/response_relay.hpp"
#include "app/gateway/call/split_note.hpp"
#include "app/gateway/service/worker_state.hpp"
#include "switchgear/core/waker.hpp"
#include "switchgear/pipeline/answer.hpp"

namespace switchgear::gateway {

/// A driver of the machine of a call's policies (pipeline/execution.hpp), for a client that may be a
/// connection, or a queue that replays:
///
///     call.prepare(service, asked, CallRequest::Origin::client);
///     if (call.content() == CallRequest::Content::held) …  call.hold(bytes);
///     call.start(client, &source, now);
///     while (call.advance(now) is deciding or responding) …    // sleep until on_call_event() or due()
///
///   idle ──start()──▶ deciding ──────▶ responding ──▶ answered
///                        │                 ├──▶ broken_off
///                        ├──▶ answered     └──▶ abandoned
///                        ├──▶ abandoned
///                        └──▶ upgraded
///
/// advance() does what can be done without waiting, on both sides, and looks at everything every time: so
/// nothing is forgotten when two things happen at once. Pooled by its worker (CallPool). As a Waker it may be
/// called from any thread, also when its call has ended: then its next user polls once without need.
/// Otherwise: threads, its worker's.
class UpstreamCall final : public Waker, private AttemptOwner {
 public:
  enum class State : std::uint8_t {
    idle,
    deciding,    ///< policies, connections, requests, until a response is chosen
    responding,  ///< that response is on its way to the client
    answered,    ///< the client has been given an answer whole
    broken_off,  ///< the service has not finished a response that the client has a part of
    upgraded,    ///< the service speaks another protocol with the client from here on: stream()
    abandoned,   ///< the client has left, or has broken its request: not a result of the service
  };

  explicit UpstreamCall(WorkerState& worker) : worker_(worker) {}
  UpstreamCall(const UpstreamCall&) = delete;
  UpstreamCall& operator=(const UpstreamCall&) = delete;
  ~UpstreamCall() = default;

  void prepare(ServicePtr service, const AskedFor& asked, CallRequest::Origin origin);
  [[nodiscard]] const CallRequest& request() const noexcept { return request_; }
  [[nodiscard]] CallRequest::Content content() const noexcept { return request_.content; }
  void hold_all() noexcept { request_.hold_all(); }
  void hold(std::string_view bytes) { request_.hold(bytes); }
  /// What is held is the beginning, and the rest passes through.
  void stream_rest() noexcept { request_.stream_rest(); }
  /// The service has answered this very call badly before, or its clients find out about it: if it does so
  /// again, that says nothing new. Between prepare() and start().
  void doubt() noexcept { doubted_ = true; }
  /// Borrows both until end(). `source` may be null unless the content is streamed. The client may be given
  /// an answer before this returns.
  void start(CallClient& client, ContentSource* source, TimePoint now);
  State advance(TimePoint now);
  /// The client's side cannot go on.
  void abandon() noexcept;
  /// The client was found to have left while the call was under way.
  [[nodiscard]] bool lost_client() const noexcept { return lost_client_; }
  /// Of one whose client has left: a half-open breaker waits for what comes of it, and the service has the
  /// whole request, or will.
  [[nodiscard]] bool can_go_on_alone() noexcept;
  /// With `stand_in` for the client: makes no further attempt, and is counted as no answer. Precondition:
  /// can_go_on_alone().
  void go_on_alone(CallClient& stand_in) noexcept;
  /// No outcome has ended it yet.
  [[nodiscard]] bool awaits_verdict() const noexcept { return machine_.running(); }
  /// Of one whose answer has begun: it counts by what that says so far.
  void judge_so_far() {
    if (state_ == State::responding && machine_.running()) settle(outcome_of_response());
  }

  /// Of one that is prepared: whether a breaker would take it as a probe.
  [[nodiscard]] bool would_probe(TimePoint now) const {
    return service_->policies().probes(request_.value, now);
  }
  /// Of one that would, and whose content is not whole: when it may be begun.
  [[nodiscard]] TimePoint turn_to_probe() const noexcept {
    return service_->policies().lost_probes().turn(request_.value, client_key_);
  }
  /// Gives back and closes whatever the call holds.
  void end() noexcept;

  void wake() noexcept override;

  [[nodiscard]] State state() const noexcept { return state_; }
  /// Of one that is upgraded, until end(): the connection to the service, with what has come behind the 101.
  /// on_call_event() says when to look at it.
  [[nodiscard]] http::Stream& stream() const noexcept { return response_.attempt()->stream(); }
  /// When to call advance() at the latest. After advance().
  [[nodiscard]] TimePoint due() const noexcept { return due_; }
  /// Of one that is broken_off: because the client had stopped reading.
  [[nodiscard]] bool clients_doing() const noexcept { return clients_doing_; }
  /// Of one that is answered, with this status: it need not be made again, even if that would do no harm.
  [[nodiscard]] bool is_settled_by(unsigned status) const;
  /// The call asks for the request's content; if not, data of the client stays unread.
  [[nodiscard]] bool takes_content() noexcept;
  [[nodiscard]] Service& service() const noexcept { return *service_; }
  /// Of a split: of which arm the request is; empty: of none.
  [[nodiscard]] std::optional<experiment::Arm> arm() const noexcept {
    return split_ ? std::optional{split_.arm()} : std::nullopt;
  }
  /// Attempts that were begun, hedges included.
  [[nodiscard]] std::uint32_t attempts() const noexcept { return begun_; }
  /// The instance of the latest attempt; null: none was chosen, or the service has only one.
  [[nodiscard]] const instances::Instance* last_called() const noexcept {
    return called_.empty() ? nullptr : called_.back();
  }
  /// The address of the latest attempt.
  [[nodiscard]] const std::string& last_called_name() const noexcept {
    return last_called() == nullptr ? service_->authority() : last_called()->name();
  }

 private:
  void on_attempt_event() override { client_->on_call_event(); }
  bool may_move_block() override;

  // What the machine says.
  void follow(Step todo);
  void begin_attempt(const Step& step);
  /// The next attempt goes to another one, if it can.
  void call_instance(const Upstream& upstream, Attempt& attempt) {
    attempt.instance_call.emplace(upstream.instance);
    attempt.spoken = upstream.spoken.get();
    if (called_.size() == called_.capacity()) called_.erase(called_.begin());
    called_.push_back(upstream.instance.get());
  }
  void judge_by_answer(Attempt& attempt);
  /// Once: what comes later of the same attempt is not told.
  void judge_instance(Attempt& attempt, instances::CallEnd end) noexcept {
    if (!attempt.instance_call) return;
    service_->upstreams().record(std::move(*attempt.instance_call), end, clock_.now());
    attempt.instance_call.reset();
  }
  void conclude();
  void note_refusal(const Rejection& rejection);
  void give_failure(LastWords words) { give_failure(words, remarks()); }
  void give_failure(LastWords words, const Remarks& said);
  /// Without a client, as of a replay, the answer goes nowhere.
  void count_answer(unsigned status) {
    if (alone_) return;
    if (request_.origin == CallRequest::Origin::client) service_->count_answer(status);
    if (record_) record_->answered(status);
    if (split_ && !excused_) split_.answered(status, request_.support, clock_.now());
  }
  void report(Attempt& attempt, const Outcome& outcome);
  /// Of an attempt that has ended, for its record, once. `error`: why, without a whole response.
  void note_end(const Attempt& attempt, const Outcome& outcome, std::string_view error) {
    if (!record_) return;
    const unsigned status = &attempt == response_.attempt() ? response_.status() : 0;
    record_->end_attempt(attempt.branch(), outcome, status, error, clock_.now());
  }
  void hand_in_record() noexcept;
  void settle(const Outcome& outcome);
  void note_agents_failure(const Outcome& outcome) noexcept;

  // Whose time it is (call_turns.cpp).
  void wait_for_connection(Attempt& attempt);
  [[nodiscard]] bool readmit(Attempt& attempt);
  [[nodiscard]] bool keeps_from_others(const Attempt& attempt) noexcept;
  [[nodiscard]] bool adaptive_limit_is_full() noexcept;
  void end_look();
  [[nodiscard]] bool must_be_told(const Attempt& attempt) noexcept;
  void watch_sender(const Attempt& attempt);
  void watch_reader(const Attempt& attempt);
  [[nodiscard]] bool client_is_too_slow(const Attempt& attempt) noexcept;
  [[nodiscard]] bool must_make_way(const Attempt& attempt, std::uint64_t moved);
  void leave_list() noexcept;
  [[nodiscard]] bool ends_expectation(const Attempt& attempt);
  void take_up(const Attempt& attempt) noexcept;
  void note_lost_probe() noexcept;
  [[nodiscard]] bool was_kept_waiting(const Attempt& attempt) const noexcept;
  [[nodiscard]] bool client_dawdles() const noexcept;

  // What the attempts bring.
  [[nodiscard]] bool look_at_all();
  [[nodiscard]] bool look_at(Attempt& attempt);
  [[nodiscard]] bool holds_answer(Attempt& attempt);
  [[nodiscard]] bool agent_may_be_asked_again() const noexcept {
    return response_.retry_after() && request_.content != CallRequest::Content::streamed;
  }
  void take_head(Attempt& attempt);
  void give_replaced(Attempt& attempt, const Remarks& remarks);
  void start_response(Attempt& attempt, const Remarks& remarks);
  void begin_upgraded(Attempt& attempt, const Remarks& remarks);
  void note_stream(const http::FieldList& fields);
  void look_for_event(bool last);
  void settle_beginning(const Outcome& outcome);
  void relay();
  [[nodiscard]] bool relay_piece();
  void spare_those_who_wait();
  void will_not_share() noexcept {
    if (machine_.running()) machine_.will_not_share();
  }
  [[nodiscard]] bool is_late(Attempt& attempt);
  [[nodiscard]] bool is_over(TimePoint due, Attempt& attempt, const AttemptFailure& failure);
  void fail(Attempt& attempt, const AttemptFailure& failure);
  void break_off(const AttemptFailure& failure, const Outcome& outcome);

  [[nodiscard]] Outcome outcome_of(const Attempt& attempt, AttemptFailure::Blame blame) const;
  [[nodiscard]] Outcome outcome_of_response() const;
  /// As it counts: ignored if it is bad, of a call that is doubted.
  [[nodiscard]] Outcome counted(const Outcome& outcome) const noexcept {
    const bool bad = outcome.verdict == Verdict::failure || outcome.worth_repeating();
    return doubted_ && bad ? Outcome::ignored(outcome.latency) : outcome;
  }
  /// By the status alone, whatever an agent's answer says in its body.
  [[nodiscard]] Outcome outcome_of_status() const;
  [[nodiscard]] bool is_chosen(const Attempt& attempt) const noexcept {
    return state_ == State::responding && &attempt == response_.attempt();
  }
  [[nodiscard]] Duration latency(const Attempt& attempt) const noexcept;
  [[nodiscard]] Remarks remarks() noexcept;
  [[nodiscard]] const AnswerCache* cache() const noexcept {
    return service_->policies().policies().cache.get();
  }
  void wait_until(TimePoint due) noexcept { due_ = due < due_ ? due : due_; }

  WorkerState& worker_;
  ServicePtr service_;
  CallClient* client_ = nullptr;  ///< null: not begun
  ContentSource* source_ = nullptr;
  CallRequest request_;
  State state_ = State::idle;
  CallClock clock_;
  SplitNote split_;
  AgentNote agent_;
  std::unique_ptr<CallTrace> record_;  ///< null: the call is not recorded
  TimePoint due_ = TimePoint::max();
  std::uint32_t blocks_ = 0;    ///< moved in this look
  bool woken_ = false;          ///< by a policy
  bool aside_ = false;          ///< its breakers know that it waits for the client
  bool excused_ = false;        ///< the service has not waited for a client that kept it waiting
  bool clients_doing_ = false;  ///< the service has broken off an answer that was not read
  bool doubted_ = false;        ///< a bad answer to it does not count
  bool open_ended_ = false;     ///< the response may never end, and is counted by its beginning
  bool lost_client_ = false;    ///< it has left
  bool alone_ = false;          ///< the same, and the call goes on
  bool probes_early_ = false;   ///< began as a probe before its content was whole
  std::size_t client_key_ = 0;  ///< of the client's address

  CallOptions options_;
  Answer<StoredAnswer> answer_;
  CallMachine machine_;  ///< running: no outcome has ended the call yet
  Attempts attempts_;
  boost::container::static_vector<const instances::Instance*, Upstreams::most_avoided>
      called_;  ///< the call's instances so far
  std::uint32_t begun_ = 0;
  LastWords last_words_;

  ReaderPace pace_;
  std::optional<std::uint64_t> refused_;   ///< by the adaptive limit in all, at the last look
  std::optional<TimePoint> refusal_seen_;  ///< when a look found more
  RecentPace recent_;
  std::optional<TimePoint> listed_since_;  ///< among the slow clients that are in the way of others
  Attempt* at_hand_ = nullptr;  ///< its head has come, and the machine is asked whether the client gets it
  ResponseRelay response_;
};

}  // namespace switchgear::gateway
