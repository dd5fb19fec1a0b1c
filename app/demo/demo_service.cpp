#include "app/demo/demo_service.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <unordered_set>
#include <utility>

#include "app/demo/fault.hpp"
#include "app/demo/net.hpp"
#include "switchgear/core/random.hpp"

namespace switchgear::demo {
namespace {

namespace bhttp = beast::http;
using Request = bhttp::request<bhttp::string_body>;
using Response = bhttp::response<bhttp::string_body>;

tcp::endpoint loopback(std::uint16_t port) { return {asio::ip::address_v4::loopback(), port}; }

Response json_answer(const Request& request, bhttp::status status, const json::object& body) {
  Response response{status, request.version()};
  response.set(bhttp::field::content_type, "application/json");
  response.keep_alive(request.keep_alive());
  response.body() = json::serialize(body);
  response.prepare_payload();
  return response;
}

class DemoService {
 public:
  DemoService(asio::io_context& io, const DemoServiceOptions& options)
      : io_(io),
        options_(options),
        acceptor_(io),
        control_(io, loopback(options.control_port)),
        healed_(io, asio::steady_timer::time_point::max()),
        random_(options.seed) {
    reserve(options.port);
    port_ = acceptor_.local_endpoint().port();
  }

  void start() {
    listen();
    asio::co_spawn(io_, accept_control(), asio::detached);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint16_t control_port() const { return control_.local_endpoint().port(); }

 private:
  using Socket = std::shared_ptr<tcp::socket>;

  /// Takes the port without listening on it: connections are refused, and no other process can take the port.
  void reserve(std::uint16_t port) {
    acceptor_.open(tcp::v4());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(loopback(port));
  }

  void listen() {
    acceptor_.listen();
    ++listening_;
    asio::co_spawn(io_, accept_work(listening_), asio::detached);
  }

  void apply(const Fault& fault) {
    const bool refused_before = fault_.mode == FaultMode::refuse;
    fault_ = fault;
    healed_.cancel();
    if (fault.mode == FaultMode::refuse && !refused_before) {
      acceptor_.close();
      reserve(port_);
      for (const Socket& socket : open_) socket->close();
    } else if (fault.mode != FaultMode::refuse && refused_before) {
      listen();
    }
  }

  asio::awaitable<void> accept_work(std::uint64_t listening) {
    while (listening == listening_) {
      boost::system::error_code error;
      auto socket = std::make_shared<tcp::socket>(io_);
      co_await acceptor_.async_accept(*socket, asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      asio::co_spawn(io_, work(socket), asio::detached);
    }
  }

  asio::awaitable<void> accept_control() {
    for (;;) {
      boost::system::error_code error;
      auto socket = std::make_shared<tcp::socket>(io_);
      co_await control_.async_accept(*socket, asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      asio::co_spawn(io_, obey(socket), asio::detached);
    }
  }

  asio::awaitable<void> work(Socket socket) {
    open_.insert(socket);
    beast::flat_buffer buffer;
    bool keep = true;
    while (keep) {
      boost::system::error_code error;
      Request request;
      co_await bhttp::async_read(*socket, buffer, request, asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      ++calls_;
      keep = co_await answer(*socket, request);
    }
    open_.erase(socket);
  }

  /// False when the connection is done with.
  asio::awaitable<bool> answer(tcp::socket& socket, const Request& request) {
    const Fault fault = fault_;
    if (fault.mode == FaultMode::reset) {
      boost::system::error_code ignored;
      socket.set_option(asio::socket_base::linger(true, 0), ignored);
      socket.close(ignored);
      co_return false;
    }
    if (fault.mode == FaultMode::hang) {
      boost::system::error_code ended;
      co_await healed_.async_wait(asio::redirect_error(asio::use_awaitable, ended));
      co_return false;
    }
    const bool late = fault.mode == FaultMode::errors || fault.mode == FaultMode::latency;
    const auto ordinary = std::chrono::microseconds{1000 + static_cast<int>(random_.uniform() * 2000)};
    boost::system::error_code error;
    asio::steady_timer timer{io_, ordinary + (late ? fault.delay : std::chrono::milliseconds{0})};
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));

    const bool failing = fault.mode == FaultMode::errors;
    const json::object body{{"service", options_.name}, {"call", calls_}, {"ok", !failing}};
    const auto status = failing ? bhttp::status::internal_server_error : bhttp::status::ok;
    Response response = json_answer(request, status, body);
    co_await bhttp::async_write(socket, response, asio::redirect_error(asio::use_awaitable, error));
    co_return !error && response.keep_alive();
  }

  asio::awaitable<void> obey(Socket socket) {
    beast::flat_buffer buffer;
    for (;;) {
      boost::system::error_code error;
      Request request;
      co_await bhttp::async_read(*socket, buffer, request, asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      Response response = control(request);
      co_await bhttp::async_write(*socket, response, asio::redirect_error(asio::use_awaitable, error));
      if (error || !response.keep_alive()) co_return;
    }
  }

  Response control(const Request& request) {
    if (request.method() == bhttp::verb::get && request.target() == "/_stats") {
      const json::object stats{{"name", options_.name}, {"mode", to_string(fault_.mode)}, {"calls", calls_}};
      return json_answer(request, bhttp::status::ok, stats);
    }
    if (request.method() != bhttp::verb::post || request.target() != "/_fault") {
      return json_answer(request, bhttp::status::not_found, {{"error", "POST /_fault or GET /_stats"}});
    }
    try {
      const json::object wish = json::parse(request.body()).as_object();
      const auto mode = fault_mode(std::string_view{wish.at("mode").as_string()});
      if (!mode) throw std::invalid_argument("there is no such mode");
      Fault fault{*mode};
      if (const auto* delay = wish.if_contains("delay_ms")) {
        fault.delay = std::chrono::milliseconds{delay->to_number<std::uint32_t>()};
      }
      apply(fault);
      return json_answer(request, bhttp::status::ok, {{"mode", to_string(fault.mode)}});
    } catch (const boost::system::system_error& problem) {
      return json_answer(request, bhttp::status::bad_request, {{"error", problem.code().message()}});
    } catch (const std::exception& problem) {
      return json_answer(request, bhttp::status::bad_request, {{"error", problem.what()}});
    }
  }

  asio::io_context& io_;
  const DemoServiceOptions options_;
  tcp::acceptor acceptor_;
  tcp::acceptor control_;
  asio::steady_timer
      healed_;  ///< never fires; cancelled when the fault changes, which lets hanging requests go
  std::unordered_set<Socket> open_;
  Fault fault_;
  Random random_;
  std::uint64_t calls_ = 0;
  std::uint64_t listening_ = 0;  ///< how often listen() was called: an accept loop ends with its listening
  std::uint16_t port_ = 0;
};

}  // namespace

int run_demo_service(const DemoServiceOptions& options) {
  try {
    asio::io_context io{1};
    asio::signal_set signals{io, SIGTERM, SIGINT};
    signals.async_wait([&io](const boost::system::error_code&, int) { io.stop(); });
    DemoService service{io, options};
    service.start();
    std::printf("ready name=%s port=%u control=%u\n", options.name.c_str(), service.port(),
                service.control_port());
    std::fflush(stdout);
    io.run();
    return 0;
  } catch (const boost::system::system_error& problem) {
    std::fprintf(stderr, "demo-service %s: %s\n", options.name.c_str(), problem.code().message().c_str());
    return 3;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "demo-service %s: %s\n", options.name.c_str(), problem.what());
    return 3;
  }
}

}  // namespace switchgear::demo
