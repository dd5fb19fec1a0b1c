#include "app/gateway/response/answers.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace switchgear::gateway {

namespace {

void write_head(std::string& out, unsigned status, const AnswerFraming& framing) {
  out.append("HTTP/1.1 ")
      .append(std::to_string(status))
      .append(" ")
      .append(reason_phrase(status))
      .append("\r\n");
  out.append("Date: ").append(framing.date).append("\r\n");
  if (!framing.keep_alive) out.append("Connection: close\r\n");
}

void write_remarks(std::string& out, boost::json::object& problem, const Remarks& remarks) {
  if (remarks.chaos) out.append(chaos_field);
  if (remarks.fallback == nullptr) return;
  problem["cause"] = remarks.fallback->primary.text();
  // The fallback made no call, so a failure type would mislead.
  problem["fallback_cause"] = remarks.fallback->fallback.code ? remarks.fallback->fallback.code.message()
                                                              : remarks.fallback->fallback.text();
}

/// The state a rejection speaks of: the breaker itself may have moved on.
[[nodiscard]] State state_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::open:
      return State::open;
    case Reason::half_open:
      return State::half_open;
    case Reason::forced_open:
      return State::forced_open;
    default:
      return State::closed;
  }
}

/// The error types of RFC 9209.
[[nodiscard]] std::string_view proxy_error_of(Reason reason) noexcept {
  if (is_breakers(reason)) return "destination_unavailable";
  switch (reason) {
    case Reason::bulkhead_full:
    case Reason::queue_timeout:
    case Reason::concurrency_limit:
      return "connection_limit_reached";
    case Reason::deadline_exceeded:
    case Reason::timed_out:
      return "http_response_timeout";
    default:
      return "http_request_denied";
  }
}

void write_problem(std::string& out, const boost::json::object& problem, const AnswerFraming& framing) {
  const std::string body = boost::json::serialize(problem);
  out.append("Content-Type: application/problem+json\r\nCache-Control: no-store\r\nContent-Length: ");
  out.append(std::to_string(body.size())).append("\r\n\r\n");
  if (!framing.to_head) out.append(body);
}

/// A quoted string of structured fields: printable ASCII, with quote and backslash escaped.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= 0x20 && c < 0x7f ? c : '?';
  }
  out += '"';
}

[[nodiscard]] boost::json::string_view view(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

}  // namespace

std::string_view reason_phrase(unsigned status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 508:
      return "Loop Detected";
    default:
      return "Error";
  }
}

void write_answer(std::string& out, const OwnAnswer& answer, const Remarks& remarks,
                  const AnswerFraming& framing) {
  write_head(out, answer.status, framing);
  if (!answer.allow.empty()) out.append("Allow: ").append(answer.allow).append("\r\n");
  if (!answer.proxy_error.empty()) {
    out.append("Proxy-Status: switchgear; error=").append(answer.proxy_error).append("; details=");
    append_quoted(out, answer.detail);
    out.append("\r\n");
  }
  boost::json::object problem{{"type", "about:blank"},
                              {"title", view(reason_phrase(answer.status))},
                              {"status", answer.status},
                              {"detail", view(answer.detail)}};
  if (!answer.service.empty()) problem["service"] = view(answer.service);
  write_remarks(out, problem, remarks);
  write_problem(out, problem, framing);
}

void write_refusal(std::string& out, const Rejection& rejection, std::string_view service,
                   const Remarks& remarks, const AnswerFraming& framing) {
  const unsigned status = status_of(rejection.reason);
  write_head(out, status, framing);
  std::string detail = to_string(rejection);
  if (remarks.fallback != nullptr && !remarks.fallback->message.empty()) detail = remarks.fallback->message;
  boost::json::object problem{{"type", "about:blank"},
                              {"title", view(reason_phrase(status))},
                              {"status", status},
                              {"detail", detail},
                              {"service", view(service)}};
  if (is_breakers(rejection.reason)) {
    problem["circuit"] = view(rejection.policy);
    problem["state"] = view(to_string(state_of(rejection.reason)));
    if (rejection.level) {
      problem["level"] = view(to_string(*rejection.level));
      problem["service_level"] = view(service_at(*rejection.level));
    }
  } else {
    problem["policy"] = view(rejection.policy);
  }
  problem["reason"] = view(to_string(rejection.reason));
  if (rejection.retry_after) {
    // Rounded up: a client that waits this long finds the breaker ready to admit a probe.
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(*rejection.retry_after);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*rejection.retry_after);
    problem["retry_after_ms"] = milliseconds.count();
    out.append("Retry-After: ").append(std::to_string(seconds.count())).append("\r\n");
  } else {
    problem["retry_after_ms"] = nullptr;
  }
  out.append("Proxy-Status: switchgear; error=").append(proxy_error_of(rejection.reason));
  out.append("; details=");
  append_quoted(out, detail);
  out.append("\r\n");
  write_remarks(out, problem, remarks);
  write_problem(out, problem, framing);
}

void write_stored(std::string& out, const StoredAnswer& answer, Source source, Duration age,
                  const Remarks& remarks, const AnswerFraming& framing) {
  out.append("HTTP/1.1 ").append(std::to_string(answer->status)).append(" ");
  out.append(answer->reason.empty() ? reason_phrase(answer->status) : answer->reason).append("\r\n");
  out.append("Date: ").append(framing.date).append("\r\n");
  if (!framing.keep_alive) out.append("Connection: close\r\n");
  out.append(answer->fields);
  if (source != Source::call)
    out.append("X-Switchgear-Source: ").append(source == Source::cache ? "cache" : "fallback").append("\r\n");
  if (source == Source::cache || age > Duration::zero()) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(age + answer->age);
    out.append("Age: ").append(std::to_string(seconds.count())).append("\r\n");
  }
  if (remarks.chaos) out.append(chaos_field);
  // An answer to HEAD has no body, and still the length of the one that it is about.
  const bool unknown = framing.to_head && answer->body.empty();
  const std::optional<std::uint64_t> length = unknown ? answer->length : answer->body.size();
  if (length && answer->status != 204)
    out.append("Content-Length: ").append(std::to_string(*length)).append("\r\n");
  out.append("\r\n");
  if (!framing.to_head) out.append(answer->body);
}

void write_empty(std::string& out, const AnswerFraming& framing) {
  write_head(out, 200, framing);
  out.append("Content-Length: 0\r\n\r\n");
}

}  // namespace switchgear::gateway
