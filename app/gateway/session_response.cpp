// What comes back from an upstream: whether it is the answer, and what is kept of it.
#include "app/gateway/heads/event_stream.hpp"
#include "app/gateway/heads/forwarding.hpp"
#include "app/gateway/heads/storing_rules.hpp"
#include "app/gateway/session.hpp"
#include "app/gateway/worker.hpp"
#include "switchgear/http/http_date.hpp"

namespace switchgear::gateway {

namespace {

/// A date is read against the answer's own Date: the clocks of service and gateway need not agree.
[[nodiscard]] std::optional<Duration> retry_after_of(const http::FieldList& fields) {
  const http::Field* retry_after = fields.find(http::FieldId::retry_after);
  if (retry_after == nullptr) return std::nullopt;
  const http::Field* date = fields.find(http::FieldId::date);
  const auto sent = date == nullptr ? std::nullopt : http::parse_http_date(date->value);
  return http::parse_retry_after(retry_after->value, sent.value_or(std::chrono::system_clock::now()));
}

[[nodiscard]] bool announces_events(const http::FieldList& fields) noexcept {
  const http::Field* type = fields.find(http::FieldId::content_type);
  return type != nullptr && is_event_stream(type->value);
}

// Of one attempt. More than a service has reason for, even if it says 102 every few seconds.
constexpr std::uint32_t most_interims = 100;

}  // namespace

Session::Step Session::pull_head(Attempt& attempt) {
  http::Exchange& exchange = attempt.exchange;
  for (;;) {
    switch (exchange.read_head()) {
      case http::Exchange::Read::wait:
        exchange.stream().watch_readable();
        return Step::wait;
      case http::Exchange::Read::closed:
        return upstream_closed(attempt);
      case http::Exchange::Read::malformed:
        return upstream_failed(attempt, "http_protocol_error", to_string(exchange.head_error()));
      case http::Exchange::Read::head:
        break;
    }
    const http::Head& head = exchange.head();
    worker_.loop().fields().split_response(exchange.stream().buffer().view(), head);
    if (head.status == 101)
      return upstream_failed(attempt, "http_upgrade_failed", "the service switched protocols unasked");
    if (head.status >= 200) {
      take_head(attempt);
      return Step::go;
    }
    if (++attempt.interims > most_interims)
      return upstream_failed(attempt, "http_protocol_error", "the service sent too many interim responses");
    if (const Step step = relay_interim(attempt); step != Step::go) return step;
  }
}

/// RFC 9110, 15.2: an HTTP/1.0 client knows nothing of these, and 100 means nothing to whoever did not ask.
/// One that comes while the client has not taken the one before is dropped: it is only a hint.
Session::Step Session::relay_interim(Attempt& attempt) {
  attempt.since = now_;
  const http::Head& head = attempt.exchange.head();
  if (!http10_ && (head.status == 100 ? expecting_ : outbox_.idle())) {
    std::string& text = worker_.loop().scratch();
    text.clear();
    write_interim(text, head, worker_.loop().fields());
    if (head.status == 100) {
      expecting_ = false;
      client_since_ = now_;
    }
    outbox_.begin(http::Coding::identity);
    outbox_.put(text);
    if (outbox_.send(*client_, {}).status == http::IoStatus::broken) return client_left();
  }
  attempt.exchange.accept_head();
  return Step::go;
}

Outcome Session::outcome_of(const Attempt& attempt, unsigned status) const {
  return service_->classifier().of_status(status, latency(attempt), retry_after_);
}

/// A bad answer ends its attempt here if something else may come of it: once a byte has gone to the client
/// there is no other. Everything else is told to the policies when it has arrived whole.
void Session::take_head(Attempt& attempt) {
  const http::Head& head = attempt.exchange.head();
  status_ = head.status;
  retry_after_.reset();
  if (head.status == 429 || head.status == 503) retry_after_ = retry_after_of(worker_.loop().fields());
  if (service_->policies().reacts()) {
    const Outcome outcome = outcome_of(attempt, status_);
    if (outcome.verdict == Verdict::failure || outcome.worth_repeating()) {
      call_->head_at_hand = &attempt;
      return follow(report(attempt, outcome));
    }
  }
  start_response(attempt);
}

void Session::start_response(Attempt& attempt) {
  const http::Head& head = attempt.exchange.head();
  const http::FieldList& fields = worker_.loop().fields();
  if (call_->machine.races()) {
    for (unsigned branch = 0; branch < call_->attempts(); ++branch) {
      Attempt& other = call_->attempt(branch);
      if (&other != &attempt && other.running()) other.abandon(*service_->pool());
    }
  }
  call_->machine.commit();
  // Before the client learns of it: what it asks for next must not come from before its change.
  if (call_->changes && status_ < 400) service_->policies().versions()->advance(*call_->changes);
  if (attempt.branch != 0) service_->policies().hedge_wins()->add();
  // The size of the framing is known before the head is taken away.
  http::BodyReader framing;
  framing.start_response(head, to_head_);
  ResponseRewrite rewrite;
  http::Coding coding = http::Coding::identity;
  const bool endless = framing.framing() == http::BodyReader::Framing::until_end ||
                       framing.framing() == http::BodyReader::Framing::chunked;
  note_stream(attempt, endless);
  if (endless && http10_) {
    rewrite.framing = BodyFraming::until_close;
    keep_ = false;
  } else if (endless) {
    rewrite.framing = BodyFraming::chunked;
    coding = http::Coding::chunked;
  }
  const bool last_words = client_gone_ != TimePoint{} && client_->buffer().empty();
  if (worker_.draining() || last_words || expecting_) keep_ = false;
  rewrite.keep_alive = keep_;
  rewrite.to_http10 = http10_;
  rewrite.date = worker_.loop().http_date();
  if (call_->machine.chaos()) rewrite.extra = chaos_field;
  std::string& text = worker_.loop().scratch();
  text.clear();
  write_response(text, head, fields, rewrite);
  outbox_.begin(coding);
  outbox_.put(text);
  const std::size_t most = worker_.limits().cached_body_bytes;
  const AnswerCache* cache = service_->policies().policies().cache.get();
  const Duration ttl = cache == nullptr ? Duration::zero() : cache->options().ttl;
  const bool storable = call_open_ && !call_->key.empty() && may_be_stored(head, fields, ttl) &&
                        (to_head_ || head.content_length.value_or(0) <= most);
  if (storable) call_->copy.begin(head, fields, most);
  attempt.exchange.accept_head();
  answered_ = true;
  chosen_ = &attempt;
  part_ = Part::exchanging;
  attempt.since = client_since_ = now_;
  ++service_->counts().answers[status_ / 100 % 6];
  // Whoever waits for this answer learns now that it is not for sharing, and not when all of it is through.
  if (!storable && !call_->key.empty() && cache != nullptr) settle(attempt, outcome_of(attempt, status_));
}

/// The latency of a stream, a response whose head does not say how long it is, ends with its head: it goes on
/// for as long as there is something to say, and that is not slow. An event stream may never end, so its
/// breaker hears of it now; until its end it holds its place in a bulkhead.
void Session::note_stream(Attempt& attempt, bool endless) {
  const bool events = announces_events(worker_.loop().fields());
  if (!events && !endless) return;
  attempt.first_byte = latency(attempt);
  if (events && call_open_) call_->machine.answer_began(attempt.branch, outcome_of(attempt, status_), now_);
}

bool Session::keeps_others_waiting() const noexcept {
  return call_open_ && call_->copy.running() && service_->policies().policies().cache;
}

void Session::keep_copy(const Attempt& attempt, std::string_view content) {
  if (!call_->copy.running() || call_->copy.append(content)) return;
  if (service_->policies().policies().cache) settle(attempt, outcome_of(attempt, status_));
}

void Session::settle_response(const Attempt& attempt, std::string_view last_content) {
  if (!call_open_) return;
  if (call_->copy.running()) call_->answer.value = call_->copy.finish(last_content);
  settle(attempt, outcome_of(attempt, status_));
}

}  // namespace switchgear::gateway
