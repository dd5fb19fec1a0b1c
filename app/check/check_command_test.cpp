// `switchgear check` as users run it: the real binary, its exit code and its two streams.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::check {

using namespace config;
namespace {

struct Finished {
  int exit_code = -1;
  std::string out;
  std::string err;
};

/// Reads both pipes to their end; false when that takes longer than a minute.
bool drain(std::array<int, 2> pipes, std::array<std::string*, 2> texts) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  std::array<pollfd, 2> waiting{pollfd{pipes[0], POLLIN, 0}, pollfd{pipes[1], POLLIN, 0}};
  while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || ::poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) <= 0)
      return false;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
      std::array<char, 4096> block{};
      const ssize_t got = ::read(waiting[i].fd, block.data(), block.size());
      if (got <= 0) {
        waiting[i].fd = -1;
      } else {
        texts[i]->append(block.data(), static_cast<std::size_t>(got));
      }
    }
  }
  return true;
}

/// `input`: a file for standard input.
Finished run(std::vector<std::string> arguments, const std::string& input = "/dev/null") {
  arguments.insert(arguments.begin(), SWITCHGEAR_BINARY);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  pid_t child = 0;
  const int spawned = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  ::close(err[1]);

  Finished finished;
  if (spawned == 0) {
    if (!drain({out[0], err[0]}, {&finished.out, &finished.err})) ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status)) finished.exit_code = WEXITSTATUS(status);
  }
  ::close(out[0]);
  ::close(err[0]);
  return finished;
}

class Check : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string good_ =
      directory_.write("good.yaml",
                       "version: 1\n"
                       "policies:\n"
                       "  payment: {preset: payment, chaos: {enabled: true}}\n"
                       "  plain: {timeout: 1s}\n"
                       "services:\n"
                       "  pay: {url: \"http://127.0.0.1:9001\", policy: payment, routes: [{prefix: /pay/}]}\n"
                       "  raw: {url: \"http://127.0.0.1:9002\", policy: plain, routes: [{prefix: /raw/}]}\n");
  std::string bad_ =
      directory_.write("bad.yaml", "version: 1\npolicies:\n  payment: {timeout: \"5\", timout: 1s}\n");
};

TEST_F(Check, AValidFileIsSummedUpAndExitsWithZero) {
  const Finished finished = run({"check", good_});
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.out, good_ + ": valid: 2 policies, 2 services, 1 breaker\n");
  EXPECT_EQ(finished.err,
            good_ + ":3:47: policies.payment.chaos.enabled: is on: faults are injected into real calls\n");
}

TEST_F(Check, AFileWhoseNameIsNotUtf8StillGetsJsonThatCanBeParsed) {
  const std::string file = directory_.write("caf\xC3.yaml", "version: 2\n");
  const Finished finished = run({"check", "--json", file});
  EXPECT_EQ(finished.exit_code, 1);
  const boost::json::value answer = boost::json::parse(finished.out);
  const boost::json::string& shown = answer.at("errors").as_array().at(0).at("file").as_string();
  EXPECT_NE(std::string{shown.c_str()}.find("caf\xEF\xBF\xBD.yaml"), std::string::npos) << shown;
}

TEST_F(Check, AnInvalidFileGetsAllItsErrorsAndExitsWithOne) {
  const Finished finished = run({"check", bad_});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(finished.err, bad_ + ":3:22: policies.payment.timeout: \"5\" has no unit; write \"5s\"\n" + bad_ +
                              ":3:27: policies.payment.timout: unknown key; did you mean \"timeout\"?\n");
}

TEST_F(Check, ReadsStandardInput) {
  const Finished good = run({"check", "-"}, good_);
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_EQ(good.out, "-: valid: 2 policies, 2 services, 1 breaker\n");
  const Finished bad = run({"check", "-"}, bad_);
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_TRUE(bad.err.starts_with("-:3:22: policies.payment.timeout: ")) << bad.err;
  const Finished endless = run({"check", "-"}, "/dev/zero");
  EXPECT_EQ(endless.err, "-:1:1: is larger than 1048576 bytes\n");
}

