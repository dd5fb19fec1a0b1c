// Answers of the gateway's own: refusals, failures without a response, answers kept earlier.
#include <fmt/format.h>

#include "app/gateway/session.hpp"
#include "app/gateway/worker.hpp"

namespace switchgear::gateway {

namespace {
// A body that is refused is read to its end if that is cheap, so that the connection can be kept.
constexpr std::uint64_t cheap_to_discard = std::uint64_t{64} * 1024;
}  // namespace

AnswerFraming Session::framing_of_answer() {
  const bool cheap = request_done_ || body_.framing() == http::BodyReader::Framing::none ||
                     (body_.framing() == http::BodyReader::Framing::length &&
                      body_.left() <= cheap_to_discard && !expecting_);
  if (!cheap || worker_.draining()) keep_ = false;
  return {keep_, to_head_, worker_.loop().http_date()};
}

Remarks Session::remarks() noexcept {
  if (call_ == nullptr || !call_->machine.running()) return {};
  return {call_->machine.chaos(), call_->failure()};
}

void Session::begin_answer(unsigned status) {
  if (head_held_) {
    client_->buffer().consume(validator_.head().size);
    head_held_ = false;
  }
  outbox_.begin(http::Coding::identity);
  outbox_.put(worker_.loop().scratch());
  answered_ = true;
  count_answer(status);
}

void Session::count_answer(unsigned status) noexcept {
  if (replayed_) return;
  if (service_) {
    ++service_->counts().answers[status / 100 % 6];
  } else {
    worker_.count_unrouted(status);
  }
}

void Session::answer(const OwnAnswer& answer) {
  std::string& text = worker_.loop().scratch();
  text.clear();
  OwnAnswer named = answer;
  if (service_) named.service = service_->name();
  AnswerFraming framing = framing_of_answer();
  if (http10_ && keep_) framing.keep_alive = keep_ = false;
  write_answer(text, named, remarks(), framing);
  begin_answer(answer.status);
  if (service_ && answer.status >= 502) note_failure(std::to_string(answer.status), answer.detail);
}

/// Logs that a client did not get the service's answer.
void Session::note_failure(std::string_view what, std::string_view why) {
  fmt::memory_buffer text;
  fmt::format_to(fmt::appender{text}, "service '{}' at {}: {}: {}", service_->name(), service_->authority(),
                 what, why);
  worker_.incidents().note({text.data(), text.size()});
}

void Session::answer_refusal(const Rejection& rejection) {
  std::string& text = worker_.loop().scratch();
  text.clear();
  AnswerFraming framing = framing_of_answer();
  if (http10_ && keep_) framing.keep_alive = keep_ = false;
  write_refusal(text, rejection, service_->name(), remarks(), framing);
  begin_answer(status_of(rejection.reason));
}

/// The last attempt brought no response. A fallback that is there to fail speaks in its own words.
void Session::answer_last_words() {
  const FallbackFailure* failure = call_->failure();
  LastWords words = call_->last_words;
  if (failure != nullptr && !failure->message.empty()) words.detail = failure->message;
  answer({words.status, words.error, words.detail});
}

void Session::answer_failure_shared_or_injected() {
  const bool injected = call_->machine.chaos();
  LastWords words{502, "http_response_incomplete",
                  "the same request was under way for another client, and has failed"};
  if (injected) words = {500, "proxy_internal_response", "chaos: this failure was injected"};
  switch (call_->machine.ending().outcome->type) {
    case FailureType::timeout:
      words.status = 504;
      words.error = "http_response_timeout";
      break;
    case FailureType::connection_error:
      words.status = 502;
      words.error = "connection_terminated";
      break;
    case FailureType::http_error:
    case FailureType::exception:
    case FailureType::slow_response:
      break;
  }
  call_->last_words = words;
  answer_last_words();
}

void Session::answer_stored() {
  switchgear::Answer<StoredAnswer>& given = call_->answer;
  std::string& text = worker_.loop().scratch();
  text.clear();
  AnswerFraming framing = framing_of_answer();
  if (http10_ && keep_) framing.keep_alive = keep_ = false;
  write_stored(text, *given.value, given.detail().source, given.detail().age, remarks(), framing);
  begin_answer((*given.value)->status);
}

void Session::refuse_head(http::HeadError error) {
  // The end of this message is unknown: nothing behind it can be read.
  keep_ = false;
  request_done_ = false;
  head_held_ = false;
  to_head_ = false;
  service_.reset();
  body_ = {};
  answer({http::status_of(error), "http_request_error", to_string(error)});
}

}  // namespace switchgear::gateway
