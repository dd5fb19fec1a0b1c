#include "app/shop/server.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <utility>
#include <variant>

namespace switchgear::shop {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = beast::http;
namespace json = boost::json;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr std::size_t most_connections = 4000;
constexpr std::size_t longest_body = 16 * 1024;
constexpr std::uint32_t longest_head = 8 * 1024;
constexpr std::size_t longest_key = 128;
constexpr auto idle_time = 30s;
constexpr std::string_view users_path = "/api/users/";

Server::Response json_answer(const Server::Request& request, unsigned status, const json::object& body) {
  Server::Response response;
  response.version(request.version());
  response.result(status);
  response.set(bhttp::field::content_type, "application/json");
  response.keep_alive(request.keep_alive());
  response.body() = json::serialize(body);
  response.prepare_payload();
  return response;
}

Server::Response problem(const Server::Request& request, unsigned status, const std::string& detail) {
  Server::Response response = json_answer(request, status, {{"status", status}, {"detail", detail}});
  response.set(bhttp::field::content_type, "application/problem+json");
  return response;
}

/// 503, with the whole seconds after which trying again makes sense.
Server::Response unavailable(const Server::Request& request, const std::string& why,
                             const std::optional<Duration>& again) {
  Server::Response response = problem(request, 503, why);
  const double seconds = std::max(1.0, std::ceil(again ? to_seconds(*again) : 1.0));
  response.set(bhttp::field::retry_after, std::to_string(static_cast<long>(seconds)));
  return response;
}

/// The order that a request asks for, or what is wrong with the request.
std::variant<Wish, std::string> wish_of(const Server::Request& request) {
  Wish wish;
  const auto key = request.find("Idempotency-Key");
  if (key != request.end()) wish.key = std::string(key->value());
  if (wish.key.empty() || wish.key.size() > longest_key)
    return "an order needs a header Idempotency-Key of 1 to 128 bytes, another one for each order";
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::ranges::all_of(wish.key, printable)) return "Idempotency-Key may hold printable ASCII only";
  boost::system::error_code error;
  const json::value body = json::parse(request.body(), error);
  constexpr const char* wanted = R"(the body must be JSON such as {"user": 7, "sku": "apples", "count": 2})";
  const json::object* const fields = error ? nullptr : body.if_object();
  if (fields == nullptr) return wanted;
  const json::value* const user = fields->if_contains("user");
  const json::value* const sku = fields->if_contains("sku");
  const json::value* const count = fields->if_contains("count");
  if (user == nullptr || sku == nullptr || !user->is_int64() || !sku->is_string()) return wanted;
  wish.user = user->as_int64();
  wish.sku = std::string(sku->as_string());
  if (wish.sku.empty() || wish.sku.size() > 100 || wish.sku.find('\0') != std::string::npos)
    return "sku must be a text of 1 to 100 bytes";
  if (count != nullptr) {
    if (!count->is_int64() || count->as_int64() < 1 || count->as_int64() > 1000)
      return "count must be a whole number from 1 to 1000";
    wish.count = count->as_int64();
  }
  return wish;
}

unsigned status_of(Decision::Kind kind) {
  switch (kind) {
    case Decision::Kind::made:
      return 201;
    case Decision::Kind::known:
      return 200;
    case Decision::Kind::under_way:
    case Decision::Kind::refused:
      return 409;
    case Decision::Kind::different:
    case Decision::Kind::no_user:
      return 422;
    case Decision::Kind::unavailable:
      return 503;
  }
  return 500;
}

}  // namespace

Server::Server(asio::io_context& io, std::uint16_t port, Checkout& checkout, UserDirectory& users,
               std::function<json::object()> health)
    : io_(io),
      acceptor_(io, {asio::ip::address_v4::loopback(), port}),
      checkout_(checkout),
      users_(users),
      health_(std::move(health)) {}

void Server::start() { asio::co_spawn(io_, accept(), asio::detached); }

