// `switchgear chaos run` as its users run it: the real binary, its gateway, its services.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <boost/json/parse.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include "app/control/other_server_fixture.hpp"
#include "switchgear/config/loading_fixture.hpp"
#include "tests/house/program.hpp"

namespace switchgear::chaos {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using house::Program;

/// The end of every wait; a run that does as it should is done long before.
constexpr auto patience = 100s;

class ChaosCommand : public ::testing::Test {
 protected:
  /// Whatever a run leaves behind becomes a child of this test.
  void SetUp() override { ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0); }

  /// Whether no process is left; each ends before the run does.
  static bool all_ended() { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

  /// A scenario of three seconds whose service fails from the first second on.
  [[nodiscard]] std::string scenario(const std::string& expect,
                                     const std::string& where = "gateway: shop.yaml\n",
                                     const std::string& service = "{latency: 1ms}") const {
    return directory_.write("scenario.yaml",
                            "version: 1\nscenario: payment goes down\nchaos: {enabled: true}\n" + where +
                                "services: {payment: " + service +
                                "}\nload: {rate: 100, path: /payment/x, duration: 3s}\n"
                                "phases: [{at: 1s, service: payment, errors: 1.0}]\nexpect:\n" +
                                expect);
  }
  void SetUpShop() const {
    static_cast<void>(directory_.write(
        "shop.yaml",
        "version: 1\npolicies:\n  shop: {circuit_breaker: {window: {type: count, size: 20}, minimum_calls: "
        "10, "
        "failure_rate: 0.5, open_duration: 30s}}\n"
        "  patient: {circuit_breaker: {consecutive_failures: 1000}}\n"
        "services:\n"
        "  payment: {url: \"http://payment.invalid\", policy: shop, routes: [{prefix: /payment/}]}\n"
        "  stock: {url: \"http://stock.invalid\", policy: patient, routes: [{prefix: /stock/}]}\n"));
  }

  config::TemporaryDirectory directory_;
};

TEST_F(ChaosCommand, ExitsZeroWhenEveryExpectationHolds) {
  SetUpShop();
  const std::string report = directory_.path() + "/report.md";
  Program run{{SWITCHGEAR_BINARY, "chaos", "run", "--json", "--seed", "9", "--report", report,
               scenario("  - {breaker: payment, opens_within: 1s, after: 1s}\n"
                        "  - {breaker: stock, never_opens: true}\n"
                        "  - {serves_at_least: 0.9, until: 1s}\n"
                        "  - {service: payment, reaches_at_most: 3, after: 2s}\n")}};
  ASSERT_EQ(run.wait(patience), 0) << run.output();
  EXPECT_TRUE(all_ended());
  const json::object said = json::parse(run.output()).as_object();
  EXPECT_EQ(said.at("seed"), 9);
  EXPECT_EQ(said.at("held"), true);
  EXPECT_EQ(said.at("expectations").as_array().size(), 4U);
  const json::object& opened = said.at("transitions").at(0).as_object();
  EXPECT_EQ(opened.at("to"), "open");
  EXPECT_GE(opened.at("at").to_number<double>(), 1.0);
  EXPECT_GT(said.at("arrived").at("payment").at(0).to_number<int>(), 50);
  EXPECT_EQ(said.at("arrived").at("stock").at(0).to_number<int>(), 0);
  std::ifstream file(report);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(page.find("# payment goes down"), std::string::npos) << page;
  EXPECT_NE(page.find("| breaker payment opens within 1s after 1s | yes |"), std::string::npos) << page;
  EXPECT_NE(page.find("breaker payment: closed → open, failure\\_rate"), std::string::npos) << page;
}

TEST_F(ChaosCommand, ExitsOneAndSaysWhatDidNotHold) {
  SetUpShop();
  Program run{{SWITCHGEAR_BINARY, "chaos", "run",
               scenario("  - {breaker: payment, never_opens: true}\n"
                        "  - {breaker: payment, opens_within: 1s, after: 1s}\n")}};
  ASSERT_EQ(run.wait(patience), 1) << run.output();
  EXPECT_TRUE(all_ended());
  EXPECT_NE(run.output().find("payment: errors 100%"), std::string::npos) << run.output();
  EXPECT_NE(run.output().find("breaker payment: closed → open, failure_rate"), std::string::npos);
  EXPECT_NE(run.output().find("FAILED  breaker payment never opens: it opened at "), std::string::npos);
  EXPECT_NE(run.output().find("scenario.yaml:9)"), std::string::npos) << run.output();
  EXPECT_NE(run.output().find("held    breaker payment opens within 1s after 1s"), std::string::npos);
  EXPECT_NE(run.output().find("1 of 2 expectations hold\n"), std::string::npos);
}

TEST_F(ChaosCommand, EndsEveryProcessWhenInterrupted) {
  SetUpShop();
  Program run{{SWITCHGEAR_BINARY, "chaos", "run", scenario("  - {serves_at_least: 0}\n")}};
  ASSERT_TRUE(run.read_until("payment: errors 100%", patience)) << run.output();
  run.signal(SIGINT);
  EXPECT_EQ(run.wait(patience), 1);
  EXPECT_NE(run.output().find("stopped before the end; nothing was judged"), std::string::npos)
      << run.output();
  EXPECT_TRUE(all_ended());
}

TEST_F(ChaosCommand, DrivesAGatewayThatRunsAlready) {
  // Its service is played at a port that this gateway's file names.
  const std::string ports = "{latency: 1ms, ports: [";
  Program reserve{{SWITCHGEAR_BINARY, "demo-service", "--name", "reserve"}};
  ASSERT_TRUE(reserve.read_until("control=", patience)) << reserve.output();
  const auto at = reserve.output().find("port=") + 5;
  const std::string port = reserve.output().substr(at, reserve.output().find(' ', at) - at);
  reserve.signal(SIGTERM);
  ASSERT_EQ(reserve.wait(patience), 0);
  const std::string file =
      directory_.write("gateway.yaml",
                       "version: 1\ngateway: {listen: \"127.0.0.1:0\", admin: \"127.0.0.1:0\"}\n"
                       "policies:\n  p: {circuit_breaker: {consecutive_failures: 5}}\n"
                       "services:\n  payment: {url: \"http://127.0.0.1:" +
                           port + "\", policy: p, routes: [{prefix: /payment/}]}\n");
  Program gateway{{SWITCHGEAR_BINARY, "serve", "--config", file}};
  ASSERT_TRUE(gateway.read_until("switchgear serves ", patience)) << gateway.output();
  ASSERT_TRUE(gateway.read_until("\n", patience));
  const auto address = [&](const std::string& word) {
    const auto begin = gateway.output().find(word + " http://") + word.size() + 1;
    return gateway.output().substr(begin, gateway.output().find_first_of("/ \n", begin + 7) - begin);
  };
  const std::string target =
      "target: {url: \"" + address("serves") + "\", admin: \"" + address("admin") + "\"}\n";
  Program run{
      {SWITCHGEAR_BINARY, "chaos", "run",
       scenario("  - {breaker: payment, opens_within: 1s, after: 1s}\n", target, ports + port + "]}")}};
  EXPECT_EQ(run.wait(patience), 0) << run.output() << gateway.output();
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait(patience), 0);
}

