#include "app/gateway/answers.hpp"

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
    case 431:
      return "Request Header Fields Too Large";
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
    default:
      return "Error";
  }
}

void write_answer(std::string& out, const Answer& answer, const AnswerFraming& framing) {
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
  write_problem(out, problem, framing);
}

void write_refusal(std::string& out, const Rejection& rejection, State state, const AnswerFraming& framing) {
  write_head(out, 503, framing);
  const std::string detail = to_string(rejection);
  boost::json::object problem{{"type", "about:blank"},
                              {"title", view(reason_phrase(503))},
                              {"status", 503},
                              {"detail", detail},
                              {"circuit", view(rejection.policy)},
                              {"state", view(to_string(state))},
                              {"reason", view(to_string(rejection.reason))}};
  if (rejection.retry_after) {
    // Rounded up: whoever waits as told finds the breaker ready to let a probe through.
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(*rejection.retry_after);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*rejection.retry_after);
    problem["retry_after_ms"] = milliseconds.count();
    out.append("Retry-After: ").append(std::to_string(seconds.count())).append("\r\n");
  } else {
    problem["retry_after_ms"] = nullptr;
  }
  out.append("Proxy-Status: switchgear; error=destination_unavailable; details=");
  append_quoted(out, detail);
  out.append("\r\n");
  write_problem(out, problem, framing);
}

void write_empty(std::string& out, const AnswerFraming& framing) {
  write_head(out, 200, framing);
  out.append("Content-Length: 0\r\n\r\n");
}

}  // namespace switchgear::gateway
