#include "app/gateway/response/delivery.hpp"

#include <algorithm>

#include "app/gateway/heads/forwarding.hpp"
#include "app/gateway/heads/upgrade.hpp"

namespace switchgear::gateway {

void Delivery::begin(const http::Head& request) noexcept {
  framing_ = {request.persistent(), request.method == "HEAD", {}};
  version_ = request.version;
  content_bytes_ = 0;
  state_ = State::silent;
}

void Delivery::begin_unreadable() noexcept {
  framing_ = {false, false, {}};
  content_bytes_ = 0;
  state_ = State::silent;
}

/// The gateway's own answers do not say `Connection: keep-alive`, which HTTP/1.0 wants to hear.
std::string& Delivery::begin_own() {
  if (to_http10()) close_after();
  framing_.date = loop_.http_date();
  std::string& text = loop_.scratch();
  text.clear();
  return text;
}

void Delivery::put_own() {
  outbox_.begin(http::Coding::identity);
  const std::string& text = loop_.scratch();
  outbox_.put(text);
  const std::size_t end_of_head = text.find("\r\n\r\n");
  content_bytes_ = text.size() - std::min(text.size(), end_of_head + 4);
  state_ = State::begun;
}

void Delivery::answer(const OwnAnswer& answer, const Remarks& remarks) {
  write_answer(begin_own(), answer, remarks, framing_);
  put_own();
}

void Delivery::refuse(const Rejection& rejection, std::string_view service, const Remarks& remarks) {
  write_refusal(begin_own(), rejection, service, remarks, framing_);
  put_own();
}

void Delivery::give(const KeptAnswer& kept, const Remarks& remarks) {
  write_stored(begin_own(), kept.answer, kept.source, kept.age, remarks, framing_);
  put_own();
}

void Delivery::give_nothing() {
  write_empty(begin_own(), framing_);
  put_own();
}

/// RFC 9110, 15.2: an HTTP/1.0 client does not understand these.
http::IoStatus Delivery::interim(const http::Head& head, const http::FieldList& fields) {
  if (to_http10() || (head.status != 100 && !outbox_.idle())) return http::IoStatus::ok;
  std::string& text = loop_.scratch();
  text.clear();
  write_interim(text, head, fields);
  outbox_.begin(http::Coding::identity);
  outbox_.put(text);
  return outbox_.send(client_, {}).status;
}

http::IoStatus Delivery::go_ahead() {
  outbox_.begin(http::Coding::identity);
  outbox_.put("HTTP/1.1 100 Continue\r\n\r\n");
  return outbox_.send(client_, {}).status;
}

void Delivery::head(const ChosenHead& chosen) {
  ResponseRewrite rewrite;
  http::Coding coding = http::Coding::identity;
  if (chosen.endless && to_http10()) {
    rewrite.framing = BodyFraming::until_close;
    close_after();
  } else if (chosen.endless) {
    rewrite.framing = BodyFraming::chunked;
    coding = http::Coding::chunked;
  }
  rewrite.keep_alive = framing_.keep_alive;
  rewrite.to_http10 = to_http10();
  rewrite.date = loop_.http_date();
  if (chosen.chaos) rewrite.extra = chaos_field;
  std::string& text = loop_.scratch();
  text.clear();
  write_response(text, chosen.head, chosen.fields, rewrite);
  outbox_.begin(coding);
  outbox_.put(text);
  state_ = State::begun;
}

void Delivery::upgraded(const ChosenHead& chosen) {
  close_after();
  std::string& text = loop_.scratch();
  text.clear();
  write_upgraded(text, chosen.head, chosen.fields);
  outbox_.begin(http::Coding::identity);
  outbox_.put(text);
  state_ = State::begun;
}

http::Stream::Sent Delivery::content(const http::Outbox::Content& content) {
  if (outbox_.idle() && content.bytes.empty() && !content.last) return {};
  const http::Stream::Sent sent = outbox_.send(client_, content);
  content_bytes_ += sent.size;
  return sent;
}

}  // namespace switchgear::gateway
