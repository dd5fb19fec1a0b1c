#include "app/shop/risk_stand_in.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <exception>
#include <string>
#include <utility>

namespace switchgear::shop {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = beast::http;
namespace json = boost::json;
using asio::ip::tcp;
using Request = bhttp::request<bhttp::string_body>;
using Response = bhttp::response<bhttp::string_body>;

constexpr const char* card_path = "/.well-known/agent-card.json";
constexpr std::int64_t most_pieces = 100;

/// The address is the one by which it was asked: a client believes no card that leads elsewhere, and there
/// may be a relay between the two.
json::object card(const std::string& host) {
  return {{"name", "Risk"},
          {"description", "Judges the risk of an order"},
          {"version", "1"},
          {"capabilities", json::object{}},
          {"defaultInputModes", json::array{"application/json"}},
          {"defaultOutputModes", json::array{"text/plain"}},
          {"skills", json::array{json::object{{"id", "judge"},
                                              {"name", "Judge an order"},
                                              {"description", "low or high"},
                                              {"tags", json::array{"risk"}}}}},
          {"supportedInterfaces", json::array{json::object{{"url", "http://" + host + "/rpc"},
                                                           {"protocolBinding", "JSONRPC"},
                                                           {"protocolVersion", "1.0"}}}}};
}

std::int64_t pieces_in(const json::object& call) {
  for (const json::value& part : call.at("params").at("message").at("parts").as_array()) {
    if (const json::value* const data = part.as_object().if_contains("data"))
      return data->at("count").to_number<std::int64_t>();
  }
  return 0;
}

json::object error(int code, const char* text) { return {{"code", code}, {"message", text}}; }

json::object rpc_answer(const std::string& body) {
  json::object answer{{"jsonrpc", "2.0"}, {"id", nullptr}};
  try {
    const json::value call = json::parse(body);
    answer["id"] = call.at("id");
    if (call.at("method").as_string() != "SendMessage") {
      answer["error"] = error(-32601, "this agent only takes messages");
      return answer;
    }
    const char* const risk = pieces_in(call.as_object()) > most_pieces ? "high" : "low";
    const json::object part{{"text", risk}};
    const json::object message{{"messageId", "of " + json::serialize(call.at("id"))},
                               {"role", "ROLE_AGENT"},
                               {"parts", json::array{part}}};
    answer["result"] = json::object{{"message", message}};
  } catch (const std::exception&) {
    answer["error"] = error(-32602, "a message needs a part of JSON with the count of an order");
  }
  return answer;
}

Response answer_to(const Request& request) {
  Response response;
  response.version(request.version());
  response.keep_alive(request.keep_alive());
  response.set(bhttp::field::content_type, "application/json");
  if (request.method() == bhttp::verb::get && request.target() == card_path) {
    response.set(bhttp::field::cache_control, "max-age=60");
    response.body() = json::serialize(card(std::string(request[bhttp::field::host])));
  } else if (request.method() == bhttp::verb::post) {
    response.body() = json::serialize(rpc_answer(request.body()));
  } else {
    response.result(bhttp::status::not_found);
  }
  response.prepare_payload();
  return response;
}

}  // namespace

asio::awaitable<void> serve_risk(tcp::socket socket) {
  beast::flat_buffer buffer;
  for (;;) {
    boost::system::error_code error;
    Request request;
    co_await bhttp::async_read(socket, buffer, request, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    Response response = answer_to(request);
    co_await bhttp::async_write(socket, response, asio::redirect_error(asio::use_awaitable, error));
    if (error || !response.keep_alive()) co_return;
  }
}

}  // namespace switchgear::shop
