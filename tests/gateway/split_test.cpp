// Requests that are divided between two policies, on live traffic.
#include <gtest/gtest.h>

#include <sys/wait.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

/// Every so many requests, one fails.
class FailingInTurn {
 public:
  explicit FailingInTurn(int one_in) : one_in_(one_in) {}
  bool next() { return one_in_ != 0 && ++requests_ % one_in_ == 0; }

 private:
  const int one_in_;
  std::atomic<int> requests_{0};
};

class GatewaySplit : public testing::Test {
 protected:
  [[nodiscard]] std::string config(const std::string& split, const std::string& candidate) const {
    std::string text = config_text({{.name = "shop",
                                     .port = upstream.port(),
                                     .policy = "now",
                                     .more = ", experiment: {split: {" + split + "}}"}},
                                   "  now: {timeout: 60s, circuit_breaker: {consecutive_failures: 1000}}\n"
                                   "  candidate: " +
                                       candidate + "\n");
    const std::string one_thread = "threads: 1";
    return text.replace(text.find(one_thread), one_thread.size(), "threads: 2");
  }
  static Message get(const GatewayProcess& gateway, int user) {
    return gateway.get("/", "x-user: user-" + std::to_string(user) + "\r\n");
  }
  static json::value split(const GatewayProcess& gateway) {
    const json::value all = json::parse(gateway.admin("GET", "/experiments").body);
    const json::array& splits = all.at("splits").as_array();
    return splits.empty() ? json::value{} : splits.at(0);
  }
  static json::value arm(const GatewayProcess& gateway, std::size_t which) {
    return split(gateway).at("arms").as_array().at(which);
  }
  static std::uint64_t requests(const GatewayProcess& gateway, std::size_t which) {
    return arm(gateway, which).at("requests").to_number<std::uint64_t>();
  }
  static bool is_there(const GatewayProcess& gateway) {
    return eventually([&] { return !split(gateway).is_null(); });
  }
  /// Which of the users are the candidate's, by what the service was asked to answer.
  static std::vector<bool> candidates(const GatewayProcess& gateway, int users) {
    std::vector<bool> found;
    for (int i = 0; i < users; ++i) {
      const auto before = requests(gateway, 1);
      EXPECT_EQ(get(gateway, i).status(), 200U);
      EXPECT_TRUE(eventually(
          [&] { return requests(gateway, 0) + requests(gateway, 1) >= static_cast<std::uint64_t>(i + 1); }));
      found.push_back(requests(gateway, 1) > before);
    }
    return found;
  }
  /// Many users at once, until it is so. False: patience ended.
  static bool traffic_until(const GatewayProcess& gateway, const std::function<bool()>& so) {
    std::atomic<bool> ends{false};
    std::vector<std::jthread> clients;
    for (int c = 0; c < 3; ++c) {
      clients.emplace_back([&, c] {
        for (int i = c; !ends; i += 3) (void)get(gateway, i % 300);
      });
    }
    const bool held = eventually(so);
    ends = true;
    return held;
  }

