// The admin server inside a program of Asio: a dashboard for the breakers of the program itself.
//
// A shop charges for an order every 50 ms. Open the address that it prints, press "Force open", and it
// charges no more; press "Reset", and it goes on. Ends with its input: Ctrl-D.
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <iostream>
#include <random>
#include <string>

#include "switchgear/admin/server.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/registry/presets.hpp"
#include "switchgear/registry/ticker.hpp"
#include "switchgear/sync/call.hpp"

namespace {

using namespace switchgear;
namespace asio = boost::asio;

/// The program's own work, on the same executor as the server.
class Shop {
 public:
  Shop(asio::io_context& context, CircuitBreaker& payment) : timer_(context), payment_(payment) { charge(); }

 private:
  void charge() {
    const auto charged = try_call(payment_, [] {
      return true; /* ask the payment service */
    });
    const std::string line = charged ? "charged" : to_string(charged.rejection());
    if (line != last_line_) std::cout << (last_line_ = line) << '\n' << std::flush;
    timer_.expires_after(std::chrono::milliseconds{50});
    timer_.async_wait([this](boost::system::error_code ended) {
      if (!ended) charge();
    });
  }

  asio::steady_timer timer_;
  CircuitBreaker& payment_;
  std::string last_line_;
};

}  // namespace

int main() {
  asio::io_context context;
  BreakerRegistry registry{{SteadyTime::now(), std::chrono::system_clock::now()}, std::random_device{}()};
  const auto payment = registry.get_or_create("payment", preset("payment"), SteadyTime::now());
  const Ticker ticker{registry, SteadyTime::now};  // an opening ends when it is over, also without a call

  admin::ServerOptions options;
  options.port = 0;  // of the system's choice; without this line 9090
  admin::Server server{context.get_executor(), registry, options};
  server.start();
  std::cout << "http://127.0.0.1:" << server.port() << "/dashboard\n" << std::flush;

  Shop shop{context, *payment};
  asio::posix::stream_descriptor input{context, ::dup(STDIN_FILENO)};
  char ignored = 0;
  input.async_read_some(asio::buffer(&ignored, 1), [&](auto...) { context.stop(); });
  context.run();
}
