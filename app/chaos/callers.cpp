#include "app/chaos/callers.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <exception>
#include <string>
#include <utility>

#include "switchgear/core/random.hpp"
#include "switchgear/http/client.hpp"

namespace switchgear::chaos {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_at_once = 2000;

http::ClientOptions client_options() {
  http::ClientOptions options;
  options.pool.max = most_at_once;
  options.max_body = std::size_t{64} * 1024 * 1024;
  return options;
}

Call::Kind kind_of(const http::Response& answer) {
  const bool refusal = (answer.status == 503 || answer.status == 429) && answer.headers.has("Retry-After");
  if (refusal) return Call::Kind::refused;
  return answer.status >= 200 && answer.status < 500 ? Call::Kind::served : Call::Kind::failed;
}

}  // namespace

struct Callers::Loop {
  Loop(const Scenario& scenario, const std::string& url, Clock::time_point begun)
      : load(scenario.load),
        start(begun),
        random(scenario.seed),
        client(io.get_executor(), url, client_options()) {}

  /// Calls come by themselves, as from many independent users: the pauses between them are exponential.
  asio::awaitable<void> call_at_rate() {
    asio::steady_timer timer{io};
    Duration due{};
    for (;;) {
      due += from_seconds(-std::log(1.0 - random.uniform()) / load.rate);
      const auto path = static_cast<std::uint32_t>(random.uniform() * static_cast<double>(load.paths.size()));
      if (due >= load.duration) co_return;
      timer.expires_at(start + due);
      co_await timer.async_wait(asio::use_awaitable);
      if (under_way == most_at_once) {
        ++felt.unsent;
      } else {
        call(due, path);
      }
    }
  }

  void call(Duration due, std::uint32_t path) {
    ++under_way;
    http::Request request{load.paths[path]};
    request.timeout(load.timeout);
    const bool posts = load.posts[path];
    if (posts) {
      if (!load.body.empty()) request.body(load.body, "application/json");
      request.header("Idempotency-Key", keys + std::to_string(++keys_given));
    }
    client.request(posts ? "POST" : "GET", std::move(request),
                   [this, due, path](const std::exception_ptr& failed, const http::Response& answer) {
                     --under_way;
                     const Duration latency = Clock::now() - start - due;
                     const Call::Kind kind = failed ? Call::Kind::failed : kind_of(answer);
                     felt.calls.push_back({due, latency, kind, path, failed ? 0 : answer.status});
                   });
  }

  const Load load;
  /// Of this run's calls alone: a target that remembers keys takes none of them for an earlier run's.
  const std::string keys =
      "chaos-" + std::to_string(std::chrono::system_clock::now().time_since_epoch().count()) + "-";
  std::uint64_t keys_given = 0;
  const Clock::time_point start;
  Random random;
  std::size_t under_way = 0;
  Felt felt;
  asio::io_context io{1};
  http::Client client;
};

Callers::Callers(const Scenario& scenario, const std::string& url, Clock::time_point start)
    : loop_(std::make_unique<Loop>(scenario, url, start)) {
  asio::co_spawn(loop_->io, loop_->call_at_rate(), asio::detached);
  thread_ = std::thread([this] {
    loop_->io.run();
    ended_ = true;
  });
}

Callers::~Callers() {
  loop_->io.stop();
  if (thread_.joinable()) thread_.join();
}

Felt Callers::finish() {
  thread_.join();  // the loop runs until its last call has ended
  std::ranges::stable_sort(loop_->felt.calls, {}, &Call::at);
  return std::move(loop_->felt);
}

}  // namespace switchgear::chaos
