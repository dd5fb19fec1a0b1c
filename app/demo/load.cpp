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

constexpr std::size_t clients_per_service = 8;
constexpr auto mean_pause = std::chrono::milliseconds{140};  // about 55 calls per second and service
constexpr auto patience = std::chrono::seconds{10};          // how long a client waits for one answer
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
  return felt.status == 503 && felt.retry_after ? Kind::refused : Kind::failed;
}

struct Load::Clients {
  Clients(Load& owner, std::uint16_t port) : load(owner), gateway(asio::ip::address_v4::loopback(), port) {}

  asio::awaitable<void> client(std::size_t service, std::uint64_t seed) {
    Random random{seed};
    bhttp::request<bhttp::empty_body> request{bhttp::verb::get, "", 11};
    request.target(std::string{"/"} + service_names[service] + "/item/" + std::to_string(seed % 1000));
    request.set(bhttp::field::host, "shop.example");
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
        felt.retry_after = response.find(bhttp::field::retry_after) != response.end();
      }
      felt.at = Clock::now();
      felt.latency = felt.at - begin;
      load.remember(service, felt);
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
  for (std::size_t service = 0; service < service_names.size(); ++service) {
    for (std::size_t i = 0; i < clients_per_service; ++i) {
      asio::co_spawn(clients_->io, clients_->client(service, random.next()), asio::detached);
    }
  }
  thread_ = std::thread([this] { clients_->io.run(); });
}

Load::~Load() {
  clients_->io.stop();
  thread_.join();
}

void Load::remember(std::size_t service, const Felt& felt) {
  const std::lock_guard lock{mutex_};
  felt_[service].push_back(felt);
  if (felt_[service].size() > remembered) felt_[service].pop_front();
}

std::vector<Felt> Load::calls(std::size_t service, Clock::time_point since) const {
  const std::lock_guard lock{mutex_};
  const auto& all = felt_[service];
  const auto first =
      std::partition_point(all.begin(), all.end(), [&](const Felt& felt) { return felt.at < since; });
  return {first, all.end()};
}

Feeling Load::feeling(std::size_t service, Kind kind, Clock::time_point since) const {
  std::vector<std::chrono::nanoseconds> latencies;
  for (const Felt& felt : calls(service, since)) {
    if (kind_of(felt) == kind) latencies.push_back(felt.latency);
  }
  return summarize(std::move(latencies));
}

}  // namespace switchgear::demo
