#include "app/gateway/call/response_relay.hpp"

#include <algorithm>

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

}  // namespace

void ResponseRelay::take(Attempt& attempt, const http::FieldList& fields) {
  attempt_ = &attempt;
  status_ = attempt.head().status;
  retry_after_.reset();
  if (status_ == 429 || status_ == 503) retry_after_ = retry_after_of(fields);
}

ResponseRelay::Found ResponseRelay::look() {
  piece_ = {};
  if (attempt_->next_content(piece_) == Attempt::Found::failure) return Found::failure;
  fresh_ = piece_.bytes.substr(std::min(looked_at_, piece_.bytes.size()));
  looked_at_ = piece_.bytes.size();
  if (!piece_.last || end_ == End::told) return Found::piece;
  end_ = End::told;
  if (copy_.running()) whole_ = copy_.finish(piece_.bytes);
  return Found::last_piece;
}

ResponseRelay::Found ResponseRelay::move(CallClient& client, TimePoint now) {
  const http::Stream::Sent sent = client.take_content(piece_);
  pauses_.moved(sent.size, sent.status == http::IoStatus::would_block, now);
  looked_at_ -= sent.size;
  const bool copied = copy(piece_.bytes.substr(0, sent.size));
  if (sent.size != 0) attempt_->content_used(sent.size);
  if (sent.status == http::IoStatus::broken) return Found::client_left;
  if (!copied) return Found::copy_too_large;
  if (sent.status == http::IoStatus::would_block) {
    attempt_->end_look(now, Attempt::Turn::clients);
    return Found::client_blocked;
  }
  if (piece_.last && sent.size == piece_.bytes.size()) {
    attempt_->finish();
    return Found::complete;
  }
  return piece_.bytes.empty() ? read_more(now) : Found::moved;
}

ResponseRelay::Found ResponseRelay::read_more(TimePoint now) {
  switch (attempt_->read_content(now)) {
    case Attempt::Found::content:
      return Found::moved;
    case Attempt::Found::failure:
      return Found::failure;
    default:
      attempt_->end_look(now, Attempt::Turn::upstreams);
      return Found::wait;
  }
}

/// False when a copy was being made until now.
bool ResponseRelay::copy(std::string_view content) {
  return content.empty() || !copy_.running() || copy_.append(content);
}

void ResponseRelay::forget() noexcept {
  attempt_ = nullptr;
  status_ = 0;
  end_ = End::not_there;
  looked_at_ = 0;
  latency_.reset();
  pauses_ = {};
  whole_.reset();
  if (copy_.running()) copy_.stop();
}

}  // namespace switchgear::gateway