asio::awaitable<void> Server::accept() {
  for (;;) {
    boost::system::error_code error;
    tcp::socket socket{io_};
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (!acceptor_.is_open()) co_return;
    if (error) {  // as when descriptors run out: what is open must end first
      asio::steady_timer pause{io_, 50ms};
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (connections_ == most_connections) continue;  // closes it
    asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> Server::serve(tcp::socket socket) {
  struct Counted {
    explicit Counted(std::size_t& all) : all_(all) { ++all_; }
    ~Counted() { --all_; }
    std::size_t& all_;
  } const counted{connections_};
  beast::tcp_stream stream{std::move(socket)};
  beast::flat_buffer buffer;
  for (;;) {
    boost::system::error_code error;
    bhttp::request_parser<bhttp::string_body> parser;
    parser.body_limit(longest_body);
    parser.header_limit(longest_head);
    stream.expires_after(idle_time);
    co_await bhttp::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error == bhttp::error::body_limit) {
      Response response = problem(parser.get(), 413, "a body may have 16 KiB");
      response.keep_alive(false);
      co_await bhttp::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
      co_return;
    }
    if (error) co_return;
    stream.expires_never();
    const Request request = parser.release();
    Response response = co_await answer(request);
    stream.expires_after(idle_time);
    co_await bhttp::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
    if (error || !response.keep_alive()) co_return;
  }
}

asio::awaitable<Server::Response> Server::answer(const Request& request) {
  const std::string_view target{request.target().data(), request.target().size()};
  const bool get = request.method() == bhttp::verb::get;
  std::string failed;
  try {
    if (target == "/health" && get) co_return json_answer(request, 200, health_());
    if (target == "/api/orders" && request.method() == bhttp::verb::post) co_return co_await order(request);
    if (target.starts_with(users_path) && get)
      co_return co_await user(request, target.substr(users_path.size()));
  } catch (const std::exception& error) {
    failed = error.what();
  }
  if (!failed.empty()) {
    std::fprintf(stderr, "shop: %s\n", failed.c_str());
    co_return problem(request, 500, "the shop cannot answer; its log says why");
  }
  if (target == "/health" || target == "/api/orders" || target.starts_with(users_path)) {
    Response response = problem(request, 405, "that method does nothing here");
    response.set(bhttp::field::allow, target == "/api/orders" ? "POST" : "GET");
    co_return response;
  }
  co_return problem(request, 404, "POST /api/orders, GET /api/users/{id} or GET /health");
}

asio::awaitable<Server::Response> Server::order(const Request& request) {
  std::variant<Wish, std::string> read = wish_of(request);
  if (const auto* wrong = std::get_if<std::string>(&read)) co_return problem(request, 400, *wrong);
  Wish wish = std::get<Wish>(std::move(read));
  const Decision decision = co_await checkout_.order(std::move(wish));
  if (decision.kind == Decision::Kind::unavailable)
    co_return unavailable(request, decision.why, decision.retry_after);
  const unsigned status = status_of(decision.kind);
  if (status >= 400) {
    Response response = problem(request, status, decision.why);
    if (decision.kind == Decision::Kind::under_way) response.set(bhttp::field::retry_after, "1");
    co_return response;
  }
  co_return json_answer(request, status, {{"order", decision.order}, {"state", "confirmed"}});
}

asio::awaitable<Server::Response> Server::user(const Request& request, std::string_view id) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc{} || end != id.data() + id.size())
    co_return problem(request, 404, "a user is a whole number, as in /api/users/7");
  FoundUser found;
  std::optional<StoreUnavailable> gone;
  try {
    found = co_await users_.find(number);
  } catch (const StoreUnavailable& failed) {
    gone = failed;
  }
  if (gone) co_return unavailable(request, gone->what(), gone->retry_after);
  if (!found.user) co_return problem(request, 404, "there is no such user");
  const User& user = *found.user;
  co_return json_answer(request, 200,
                        {{"id", user.id},
                         {"name", user.name},
                         {"orders", user.orders},
                         {"from", found.cached ? "cache" : "database"}});
}

}  // namespace switchgear::shop
