// A gateway in front of a played agent, below /planner/.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/a2a/agent_peer.hpp"
#include "tests/gateway/gateway_process.hpp"

namespace switchgear::a2a {

using switchgear::wire::GatewayProcess;
using switchgear::wire::Socket;
using Request = switchgear::wire::Message;

/// The answer to a message, and a task: what any of the calls below may be answered with.
inline const std::string completed =
    R"({"task":)" + task_json("TASK_STATE_COMPLETED") + "," + task_json("TASK_STATE_COMPLETED").substr(1);
inline const std::string get_task = R"({"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"t"}})";
inline const std::string send_message =
    R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]}}})";

/// An agent below /planner/, which it does not know of.
[[nodiscard]] inline std::string in_front_of(const std::string& urls, const std::string& policy = "",
                                             const std::string& more = "") {
  return "version: 1\ngateway: {threads: 1, limits: {buffered_body_bytes: 100000}}\npolicies:\n"
         "  careful: {timeout: 30s, retry: {max_attempts: 3, base: 1ms, jitter: none}" +
         policy + "}\nservices:\n  planner: {" + urls +
         ", policy: careful, kind: a2a, routes: [{prefix: /planner/, strip_prefix: true}]" + more + "}\n";
}
[[nodiscard]] inline std::string in_front_of(const PlayedAgent& agent, const std::string& policy = "",
                                             const std::string& more = "") {
  return in_front_of("url: \"" + agent.url() + "\"", policy, more);
}

[[nodiscard]] inline Request post(const GatewayProcess& gateway, const std::string& body,
                                  const std::string& target = "/planner/rpc") {
  Socket client = Socket::connect(gateway.port());
  EXPECT_TRUE(client.send("POST " + target +
                          " HTTP/1.1\r\nHost: gw.example\r\nContent-Type: "
                          "application/json\r\nAccept-Encoding: gzip\r\nContent-Length: " +
                          std::to_string(body.size()) + "\r\n\r\n" + body));
  return client.read_response().value_or(Request{});
}

inline const std::string breaker = ", circuit_breaker: {consecutive_failures: 99}";

/// Since the last time it was asked: `success`, `failure`, `ignored`, or something with the counts.
class Counts {
 public:
  explicit Counts(const GatewayProcess& gateway) : gateway_(gateway) {}

  std::string verdict() {
    int now[3] = {0, 0, 0};
    EXPECT_TRUE(switchgear::wire::eventually([&] {
      const auto counters = gateway_.breaker("planner").at("counters");
      now[0] = counters.at("successes").to_number<int>();
      now[1] = counters.at("failures").to_number<int>();
      now[2] = counters.at("ignored").to_number<int>();
      return now[0] + now[1] + now[2] > seen_[0] + seen_[1] + seen_[2];
    })) << "no verdict";
    std::string what;
    const char* const names[3] = {"success", "failure", "ignored"};
    for (int i = 0; i != 3; ++i) {
      for (; seen_[i] < now[i]; ++seen_[i]) what += (what.empty() ? "" : " ") + std::string(names[i]);
    }
    return what;
  }

 private:
  const GatewayProcess& gateway_;
  int seen_[3] = {0, 0, 0};
};

/// One attempt a call, so that each has one verdict.
[[nodiscard]] inline std::string once(const std::string& url, const std::string& more = "") {
  return "version: 1\ngateway: {threads: 1}\npolicies: {careful: {timeout: 30s" + breaker +
         "}}\nservices:\n  planner: {url: \"" + url +
         "\", policy: careful, kind: a2a, routes: [{prefix: /planner/, strip_prefix: true}]" + more + "}\n";
}

}  // namespace switchgear::a2a