  std::atomic<bool> fails{false};
  FailingInTurn some{4};
  std::atomic<bool> some_fail{false};
  Upstream upstream{Upstream::answering([this](const Message&) {
    const bool bad = fails || (some_fail && some.next());
    return bad ? std::string{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"} : ok("hello");
  })};
  const std::string same = "{timeout: 60s, circuit_breaker: {consecutive_failures: 1000}, deadline: 60s}";
  const std::string strict = "{timeout: 60s, circuit_breaker: {consecutive_failures: 1, open_duration: 5m}}";
};

TEST_F(GatewaySplit, GivesTheCandidateItsShare) {
  const GatewayProcess gateway{config("candidate: 0.25, by: {header: x-user}", same)};
  ASSERT_TRUE(is_there(gateway));
  constexpr int users = 600;
  for (int i = 0; i < users; ++i) ASSERT_EQ(get(gateway, i).status(), 200U);
  ASSERT_TRUE(eventually([&] { return requests(gateway, 0) + requests(gateway, 1) == users; }));
  const double off = static_cast<double>(requests(gateway, 1)) - 0.25 * users;
  EXPECT_LT(off * off / (0.25 * users) + off * off / (0.75 * users), 10.828);
  EXPECT_EQ(split(gateway).at("values").to_number<int>(), users);
}

TEST_F(GatewaySplit, KeepsAUserInTheirArmOverReloadAndRestart) {
  constexpr int users = 24;
  const std::string text = config("candidate: 0.5, by: {header: x-user}", same);
  std::vector<bool> before;
  {
    const GatewayProcess gateway{text};
    ASSERT_TRUE(is_there(gateway));
    before = candidates(gateway, users);
    gateway.rewrite(text + "# again\n");
    ASSERT_EQ(gateway.admin("POST", "/reload").status(), 200U);
    const auto counted = requests(gateway, 1);
    EXPECT_GT(counted, 0U) << "an unchanged split goes on";
    for (int i = 0; i < users; ++i) ASSERT_EQ(get(gateway, i).status(), 200U);
    EXPECT_TRUE(eventually([&] { return requests(gateway, 1) == 2 * counted; }));
    gateway.rewrite(config("candidate: 0.5, by: {header: x-user}, block: 3s", same));
    ASSERT_EQ(gateway.admin("POST", "/reload").status(), 200U);
    EXPECT_TRUE(eventually([&] { return requests(gateway, 1) == 0; })) << "a changed one begins anew";
    EXPECT_EQ(candidates(gateway, users), before);
  }
  const GatewayProcess gateway{text};
  ASSERT_TRUE(is_there(gateway));
  EXPECT_EQ(candidates(gateway, users), before);
}

TEST_F(GatewaySplit, ARequestWithoutTheHeaderIsNotDivided) {
  const GatewayProcess gateway{config("candidate: 0.5, by: {header: x-user}", same)};
  ASSERT_TRUE(is_there(gateway));
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(gateway.get("/").status(), 200U);
    ASSERT_EQ(gateway.get("/", "x-user: a\r\nx-user: b\r\n").status(), 200U);
  }
  ASSERT_EQ(get(gateway, 1).status(), 200U);
  EXPECT_TRUE(eventually([&] { return requests(gateway, 0) + requests(gateway, 1) == 1; }));
  EXPECT_EQ(gateway.breaker("shop%2Fcandidate").at("counters").at("calls").to_number<int>() +
                gateway.breaker("shop").at("counters").at("calls").to_number<int>(),
            21);
}

TEST_F(GatewaySplit, TheCandidatesOpenBreakerRefusesItsUsersOnly) {
  const GatewayProcess gateway{config("candidate: 0.5, by: {header: x-user}", strict)};
  ASSERT_TRUE(is_there(gateway));
  fails = true;
  for (int i = 0; i < 30; ++i) (void)get(gateway, i);
  fails = false;
  ASSERT_EQ(gateway.state("shop%2Fcandidate"), "open");
  ASSERT_EQ(gateway.state("shop"), "closed");
  int refused = 0;
  for (int i = 0; i < 30; ++i) {
    const Message answer = get(gateway, i);
    if (answer.status() == 503U) {
      ++refused;
      EXPECT_NE(answer.body.find("shop/candidate"), std::string::npos) << answer.body;
    } else {
      EXPECT_EQ(answer.status(), 200U);
    }
  }
  EXPECT_GT(refused, 5);
  EXPECT_LT(refused, 25);
  ASSERT_TRUE(eventually([&] { return requests(gateway, 0) + requests(gateway, 1) == 60; }));
  EXPECT_EQ(arm(gateway, 1).at("breaker").at("state").as_string(), "open");
  EXPECT_EQ(arm(gateway, 1).at("breaker").at("opened").to_number<int>(), 1);
  EXPECT_GE(arm(gateway, 1).at("breaker").at("time_to_detect").to_number<double>(), 0);
  EXPECT_TRUE(arm(gateway, 0).at("breaker").at("time_to_detect").is_null());
  EXPECT_GE(arm(gateway, 1).at("refused").to_number<int>(), refused);
  EXPECT_EQ(arm(gateway, 0).at("refused").to_number<int>(), 0);
  // A forced-open breaker of the service is the current arm's.
  ASSERT_EQ(gateway.admin("POST", "/circuit-breakers/shop/force-open").status(), 200U);
  ASSERT_EQ(gateway.admin("POST", "/circuit-breakers/shop%2Fcandidate/reset").status(), 200U);
  int good = 0;
  for (int i = 0; i < 30; ++i) good += get(gateway, i).status() == 200U ? 1 : 0;
  EXPECT_EQ(good, refused);
}

