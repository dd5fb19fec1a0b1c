#include "app/control/control_command.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "app/control/command_fixture.hpp"
#include "app/control/other_server_fixture.hpp"
#include "switchgear/admin/server.hpp"
#include "switchgear/observe/manual_breakers_fixture.hpp"

namespace switchgear::control {
namespace {

Ran run(std::vector<std::string> arguments) {
  return run_command(add_control_commands, std::move(arguments));
}

class ControlCommand : public testing::Test {
 protected:
  std::string start(const std::string& token = "") {
    admin::ServerOptions options;
    options.port = 0;
    options.token = token;
    admin::Program program;
    program.transitions = breakers.log;
    for (const char* command : {"", "/force-open"}) program.resources.push_back(by_value(command));
    server_.emplace(breakers.registry, options, std::move(program));
    server_->start();
    return "http://127.0.0.1:" + std::to_string(server_->port());
  }
  void stop() { server_->stop(); }

  ManualBreakers breakers;

  /// As a gateway has them: of the service `shop`, only the value `a&b c` has a breaker.
  static admin::AddedResource by_value(const std::string& command) {
    using admin::Problem;
    return {.method = command.empty() ? admin::Method::get : admin::Method::post,
            .path = "/circuit-breakers/{name}/by-value" + command,
            .parameters = {"value"},
            .handle = [command](const admin::ResourceRequest& request) -> admin::ResourceAnswer {
              if (request.name != "shop") return Problem{404, "the service does not have breakers by value"};
              if (*request.parameter("value") != "a&b c") return Problem{404, "the value does not have one"};
              return admin::Json{{{"circuit", "shop/x-tenant=a&b%20c"},
                                  {"state", command.empty() ? "open" : "forced_open"},
                                  {"mode", "normal"},
                                  {"retry_after", 4.2},
                                  {"window", {{"calls", 4}, {"failure_rate", 1.0}}}}};
            },
            .command = command};
  }

