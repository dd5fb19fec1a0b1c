#include "app/control/control_client.hpp"

#include <cstddef>

#include "switchgear/core/rejected.hpp"
#include "switchgear/http/blocking_client.hpp"

namespace switchgear::control {

namespace {

/// Asks, and lets `take` make the reply of what is answered.
template <class Take>
ControlReply ask(const std::string& url, std::string_view method, std::string_view path,
                 std::string_view token, Duration timeout, std::string_view accept, Take take) {
  http::ClientOptions options;
  options.max_body = std::size_t{64} * 1024 * 1024;
  options.headers.add("Accept", std::string{accept});
  if (!token.empty()) options.headers.add("Authorization", "Bearer " + std::string{token});
  http::BlockingClient client{url, options};
  ControlReply reply;
  try {
    const http::Response answer = client.request(std::string{method}, http::Request{path}.timeout(timeout));
    reply.status = answer.status;
    take(answer, reply);
  } catch (const http::Error& failed) {
    reply.error = failed.code() == http::Errc::not_json ? "the answer is not JSON" : failed.code().message();
  } catch (const Rejected&) {
    reply.error = "it did not answer in time";
  }
  return reply;
}

}  // namespace

ControlReply control_request(const std::string& url, std::string_view method, std::string_view path,
                             std::string_view token, Duration timeout) {
  return ask(url, method, path, token, timeout, "application/json",
             [](const http::Response& answer, ControlReply& reply) { reply.body = answer.json(); });
}

ControlReply control_text(const std::string& url, std::string_view path, std::string_view token,
                          Duration timeout) {
  return ask(url, "GET", path, token, timeout, "text/plain, text/html",
             [](const http::Response& answer, ControlReply& reply) {
               if (answer.ok()) {
                 reply.text = answer.body;
               } else {
                 reply.body = answer.json();
               }
             });
}

}  // namespace switchgear::control