TEST_F(Check, AFileThatIsNotThereIsWrongInput) {
  const Finished finished = run({"check", directory_.path() + "/none.yaml"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.err, directory_.path() + "/none.yaml:1:1: cannot be read: No such file or directory\n");
}

TEST_F(Check, JsonIsForPrograms) {
  const Finished bad = run({"check", "--json", bad_});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_EQ(bad.err, "");
  const boost::json::value answer = boost::json::parse(bad.out);
  EXPECT_FALSE(answer.at("valid").as_bool());
  ASSERT_EQ(answer.at("errors").as_array().size(), 2U);
  const boost::json::value& error = answer.at("errors").as_array()[0];
  EXPECT_EQ(error.at("file").as_string(), bad_.c_str());
  EXPECT_EQ(error.at("line").to_number<int>(), 3);
  EXPECT_EQ(error.at("column").to_number<int>(), 22);
  EXPECT_EQ(error.at("message").as_string(), "policies.payment.timeout: \"5\" has no unit; write \"5s\"");

  const Finished good = run({"check", "--json", good_});
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_TRUE(boost::json::parse(good.out).at("valid").as_bool());
  EXPECT_EQ(boost::json::parse(good.out).at("warnings").as_array().size(), 1U);
}

TEST_F(Check, ExplainSaysWhatThePoliciesComeToAtWorst) {
  const Finished people = run({"check", "--explain", good_});
  EXPECT_EQ(people.exit_code, 0);
  EXPECT_EQ(people.out, good_ +
                            ": valid: 2 policies, 2 services, 1 breaker\n\n"
                            "policy payment\n"
                            "  order       circuit breaker → chaos → call\n"
                            "  latency     unbounded: no timeout and no deadline limits an attempt\n"
                            "  load        at most 1 attempt for one call\n"
                            "  in flight   unbounded: no bulkhead, adaptive limit or rate limiter bounds it\n"
                            "  breaker     opens after at most 3 failed attempts: consecutive_failures\n"
                            "  open for    1m each time\n"
                            "  closes      after 5 successful probes; one that hangs for 1m has failed\n"
                            "\npolicy plain\n"
                            "  order       timeout → call\n"
                            "  latency     at most 1s a call: 1 × 1s\n"
                            "  load        at most 1 attempt for one call\n"
                            "  in flight   unbounded: no bulkhead, adaptive limit or rate limiter bounds it\n"
                            "\nservice pay (policy payment)\n"
                            "  latency     at most 30s a call: 1 × 30s\n"
                            "  in flight   at most 256 attempts at once (connections.max)\n"
                            "\nservice raw (policy plain)\n"
                            "  latency     at most 1s a call: 1 × 1s\n"
                            "  in flight   at most 256 attempts at once (connections.max)\n"
                            "\nroutes, the most specific first; a request goes to the first that takes it\n"
                            "  1  prefix /pay/ → pay\n"
                            "  2  prefix /raw/ → raw\n");

  const Finished programs = run({"check", "--explain", "--json", good_});
  EXPECT_EQ(programs.exit_code, 0);
  const boost::json::value answer = boost::json::parse(programs.out).at("explanation");
  EXPECT_TRUE(answer.at("policies").at("payment").at("latency").at("most").is_null());
  EXPECT_EQ(answer.at("services").at("pay").at("latency").at("most").as_double(), 30);
  EXPECT_EQ(answer.at("services").at("pay").at("policy").as_string(), "payment");
  EXPECT_EQ(answer.at("routes").as_array().size(), 2U);
}

TEST_F(Check, ExplainSaysWhatTheBreakersOfValuesComeTo) {
  const std::string file =
      directory_.write("by.yaml",
                       "version: 1\npolicies: {p: {circuit_breaker: {consecutive_failures: 3, open_duration: "
                       "10s}, timeout: 1s}}\n"
                       "services:\n  shop: {url: \"http://127.0.0.1:9001\", policy: p, routes: [{prefix: "
                       "/}], by: {header: x-tenant, "
                       "circuit_breaker: {consecutive_failures: 7, open_duration: 2s}}}\n");
  const Finished people = run({"check", "--explain", file});
  EXPECT_EQ(people.exit_code, 0) << people.err;
  EXPECT_NE(people.out.find("\nservice shop, the breaker of each value of x-tenant\n"
                            "  breaker     opens after at most 7 failed attempts: consecutive_failures\n"
                            "  open for    2s each time\n"),
            std::string::npos)
      << people.out;
  const Finished programs = run({"check", "--explain", "--json", file});
  const boost::json::value shop =
      boost::json::parse(programs.out).at("explanation").at("services").at("shop");
  EXPECT_EQ(shop.at("breaker_by_value").at("notices").at("attempts").to_number<int>(), 7);
  const Finished alike = run({"check", "--explain", "--json", good_});
  EXPECT_TRUE(boost::json::parse(alike.out)
                  .at("explanation")
                  .at("services")
                  .at("pay")
                  .at("breaker_by_value")
                  .is_null());
}

TEST_F(Check, RouteSaysWhichServiceGetsARequest) {
  const Finished people = run({"check", "--route", "GET http://shop.example.com/pay/x", good_});
  EXPECT_EQ(people.exit_code, 0);
  EXPECT_EQ(people.out, good_ +
                            ": valid: 2 policies, 2 services, 1 breaker\n\n"
                            "GET http://shop.example.com/pay/x\n"
                            "  service  pay\n"
                            "  route    routes[0]: prefix /pay/\n"
                            "  policy   payment\n"
                            "  sent as  GET http://127.0.0.1:9001/pay/x\n");
  const Finished programs =
      run({"check", "--json", "--route", "GET http://a/raw?q", "--header", "x-beta: 1", good_});
  EXPECT_EQ(programs.exit_code, 0);
  const boost::json::value answer = boost::json::parse(programs.out).at("route");
  EXPECT_EQ(answer.at("service").as_string(), "raw");
  EXPECT_EQ(answer.at("policy").as_string(), "plain");
  EXPECT_EQ(answer.at("sent").as_string(), "GET http://127.0.0.1:9002/raw?q");
}

TEST_F(Check, ARequestThatNoServiceGetsExitsWithOne) {
  const Finished people = run({"check", "--route", "GET http://a/", good_});
  EXPECT_EQ(people.exit_code, 1);
  EXPECT_NE(people.out.find("reaches no service: the gateway answers 404"), std::string::npos) << people.out;
  const Finished programs = run({"check", "--json", "--route", "GET http://a/", good_});
  EXPECT_EQ(programs.exit_code, 1);
  EXPECT_TRUE(boost::json::parse(programs.out).at("valid").as_bool());
  EXPECT_TRUE(boost::json::parse(programs.out).at("route").at("service").is_null());
  EXPECT_EQ(run({"check", "--header", "x: y", good_}).exit_code, 2);
}

TEST_F(Check, ThereIsNothingToExplainInAnInvalidFile) {
  const Finished finished = run({"check", "--explain", "--json", bad_});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_FALSE(boost::json::parse(finished.out).as_object().contains("explanation"));
}

TEST_F(Check, WrongUsageExitsWithTwo) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {}, {"check"}, {"check", good_, "more"}, {"check", "--jsno", good_}, {"chekc", good_}}) {
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, 2);
    EXPECT_FALSE(finished.err.empty());
    EXPECT_EQ(finished.out, "");
  }
}

TEST_F(Check, HelpAndVersionAreNoErrors) {
  const Finished help = run({"check", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.out.find("FILE"), std::string::npos);
  const Finished version = run({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out, "switchgear " SWITCHGEAR_VERSION "\n");
}

}  // namespace
}  // namespace switchgear::check
