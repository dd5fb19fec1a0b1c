#include "app/demo/json_client.hpp"

#include <chrono>
#include <system_error>
#include <utility>

#include "switchgear/http/blocking_client.hpp"

namespace switchgear::demo {

namespace {
constexpr auto patience = std::chrono::seconds{2};
}  // namespace

JsonClient::JsonClient(std::string who, std::uint16_t port)
    : who_(std::move(who)),
      client_(std::make_unique<http::BlockingClient>("http://127.0.0.1:" + std::to_string(port))) {}

JsonClient::~JsonClient() = default;

boost::json::object JsonClient::get(const std::string& target) { return ask("GET", target); }

boost::json::object JsonClient::post(const std::string& target, const boost::json::object& body) {
  return ask("POST", http::Request{target}.json(body));
}

boost::json::object JsonClient::ask(std::string method, const http::Request& question) {
  const std::string no_answer = who_ + " did not answer " + question.target() + ": ";
  try {
    const http::Response answer =
        client_->request(std::move(method), http::Request{question}.timeout(patience));
    if (!answer.ok()) throw NoAnswer(no_answer + std::to_string(answer.status) + " " + answer.body);
    boost::json::value content = answer.json();
    if (!content.is_object()) throw NoAnswer(no_answer + "not a JSON object");
    return std::move(content.as_object());
  } catch (const std::system_error& failed) {
    throw NoAnswer(no_answer + failed.what());
  }
}

}  // namespace switchgear::demo
