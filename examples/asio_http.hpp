// The client of tiny_http.hpp for Asio: a composed operation, as a user's own may be.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "examples/tiny_http.hpp"

namespace example {

namespace detail {

struct PostOp {
  struct State {
    State(const boost::asio::any_io_executor& executor, std::uint16_t to, std::string text)
        : socket(executor), port(to), request(std::move(text)) {}
    boost::asio::ip::tcp::socket socket;
    std::uint16_t port;
    std::string request;
    std::string received{};
    int step = 0;
  };
  std::unique_ptr<State> state;

  template <class Self>
  void operator()(Self& self, const boost::system::error_code& code = {}, std::size_t = 0) {
    namespace asio = boost::asio;
    State& now = *state;
    const bool ended = code == asio::error::eof;
    if (code && !ended) return self.complete(code, {});
    switch (now.step++) {
      case 0:
        return now.socket.async_connect({asio::ip::address_v4::loopback(), now.port}, std::move(self));
      case 1:
        return asio::async_write(now.socket, asio::buffer(now.request), std::move(self));
      case 2:
        return asio::async_read(now.socket, asio::dynamic_buffer(now.received), std::move(self));
      default:
        // A server that closes without a word has broken off.
        if (now.received.find("\r\n\r\n") == std::string::npos)
          return self.complete(asio::error::connection_reset, {});
        return self.complete({}, parse_reply(now.received));
    }
  }
};

}  // namespace detail

/// Makes one request. Completes with (error_code, Reply). A cancellation closes the connection.
template <class Token>
auto async_post(const boost::asio::any_io_executor& executor, std::uint16_t port, std::string_view path,
                Token&& token) {
  auto state = std::make_unique<detail::PostOp::State>(executor, port, request_text(path, ""));
  return boost::asio::async_compose<Token, void(boost::system::error_code, Reply)>(
      detail::PostOp{std::move(state)}, token, executor);
}

}  // namespace example