TEST_F(ChaosCommand, ATargetThatIsNotThereIsExitThree) {
  const std::string target = "target: {url: \"http://127.0.0.1:1\", admin: \"http://127.0.0.1:1\"}\n";
  Program none{{SWITCHGEAR_BINARY, "chaos", "run",
                directory_.write("none.yaml", "version: 1\nscenario: x\nchaos: {enabled: true}\n" + target +
                                                  "load: {rate: 1, path: /, duration: 1s}\n")}};
  EXPECT_EQ(none.wait(patience), 3) << none.output();
  EXPECT_NE(none.output().find("http://127.0.0.1:1"), std::string::npos) << none.output();
}

TEST_F(ChaosCommand, ATargetWhoseAnswersAreNotAnAdminServersIsExitThree) {
  control::OtherServer other;
  const std::string file = directory_.write(
      "other.yaml", "version: 1\nscenario: x\nchaos: {enabled: true}\ntarget: {url: \"" + other.url() +
                        "\", admin: \"" + other.url() + "\"}\nload: {rate: 1, path: /, duration: 1s}\n");
  for (const char* body :
       {"{}", R"({"id":1})", R"({"circuit_breakers":[{}]})", R"({"circuit_breakers":null})",
        R"({"circuit_breakers":[{"name":5}]})", R"({"circuit_breakers":[5]})",
        R"({"circuit_breakers":[{"name":"a","state":"closed","generation":-1}]})"}) {
    other.answer(body);
    Program run{{SWITCHGEAR_BINARY, "chaos", "run", file}};
    EXPECT_EQ(run.wait(patience), 3) << body << ": " << run.output();
    EXPECT_EQ(run.output(),
              "switchgear chaos: " + other.url() + " does not answer as an admin server of Switchgear does\n")
        << body;
  }
}

