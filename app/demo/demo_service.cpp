#include "app/demo/demo_service.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>

#include "app/demo/fault.hpp"
#include "app/stage/acting_server.hpp"
#include "switchgear/core/random.hpp"

namespace switchgear::demo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;
namespace bhttp = beast::http;
using tcp = asio::ip::tcp;
using Request = bhttp::request<bhttp::string_body>;
using Response = bhttp::response<bhttp::string_body>;

Response json_answer(const Request& request, bhttp::status status, const json::object& body) {
  return stage::json_answer(static_cast<unsigned>(status), request.version(), request.keep_alive(), body);
}

class DemoService {
 public:
  DemoService(asio::io_context& io, const DemoServiceOptions& options)
      : io_(io),
        options_(options),
        server_(io, options.name, options.port, [this](const stage::Arrival&) { return react(); }),
        control_(io, {asio::ip::address_v4::loopback(), options.control_port}),
        random_(options.seed) {}

  void start() {
    server_.start();
    asio::co_spawn(io_, accept_control(), asio::detached);
  }

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] std::uint16_t control_port() const { return control_.local_endpoint().port(); }

 private:
  using Socket = std::shared_ptr<tcp::socket>;

  void apply(const Fault& fault) {
    fault_ = fault;
    server_.let_go();
    server_.refuse(fault.mode == FaultMode::refuse);
  }

  stage::Reaction react() {
    using Kind = stage::Reaction::Kind;
    if (fault_.mode == FaultMode::reset) return {Kind::reset};
    if (fault_.mode == FaultMode::hang) return {Kind::hang};
    const bool late = fault_.mode == FaultMode::errors || fault_.mode == FaultMode::latency;
    const auto ordinary = std::chrono::microseconds{1000 + static_cast<int>(random_.uniform() * 2000)};
    return {Kind::answer, fault_.mode == FaultMode::errors ? 500U : 200U,
            ordinary + (late ? fault_.delay : std::chrono::milliseconds{0})};
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
      const json::object stats{
          {"name", options_.name}, {"mode", to_string(fault_.mode)}, {"calls", server_.calls()}};
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
  stage::ActingServer server_;
  tcp::acceptor control_;
  Fault fault_;
  Random random_;
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
