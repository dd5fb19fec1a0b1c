// When an attempt of a call is too late, and what comes of an attempt that has failed.
#include "app/gateway/call/upstream_call.hpp"

namespace switchgear::gateway {

namespace {
using Blame = AttemptFailure::Blame;

constexpr std::string_view terminated = "connection_terminated";
constexpr std::string_view incomplete = "http_response_incomplete";
constexpr AttemptFailure gave_up_waiting{
    Blame::none,
    {502, terminated, "the service did not wait for the rest of the request, which came slowly"}};

/// An answer that is malformed, or a failure of TLS, is nothing that a slow client explains.
[[nodiscard]] bool is_an_end(const AttemptFailure& failure) noexcept {
  return failure.words.error == terminated || failure.words.error == incomplete;
}
}  // namespace

/// The machine's limit holds until the response begins. From there on, and while the client sends what is not
/// held, its timeout is for every single wait: a large body may take as long as it moves. True if it was
/// late: the attempt has failed, or has an answer that it is to be looked at for.
bool UpstreamCall::is_late(Attempt& attempt) {
  constexpr std::string_view error = "http_response_timeout";
  constexpr AttemptFailure late{Blame::time_limit, {504, error, "the service did not answer in time"}};
  constexpr AttemptFailure after_deadline{Blame::time_limit,
                                          {504, error, "the service did not answer before the deadline"}};
  constexpr AttemptFailure after_callers{
      Blame::callers_limit, {504, error, "the service did not answer before the caller's deadline"}};
  const bool streams = is_chosen(attempt) || attempt.streams();
  if (attempt.waits_for_upstream()) {
    const TimePoint due = streams ? saturating_add(attempt.since(), service_->timeout()) : attempt.until();
    if (is_over(due, attempt, due == options_.deadline ? after_callers : late)) return true;
  }
  if (!streams || attempt.awaits_content()) return false;  // the client's time is its connection's to look at
  if (options_.deadline != TimePoint::max() && is_over(options_.deadline, attempt, after_callers))
    return true;
  if (!service_->deadline()) return false;
  return is_over(clock_.started() + *service_->deadline() + clock_.clients_share(), attempt, after_deadline);
}

/// True if it was, and so the attempt has failed, or is to be looked at once more.
bool UpstreamCall::is_over(TimePoint due, Attempt& attempt, const AttemptFailure& failure) {
  if (clock_.now() < due) {
    wait_until(due);
    return false;
  }
  if (attempt.look_again(due)) return true;
  fail(attempt, failure);
  return true;
}

/// An attempt whose caller was in a hurry says nothing about its instance, or the service.
void UpstreamCall::fail(Attempt& attempt, const AttemptFailure& why) {
  AttemptFailure failure = why;
  if (attempt.holds_back()) clock_.end_silence();
  if (is_an_end(failure) && !is_chosen(attempt) && was_kept_waiting(attempt)) {
    if (client_dawdles()) {
      source_->give_up();
      return abandon();
    }
    excused_ = true;
    failure = gave_up_waiting;
  }
  if (failure.blame == Blame::broken_off && response_.may_be_clients_doing(clock_.now())) {
    clients_doing_ = true;
    failure = {Blame::none, failure.words};
    failure.words.detail = "the service broke off its answer, which its client had stopped reading";
  }
  if (failure.blame == Blame::time_limit && attempt.waited() > latency(attempt))
    failure.blame = Blame::wait_in_line;
  const Outcome outcome = outcome_of(attempt, failure.blame);
  take_up(attempt);
  if (attempt.leave_line() && failure.blame != Blame::none) machine_.take_up(attempt.branch(), clock_.now());
  const bool in_line = failure.blame == Blame::wait_in_line;
  const bool hurried = failure.blame == Blame::callers_limit;
  const bool excused = hurried || in_line;
  note_end(attempt, outcome, failure.words.error);
  if (doubted_) attempt.instance_call.reset();
  if (failure.blame != Blame::none && !excused) judge_instance(attempt, instances::CallEnd::local_error());
  if (hurried) ++service_->counts().caller_timeouts;
  if (is_chosen(attempt)) return break_off(failure, excused ? Outcome::ignored() : outcome);
  last_words_ = failure.words;
  // A message of which no agent has seen a byte may be sent again.
  const bool unsent = !attempt.connected() && request_.content != CallRequest::Content::streamed;
  if (agent_ && unsent) options_.repeatable = Repeatable::yes;
  attempt.abandon();
  const bool timed_out = failure.blame == Blame::time_limit || excused;
  if (!timed_out || outcome.verdict != Verdict::failure) return report(attempt, outcome);
  if (!excused) service_->count(outcome);
  attempts_.land(attempt, clock_.now());
  follow(machine_.on_timeout(attempt.branch(), outcome.latency, clock_.now(),
                             in_line ? CutOff::after_own_wait : CutOff::at_limit));
}

}  // namespace switchgear::gateway