TEST_F(ChaosCommand, SendsNothingToAnotherMachineUnlessAFlagSaysSo) {
  const std::string file =
      directory_.write("remote.yaml",
                       "version: 1\nscenario: x\nchaos: {enabled: true}\n"
                       "target: {url: \"http://shop.invalid:8080\", admin: \"http://127.0.0.1:1\"}\n"
                       "load: {rate: 1, path: /, duration: 1s}\n");
  Program run{{SWITCHGEAR_BINARY, "chaos", "run", file}};
  EXPECT_EQ(run.wait(patience), 2) << run.output();
  EXPECT_NE(run.output().find("http://shop.invalid:8080 is on another machine; --allow-remote"),
            std::string::npos)
      << run.output();
  Program allowed{{SWITCHGEAR_BINARY, "chaos", "run", "--allow-remote", file}};
  EXPECT_EQ(allowed.wait(patience), 3) << "goes on, and finds no admin server: " << allowed.output();
}

TEST_F(ChaosCommand, NamesABreakerAndAServiceThatAreNotThere) {
  SetUpShop();
  Program breaker{
      {SWITCHGEAR_BINARY, "chaos", "run", scenario("  - {breaker: paymnt, never_opens: true}\n")}};
  EXPECT_EQ(breaker.wait(patience), 1);
  EXPECT_NE(
      breaker.output().find(
          "scenario.yaml:9: the target has no breaker \"paymnt\"; it has payment or stock; did you mean "
          "\"payment\"?"),
      std::string::npos)
      << breaker.output();
  EXPECT_TRUE(all_ended());
}

TEST_F(ChaosCommand, SaysWhatIsWrongWithThePolicyFile) {
  static_cast<void>(
      directory_.write("shop.yaml",
                       "version: 1\npolicies:\n  shop: {circuit_braker: {}}\nservices:\n  payment: "
                       "{url: \"http://payment.invalid\", policy: shop, routes: [{prefix: /}]}\n"));
  Program run{{SWITCHGEAR_BINARY, "chaos", "run", scenario("  - {serves_at_least: 1}\n")}};
  EXPECT_EQ(run.wait(patience), 1) << run.output();
  EXPECT_NE(run.output().find("/shop.yaml:3:10: policies.shop.circuit_braker: unknown key"),
            std::string::npos)
      << run.output();
}

/// A service that refuses does not listen, and listens again at the end of the phase.
TEST_F(ChaosCommand, AServiceRefusesConnectionsAndComesBack) {
  SetUpShop();
  const std::string file = directory_.write(
      "refuse.yaml",
      "version: 1\nscenario: refuses\nchaos: {enabled: true}\ngateway: shop.yaml\nservices: {payment: {}, "
      "stock: {}}\n"
      "load: {rate: 50, path: /stock/x, duration: 3s}\n"
      "phases: [{at: 1s, for: 500ms, service: stock, refuse: true}]\n"
      "expect:\n  - {serves_at_least: 1, until: 1s}\n  - {serves_at_least: 0.98, after: 2s}\n"
      "  - {fails_at_most: 0.2, after: 1s, until: 1500ms}\n");
  Program run{{SWITCHGEAR_BINARY, "chaos", "run", file}};
  EXPECT_EQ(run.wait(patience), 1) << run.output();
  EXPECT_NE(run.output().find("FAILED  at most 0.2 of the calls fail from 1s to 1500ms"), std::string::npos)
      << run.output();
  EXPECT_NE(run.output().find("2 of 3 expectations hold"), std::string::npos) << run.output();
}

TEST_F(ChaosCommand, TheDemosStoryHolds) {
  Program run{{SWITCHGEAR_BINARY, "chaos", "run", SWITCHGEAR_SOURCE_DIR "/examples/chaos/demo.yaml"}};
  EXPECT_EQ(run.wait(patience), 0) << run.output();
  EXPECT_TRUE(all_ended());
}

}  // namespace
}  // namespace switchgear::chaos