TEST_F(GatewaySplit, LeavesOutWhatAnOperatorHoldsOpenOrDisables) {
  const GatewayProcess gateway{config("candidate: 0.5, by: {header: x-user}, block: 100ms", same)};
  ASSERT_TRUE(is_there(gateway));
  int expected = 0;
  for (const std::string& circuit : {std::string{"shop"}, std::string{"shop%2Fcandidate"}}) {
    for (const std::string& command : {std::string{"force-open"}, std::string{"disable"}}) {
      ASSERT_EQ(gateway.admin("POST", "/circuit-breakers/" + circuit + "/" + command).status(), 200U);
      for (int i = 0; i < 20; ++i) (void)get(gateway, i);
      expected += 20;
      ASSERT_EQ(gateway.admin("POST", "/circuit-breakers/" + circuit + "/reset").status(), 200U);
    }
  }
  EXPECT_TRUE(eventually([&] { return split(gateway).at("left_out").to_number<int>() == expected; }))
      << split(gateway);
  EXPECT_EQ(requests(gateway, 0) + requests(gateway, 1), 0U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get(gateway, i).status(), 200U);
  EXPECT_TRUE(eventually([&] { return requests(gateway, 0) + requests(gateway, 1) == 20; }))
      << "compared again";
}

TEST_F(GatewaySplit, RecordsHowLongCallsTookForTheCircuitThatJudgedThem) {
  const GatewayProcess gateway{config("candidate: 0.5, by: {header: x-user}", same)};
  ASSERT_TRUE(is_there(gateway));
  for (int i = 0; i < 40; ++i) ASSERT_EQ(get(gateway, i).status(), 200U);
  const auto calls_of = [&](const std::string& circuit) {
    return gateway.breaker(circuit).at("counters").at("calls").to_number<int>();
  };
  const int current = calls_of("shop"), candidate = calls_of("shop%2Fcandidate");
  ASSERT_EQ(current + candidate, 40);
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  const auto has = [&](const std::string& name, const std::string& labels, int count) {
    const std::string line =
        name + "_count{" + labels + ",result=\"success\"} " + std::to_string(count) + "\n";
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
  };
  has("circuit_breaker_call_duration_seconds", "circuit=\"shop\"", current);
  has("circuit_breaker_call_duration_seconds", "circuit=\"shop/candidate\"", candidate);
  has("switchgear_call_duration_seconds", "service=\"shop\"", 40);
  EXPECT_EQ(metrics.find("service=\"shop/candidate\",result=\"success\""), std::string::npos);
}

TEST_F(GatewaySplit, FindsThatACandidateWithRetriesIsBetter) {
  some_fail = true;
  const GatewayProcess gateway{config(
      "candidate: 0.5, by: {header: x-user}, block: 100ms",
      "{timeout: 60s, retry: {max_attempts: 3, base: 1ms, budget: {ratio: 1, min_per_second: 1000}}}")};
  ASSERT_TRUE(is_there(gateway));
  ASSERT_TRUE(traffic_until(gateway, [&] {
    return split(gateway).at("verdict").as_string() != "not_enough_data";
  })) << split(gateway);
  const json::value found = split(gateway);
  EXPECT_EQ(found.at("verdict").as_string(), "better") << found;
  EXPECT_LT(found.at("difference").at("high").to_number<double>(), 0);
  EXPECT_TRUE(found.at("stopped").is_null());
  EXPECT_FALSE(found.at("history").as_array().empty());
  EXPECT_TRUE(gateway.logs("candidate 'candidate' is better"));
}

TEST_F(GatewaySplit, SaysNothingOfACandidateThatDoesTheSame) {
  some_fail = true;
  const GatewayProcess gateway{config("candidate: 0.5, by: {header: x-user}, block: 100ms", same)};
  ASSERT_TRUE(is_there(gateway));
  ASSERT_TRUE(traffic_until(gateway, [&] { return split(gateway).at("blocks").to_number<int>() >= 40; }));
  EXPECT_EQ(split(gateway).at("verdict").as_string(), "not_enough_data") << split(gateway);
}

