#include <boost/asio/ip/tcp.hpp>
#include <iostream>
#include <switchgear/sync/call.hpp>
using namespace switchgear;

int main(int argc, char** argv) {
  if (argc != 3) return 2;  // fetch HOST PORT
  CircuitBreaker breaker{"shop", {.consecutive_failures = 3}};
  Timeout timeout{"shop", std::chrono::seconds{1}};
  const auto works = Classifier{}.results([](int status) { return status < 500; });
  const auto get = guard(Pipeline{breaker, timeout}.classified_by(works), [&](const Attempt& attempt) {
    boost::asio::ip::tcp::iostream server;
    server.expires_at(attempt.deadline);
    server.connect(argv[1], argv[2]);
    server << "GET / HTTP/1.0\r\n\r\n" << std::flush;
    std::string version, status;
    if (server >> version >> status) return std::stoi(status);
    throw std::system_error{server.error()};
  });
  for (int i = 0; i < 5; ++i) try {
      std::cout << get() << '\n';
    } catch (const std::exception& why) {
      std::cout << why.what() << '\n';
    }
}