 private:
  std::optional<admin::Server> server_;
};

TEST_F(ControlCommand, ShowsALineForEveryBreaker) {
  breakers.fail("payment", 4);
  breakers.add("inventory");
  const Ran ran = run({"status", "--admin", start()});
  EXPECT_EQ(ran.exit_code, 0) << ran.errors;
  EXPECT_EQ(std::count(ran.output.begin(), ran.output.end(), '\n'), 2);
  EXPECT_NE(ran.output.find("inventory  closed"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("payment    open"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("closed -> open by failure_rate"), std::string::npos) << ran.output;
}

TEST_F(ControlCommand, WritesRatiosWithThePercentSignRightBehindTheNumber) {
  breakers.fail("payment", 4);
  const Ran ran = run({"status", "payment", "--admin", start()});
  EXPECT_NE(ran.output.find("failures 100.0%"), std::string::npos) << ran.output;
}

TEST_F(ControlCommand, IsAUsageErrorToWatchAtAnIntervalThatIsNotADuration) {
  for (const char* interval : {"5", "0s", "-1s", "often"})
    EXPECT_EQ(run({"status", "--interval", interval}).exit_code, 2) << interval;
}

TEST_F(ControlCommand, ExitsWithThreeWhenThereIsNothingToWatchAndWithOneWhenTheBreakerIsNotThere) {
  breakers.add("payment");
  const std::string url = start();
  const Ran ran = run({"status", "--watch", "paymnet", "--admin", url});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.errors.find("'paymnet'"), std::string::npos) << ran.errors;
  stop();
  EXPECT_EQ(run({"status", "--watch", "--admin", url}).exit_code, 3);
}

TEST_F(ControlCommand, ForcesABreakerOpenAndResetsIt) {
  const CircuitBreaker& breaker = breakers.add("pay/ment 1");
  const std::string url = start();
  EXPECT_EQ(run({"force-open", "pay/ment 1", "--admin", url}).exit_code, 0);
  EXPECT_EQ(breaker.state(), State::forced_open);
  EXPECT_EQ(run({"disable", "pay/ment 1", "--admin", url}).exit_code, 0);
  EXPECT_EQ(breaker.state(), State::disabled);
  EXPECT_EQ(run({"metrics-only", "pay/ment 1", "--admin", url}).exit_code, 0);
  EXPECT_EQ(run({"force-close", "pay/ment 1", "--admin", url}).exit_code, 0);
  EXPECT_EQ(run({"reset", "pay/ment 1", "--admin", url}).exit_code, 0);
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST_F(ControlCommand, PrintsJsonForPrograms) {
  breakers.add("payment");
  const Ran ran = run({"status", "payment", "--json", "--admin", start()});
  EXPECT_EQ(ran.exit_code, 0) << ran.errors;
  EXPECT_EQ(boost::json::parse(ran.output).at("name"), "payment");
}

TEST_F(ControlCommand, ShowsAndOperatesTheBreakerOfOneValue) {
  const CircuitBreaker& around = breakers.add("shop");
  const std::string url = start();
  const Ran shown = run({"status", "shop", "--value", "a&b c", "--admin", url});
  EXPECT_EQ(shown.exit_code, 0) << shown.errors;
  EXPECT_EQ(shown.output, "shop/x-tenant=a&b%20c  open  failures 100.0% of 4 calls  retry in 4.2s\n");
  const Ran forced = run({"force-open", "shop", "--value", "a&b c", "--json", "--admin", url});
  EXPECT_EQ(forced.exit_code, 0) << forced.errors;
  EXPECT_EQ(boost::json::parse(forced.output).at("state"), "forced_open");
  EXPECT_EQ(around.state(), State::closed);
}

TEST_F(ControlCommand, SaysWhyAValueCannotBeOperated) {
  breakers.add("shop");
  breakers.add("plain");
  const std::string url = start();
  const Ran unknown = run({"force-open", "shop", "--value", "acme", "--admin", url});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_EQ(unknown.errors, "value 'acme' of 'shop' at " + url + ": the value does not have one\n");
  const Ran plain = run({"force-open", "plain", "--value", "acme", "--admin", url});
  EXPECT_EQ(plain.exit_code, 1);
  EXPECT_NE(plain.errors.find("the service does not have breakers by value"), std::string::npos);
  EXPECT_EQ(run({"force-open", "shop", "--value", ""}).exit_code, 2);
  EXPECT_EQ(run({"status", "--value", "acme"}).exit_code, 2) << "of which service?";
  EXPECT_EQ(run({"status", "shop", "--value", "acme", "--watch"}).exit_code, 2);
}

TEST_F(ControlCommand, ExitsWithOneForABreakerThatIsNotThere) {
  const Ran ran = run({"reset", "paymnet", "--admin", start()});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.errors.find("'paymnet'"), std::string::npos) << ran.errors;
}

TEST_F(ControlCommand, ExitsWithThreeWhenNobodyAnswers) {
  const std::string url = start();
  stop();
  const Ran ran = run({"reset", "payment", "--admin", url});
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_NE(ran.errors.find(url), std::string::npos) << ran.errors;
}

TEST_F(ControlCommand, NeedsTheTokenWhenOneIsSet) {
  const CircuitBreaker& breaker = breakers.add("payment");
  const std::string url = start("s3cret");
  const Ran without = run({"force-open", "payment", "--admin", url});
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_EQ(without.errors, url + " requires --token or SWITCHGEAR_ADMIN_TOKEN: the admin token\n");
  EXPECT_EQ(run({"force-open", "payment", "--admin", url, "--token", "s3cret"}).exit_code, 0);
  EXPECT_EQ(breaker.state(), State::forced_open);
}

TEST_F(ControlCommand, IsAUsageErrorWithoutANameOrAGoodUrl) {
  EXPECT_EQ(run({"reset"}).exit_code, 2);
  EXPECT_EQ(run({"reset", ""}).exit_code, 2);
  for (const char* url :
       {"127.0.0.1:9090", "http://", "http://127.0.0.1:port", "http://127.0.0.1/?a=1", "ftp://x"}) {
    EXPECT_EQ(run({"status", "--admin", url}).exit_code, 2) << url;
  }
}

TEST_F(ControlCommand, DoesNotLetANameSteerTheTerminal) {
  breakers.add("\x1b[2Jgone");
  const Ran ran = run({"status", "--admin", start()});
  EXPECT_EQ(ran.output.find('\x1b'), std::string::npos);
  EXPECT_NE(ran.output.find("?[2Jgone"), std::string::npos) << ran.output;
}

/// A web server at the address, for example.
TEST(ControlOfSomethingElse, ExitsWithThreeAndSaysThatItIsNotAnAdminServer) {
  OtherServer other;
  for (const char* body :
       {"{}", R"({"id":1})", R"({"circuit_breakers":[{}]})", R"({"circuit_breakers":null})",
        R"({"circuit_breakers":[{"name":5}]})", R"({"circuit_breakers":5})", "[]", "<p>hello"}) {
    other.answer(body);
    for (const std::vector<std::string>& command : {std::vector<std::string>{"status"},
                                                    {"status", "--json"},
                                                    {"status", "payment"},
                                                    {"reset", "payment"},
                                                    {"status", "payment", "--value", "acme"},
                                                    {"status", "--watch"}}) {
      std::vector<std::string> words = command;
      words.insert(words.end(), {"--admin", other.url()});
      const Ran ran = run(words);
      EXPECT_EQ(ran.exit_code, 3) << command.front() << " of " << body << ": " << ran.errors;
      EXPECT_NE(ran.errors.find(other.url()), std::string::npos) << ran.errors;
      EXPECT_EQ(ran.output, "") << command.front() << " of " << body;
      if (command.back() == "--watch") continue;
      EXPECT_NE(ran.errors.find(" did not answer as an admin API does"), std::string::npos) << ran.errors;
    }
  }
}

}  // namespace
}  // namespace switchgear::control
