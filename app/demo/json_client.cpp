#include "app/demo/json_client.hpp"

#include <utility>

#include "app/demo/net.hpp"

namespace switchgear::demo {
namespace {

namespace bhttp = beast::http;
constexpr auto patience = std::chrono::seconds{2};

}  // namespace

struct JsonClient::Connection {
  /// Runs one asynchronous step to its end: Beast's deadlines work for asynchronous steps only.
  template <class Start>
  boost::system::error_code step(Start&& start) {
    boost::system::error_code result;
    stream.expires_after(patience);
    start([&result](const boost::system::error_code& error, auto&&...) { result = error; });
    io.restart();
    io.run();
    return result;
  }

  asio::io_context io{1};
  beast::tcp_stream stream{io};
  beast::flat_buffer buffer;
};

JsonClient::JsonClient(std::string who, std::uint16_t port) : who_(std::move(who)), port_(port) {}
JsonClient::~JsonClient() = default;

json::object JsonClient::get(const std::string& target) { return ask(false, target, ""); }

json::object JsonClient::post(const std::string& target, const json::object& body) {
  return ask(true, target, json::serialize(body));
}

json::object JsonClient::ask(bool changes, const std::string& target, const std::string& body) {
  const auto give_up = [&](const std::string& why) {
    connection_.reset();
    throw NoAnswer(who_ + " did not answer " + target + ": " + why);
  };
  if (!connection_) {
    connection_ = std::make_unique<Connection>();
    const tcp::endpoint there{asio::ip::address_v4::loopback(), port_};
    const auto error = connection_->step([&](auto done) { connection_->stream.async_connect(there, done); });
    if (error) give_up(error.message());
  }
  Connection& at = *connection_;
  bhttp::request<bhttp::string_body> request{changes ? bhttp::verb::post : bhttp::verb::get, target, 11};
  request.set(bhttp::field::host, "127.0.0.1:" + std::to_string(port_));
  if (changes) request.set(bhttp::field::content_type, "application/json");
  request.body() = body;
  request.prepare_payload();
  bhttp::response<bhttp::string_body> response;
  auto error = at.step([&](auto done) { bhttp::async_write(at.stream, request, done); });
  if (!error) error = at.step([&](auto done) { bhttp::async_read(at.stream, at.buffer, response, done); });
  if (error) give_up(error.message());
  if (!response.keep_alive()) connection_.reset();
  if (response.result_int() / 100 != 2)
    give_up(std::to_string(response.result_int()) + " " + response.body());
  boost::system::error_code malformed;
  json::value answer = json::parse(response.body(), malformed);
  if (malformed || !answer.is_object()) give_up("not a JSON object");
  return std::move(answer.as_object());
}

}  // namespace switchgear::demo
