#include "app/demo/load.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/stage/net.hpp"
#include "switchgear/core/random.hpp"

namespace switchgear::demo {
namespace {

using Clock = std::chrono::steady_clock;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = beast::http;
using tcp = asio::ip::tcp;

constexpr std::size_t customers = 12;
constexpr std::size_t readers = 8;
constexpr auto between_orders = std::chrono::milliseconds{400};  // about 30 orders a second
constexpr auto between_looks = std::chrono::milliseconds{200};   // about 40 users a second
constexpr auto patience = std::chrono::seconds{10};              // how long a client waits for one answer
constexpr std::size_t remembered = 5'000;

Feeling summarize(std::vector<std::chrono::nanoseconds> latencies) {
  Feeling feeling;
  feeling.calls = latencies.size();
  if (latencies.empty()) return feeling;
  std::sort(latencies.begin(), latencies.end());
  const auto rank = [&](double quantile) {
    const auto nearest =
        static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(latencies.size())));
    return latencies[std::max<std::size_t>(nearest, 1) - 1];
  };
  feeling.p50 = rank(0.5);
  feeling.p99 = rank(0.99);
  return feeling;
}

}  // namespace

Kind kind_of(const Felt& felt) noexcept {
  if (felt.status >= 200 && felt.status < 300) return Kind::answered;
  return felt.by_breaker ? Kind::refused : Kind::failed;
}

namespace {

/// The shop gives 503 and Retry-After for a payment that failed, too; it says why.
bool is_by_breaker(const bhttp::response<bhttp::string_body>& response) {
  return response.result_int() == 503 && response.find(bhttp::field::retry_after) != response.end() &&
         response.body().find("breaker '") != std::string::npos;
}

}  // namespace

struct Load::Clients {
  Clients(Load& owner, std::uint16_t port) : load(owner), gateway(asio::ip::address_v4::loopback(), port) {}

  bhttp::request<bhttp::string_body> request_for(Asked what, std::uint64_t seed, std::uint64_t number) {
    bhttp::request<bhttp::string_body> request;
    request.version(11);
    request.set(bhttp::field::host, "shop.example");
    const std::string user = std::to_string(1 + seed % 20);
    if (what == Asked::users) {
      request.method(bhttp::verb::get);
      request.target("/api/users/" + user);
      return request;
    }
    request.method(bhttp::verb::post);
    request.target("/api/orders");
    request.set(bhttp::field::content_type, "application/json");
    request.set("Idempotency-Key", "demo-" + std::to_string(seed) + "-" + std::to_string(number));
    request.body() = R"({"user": )" + user + R"(, "sku": "apples", "count": 2})";
    request.prepare_payload();
    ++load.asked_;
    return request;
  }

  asio::awaitable<void> client(Asked what, std::uint64_t seed) {
    Random random{seed};
    const auto mean_pause = what == Asked::orders ? between_orders : between_looks;
    std::uint64_t number = 0;
    beast::tcp_stream stream{io};
    beast::flat_buffer buffer;
    for (;;) {
      // Exponential pauses: calls arrive as they do from many independent users.
      const double share = -std::log(1.0 - random.uniform());
      asio::steady_timer pause{
          io, std::chrono::duration_cast<Clock::duration>(mean_pause * std::min(share, 5.0))};
      boost::system::error_code error;
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;

      bhttp::request<bhttp::string_body> request = request_for(what, seed, ++number);
      const auto begin = Clock::now();
      Felt felt;
      stream.expires_after(patience);
      if (!stream.socket().is_open()) {
        co_await stream.async_connect(gateway, asio::redirect_error(asio::use_awaitable, error));
      }
      if (!error)
        co_await bhttp::async_write(stream, request, asio::redirect_error(asio::use_awaitable, error));
      bhttp::response<bhttp::string_body> response;
      if (!error)
        co_await bhttp::async_read(stream, buffer, response,
                                   asio::redirect_error(asio::use_awaitable, error));
      if (!error) {
        felt.status = response.result_int();
        felt.by_breaker = is_by_breaker(response);
        if (what == Asked::orders && felt.status / 100 == 2) ++load.confirmed_;
      }
      felt.at = Clock::now();
      felt.latency = felt.at - begin;
      load.remember(what, felt);
      if (error || !response.keep_alive()) {
        stream.close();
        buffer.clear();
      }
    }
  }

  Load& load;
  tcp::endpoint gateway;
  asio::io_context io{1};
};

Load::Load(std::uint16_t port, std::uint64_t seed) : clients_(std::make_unique<Clients>(*this, port)) {
  Random random{seed};
  for (std::size_t i = 0; i < customers + readers; ++i) {
    const Asked what = i < customers ? Asked::orders : Asked::users;
    asio::co_spawn(clients_->io, clients_->client(what, random.next()), asio::detached);
  }
  thread_ = std::thread([this] { clients_->io.run(); });
}

Load::~Load() { stop(); }

void Load::stop() {
  clients_->io.stop();
  if (thread_.joinable()) thread_.join();
}

void Load::remember(Asked what, const Felt& felt) {
  const std::lock_guard lock{mutex_};
  auto& all = felt_[static_cast<std::size_t>(what)];
  all.push_back(felt);
  if (all.size() > remembered) all.pop_front();
}

std::vector<Felt> Load::calls(Asked what, Clock::time_point since) const {
  const std::lock_guard lock{mutex_};
  const auto& all = felt_[static_cast<std::size_t>(what)];
  const auto first =
      std::partition_point(all.begin(), all.end(), [&](const Felt& felt) { return felt.at < since; });
  return {first, all.end()};
}

Feeling Load::feeling(Asked what, Kind kind, Clock::time_point since) const {
  std::vector<std::chrono::nanoseconds> latencies;
  for (const Felt& felt : calls(what, since)) {
    if (kind_of(felt) == kind) latencies.push_back(felt.latency);
  }
  return summarize(std::move(latencies));
}

}  // namespace switchgear::demo
