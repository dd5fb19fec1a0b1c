// Agents for tests: those of the official SDK, as processes, and played ones.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/a2a/blocking_client.hpp"
#include "switchgear/core/rejected.hpp"
#include "switchgear/http/blocking_client.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "tests/gateway/upstream.hpp"
#include "tests/house/program.hpp"

namespace switchgear::a2a {

using namespace std::chrono_literals;

/// An agent of the SDK: `agent_v1.mjs`, `agent_v03.mjs`, and its words.
class SdkAgent {
 public:
  explicit SdkAgent(const std::string& script, const std::vector<std::string>& words = {})
      : program_(command(script, words)) {
    EXPECT_TRUE(program_.read_until("port ", 30s) && program_.read_until(".\n", 30s)) << program_.output();
    const std::string& output = program_.output();
    const std::size_t at = output.rfind("port ");
    if (at != std::string::npos) port_ = std::atoi(output.c_str() + at + 5);
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// Breaks each of the next `times` streams after so many bytes. Returns what the agent says of itself.
  std::string control(const std::string& query) {
    http::BlockingClient client(url());
    return client.get("/control" + query).body;
  }
  void signal(int number) const { program_.signal(number); }
  [[nodiscard]] pid_t pid() const { return program_.pid(); }

 private:
  static std::vector<std::string> command(const std::string& script, const std::vector<std::string>& words) {
    std::vector<std::string> all{NODE, std::string(HERE) + "/" + script};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }

  house::Program program_;
  int port_ = 0;
};

/// A card of 1.0 with these interfaces: pairs of a binding and a URL.
[[nodiscard]] inline std::string card_of(const std::vector<std::pair<std::string, std::string>>& interfaces) {
  std::string text;
  for (const auto& [binding, url] : interfaces) {
    text += (text.empty() ? "" : ",") + std::string(R"({"url":")") + url + R"(","protocolBinding":")" +
            binding + R"(","protocolVersion":"1.0"})";
  }
  return R"({"name":"Played","version":"1","supportedInterfaces":[)" + text +
         R"(],"capabilities":{"streaming":true},"skills":[{"id":"plan","name":"Plan"}]})";
}

/// An agent that is played: its card, with JSON-RPC at /rpc, and `answer` to everything else, by several
/// threads.
class PlayedAgent {
 public:
  using Answer = std::function<std::string(const switchgear::wire::Message&)>;

  explicit PlayedAgent(Answer answer, std::string fields = "Cache-Control: max-age=3600\r\n")
      : answer_(std::move(answer)),
        fields_(std::move(fields)),
        server_(switchgear::wire::Upstream::Serve([this](switchgear::wire::Socket& socket) {
          // An answer that says `Connection: close` ends with its connection, whole or not.
          while (const auto request = socket.read_request()) {
            const std::string said = answered(*request);
            if (!socket.send(said) || said.find("Connection: close") != std::string::npos) return;
          }
        })) {}

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  [[nodiscard]] std::string rpc() const { return url() + "/rpc"; }
  [[nodiscard]] int cards() const { return cards_; }
  [[nodiscard]] int asked() const { return asked_; }
  void set_card(std::string text) {
    const std::lock_guard lock(mutex_);
    card_ = std::move(text);
  }

 private:
  std::string answered(const switchgear::wire::Message& request) {
    if (request.target() != "/.well-known/agent-card.json") {
      ++asked_;
      return answer_(request);
    }
    ++cards_;
    const std::lock_guard lock(mutex_);
    if (card_.starts_with("HTTP/")) return card_;
    return switchgear::wire::ok(card_.empty() ? card_of({{"JSONRPC", rpc()}}) : card_, fields_);
  }

  Answer answer_;
  std::string fields_;
  std::atomic<int> cards_{0}, asked_{0};
  std::mutex mutex_;
  std::string card_;
  switchgear::wire::Upstream server_;
};

[[nodiscard]] inline std::string ok_json(const std::string& body) {
  return switchgear::wire::ok(body, "Content-Type: application/json\r\n");
}
[[nodiscard]] inline std::string rpc_result(const std::string& result) {
  return ok_json(R"({"jsonrpc":"2.0","id":1,"result":)" + result + "}");
}
[[nodiscard]] inline std::string rpc_error(int code, const std::string& message = "no") {
  return ok_json(R"({"jsonrpc":"2.0","id":1,"error":{"code":)" + std::to_string(code) + R"(,"message":")" +
                 message + "\"}}");
}
[[nodiscard]] inline std::string task_json(const std::string& state) {
  return R"({"id":"t","contextId":"c","status":{"state":")" + state + "\"}}";
}

[[nodiscard]] inline CircuitBreakerOptions opens_after(std::uint32_t failures) {
  CircuitBreakerOptions options;
  options.consecutive_failures = failures;
  return options;
}

[[nodiscard]] inline CallTotals totals(CircuitBreaker& breaker) {
  return breaker.snapshot(std::chrono::steady_clock::now()).totals;
}

/// What a call ends with that must fail.
struct Ended {
  std::error_code code;
  std::string text;
  bool may_have_run = false;
};

template <class F>
[[nodiscard]] Ended ended(F&& call) {
  try {
    (void)std::forward<F>(call)();
    return {{}, "it was answered"};
  } catch (const Error& thrown) {
    return {thrown.code(), thrown.what(), thrown.may_have_run()};
  } catch (const std::system_error& thrown) {
    return {thrown.code(), thrown.what()};
  }
}

}  // namespace switchgear::a2a
