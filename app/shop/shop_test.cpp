// The shop as its users have it: the binary, with real servers behind it where they are installed.
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/shop/backing.hpp"
#include "app/shop/books.hpp"
#include "app/stage/acting_server.hpp"
#include "app/stage/stop_signal.hpp"
#include "app/stage/workplace.hpp"
#include "switchgear/http/blocking_client.hpp"
#include "tests/house/program.hpp"

namespace switchgear::shop {
namespace {

using namespace std::chrono_literals;

const std::string examples = std::string(SWITCHGEAR_SOURCE_DIR) + "/examples/shop/";

// --- the scripted scenarios

class Scenario : public ::testing::TestWithParam<const char*> {};

TEST_P(Scenario, HoldsAndLosesNoOrder) {
  house::Program shop{{SWITCHGEAR_BINARY, "shop", "--scenario", examples + GetParam() + ".yaml"}};
  EXPECT_EQ(shop.wait(100s), 0) << shop.output();
  EXPECT_NE(shop.output().find("none lost, none doubled"), std::string::npos) << shop.output();
}

INSTANTIATE_TEST_SUITE_P(Shop, Scenario,
                         ::testing::Values("all_well", "payment_slow", "inventory_errors", "email_down",
                                           "several_at_once", "recovery"),
                         [](const auto& name) { return std::string(name.param); });

TEST(Shop, NeedsNothingInstalled) {
  house::Program shop{{SWITCHGEAR_BINARY, "shop", "--stand-ins", "--for", "2s", "--rate", "30"}};
  EXPECT_EQ(shop.wait(100s), 0) << shop.output();
  EXPECT_NE(shop.output().find("a stand-in"), std::string::npos) << shop.output();
  EXPECT_NE(shop.output().find("none lost, none doubled"), std::string::npos) << shop.output();
}

class Killed : public ::testing::TestWithParam<std::pair<int, const char*>> {};

TEST_P(Killed, ShopIsStartedAgainAndItsBooksAreRight) {
  house::Program shop{{SWITCHGEAR_BINARY, "shop", "--stand-ins", "--for", "2s", "--rate", "60"}};
  ASSERT_TRUE(shop.read_until("/api/orders", 60s)) << shop.output();
  const pid_t service = shop.child("shop-service");
  ASSERT_GT(service, 0);
  http::BlockingClient admin{"http://127.0.0.1:" + std::to_string(stage::number_after(
                                                       shop.output(), "dashboard   http://127.0.0.1:"))};
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (admin.get("/shop").json().at("orders").at("confirmed").to_number<int>() < 5 &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(5ms);
  }
  ::kill(service, GetParam().first);
  EXPECT_EQ(shop.wait(100s), 0) << shop.output();
  EXPECT_NE(shop.output().find(std::string("was ended (") + GetParam().second + "), and is started again"),
            std::string::npos)
      << shop.output();
  EXPECT_NE(shop.output().find("none lost, none doubled"), std::string::npos) << shop.output();
}

INSTANTIATE_TEST_SUITE_P(Shop, Killed,
                         ::testing::Values(std::pair{SIGKILL, "signal 9"},
                                           std::pair{SIGTERM, "exit code 143"}));

TEST(Shop, AProcessThatCrashesIsAFailureAndItsBooksAreReadAllTheSame) {
  house::Program shop{{SWITCHGEAR_BINARY, "shop", "--stand-ins", "--for", "2s"}};
  ASSERT_TRUE(shop.read_until("/api/orders", 60s)) << shop.output();
  ::kill(shop.child("shop-service"), SIGABRT);
  EXPECT_EQ(shop.wait(100s), 1) << shop.output();
  EXPECT_NE(shop.output().find("ended by itself (signal 6)"), std::string::npos) << shop.output();
  EXPECT_NE(shop.output().find("none lost, none doubled"), std::string::npos) << shop.output();
}

TEST(Shop, AProcessThatEndsByItselfFailsAlsoWithExitCodeZero) {
  stage::Workplace workplace{"shop-test"};
  // A child is this binary again: told to list its tests, it ends at once.
  const auto process = workplace.start("lists", {"--gtest_list_tests"}, "Shop.").process;
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (process->running() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(process->how_it_ended(), "exit code 0");
  EXPECT_FALSE(process->was_told_to_end());
}

TEST(Shop, ReadsItsBooksAlsoAfterCtrlC) {
  for (const bool bounded : {false, true}) {
    std::vector<std::string> words{SWITCHGEAR_BINARY, "shop", "--stand-ins"};
    if (bounded) words.insert(words.end(), {"--for", "60s"});
    house::Program shop{words};
    ASSERT_TRUE(shop.read_until("/api/orders", 60s)) << shop.output();
    shop.signal(SIGINT);
    EXPECT_EQ(shop.wait(100s), bounded ? 1 : 0) << shop.output();
    EXPECT_NE(shop.output().find("none lost, none doubled"), std::string::npos) << shop.output();
  }
}

TEST(Shop, RunsInATemporaryFolderWhosePathIsLongAndWithSettingsOfAnotherDatabase) {
  const stage::Workplace workplace{"shop-test"};
  const auto folder = workplace.directory() / std::string(150, 'x');
  std::filesystem::create_directory(folder);
  std::filesystem::permissions(workplace.directory(), std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  house::Program shop{{"/usr/bin/env", "TMPDIR=" + folder.string(), "PGSSLMODE=require", "PGTZ=Mars/Olympus",
                       "PGOPTIONS=-c default_transaction_read_only=on", SWITCHGEAR_BINARY, "shop", "--for",
                       "1s"}};
  EXPECT_EQ(shop.wait(100s), 0) << shop.output();
  EXPECT_NE(shop.output().find("none lost, none doubled"), std::string::npos) << shop.output();
}

TEST(Shop, SaysWhatIsWrongWithTheFolderForTemporaryFiles) {
  const stage::Workplace workplace{"shop-test"};
  const auto folder =
      workplace.directory() / std::string(200, 'x') / std::string(200, 'y') / std::string(200, 'z');
  std::filesystem::create_directories(folder);
  for (const auto& [where, why] : {std::pair<std::string, std::string>{"/nowhere", "set TMPDIR to one"},
                                   {folder.string(), "the path is too long"}}) {
    house::Program shop{
        {"/usr/bin/env", "TMPDIR=" + where, SWITCHGEAR_BINARY, "shop", "--stand-ins", "--for", "1s"}};
    EXPECT_EQ(shop.wait(60s), 3) << shop.output();
    EXPECT_NE(shop.output().find(where), std::string::npos) << shop.output();
    EXPECT_NE(shop.output().find(why), std::string::npos) << shop.output();
  }
}

TEST(Shop, SaysWhyAServerDoesNotStartAndNotOnlyThatItEnded) {
  const stage::Workplace workplace{"shop-test"};
  const auto open = std::filesystem::perms::others_exec | std::filesystem::perms::others_read;
  std::filesystem::permissions(workplace.directory(), open, std::filesystem::perm_options::add);
  const std::string server = workplace.write(
      "redis-server",
      "#!/bin/sh\necho 'FATAL: no room on the disk'\necho 'LOG: the server is shut down'\nexit 1\n");
  std::filesystem::permissions(server, open | std::filesystem::perms::owner_all);
  const std::string path = "PATH=" + workplace.directory().string() + ":" + std::getenv("PATH");
  house::Program shop{{"/usr/bin/env", path, SWITCHGEAR_BINARY, "shop", "--for", "1s"}};
  EXPECT_EQ(shop.wait(60s), 3) << shop.output();
  EXPECT_NE(shop.output().find("redis did not start; it said: FATAL: no room on the disk; logs are in "),
            std::string::npos)
      << shop.output();
}

/// A scenario that goes on with `rest`.
std::string scenario_with(const std::string& rest) {
  return "version: 1\nscenario: of a test\nchaos: {enabled: true}\n"
         "target: {url: \"http://127.0.0.1:8000\", admin: \"http://127.0.0.1:9090\"}\n" +
         rest;
}

TEST(Shop, OrdersThatAreRefusedAreNotMissedInTheBooks) {
  const stage::Workplace workplace{"shop-test"};
  const std::string file = workplace.write(
      "strangers.yaml", scenario_with("load: {rate: 40, path: [\"POST /api/orders\"], duration: 1s,\n"
                                      "  body: '{\"user\": 4711, \"sku\": \"apples\"}'}\n"
                                      "expect: [{serves_at_least: 0.9}]\n"));
  house::Program shop{{SWITCHGEAR_BINARY, "shop", "--stand-ins", "--scenario", file}};
  EXPECT_EQ(shop.wait(60s), 0) << shop.output();
  EXPECT_NE(shop.output().find("books       0 orders confirmed"), std::string::npos) << shop.output();
}

TEST(Shop, StartsBehindARelayAndLosesNoOrderWhenTheDatabaseGoesAway) {
  const stage::Workplace workplace{"shop-test"};
  const std::string file = workplace.write(
      "away.yaml",
      scenario_with("services: {database: {ports: [9005], relay: \"127.0.0.1:5432\"}}\n"
                    "load: {rate: 40, path: [\"POST /api/orders\", /api/users/7], duration: 2s,\n"
                    "  body: '{\"user\": 7, \"sku\": \"apples\"}'}\n"
                    "phases: [{at: 500ms, for: 1s, service: database, refuse: true}]\n"
                    "expect: [{breaker: database, opens_within: 1s, after: 500ms}]\n"));
  house::Program shop{{SWITCHGEAR_BINARY, "shop", "--scenario", file}};
  EXPECT_EQ(shop.wait(60s), 0) << shop.output();
  EXPECT_NE(shop.output().find("none lost, none doubled"), std::string::npos) << shop.output();
}

TEST(Shop, SaysWhichPolicyIsMissing) {
  const stage::Workplace workplace{"shop-test"};
  const std::string file = workplace.write("few.yaml", "version: 1\npolicies: {inventory: {timeout: 1s}}\n");
  house::Program shop{{SWITCHGEAR_BINARY, "shop", "--policies", file, "--for", "1s"}};
  EXPECT_EQ(shop.wait(30s), 1);
  EXPECT_NE(shop.output().find("few.yaml: policies.payment: is missing"), std::string::npos) << shop.output();
}

TEST(Shop, SaysWhichScenarioCannotBeRead) {
  house::Program shop{{SWITCHGEAR_BINARY, "shop", "--scenario", examples + "nowhere.yaml"}};
  EXPECT_EQ(shop.wait(30s), 1);
  EXPECT_NE(shop.output().find("nowhere.yaml"), std::string::npos) << shop.output();
}

TEST(Shop, ItsPoliciesAreAcceptedAndProvenPossible) {
  house::Program check{{SWITCHGEAR_BINARY, "check", examples + "shop.yaml"}};
  EXPECT_EQ(check.wait(30s), 0) << check.output();
  house::Program prove{{SWITCHGEAR_BINARY, "prove", "--config", examples + "shop.yaml"}};
  EXPECT_EQ(prove.wait(60s), 0) << prove.output();
}

// --- the process, between its callers and what is behind it

/// A service that answers what it is told to.
class Played {
 public:
  Played() {
    server_.start();
    thread_ = std::thread([this] { io_.run(); });
  }
  Played(const Played&) = delete;
  Played& operator=(const Played&) = delete;
  ~Played() {
    io_.stop();
    thread_.join();
  }
  void answer(unsigned status) { status_ = status; }
  void hang() { kind_ = stage::Reaction::Kind::hang; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }

 private:
  std::atomic<unsigned> status_{200};
  std::atomic<stage::Reaction::Kind> kind_{stage::Reaction::Kind::answer};
  boost::asio::io_context io_{1};
  stage::ActingServer server_{io_, "played", 0, [this](const stage::Arrival&) -> stage::Reaction {
                                return {kind_, status_, 2ms};
                              }};
  std::thread thread_;
};

/// Servers of its own behind each test, where they are installed.
class ShopProcess : public ::testing::Test {
 protected:
  void start() {
    process_ =
        std::make_unique<house::Program>(std::vector<std::string>{SWITCHGEAR_BINARY, "shop-service",
                                                                  "--policies",      policies_,
                                                                  "--database",      backing_.database(),
                                                                  "--smtp",          backing_.smtp(),
                                                                  "--inventory",     inventory_.url(),
                                                                  "--payment",       payment_.url(),
                                                                  "--accounts",      accounts_.url(),
                                                                  "--risk",          risk_,
                                                                  "--port",          "0",
                                                                  "--admin-port",    "0",
                                                                  "--order-time",    "1s"});
    ASSERT_TRUE(process_->read_until("\n", 30s)) << process_->output();
    port_ = stage::number_after(process_->output(), "port=");
    admin_ = stage::number_after(process_->output(), "admin=");
    client_ = std::make_unique<http::BlockingClient>("http://127.0.0.1:" + std::to_string(port_));
  }
  void kill() {
    process_->signal(SIGKILL);
    EXPECT_EQ(process_->wait(10s), 128 + SIGKILL);
  }

  /// Until the database is there the shop says 503.
  http::Response order(const std::string& key,
                       const char* body = R"({"user": 7, "sku": "apples", "count": 2})") {
    return client_->post(
        http::Request{"/api/orders"}.header("Idempotency-Key", key).body(body, "application/json"));
  }
  http::Response patient_order(const std::string& key) {
    http::Response answer = order(key);
    for (const auto until = std::chrono::steady_clock::now() + 20s;
         answer.status != 201 && answer.status != 200 && std::chrono::steady_clock::now() < until;
         answer = order(key)) {
      std::this_thread::sleep_for(50ms);
    }
    return answer;
  }
  Books books() { return settle(admin_, stop_); }
  boost::json::value figures() {
    return http::BlockingClient{"http://127.0.0.1:" + std::to_string(admin_)}.get("/shop").json();
  }

  stage::StopSignal stop_;
  stage::Workplace workplace_{"shop-test"};
  Backing backing_{workplace_, Behind::installed};
  Played inventory_, payment_, accounts_;
  std::string policies_ = examples + "shop.yaml";
  std::string risk_ = backing_.risk();
  std::unique_ptr<house::Program> process_;
  std::unique_ptr<http::BlockingClient> client_;
  std::uint16_t port_ = 0, admin_ = 0;
};

TEST_F(ShopProcess, AnOrderIsMadeOnceHoweverOftenItIsAskedFor) {
  start();
  const http::Response first = patient_order("a");
  ASSERT_EQ(first.status, 201) << first.body;
  const http::Response second = order("a");
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.body, first.body);
  EXPECT_EQ(order("a", R"({"user": 8, "sku": "apples", "count": 2})").status, 422);
  EXPECT_EQ(order("b", R"({"user": 4711, "sku": "apples"})").status, 422);
  EXPECT_EQ(order("").status, 400);
  EXPECT_EQ(order("c", R"({"user": "7"})").status, 400);
  EXPECT_EQ(client_->get("/api/orders").status, 405);
  EXPECT_EQ(client_->get("/api/users/4711").status, 404);

  // What follows is queued and done: the user's figures say so.
  const Books seen = books();
  EXPECT_TRUE(seen.settled);
  EXPECT_EQ(seen.confirmed, 1);
  EXPECT_EQ(seen.mails, 1);
  EXPECT_EQ(client_->get("/api/users/7").json().at("orders").as_int64(), 1);
  EXPECT_EQ(client_->get("/health").json().at("status").as_string(), "healthy");
}

TEST_F(ShopProcess, AnOrderThatCannotBePaidIsUndoneAndCanBeMadeLater) {
  start();
  ASSERT_EQ(patient_order("first").status, 201);
  payment_.answer(500);
  const http::Response failed = order("second");
  EXPECT_EQ(failed.status, 503) << failed.body;
  EXPECT_TRUE(failed.retry_after().has_value());
  payment_.answer(402);
  EXPECT_EQ(order("third").status, 409);
  payment_.answer(200);
  EXPECT_EQ(patient_order("second").status, 201);
  const Books seen = books();
  EXPECT_TRUE(seen.settled);
  EXPECT_EQ(seen.confirmed, 2);
  EXPECT_EQ(seen.cancelled, 1);
}

TEST_F(ShopProcess, AnOrderThatTheAgentAdvisesAgainstIsUndone) {
  start();
  ASSERT_EQ(patient_order("few").status, 201);
  // An agent that is slow on a busy machine is not waited for: such an order is made.
  http::Response refused;
  std::int64_t made = 1;
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < until) {
    refused = order("many-" + std::to_string(made), R"({"user": 7, "sku": "apples", "count": 500})");
    if (refused.status != 201) break;
    ++made;
  }
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_NE(refused.body.find("the agent for risks advises against this order"), std::string::npos);
  EXPECT_EQ(figures().at("advice").at("against").to_number<int>(), 1);
  const Books seen = books();
  EXPECT_TRUE(seen.settled);
  EXPECT_EQ(seen.confirmed, made);
  EXPECT_EQ(seen.cancelled, 1);
}

TEST_F(ShopProcess, AnOrderIsMadeWithoutAdviceWhenTheAgentIsAway) {
  Played broken;
  broken.answer(500);
  risk_ = broken.url();
  start();
  ASSERT_EQ(patient_order("0").status, 201);
  for (const char* const key : {"1", "2", "3", "4"}) EXPECT_EQ(order(key).status, 201);
  EXPECT_GE(figures().at("advice").at("missing").to_number<int>(), 5);
  EXPECT_TRUE(client_->get("/health").json().at("dependencies").as_object().contains("risk"));
  const std::string metrics =
      http::BlockingClient{"http://127.0.0.1:" + std::to_string(admin_)}.get("/metrics").body;
  EXPECT_NE(metrics.find("shop_advice_total{result=\"given\"} 0"), std::string::npos);
  EXPECT_NE(metrics.find("circuit_breaker_transitions_total{circuit=\"risk\",from=\"closed\",to=\"open\"} 1"),
            std::string::npos)
      << metrics;
}

TEST_F(ShopProcess, AnAgentThatHangsDoesNotUseUpTheTimeOfAnOrder) {
  std::ostringstream text;
  text << std::ifstream{policies_}.rdbuf();
  const std::string whole = text.str();
  const std::size_t risk = whole.find("  risk:\n"), next = whole.find("  # Queued");
  ASSERT_LT(risk, next);
  policies_ = workplace_.write("patient.yaml",
                               whole.substr(0, risk) + "  risk:\n    timeout: 10s\n" + whole.substr(next));
  Played hangs;
  hangs.hang();
  risk_ = hangs.url();
  start();
  EXPECT_EQ(patient_order("a").status, 201);
  EXPECT_GE(figures().at("advice").at("missing").to_number<int>(), 1);
}

TEST_F(ShopProcess, QueuedWorkIsDoneAfterTheShopWasKilled) {
  accounts_.answer(503);
  start();
  for (const char* const key : {"a", "b", "c"}) ASSERT_EQ(patient_order(key).status, 201);
  kill();
  accounts_.answer(200);
  start();
  const Books seen = books();
  EXPECT_TRUE(seen.settled) << seen.waiting << " wait";
  EXPECT_EQ(seen.confirmed, 3);
  EXPECT_EQ(seen.booked, 3);
  EXPECT_EQ(order("b").status, 200);
}

TEST_F(ShopProcess, KilledWithinOrdersItLosesAndDoublesNone) {
  start();
  ASSERT_EQ(patient_order("first").status, 201);
  // Callers of their own threads, who try again with the same key until they know.
  std::vector<std::thread> callers;
  std::atomic<int> confirmed{0};
  std::atomic<std::uint16_t> port{port_};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (int number = 0; number < 10; ++number) {
        const std::string key = std::to_string(caller) + "-" + std::to_string(number);
        for (const auto until = std::chrono::steady_clock::now() + 20s;
             std::chrono::steady_clock::now() < until;) {
          try {
            http::BlockingClient client{"http://127.0.0.1:" + std::to_string(port)};
            const unsigned status =
                client
                    .post(http::Request{"/api/orders"}
                              .header("Idempotency-Key", key)
                              .body(R"({"user": 7, "sku": "apples"})", "application/json"))
                    .status;
            if (status == 200 || status == 201) {
              ++confirmed;
              break;
            }
          } catch (const std::exception&) {  // the shop is away
          }
          std::this_thread::sleep_for(20ms);
        }
      }
    });
  }
  for (int times = 0; times < 2; ++times) {
    const int before = confirmed;
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (confirmed < before + 5 && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(1ms);
    EXPECT_GE(confirmed, before + 5);
    kill();
    start();
    port = port_;
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(confirmed, 40);
  const Books seen = books();
  EXPECT_TRUE(seen.settled) << seen.open << " are open, " << seen.waiting << " wait";
  EXPECT_EQ(seen.confirmed, 41);
  EXPECT_EQ(seen.booked, 41);
}

}  // namespace
}  // namespace switchgear::shop
