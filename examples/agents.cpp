// Two agents plan a trip: one knows the sights, one the weather. The weather agent begins to fail, and
// answers with an error in the body of a 200, as JSON-RPC does. Its breaker opens; the trips go on without a
// forecast, and at once; when the agent is well again, they have one.
//
// The agents are played by this program: a card, and answers to SendMessage.
#include <atomic>
#include <boost/asio.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <variant>

#include "examples/tiny_http.hpp"
#include "switchgear/a2a/client.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/retry.hpp"

namespace {

namespace asio = boost::asio;
namespace a2a = switchgear::a2a;
using example::Reply;
using namespace switchgear;
using namespace std::chrono_literals;

/// An agent on a port of its own, which can be broken and mended.
struct Agent {
  explicit Agent(std::string says) : answer(std::move(says)) {}

  std::string answer;
  std::atomic<bool> broken{false};
  std::atomic<int> asked{0};
  example::Server server{[this](const std::string& path, const std::string&) {
    return path == "/rpc" ? Reply{200, rpc()} : Reply{200, card()};
  }};

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server.port()); }
  [[nodiscard]] std::string card() const {
    return R"({"name":"Played","supportedInterfaces":[{"url":")" + url() +
           R"(/rpc","protocolBinding":"JSONRPC","protocolVersion":"1.0"}]})";
  }
  [[nodiscard]] std::string rpc() {
    ++asked;
    if (broken) return R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no satellite"}})";
    return R"({"jsonrpc":"2.0","id":1,"result":{"message":{"messageId":"1","role":"ROLE_AGENT","parts":[{"text":")" +
           answer + "\"}]}}}";
  }
};

// --- the forty lines

asio::awaitable<std::string> ask(a2a::Client& agent, std::string question) {
  try {
    const a2a::SendMessageResponse answer = co_await agent.send(a2a::Message{question});
    co_return std::get<a2a::Message>(answer).text();
  } catch (const Rejected& refused) {
    co_return "(not asked: " + std::string(to_string(refused.reason())) + ")";
  } catch (const std::system_error& failed) {
    co_return "(" + failed.code().message() + ")";
  }
}

asio::awaitable<void> plan_trips(Agent& sights, Agent& weather) {
  CircuitBreakerOptions options;
  options.consecutive_failures = 2;
  options.open_duration = 200ms;
  options.half_open.permitted_calls = 1;
  CircuitBreaker guide_breaker{"guide", options};
  CircuitBreaker weather_breaker{"weather", options};
  Retry retry{"agents",
              {.max_attempts = 3, .base = 1ms}};  // repeats no message that an agent may have acted on
  const auto executor = co_await asio::this_coro::executor;
  a2a::Client guide{executor, sights.url(), Pipeline{retry, guide_breaker}};
  a2a::Client forecaster{executor, weather.url(), Pipeline{retry, weather_breaker}};

  for (const char* const city : {"Rome", "Oslo", "Lima", "Cork"}) {
    weather.broken = std::string(city) != "Rome";
    const std::string see = co_await ask(guide, city);
    const std::string sky = co_await ask(forecaster, city);
    std::printf("%s: %s; weather: %s\n", city, see.c_str(), sky.c_str());
  }
  weather.broken = false;
  asio::steady_timer later(executor, 250ms);
  co_await later.async_wait(asio::use_awaitable);
  const std::string sky = co_await ask(forecaster, "Bern");
  std::printf("Bern: weather: %s\n", sky.c_str());
  std::printf("the breakers: guide %s, weather %s\n", std::string(to_string(guide_breaker.state())).c_str(),
              std::string(to_string(weather_breaker.state())).c_str());
}

}  // namespace

int main() {
  Agent sights{"the old town"};
  Agent weather{"sunny"};
  asio::io_context io(1);
  std::exception_ptr failed;
  asio::co_spawn(io, plan_trips(sights, weather), [&](const std::exception_ptr& thrown) { failed = thrown; });
  io.run();
  if (failed) std::rethrow_exception(failed);
  std::printf("asked: guide %d times, weather %d times\n", sights.asked.load(), weather.asked.load());
}
