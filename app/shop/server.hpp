// The shop's HTTP server: requests to decisions, decisions to answers. Never here: a decision.
//
//   POST /api/orders            Idempotency-Key: …   {"user": 7, "sku": "apples", "count": 2}
//   GET  /api/users/{id}
//   GET  /health
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "app/shop/checkout.hpp"
#include "app/shop/user_directory.hpp"

namespace switchgear::shop {

/// Threads: those of its context, one at a time. Borrows all it is given.
class Server {
 public:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  /// `health`: the body of GET /health. Throws boost::system::system_error if it cannot listen.
  Server(boost::asio::io_context& io, std::uint16_t port, Checkout& checkout, UserDirectory& users,
         std::function<boost::json::object()> health);

  void start();
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  [[nodiscard]] boost::asio::awaitable<void> accept();
  [[nodiscard]] boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket);
  [[nodiscard]] boost::asio::awaitable<Response> answer(const Request& request);
  [[nodiscard]] boost::asio::awaitable<Response> order(const Request& request);
  [[nodiscard]] boost::asio::awaitable<Response> user(const Request& request, std::string_view id);

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Checkout& checkout_;
  UserDirectory& users_;
  const std::function<boost::json::object()> health_;
  std::size_t connections_ = 0;
};

}  // namespace switchgear::shop
