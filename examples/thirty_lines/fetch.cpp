#include <boost/asio.hpp>
#include <iostream>
#include <switchgear/async/async_call.hpp>
namespace asio = boost::asio;

asio::awaitable<int> status_of(const char* host, const char* port) {
  asio::ip::tcp::resolver resolver{co_await asio::this_coro::executor};
  const auto addresses = co_await resolver.async_resolve(host, port, asio::use_awaitable);
  asio::ip::tcp::socket socket{resolver.get_executor()};
  co_await asio::async_connect(socket, addresses, asio::use_awaitable);
  co_await asio::async_write(socket, asio::buffer("GET / HTTP/1.0\r\n\r\n", 18), asio::use_awaitable);
  std::string reply;
  co_await asio::async_read_until(socket, asio::dynamic_buffer(reply), "\r\n", asio::use_awaitable);
  co_return std::stoi(reply.substr(reply.find(' ')));
}
int main(int, char** argv) {  // fetch HOST PORT
  switchgear::CircuitBreaker breaker{"shop", {.consecutive_failures = 3}};
  switchgear::Timeout timeout{"shop", std::chrono::seconds{1}};
  const auto guarded = switchgear::Pipeline{breaker, timeout}.classified_by(
      switchgear::Classifier{}.results([](int status) { return status < 500; }));
  asio::io_context io;
  const auto get = [&] { return status_of(argv[1], argv[2]); };
  for (int i = 0; i < 5; ++i, io.restart()) try {
      auto status = switchgear::async_call<int>(io.get_executor(), guarded, get, asio::use_future);
      io.run();
      std::cout << status.get() << '\n';
    } catch (const std::exception& why) {
      std::cout << why.what() << '\n';
    }
}