TEST_F(GatewaySplit, StopsACandidateThatDoesHarm) {
  fails = true;  // opens the candidate's breaker for five minutes
  const GatewayProcess gateway{config("candidate: 0.3, by: {header: x-user}, block: 100ms", strict)};
  ASSERT_TRUE(is_there(gateway));
  for (int i = 0; i < 10; ++i) (void)get(gateway, i);
  fails = false;
  ASSERT_TRUE(traffic_until(gateway, [&] { return !split(gateway).at("stopped").is_null(); }));
  EXPECT_EQ(split(gateway).at("verdict").as_string(), "harmful");
  EXPECT_EQ(split(gateway).at("stopped").at("why").as_string(), "harmful");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(get(gateway, i).status(), 200U) << "user " << i;
  EXPECT_TRUE(gateway.logs("does harm and is stopped"));
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  const auto line = metrics.find("\nswitchgear_split_share{") + 1;
  ASSERT_NE(line, 0U);
  const std::string share = metrics.substr(line, metrics.find('\n', line) - line);
  EXPECT_TRUE(share.ends_with("} 0")) << share;
  ASSERT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(get(gateway, 1).status(), 200U);
  EXPECT_FALSE(split(gateway).at("stopped").is_null()) << "a reload without a change does not start it again";
}

TEST_F(GatewaySplit, AnOperatorStopsAndRestartsIt) {
  const GatewayProcess gateway{config("candidate: 0.5, by: {header: x-user}", strict)};
  ASSERT_TRUE(is_there(gateway));
  fails = true;
  for (int i = 0; i < 20; ++i) (void)get(gateway, i);
  fails = false;
  EXPECT_EQ(gateway.admin("POST", "/experiments/cart/stop").status(), 404U);
  EXPECT_EQ(gateway.admin("POST", "/experiments/cart/restart").status(), 404U);
  EXPECT_EQ(gateway.admin("GET", "/experiments/shop/stop").status(), 405U);
  const Message stopped = gateway.admin("POST", "/experiments/shop/stop");
  ASSERT_EQ(stopped.status(), 200U) << stopped.body;
  EXPECT_EQ(json::parse(stopped.body).at("stopped").at("why").as_string(), "operator");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get(gateway, i).status(), 200U);
  EXPECT_TRUE(gateway.logs("is stopped by an operator"));
  ASSERT_EQ(gateway.admin("POST", "/circuit-breakers/shop%2Fcandidate/reset").status(), 200U);
  const Message restarted = gateway.admin("POST", "/experiments/shop/restart");
  ASSERT_EQ(restarted.status(), 200U) << restarted.body;
  EXPECT_TRUE(json::parse(restarted.body).at("stopped").is_null());
  EXPECT_EQ(requests(gateway, 0) + requests(gateway, 1), 0U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get(gateway, i).status(), 200U);
  EXPECT_TRUE(eventually([&] { return requests(gateway, 0) + requests(gateway, 1) == 20; }));
  EXPECT_GT(requests(gateway, 1), 0U);
}

TEST_F(GatewaySplit, StaysStoppedOverARestartOfTheGateway) {
  const std::string file = (std::filesystem::path{testing::TempDir()} / "split-stopped.db").string();
  const auto remove = [&] {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file + end);
  };
  remove();
  const std::string text =
      config("candidate: 0.5, by: {header: x-user}", strict) + "history: {file: \"" + file + "\"}\n";
  const auto runs = [&](const GatewayProcess& gateway) {
    return eventually([&] { return is_there(gateway) && split(gateway).at("stopped").is_null(); });
  };
  {
    const GatewayProcess gateway{text};
    ASSERT_TRUE(runs(gateway));
    ASSERT_EQ(gateway.admin("POST", "/experiments/shop/stop").status(), 200U);
  }
  {
    const GatewayProcess gateway{text};
    ASSERT_TRUE(eventually([&] { return gateway.logs("candidate 'candidate' stays stopped"); }));
    EXPECT_EQ(split(gateway).at("stopped").at("why").as_string(), "operator");
    fails = true;
    for (int i = 0; i < 20; ++i) (void)get(gateway, i);
    EXPECT_EQ(gateway.state("shop%2Fcandidate"), "closed") << "it has seen no request";
    fails = false;
    ASSERT_EQ(gateway.admin("POST", "/experiments/shop/restart").status(), 200U);
  }
  const GatewayProcess gateway{text};
  EXPECT_TRUE(runs(gateway)) << "as an operator has commanded";
  remove();
}

TEST_F(GatewaySplit, SaysThatWithoutAFileItDoesNotKnowOfStops) {
  const GatewayProcess gateway{config("candidate: 0.5, by: {header: x-user}", same)};
  ASSERT_TRUE(is_there(gateway));
  EXPECT_TRUE(gateway.logs("without history.file that is not known"));
  ASSERT_EQ(gateway.admin("POST", "/experiments/shop/stop").status(), 200U);
  EXPECT_TRUE(gateway.logs("the next start of the gateway does not know that"));
}

