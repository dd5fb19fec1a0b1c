#include "app/gateway/connection/client_exchange.hpp"

#include <algorithm>
#include <utility>

#include "switchgear/http/deadline_field.hpp"

namespace switchgear::gateway {

namespace {
// An end of stream that comes with the last bytes makes no edge of its own (stream.hpp): looked for after
// this.
constexpr Duration doubt_after = std::chrono::seconds{1};
constexpr std::string_view late_content = "the request's content did not arrive in time";
constexpr std::string_view overdue_content =
    "the request's content did not arrive before its caller's deadline";
constexpr std::string_view slow_content = "the request's content came too slowly to wait for it";
constexpr std::string_view slow_reader = "the client took its answer too slowly, and others needed its place";
const config::Networks no_networks;
constexpr Duration longest_hold_of_probe = std::chrono::seconds{5};
constexpr Duration longest_hold = std::chrono::seconds{20};
// However often others lose theirs.
constexpr Duration longest_yield = std::chrono::seconds{6};
// How often a request that lets others have a probe's place looks whether the breaker still wants one.
constexpr Duration look_at_breaker = std::chrono::milliseconds{100};
}  // namespace

ClientExchange::ClientExchange(Owner& owner, CallPool& calls, http::Stream& client, const Peer& peer) noexcept
    : owner_(owner),
      calls_(calls),
      worker_(calls.worker()),
      client_(client),
      peer_(peer),
      request_(client, worker_.limits),
      delivery_(worker_.loop, client),
      note_(worker_.access, peer.address()) {}

void ClientExchange::take(const http::Head& head, TimePoint now) {
  now_ = now;
  request_.begin(head);
  delivery_.begin(head);
  note_.begin(began_);
  if (!worker_.loop.fields().parse_request(client_.buffer().view(), head))
    return refuse_head(http::HeadError::parsers_disagree);
  note_.request(head, worker_.loop.fields());
  const config::TrustOptions& trust = worker_.trust;
  const Provenance from = provenance_of(peer_.arrival(client_.tls() == nullptr ? "http" : "https"), head,
                                        worker_.loop.fields(), trust.proxies ? *trust.proxies : no_networks);
  note_.client(from.client);
  const bool asks_us = request_.held_back() && worker_.loop.fields().find(http::FieldId::expect) == nullptr;
  act_on(admit(worker_, head, worker_.loop.fields()), head, from);
  client_.buffer().consume(head.size);
  if (call_ == nullptr) return;
  // A client that has left is seen where its content is read.
  if (asks_us && call_->content() != CallRequest::Content::none) (void)invite_content();
  if (begin_holding()) call_->hold_all();
  if (call_->content() == CallRequest::Content::held) {
    part_ = Part::holding;
  } else {
    start_call();
  }
}

/// Small contents that do not come at once are held; and if the call could be a probe, or slow clients have
/// taken of late what others needed, whatever is not here: it may never become whole, or not for hours. That
/// is held for a while only: its client may wait for an answer before it sends more. A service that speaks
/// HTTP/1.0 has to be told the length; one that may, is told it if all has come.
bool ClientExchange::begin_holding() {
  hold_until_ = yield_until_ = TimePoint::max();
  if (call_->request().gains_by_holding() && any_speaks(SpokenHttp::Version::http10)) return true;
  if (call_->content() != CallRequest::Content::streamed || request_.all_here()) return false;
  if (call_->request().may_be_held()) return true;
  const bool probe = call_->would_probe(now_);
  hold_until_ = now_ + (probe ? longest_hold_of_probe : longest_hold);
  if (probe || (worker_.limits.min_body_rate != 0 &&
                worker_.slow_clients.is_under_pressure(&call_->service().counts(), now_)))
    return true;
  hold_until_ = now_;
  return call_->request().is_in_chunks() && any_speaks(SpokenHttp::Version::unknown);
}

bool ClientExchange::any_speaks(SpokenHttp::Version what) const noexcept {
  return call_->service().upstreams().any_speaks(what);
}

void ClientExchange::end() noexcept {
  if (note_.open()) {
    note_.reason("client_left");
    note_.end(call_, delivery_.content_bytes(), http::EventLoop::now());
  }
  tunnel_.reset();
  if (call_ != nullptr) calls_.give_back(std::exchange(call_, nullptr));
  delivery_.clear();
  client_gone_.reset();
}

void ClientExchange::refuse_head(http::HeadError error) {
  answer_unreadable({http::status_of(error), "http_request_error", to_string(error)});
}

void ClientExchange::answer_unreadable(const OwnAnswer& own) {
  request_.begin_unreadable();
  delivery_.begin_unreadable();
  note_.begin(began_);
  answer(own);
}

void ClientExchange::act_on(const Admission& admission, const http::Head& head, const Provenance& from) {
  if (const auto* own = std::get_if<OwnAnswer>(&admission)) {
    answer(*own);
  } else if (const auto* loop = std::get_if<Loop>(&admission)) {
    constexpr std::string_view detail = "this gateway has forwarded the same request before (see Via)";
    ++loop->service.counts().loops;
    answer({508, "proxy_loop_detected", detail}, &loop->service);
    worker_.note_failure(loop->service, nullptr, "508", detail);
  } else if (const auto* accepted = std::get_if<Accepted>(&admission)) {
    const std::string_view text = client_.buffer().view().substr(head.skipped, head.size - head.skipped);
    call_ = calls_.take();
    call_->prepare(
        &accepted->service,
        {head, worker_.loop.fields(), text, accepted->path, from, accepted->upgrade, deadline_of(from)},
        CallRequest::Origin::client);
  } else {
    consider_keeping_alive();
    delivery_.give_nothing();
    note_.answer(200, AccessNote::gateway);
    count_answer(200, nullptr);
  }
}

TimePoint ClientExchange::deadline_of(const Provenance& from) {
  if (!worker_.trust.receive_deadlines || from.arrival.claims != Claims::believed) return TimePoint::max();
  const http::DeadlineClaim claim = http::deadline_claim(worker_.loop.fields());
  if (claim.malformed) worker_.note_malformed_deadline();
  return claim.left ? saturating_add(began_, *claim.left) : TimePoint::max();
}

void ClientExchange::answer(const OwnAnswer& own, Service* service) {
  consider_keeping_alive();
  OwnAnswer named = own;
  if (service != nullptr) named.service = service->name();
  delivery_.answer(named, {});
  note_.answer(own.status, AccessNote::gateway);
  note_.reason(own.proxy_error.empty() ? "timeout" : own.proxy_error, own.detail);
  if (service != nullptr) {
    note_.service(*service);
  } else {
    worker_.note_client_refused(own.status, own.detail);
  }
  count_answer(own.status, service);
}

void ClientExchange::count_answer(unsigned status, Service* service) noexcept {
  if (service != nullptr) {
    service->count_answer(status);
  } else {
    ++worker_.unrouted[status / 100 % 6];
  }
}

void ClientExchange::consider_keeping_alive() noexcept {
  if (!request_.cheap_to_drop() || worker_.draining()) delivery_.close_after();
}

void ClientExchange::start_call() {
  part_ = Part::calling;
  call_started_ = now_;
  call_->start(*this, &request_, now_);
}

Progress ClientExchange::forward(TimePoint now) {
  now_ = now;
  due_ = TimePoint::max();
  if (call_ == nullptr) return Progress::go;  // it is answered already
  if (part_ == Part::upgraded) return follow_tunnel();
  if (part_ == Part::holding) {
    const Progress held = hold_content();
    if (held != Progress::go || delivery_.begun()) return held;
    part_ = Part::yielding;
  }
  if (part_ == Part::yielding) {
    if (yields_to_others()) return Progress::wait;
    start_call();
  }
  return follow_call();
}

/// Contents that must be held are taken whole first, or as much of them as there is room for: so a client
/// that takes its time holds no permit and no connection, and an attempt is one piece. Those of requests that
/// may be made twice always are. A client that waits for 100 is told to go on: the service is not asked yet.
Progress ClientExchange::hold_content() {
  const bool may_stream = hold_until_ != TimePoint::max();
  for (;;) {
    request_.begin_look();
    const ContentSource::Piece piece = request_.next_piece(now_);
    switch (piece.state) {
      case ContentSource::State::content:
        if (call_->request().body.size() + piece.content.bytes.size() > worker_.limits.buffered_body_bytes ||
            (may_stream && !piece.content.trailers.empty())) {  // which are not held
          call_->stream_rest();
          return Progress::go;
        }
        call_->hold(piece.content.bytes);
        request_.used(piece.content.bytes.size());
        if (!piece.content.last) continue;
        request_.all_used();
        return Progress::go;
      case ContentSource::State::lost:
        return content_lost();
      case ContentSource::State::held_back:
        if (invite_content() == http::IoStatus::broken) return client_left();
        continue;
      case ContentSource::State::wait:
        if (content_is_late()) return give_up(408, why_late());
        if (now_ >= hold_until_) {
          call_->stream_rest();
          return Progress::go;
        }
        wait_until(hold_until_);
        return Progress::wait;
    }
  }
}

/// A long upload may leave or stall in the middle like a short one. After another one has done so, the
/// breaker is asked for a place only when those who may rather have it had their time.
bool ClientExchange::yields_to_others() {
  if (call_->content() != CallRequest::Content::streamed) return false;
  if (yield_until_ == TimePoint::max()) yield_until_ = now_ + longest_yield;
  const TimePoint turn = std::min(call_->turn_to_probe(), yield_until_);
  if (now_ >= turn || !call_->would_probe(now_)) return false;
  wait_until(std::min(turn, now_ + look_at_breaker));
  return true;
}

/// Content that is waited for. The caller's own deadline is one for its request, too.
bool ClientExchange::content_is_late() {
  if (request_.due() == TimePoint::max()) return false;
  const TimePoint due = std::min(request_.due(), call_->request().deadline);
  if (now_ >= due) return true;
  wait_until(due);
  return false;
}

std::string_view ClientExchange::why_late() const noexcept {
  return now_ >= call_->request().deadline ? overdue_content : late_content;
}

/// The call moves what it can; then it is the client's turn to be looked at.
Progress ClientExchange::follow_call() {
  request_.begin_look();
  write_due_ = TimePoint::max();
  switch (call_->advance(now_)) {
    case UpstreamCall::State::idle:
    case UpstreamCall::State::answered:
      return Progress::go;
    case UpstreamCall::State::broken_off:
      // An orderly end could look like a whole message.
      note_.reason(call_->clients_doing() ? "request_broken" : "response_broken_off");
      client_.abort();
      return Progress::over;
    case UpstreamCall::State::abandoned:
      return content_lost();
    case UpstreamCall::State::upgraded:
      return begin_tunnel();
    case UpstreamCall::State::deciding:
    case UpstreamCall::State::responding:
      break;
  }
  wait_until(call_->due());
  if (call_->lost_client() || now_ >= write_due_) return client_left();
  wait_until(write_due_);
  if (content_is_late()) return give_up(408, why_late());
  if (request_.whole()) return watch_client();
  if (call_->takes_content()) return Progress::wait;
  if (call_->state() == UpstreamCall::State::deciding) return watch_client();
  // The upstream has closed after its answer. The rest of the request is dropped, because a client may not
  // read before it has sent everything.
  const Progress dropped = request_.drop(now_);
  if (dropped == Progress::over) return client_left();
  return dropped == Progress::pause ? dropped : Progress::wait;
}

/// What the client has sent behind its request is for the service, as it is.
Progress ClientExchange::begin_tunnel() {
  part_ = Part::upgraded;
  tunnel_ =
      std::make_unique<Tunnel>(client_, delivery_, call_->stream(), call_->service().counts().upgrades, now_);
  return follow_tunnel();
}

Progress ClientExchange::follow_tunnel() {
  const Progress progress = tunnel_->advance(now_, worker_.limits.upgrade_idle);
  if (progress != Progress::over) {
    wait_until(tunnel_->due(worker_.limits.upgrade_idle));
    return progress;
  }
  if (tunnel_->end() != UpgradeEnd::closed) note_.reason(to_string(tunnel_->end()));
  answered(now_);
  return Progress::over;
}

/// While the upstream works: has the client left, or sent its next request?
Progress ClientExchange::watch_client() {
  http::ReadBuffer& buffer = client_.buffer();
  while (!client_gone_ && buffer.space_size() != 0) {
    http::IoStatus status = client_.receive();
    if (status == http::IoStatus::would_block && now_ >= call_started_ + doubt_after && client_.doubt())
      status = client_.receive();
    switch (status) {
      case http::IoStatus::ok:
        continue;
      case http::IoStatus::broken:
        return client_left();
      case http::IoStatus::end:
        client_gone_ = now_;
        continue;
      case http::IoStatus::would_block:
        if (client_.doubtful()) wait_until(call_started_ + doubt_after);
        client_.watch_readable();
        return Progress::wait;
    }
  }
  if (!client_gone_) {  // it pipelines more than there is room for
    const http::IoStatus state = client_.peer_state();
    if (state == http::IoStatus::broken) return client_left();
    if (state == http::IoStatus::end) client_gone_ = now_;
    client_.watch_behind_unread();
  }
  if (client_gone_) {
    const TimePoint end = *client_gone_ + doubt_after;
    if (now_ >= end) return client_left();
    wait_until(end);
  }
  return Progress::wait;
}

/// The client does not take its answer, or the rest of its request will not come.
Progress ClientExchange::content_lost() {
  switch (request_.fault()) {
    case IncomingRequest::Fault::none:
    case IncomingRequest::Fault::client_left:
      break;
    case IncomingRequest::Fault::too_large:
      return give_up(413, "the request's content is too large");
    case IncomingRequest::Fault::too_slow:
      return give_up(408, delivery_.begun() ? slow_reader : slow_content);
    case IncomingRequest::Fault::malformed:
      return give_up(400, "the request's chunks are malformed");
  }
  return client_left();
}

/// The client has spoilt its request. If it has no head yet it gets an answer; in the middle of a response it
/// gets a reset, because an orderly end could look like a whole message.
Progress ClientExchange::give_up(unsigned status, std::string_view detail) {
  call_->abandon();
  if (delivery_.begun()) {
    worker_.note_failure(call_->service(), call_->last_called(), "response broken off", detail);
    note_.reason("request_broken", detail);
    client_.abort();
    return Progress::over;
  }
  if (status == 408) delivery_.close_after();
  answer({status, "http_request_error", detail}, &call_->service());
  return Progress::go;
}

Progress ClientExchange::client_left() {
  if (!delivery_.begun()) call_->service().count_answer(0);
  note_.reason("client_left");
  // It may only have stopped sending, or taking its answer: what it has must not look whole.
  has_part_of_answer() ? client_.abort() : client_.close();
  if (!call_->can_go_on_alone()) {
    call_->abandon();
    return Progress::over;
  }
  note_.end(call_, delivery_.content_bytes(), now_);
  calls_.let_go_on(call_, now_);
  call_ = nullptr;
  return Progress::over;
}

/// 100 means nothing to a client that did not ask.
http::IoStatus ClientExchange::take_interim(const http::Head& head, const http::FieldList& fields) {
  if (head.status == 100) {
    if (!request_.held_back()) return http::IoStatus::ok;
    request_.go_ahead(now_);
  }
  return delivery_.interim(head, fields);
}

http::IoStatus ClientExchange::invite_content() {
  request_.go_ahead(now_);
  return delivery_.go_ahead();
}

void ClientExchange::take_head(const ChosenHead& head) {
  if (worker_.draining() || is_last() || request_.held_back()) delivery_.close_after();
  head.head.status == 101 ? delivery_.upgraded(head) : delivery_.head(head);
  note_.answer(head.head.status, "service");
  request_.note_progress(now_);
}

http::Stream::Sent ClientExchange::take_content(const http::Outbox::Content& content) {
  const http::Stream::Sent sent = delivery_.content(content);
  if (sent.size != 0) request_.note_progress(now_);
  if (sent.status == http::IoStatus::would_block) {
    client_.watch_writable();
    write_due_ = request_.progress() + worker_.limits.write_timeout;
  }
  return sent;
}

/// Over TLS these are the bytes of its records, of which there are a few more.
std::uint64_t ClientExchange::content_taken() const noexcept {
  const std::uint64_t given = delivery_.content_bytes();
  return given - std::min<std::uint64_t>(given, client_.unacknowledged());
}

void ClientExchange::take_refusal(const Rejection& rejection, const Remarks& remarks) {
  consider_keeping_alive();
  delivery_.refuse(rejection, call_->service().name(), remarks);
  note_.answer(status_of(rejection.reason), AccessNote::gateway);
  note_.reason(to_string(rejection.reason));
}

void ClientExchange::take_kept(const KeptAnswer& kept, const Remarks& remarks) {
  consider_keeping_alive();
  delivery_.give(kept, remarks);
  if (kept.source == Source::call) return note_.answer(kept.answer->status, "service");
  note_.answer(kept.answer->status, kept.source == Source::cache ? "cache" : "fallback");
}

void ClientExchange::take_failure(const LastWords& words, const Remarks& remarks) {
  consider_keeping_alive();
  delivery_.answer({words.status, words.error, words.detail, call_->service().name()}, remarks);
  note_.answer(words.status, AccessNote::gateway);
  note_.reason(words.error, words.detail);
}

}  // namespace switchgear::gateway
