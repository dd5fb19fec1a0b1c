#include "app/control/report_command.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "app/control/command_fixture.hpp"
#include "app/control/other_server_fixture.hpp"
#include "switchgear/admin/server.hpp"
#include "switchgear/observe/manual_breakers_fixture.hpp"

namespace switchgear::control {
namespace {

namespace json = boost::json;

Ran run(std::vector<std::string> arguments) { return run_command(add_report_commands, std::move(arguments)); }

class ReportCommand : public testing::Test {
 protected:
  std::string start(admin::Program program = {}) {
    admin::ServerOptions options;
    options.port = 0;
    options.clock = [this] { return breakers.now; };
    program.transitions = breakers.log;
    server_.emplace(breakers.registry, options, std::move(program));
    server_->start();
    return "http://127.0.0.1:" + std::to_string(server_->port());
  }

  ManualBreakers breakers;

 private:
  std::optional<admin::Server> server_;
};

TEST_F(ReportCommand, PrintsWhatIsKnownOfABreakerWithoutAStoredHistory) {
  breakers.succeed("payment", 6);
  const std::string url = start();
  breakers.fail("payment", 6);
  const Ran ran = run({"report", "payment", "--admin", url});
  EXPECT_EQ(ran.exit_code, 0) << ran.errors;
  for (const char* part : {"Report on payment\n", "From memory:", "success rate         50%",
                           "openings             1", "failure_rate 0.5 >= 0.5: 6 of 12 calls failed"})
    EXPECT_NE(ran.output.find(part), std::string::npos) << part << "\n" << ran.output;
}

TEST_F(ReportCommand, AsksForAsMuchOfTheStoredHistoryAsItIsTold) {
  std::optional<Duration> asked;
  admin::Program program;
  program.history = [&](const std::string& circuit, WallAnchor::Wall from, WallAnchor::Wall to) {
    asked = WallAnchor::between(from, to);
    CircuitHistory history;
    history.circuit = circuit;
    CircuitSample sample;
    sample.from = from;
    sample.length = std::chrono::seconds{10};
    sample.successes = 3;
    sample.failures[0] = 1;
    history.samples.push_back(sample);
    return std::optional{history};
  };
  breakers.add("payment");
  const Ran ran = run({"report", "payment", "--since", "90m", "--admin", start(std::move(program))});
  EXPECT_EQ(ran.exit_code, 0) << ran.errors;
  EXPECT_EQ(asked, std::chrono::minutes{90});
  EXPECT_NE(ran.output.find("From the stored history.\n"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("success rate         75%"), std::string::npos) << ran.output;
}

TEST_F(ReportCommand, PrintsJsonForPrograms) {
  breakers.fail("payment", 4);
  const Ran ran = run({"report", "payment", "--json", "--admin", start()});
  EXPECT_EQ(ran.exit_code, 0) << ran.errors;
  const json::value report = json::parse(ran.output);
  for (const char* key : {"effectiveness", "health_score", "openings", "time_saved", "mean_time_to_recovery",
                          "false_positive_rate"})
    EXPECT_TRUE(report.as_object().contains(key)) << key;
  EXPECT_EQ(report.at("health_score"), 100 - 50 - 25 - 5);
  EXPECT_TRUE(report.at("mean_time_to_recovery").is_null()) << "it has not closed";
}

TEST_F(ReportCommand, WritesAPageThatStandsAlone) {
  breakers.fail("payment", 4);
  const std::string file = testing::TempDir() + "report_" + std::to_string(getpid()) + ".html";
  const Ran ran = run({"report", "payment", "--html", file, "--admin", start()});
  EXPECT_EQ(ran.exit_code, 0) << ran.errors;
  EXPECT_EQ(ran.output, "");
  std::stringstream page;
  page << std::ifstream{file}.rdbuf();
  EXPECT_TRUE(page.str().starts_with("<!doctype html>"));
  EXPECT_TRUE(page.str().ends_with("</html>\n"));
  std::remove(file.c_str());
}

TEST_F(ReportCommand, SaysWhenItCannotWriteThePage) {
  breakers.add("payment");
  const Ran ran = run({"report", "payment", "--html", "/nowhere/at/all.html", "--admin", start()});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.errors.find("/nowhere/at/all.html"), std::string::npos) << ran.errors;
}

TEST_F(ReportCommand, ExplainsAnOpenBreakerWithWhatToDo) {
  const std::string url = start();
  breakers.call("payment", Outcome::failure(FailureType::connection_error, std::chrono::milliseconds{1}), 4);
  const Ran ran = run({"explain", "payment", "--admin", url});
  EXPECT_EQ(ran.exit_code, 0) << ran.errors;
  for (const char* part :
       {"payment is open since 2026-03-01 12:00:00 UTC, for another 30 s; health 20 of 100",
        "From memory:", "evidence    failure_rate 1 >= 0.5: 4 of 4 calls failed", "100% connection_error",
        "Check that the service runs and listens", "docs/runbooks/breaker-open.md"})
    EXPECT_NE(ran.output.find(part), std::string::npos) << part << "\n" << ran.output;
  const Ran for_programs = run({"explain", "payment", "--json", "--admin", url});
  EXPECT_EQ(json::parse(for_programs.output).at("findings").at(0).at("rule"), "unreachable");
}

TEST_F(ReportCommand, ExitsWithOneForABreakerThatIsNotThere) {
  const std::string url = start();
  for (const char* command : {"report", "explain"}) {
    const Ran ran = run({command, "paymnet", "--admin", url});
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_NE(ran.errors.find("'paymnet'"), std::string::npos) << ran.errors;
  }
}

TEST_F(ReportCommand, IsAUsageErrorWithoutANameOrWithALengthOfTimeThatIsNone) {
  EXPECT_EQ(run({"report"}).exit_code, 2);
  EXPECT_EQ(run({"explain", ""}).exit_code, 2);
  for (const char* since : {"24", "h", "-1h", "0s", "1 h", "1.5h", "99999999h"})
    EXPECT_EQ(run({"report", "payment", "--since", since}).exit_code, 2) << since;
  EXPECT_EQ(run({"report", "payment", "--admin", "ftp://x"}).exit_code, 2);
}

TEST_F(ReportCommand, DoesNotLetANameSteerTheTerminal) {
  breakers.add("\x1b[2Jgone");
  const std::string url = start();
  for (const char* command : {"report", "explain"}) {
    const Ran ran = run({command, "\x1b[2Jgone", "--admin", url});
    EXPECT_EQ(ran.exit_code, 0) << ran.errors;
    EXPECT_EQ(ran.output.find('\x1b'), std::string::npos);
  }
}

TEST(ReportOfSomethingElse, ExitsWithThreeAndSaysThatItIsNotAnAdminServer) {
  OtherServer other;
  const std::string page = testing::TempDir() + "/report-of-something-else.html";
  for (const auto& [body, type] : {std::pair{"{}", "application/json"},
                                   {R"({"id":1})", "application/json"},
                                   {"[]", "application/json"},
                                   {"<p>hello", "application/xhtml+xml"}}) {
    other.answer(body, type);
    for (const std::vector<std::string>& command : {std::vector<std::string>{"report", "payment"},
                                                    {"report", "payment", "--json"},
                                                    {"report", "payment", "--html", page},
                                                    {"explain", "payment"},
                                                    {"explain", "payment", "--json"}}) {
      std::vector<std::string> words = command;
      words.insert(words.end(), {"--admin", other.url()});
      const Ran ran = run(words);
      EXPECT_EQ(ran.exit_code, 3) << command.back() << " of " << body << ": " << ran.errors;
      EXPECT_NE(ran.errors.find(other.url() + " did not answer as an admin API does"), std::string::npos)
          << ran.errors;
      EXPECT_EQ(ran.output, "") << body;
    }
  }
  EXPECT_FALSE(std::ifstream{page}) << "nothing is written";
}

}  // namespace
}  // namespace switchgear::control
