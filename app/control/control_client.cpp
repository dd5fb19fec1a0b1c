#include "app/control/control_client.hpp"

#include "switchgear/core/rejected.hpp"
#include "switchgear/http/blocking_client.hpp"

namespace switchgear::control {

namespace {

/// Asks, and lets `take` make the reply of what is answered.
template <class Take>
ControlReply ask(const AdminServer& server, std::string_view method, std::string_view path, Duration timeout,
                 const std::string& accept, Take take) {
  http::BlockingClient client{server.url, client_options(server, accept)};
  ControlReply reply;
  try {
    const http::Response answer = client.request(std::string{method}, http::Request{path}.timeout(timeout));
    reply.status = answer.status;
    take(answer, reply);
  } catch (const http::Error& failed) {
    reply.error = told(failed);
  } catch (const Rejected&) {
    reply.error = "it did not answer in time";
  }
  return reply;
}

}  // namespace

ControlReply control_request(const AdminServer& server, std::string_view method, std::string_view path,
                             Duration timeout) {
  return ask(server, method, path, timeout, "application/json",
             [](const http::Response& answer, ControlReply& reply) { reply.body = answer.json(); });
}

ControlReply control_text(const AdminServer& server, std::string_view path, Duration timeout) {
  return ask(server, "GET", path, timeout, "text/plain, text/html",
             [](const http::Response& answer, ControlReply& reply) {
               if (answer.ok()) {
                 reply.text = answer.body;
                 reply.type = answer.headers.get("Content-Type").value_or("");
               } else {
                 reply.body = answer.json();
               }
             });
}

}  // namespace switchgear::control
