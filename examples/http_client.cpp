// A client of one service: base URL, breaker, retry, and the last good answer while the service is down. A
// 404 is an answer; it is not a failure.
//
// The program starts the service itself, and stops it in between.
#include <boost/asio.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "examples/tiny_http.hpp"
#include "switchgear/http/client.hpp"
#include "switchgear/policy/fallback.hpp"

namespace {

namespace asio = boost::asio;
namespace http = switchgear::http;
using namespace switchgear;
using namespace std::chrono_literals;

// --- the twenty lines

asio::awaitable<void> show(http::Client& users, std::string path) {
  try {
    const http::Response answer = co_await users.get(path);
    const std::string name = answer.ok() ? std::string(answer.json().at("name").as_string()) : "unknown";
    std::printf("%s: %u %s%s, attempts: %u\n", path.c_str(), answer.status, name.c_str(),
                answer.report.source == Source::fallback ? ", remembered" : "", answer.report.attempts);
  } catch (const std::exception& why) {  // Rejected: a policy refused. http::Error: no answer came
    std::printf("%s: %s\n", path.c_str(), why.what());
  }
}

asio::awaitable<void> shop(std::string url, example::Server& service) {
  CircuitBreaker breaker{"users", {.consecutive_failures = 3}};
  Retry retry{"users", {.max_attempts = 3, .base = 1ms}};
  auto last = Fallback<http::Response>::cached("users", {.max_stale = 10min});
  const auto executor = co_await asio::this_coro::executor;
  http::Client users{executor, url, Pipeline{last, retry, breaker}};

  co_await show(users, "/7");
  co_await show(users, "/8");
  std::printf("the breaker is %s\n", std::string(to_string(breaker.state())).c_str());
  service.stop();
  co_await show(users, "/7");
  std::printf("the breaker is %s\n", std::string(to_string(breaker.state())).c_str());
  co_await show(users, "/7");
}

}  // namespace

int main() {
  example::Server service{[](const std::string& path, const std::string&) {
    if (path == "/users/7") return example::Reply{200, R"({"name": "Ada"})"};
    return example::Reply{404, ""};
  }};
  asio::io_context io;
  const std::string url = "http://127.0.0.1:" + std::to_string(service.port()) + "/users";
  std::exception_ptr failed;
  asio::co_spawn(io, shop(url, service), [&](const std::exception_ptr& thrown) { failed = thrown; });
  io.run();
  if (failed) std::rethrow_exception(failed);
}
