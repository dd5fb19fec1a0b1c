#include "app/control/control_client.hpp"

#include <cstddef>

#include "switchgear/core/rejected.hpp"
#include "switchgear/http/blocking_client.hpp"

namespace switchgear::control {

ControlReply control_request(const std::string& url, std::string_view method, std::string_view path,
                             std::string_view token, Duration timeout) {
  http::ClientOptions options;
  options.max_body = std::size_t{64} * 1024 * 1024;
  options.headers.add("Accept", "application/json");
  if (!token.empty()) options.headers.add("Authorization", "Bearer " + std::string{token});
  http::BlockingClient client{url, options};
  ControlReply reply;
  try {
    const http::Response answer = client.request(std::string{method}, http::Request{path}.timeout(timeout));
    reply.status = answer.status;
    reply.body = answer.json();
  } catch (const http::Error& failed) {
    reply.error = failed.code() == http::Errc::not_json ? "the answer is not JSON" : failed.code().message();
  } catch (const Rejected&) {
    reply.error = "it did not answer in time";
  }
  return reply;
}

}  // namespace switchgear::control
