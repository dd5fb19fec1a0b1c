// Requests of a client that stand in line for a connection, because others have all that its pool may have.
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/http/client.hpp"
#include "switchgear/policy/time_limit.hpp"
#include "tests/http/client_fixture.hpp"

namespace switchgear::http {
namespace {

/// Answers `/held` when told to, `/slow` after a while, and all else at once.
class Server {
 public:
  [[nodiscard]] std::string url() const { return url_of(server_.port()); }
  void release() { released_.set_value(); }

 private:
  std::promise<void> released_;
  std::shared_future<void> waits_ = released_.get_future().share();
  Upstream server_{Upstream::answering([this](const Message& request) {
    if (request.target() == "/held") waits_.wait();
    if (request.target() == "/slow") std::this_thread::sleep_for(1300ms);
    return ok();
  })};
};

ClientOptions one_connection() {
  ClientOptions options;
  options.pool.max = 1;
  return options;
}

/// A client whose only connection is taken until the server is told to answer.
struct Line {
  Server server;
  CircuitBreaker breaker;
  BlockingClient shop;
  std::future<unsigned> held;

  template <class... Inner>
  explicit Line(const CircuitBreakerOptions& options, Inner&... inner)
      : breaker{"shop", options, {.created = AsioTime::now()}},
        shop{server.url(), Pipeline{breaker, inner...}, one_connection()},
        held{ask("/held")} {
    comes_to([](const PoolFigures& pool) { return pool.active == 1; });
  }

  [[nodiscard]] std::future<unsigned> ask(const std::string& path) {
    return std::async(std::launch::async, [this, path] {
      try {
        return shop.get(path).status;
      } catch (const std::system_error& thrown) {
        return thrown.code() == Reason::half_open ? 1U : 0U;
      }
    });
  }
  template <class Holds>
  void comes_to(Holds holds) const {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < end) {
      const std::vector<PoolFigures> all = shop.pools();
      if (!all.empty() && holds(all.front())) return;
      std::this_thread::yield();
    }
    FAIL() << "the pool never came to that";
  }
  /// A permit, once there is one: a call gives its own back a moment after it has come to stand in line.
  [[nodiscard]] std::optional<CircuitBreaker::Permit> probe() {
    const auto end = std::chrono::steady_clock::now() + 60s;
    std::optional<CircuitBreaker::Permit> permit;
    while (!permit && std::chrono::steady_clock::now() < end) {
      if (auto asked = breaker.try_acquire(AsioTime::now())) permit.emplace(*std::move(asked));
      std::this_thread::yield();
    }
    return permit;
  }
  void comes_to_wait(std::size_t count) const {
    comes_to([count](const PoolFigures& pool) { return pool.waiting == count; });
  }
};

CircuitBreakerOptions half_open_with(std::uint32_t probes) {
  CircuitBreakerOptions options = opens_after(1);
  options.open_duration = 1h;
  options.max_open_duration = 1h;
  options.half_open.permitted_calls = probes;
  options.half_open.max_wait = 300ms;
  return options;
}

void make_half_open(CircuitBreaker& breaker) {
  const HealthRows rows{.unhealthy = 1, .healthy = 1};
  breaker.on_check(CheckAnswer::bad, rows, AsioTime::now());
  breaker.on_check(CheckAnswer::good, rows, AsioTime::now());
  ASSERT_EQ(breaker.state(), State::half_open);
}

TEST(ClientLine, ForAConnectionIsNotLatencyOfTheServer) {
  CircuitBreakerOptions options;
  options.slow_call = SlowCallRule{.threshold = 1s, .rate = 1};
  options.minimum_calls = 10;
  Line line{options};
  std::vector<std::future<unsigned>> others;
  for (int i = 0; i < 4; ++i) others.push_back(line.ask("/"));
  line.comes_to_wait(4);
  std::this_thread::sleep_for(1500ms);
  line.server.release();
  EXPECT_EQ(line.held.get(), 200U);
  for (auto& each : others) EXPECT_EQ(each.get(), 200U);
  EXPECT_EQ(totals(line.breaker).successes, 5U);
  EXPECT_EQ(totals(line.breaker).slow(), 1U) << "the one that had the connection";
}

TEST(ClientLine, IsNotPartOfATimeout) {
  Timeout timeout{"shop", 2s};
  Line line{opens_after(1), timeout};
  auto slow = line.ask("/slow");
  line.comes_to_wait(1);
  std::this_thread::sleep_for(1300ms);
  line.server.release();
  EXPECT_EQ(line.held.get(), 200U);
  EXPECT_EQ(slow.get(), 200U) << "the server had 1.3 s of its 2 s";
}

TEST(ClientLine, ThatIsTooLongIsNotTheServersFailure) {
  Timeout timeout{"shop", 5s};
  CircuitBreakerOptions options = opens_after(1);
  Line line{options, timeout};
  const auto deadline = std::async(
      std::launch::async, [&] { return ended([&] { return line.shop.get(Request{"/"}.timeout(300ms)); }); });
  line.comes_to_wait(1);
  EXPECT_EQ(const_cast<std::future<Ended>&>(deadline).get().code, Reason::timed_out);
  EXPECT_EQ(totals(line.breaker).failures, 0U);
  EXPECT_EQ(totals(line.breaker).ignored, 1U);
  EXPECT_EQ(line.breaker.state(), State::closed);
  line.server.release();
  EXPECT_EQ(line.held.get(), 200U);
}

TEST(ClientLine, KeepsNoProbeOutAndMakesNoneHang) {
  Line line{half_open_with(1)};
  make_half_open(line.breaker);
  auto probe = line.ask("/");
  line.comes_to_wait(1);
  EXPECT_TRUE(line.probe()) << "the place is free";
  auto other = line.ask("/");
  line.comes_to_wait(2);
  std::this_thread::sleep_for(600ms);
  line.breaker.advance(AsioTime::now());
  EXPECT_EQ(line.breaker.state(), State::half_open) << "nothing was out to hang";
  line.server.release();
  EXPECT_EQ(probe.get(), 200U);
  EXPECT_EQ(other.get(), 200U);
  EXPECT_EQ(line.breaker.state(), State::closed);
}

TEST(ClientLine, AsksItsBreakerAgain) {
  Line line{half_open_with(1)};
  make_half_open(line.breaker);
  auto waits = line.ask("/");
  line.comes_to_wait(1);
  const auto probe = line.probe();
  EXPECT_TRUE(probe);
  line.server.release();
  EXPECT_EQ(waits.get(), 1U) << "refused: the only probe is another's";
  line.comes_to([](const PoolFigures& pool) { return pool.active == 0 && pool.idle == 1; });
}

}  // namespace
}  // namespace switchgear::http