TEST_F(GatewaySplit, WithoutAHeaderPoliciesTakeTurns) {
  const GatewayProcess gateway{config("candidate: 0.5, block: 200ms", same)};
  ASSERT_TRUE(is_there(gateway));
  ASSERT_TRUE(traffic_until(gateway, [&] {
    return requests(gateway, 0) > 50 && requests(gateway, 1) > 50 &&
           split(gateway).at("blocks").to_number<int>() >= 2;
  })) << split(gateway);
  EXPECT_TRUE(split(gateway).at("by").is_null());
  EXPECT_TRUE(split(gateway).at("values").is_null());
}

TEST_F(GatewaySplit, AppearsInStatusAndAccessLog) {
  const std::string log = (std::filesystem::path{testing::TempDir()} / "split-access.log").string();
  std::filesystem::remove(log);
  const GatewayProcess gateway{config("candidate: 0.5, by: {header: x-user}", same) +
                               "log: {access: {file: \"" + log + "\", format: json}}\n"};
  ASSERT_TRUE(is_there(gateway));
  for (int i = 0; i < 20; ++i) ASSERT_EQ(get(gateway, i).status(), 200U);
  ASSERT_EQ(gateway.get("/").status(), 200U);
  const json::value status = json::parse(gateway.admin("GET", "/status").body);
  const json::value& shop = status.at("services").at("shop");
  EXPECT_EQ(shop.at("split").at("candidate").as_string(), "candidate");
  EXPECT_EQ(shop.at("route_policies").at("candidate").at("circuit").as_string(), "shop/candidate");
  std::map<std::string, int> arms;
  EXPECT_TRUE(eventually([&] {
    arms.clear();
    std::ifstream lines{log};
    int all = 0;
    for (std::string line; std::getline(lines, line); ++all) {
      const json::value entry = json::parse(line);
      const json::value* arm = entry.as_object().if_contains("arm");
      ++arms[arm == nullptr ? "none" : std::string{arm->as_string()}];
    }
    return all == 21;
  }));
  EXPECT_EQ(arms["none"], 1);
  EXPECT_EQ(arms["current"] + arms["candidate"], 20);
  EXPECT_GT(arms["candidate"], 2);
  std::filesystem::remove(log);
}

TEST_F(GatewaySplit, ThePatchThatPromotesTheCandidateAppliesAndIsValid) {
  const std::string text = config("candidate: 0.5, by: {header: x-user}", same) + "# the end\n";
  const GatewayProcess gateway{text};
  ASSERT_TRUE(is_there(gateway));
  EXPECT_EQ(gateway.admin("POST", "/experiments/cart/promote").status(), 404U);
  const Message answer = gateway.admin("POST", "/experiments/shop/promote");
  ASSERT_EQ(answer.status(), 200U) << answer.body;
  namespace fs = std::filesystem;
  const fs::path directory = fs::path{testing::TempDir()} / "split-promotion";
  fs::create_directories(directory);
  const fs::path file = directory / "gateway.yaml";
  std::ofstream(file) << text;
  std::ofstream(directory / "promote.patch") << answer.body;
  const auto run = [](const std::string& command) {
    const int status = std::system(command.c_str());  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  ASSERT_EQ(run("patch -s '" + file.string() + "' < '" + (directory / "promote.patch").string() + "'"), 0)
      << answer.body;
  EXPECT_EQ(run(std::string{SWITCHGEAR_BINARY} + " check '" + file.string() + "' > /dev/null 2>&1"), 0);
  std::string after;
  {
    std::ifstream in{file};
    after.assign(std::istreambuf_iterator<char>{in}, {});
  }
  fs::remove_all(directory);
  EXPECT_NE(after.find("policy: candidate"), std::string::npos) << after;
  EXPECT_EQ(after.find("split"), std::string::npos) << after;
  EXPECT_NE(after.find("# the end"), std::string::npos);
  // What runs has not changed; with the file in place it does.
  EXPECT_FALSE(split(gateway).is_null());
  gateway.rewrite("version: 2\n");
  const Message refused = gateway.admin("POST", "/experiments/shop/promote");
  EXPECT_EQ(refused.status(), 409U) << refused.body;
  EXPECT_NE(refused.body.find("the policy file has an error"), std::string::npos) << refused.body;
  gateway.rewrite(after);
  ASSERT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_TRUE(eventually([&] { return split(gateway).is_null(); }));
  EXPECT_EQ(gateway.admin("POST", "/experiments/shop/promote").status(), 404U);
}

}  // namespace
}  // namespace switchgear::wire
