// Starting, reloading, ending: what a deployment may rely on.
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <atomic>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

/// Clients that ask, one request after the other on one connection each, until they are told to stop or the
/// gateway closes.
class Load {
 public:
  Load(std::uint16_t port, int clients) {
    for (int i = 0; i < clients; ++i) {
      threads_.emplace_back([this, socket = Socket::connect(port)]() mutable {
        auto before = Clock::now();
        while (!stop_) {
          const auto began = Clock::now();
          const bool sent =
              socket.send("POST /payment/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
          const bool in_time = Clock::now() - before < grace;
          const auto answer = sent ? socket.read_response() : std::nullopt;
          if (!answer || !answer->whole || answer->status() != 200) {
            ++(ending && !in_time && !answer ? late : lost);
            return;
          }
          before = began;
          ++answered;
          if (answer->field("connection") == "close") return;
        }
      });
    }
  }
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  void stop() {
    stop_ = true;
    join();
  }
  void join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  std::atomic<int> answered{0};
  std::atomic<int> lost{0};
  /// Set before the gateway is told to end. It then waits for a silent client's next request only so long:
  /// what a client sends later, because the machine held it up, was not accepted.
  std::atomic<bool> ending{false};
  std::atomic<int> late{0};

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds grace{300};

  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

/// One thread of a process, kept from running as one that waits for a disk which does not answer.
class HungThread {
 public:
  HungThread(pid_t process, const std::string& name) : thread_(thread_of(process, name)) {
    EXPECT_EQ(::ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr), 0);
    EXPECT_EQ(::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr), 0);
    EXPECT_EQ(::waitpid(thread_, nullptr, __WALL), thread_);
  }

  HungThread(const HungThread&) = delete;
  HungThread& operator=(const HungThread&) = delete;
  ~HungThread() { ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr); }

  /// With its process.
  [[nodiscard]] bool ended() const {
    int status = 0;
    return ::waitpid(thread_, &status, __WALL | WNOHANG) == thread_ && !WIFSTOPPED(status);
  }

 private:
  [[nodiscard]] static pid_t thread_of(pid_t process, const std::string& name) {
    for (const auto& task :
         std::filesystem::directory_iterator{"/proc/" + std::to_string(process) + "/task"}) {
      std::string comm;
      std::getline(std::ifstream{task.path() / "comm"}, comm);
      if (comm == name) return std::stoi(task.path().filename().string());
    }
    throw std::runtime_error{"no thread " + name};
  }

  const pid_t thread_;
};

constexpr const char* guarded_policy =
    "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 3, open_duration: 60s}}\n";

TEST(Gateway, LosesNoAcceptedRequestOnSigterm) {
  for (const char* threads : {"", "limits: {drain_timeout: 10s}"}) {
    Upstream upstream{Upstream::saying(ok())};
    GatewayProcess gateway{
        config_text({{"payment", upstream.port(), "/payment/", "guarded"}}, guarded_policy, threads)};
    Load load{gateway.port(), 12};
    EXPECT_TRUE(eventually([&] { return load.answered > 200; }));
    load.ending = true;
    gateway.signal(SIGTERM);
    EXPECT_EQ(gateway.wait_for_exit(), 0);
    load.join();
    EXPECT_EQ(load.lost, 0) << "of " << load.answered;
  }
}

TEST(Gateway, RefusesAPolicyFileThatHasBecomeAPipeAndGoesOn) {
  Upstream upstream{Upstream::saying(ok())};
  GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  gateway.replace_file_by_pipe();
  const Message refused = gateway.admin("POST", "/reload");
  EXPECT_EQ(refused.status() / 100, 4U);
  EXPECT_NE(refused.body.find("is not a regular file"), std::string::npos) << refused.body;
  EXPECT_EQ(gateway.admin("GET", "/livez").status(), 200U);
  EXPECT_EQ(gateway.get("/").status(), 200U);
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
}

TEST(Gateway, FinishesALongRequestAndClosesIdleConnectionsOnSigterm) {
  std::atomic<bool> may_answer{false};
  Upstream upstream{[&](Socket& socket) {
    (void)socket.read_request();
    (void)eventually([&] { return may_answer.load(); });
    socket.send(ok("late but whole"));
  }};
  GatewayProcess gateway{config_text({{"payment", upstream.port()}})};
  Socket idle = Socket::connect(gateway.port());
  Socket busy = Socket::connect(gateway.port());
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return upstream.connections() == 1; }));
  gateway.signal(SIGTERM);
  EXPECT_TRUE(idle.ends());
  EXPECT_THROW((void)Socket::connect(gateway.port()), std::runtime_error) << "the gateway no longer listens";
  may_answer = true;
  const auto answer = busy.read_response();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "late but whole");
  EXPECT_EQ(answer->field("connection"), "close");
  EXPECT_EQ(gateway.wait_for_exit(), 0);
}

TEST(Gateway, EndsWithinItsDrainTimeAndAtOnceOnASecondSignal) {
  for (const bool twice : {false, true}) {
    Upstream upstream{[](Socket& socket) {
      (void)socket.read_request();
      (void)socket.ends();
    }};
    GatewayProcess gateway{
        config_text({{"payment", upstream.port(), "/", "slow"}}, "  slow: {timeout: 60s}\n",
                    twice ? "limits: {drain_timeout: 60s}" : "limits: {drain_timeout: 500ms}")};
    Socket client = Socket::connect(gateway.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return upstream.connections() == 1; }));
    gateway.signal(SIGTERM);
    if (twice) {
      EXPECT_TRUE(eventually([&] { return gateway.admin("GET", "/readyz").status() == 503; }));
      gateway.signal(SIGTERM);
    }
    EXPECT_EQ(gateway.wait_for_exit(), 0);
    EXPECT_TRUE(client.ends());
  }
}

TEST(Gateway, KeepsEveryUnchangedBreakerAsItIsWhenReloadedUnderLoad) {
  Upstream good{Upstream::saying(ok())};
  Upstream bad{Upstream::saying("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")};
  const auto config = [&](const std::string& extra_policy, const std::string& extra) {
    return config_text({{"payment", good.port(), "/payment/", "guarded"},
                        {"stock", bad.port(), "/stock/", "guarded"}},
                       guarded_policy + extra_policy) +
           extra;
  };
  const GatewayProcess gateway{config("", "")};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(gateway.get("/stock/").status(), 500U);
  EXPECT_EQ(gateway.state("stock"), "open");
  const auto generation = gateway.breaker("stock").at("generation");
  Load load{gateway.port(), 8};
  EXPECT_TRUE(eventually([&] { return load.answered > 100; }));
  for (int i = 1; i <= 5; ++i) {
    const std::string name = "extra" + std::to_string(i);
    gateway.rewrite(config("", "  " + name + ": {url: \"http://127.0.0.1:" + std::to_string(good.port()) +
                                   "\", policy: guarded, routes: [{prefix: /" + name + "/}]}\n"));
    EXPECT_EQ(gateway.admin("POST", "/reload").status() / 100, 2U);
    EXPECT_EQ(gateway.get("/" + name + "/").status(), 200U) << "the new route is served";
  }
  const int so_far = load.answered;
  EXPECT_TRUE(eventually([&] { return load.answered > so_far + 100; }));
  load.stop();
  EXPECT_EQ(load.lost, 0);
  EXPECT_EQ(gateway.breaker("stock").at("generation"), generation);
  EXPECT_EQ(gateway.get("/stock/").status(), 503U) << "still open";
  EXPECT_EQ(gateway.breaker("payment").at("counters").at("calls").to_number<int>(), load.answered);
  EXPECT_LE(good.connections(), 8 + 5) << "one for each client and each new service, none made anew";
}

TEST(Gateway, ReloadsOnSighupAndWhenTheFileChanges) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"a", upstream.port(), "/a/"}})};
  gateway.rewrite(config_text({{"a", upstream.port(), "/b/"}}));
  gateway.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return gateway.get("/b/").status() == 200; }));
  EXPECT_EQ(gateway.get("/a/").status(), 404U);
  gateway.rewrite(config_text({{"a", upstream.port(), "/c/"}}));
  EXPECT_TRUE(eventually([&] { return gateway.get("/c/").status() == 200; })) << "by looking at the file";
}

TEST(Gateway, DoesNotWarnOfARestartBecauseOfTheAddressesItWasStartedWith) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{config_text({{"any", upstream.port()}})};  // started with --listen and --admin
  EXPECT_EQ(gateway.admin("POST", "/reload").body.find("restart"), std::string::npos);
}

TEST(Gateway, ChangesNothingWhenTheNewFileIsBad) {
  Upstream upstream{Upstream::saying(ok())};
  const std::string good =
      config_text({{"payment", upstream.port(), "/payment/", "guarded"}}, guarded_policy);
  const GatewayProcess gateway{good};
  EXPECT_EQ(gateway.get("/payment/").status(), 200U);
  const auto before = gateway.breaker("payment");
  gateway.rewrite("version: 1\nservices:\n  payment: {url: nonsense, polici: x}\n");
  const Message answer = gateway.admin("POST", "/reload");
  EXPECT_GE(answer.status(), 400U);
  EXPECT_NE(answer.body.find("switchgear.yaml:3:"), std::string::npos) << answer.body;
  const std::size_t logged = gateway.log().size();
  gateway.signal(SIGHUP);
  EXPECT_TRUE(
      eventually([&] { return gateway.log().find("switchgear.yaml:3:", logged) != std::string::npos; }));
  EXPECT_EQ(gateway.get("/payment/").status(), 200U);
  EXPECT_EQ(gateway.breaker("payment").at("generation"), before.at("generation"));
  EXPECT_EQ(gateway.breaker("payment").at("counters").at("calls").to_number<int>(), 2);
}

TEST(Gateway, MovesAServiceToItsNewUpstream) {
  Upstream old_one{Upstream::saying(ok("old"))};
  Upstream new_one{Upstream::saying(ok("new"))};
  const GatewayProcess gateway{config_text({{"a", old_one.port()}})};
  Socket client = Socket::connect(gateway.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).body, "old");
  gateway.rewrite(config_text({{"a", new_one.port()}}));
  EXPECT_EQ(gateway.admin("POST", "/reload").status() / 100, 2U);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).body, "new") << "on the same connection";
}

TEST(Gateway, DoesNotShareItsPortWithASecondOne) {
  Upstream upstream{Upstream::saying(ok())};
  std::string config = config_text({{"a", upstream.port()}});
  for (const char* threads : {"threads: 1", "threads: 3"}) {
    config.replace(config.find("threads: "), 10, threads);
    const GatewayProcess first{config};
    EXPECT_THROW(GatewayProcess(config, first.port()), std::runtime_error) << threads;
    EXPECT_EQ(first.get("/").status(), 200U);
  }
}

TEST(Gateway, SaysWhichAddressOfWhichKeyIsTakenAndEndsWith3) {
  const DeafPort taken;  // bound, so that no other process can take it
  const std::string address = "127.0.0.1:" + std::to_string(taken.port());
  const std::string busy = "cannot listen on " + address + ": Address already in use\n";
  const auto config = [](const std::string& gateway, const std::string& threads = "1") {
    std::string text = config_text({{"a", 1}}, "", gateway);
    return text.replace(text.find("threads: 1"), 10, "threads: " + threads);
  };
  const std::string any = "\"127.0.0.1:0\"";
  struct Row {
    std::string config;
    std::string flags;
    std::string says;
  };
  for (const Row& row : {
           Row{config("listen: \"" + address + "\", admin: " + any), "",
               "switchgear: gateway.listen: " + busy},
           Row{config("listen: \"" + address + "\", admin: " + any, "3"), "",
               "switchgear: gateway.listen: " + busy},
           Row{config("listen: " + any + ", admin: \"" + address + "\""), "",
               "switchgear: gateway.admin: " + busy},
           Row{config("listen: " + any + ", admin: " + any), "--listen " + address,
               "switchgear: --listen (in place of gateway.listen): " + busy},
           Row{config("listen: " + any + ", admin: " + any), "--admin " + address,
               "switchgear: --admin (in place of gateway.admin): " + busy},
       }) {
    const Ended ended = serve_to_its_end(row.config, row.flags);
    EXPECT_EQ(ended.exit_code, 3) << ended.output;
    EXPECT_NE(ended.output.find(row.says), std::string::npos) << row.says << ended.output;
  }
}

TEST(Gateway, DoesNotServeOnTheFilesAddressWhenTheVariableOfAFlagIsNotSet) {
  const DeafPort taken;  // so that one that serves all the same ends by itself, with 3
  const std::string listen = "\"127.0.0.1:" + std::to_string(taken.port()) + "\"";
  const std::string config = config_text({{"a", 1}}, "", "listen: " + listen);
  for (const std::string flag : {"--listen", "--admin"}) {
    const Ended empty = serve_to_its_end(config, flag + " \"$SWITCHGEAR_TEST_IS_NOT_SET\"");
    EXPECT_EQ(empty.exit_code, 2) << empty.output;
    EXPECT_NE(empty.output.find("switchgear: " + flag + ": is empty; expected HOST:PORT"), std::string::npos)
        << empty.output;
    const Ended bad = serve_to_its_end(config, flag + " bad");
    EXPECT_EQ(bad.exit_code, 2) << bad.output;
    EXPECT_NE(bad.output.find("switchgear: " + flag + ": \"bad\" has no port; expected HOST:PORT"),
              std::string::npos)
        << bad.output;
  }
}

TEST(Gateway, SaysWhichHostCannotBeListenedOnWithoutNamingASourceFile) {
  for (const char* key : {"listen", "admin"}) {
    const std::string other = key == std::string{"listen"} ? "admin" : "listen";
    for (const char* host : {"no-such-host.invalid", "192.0.2.1"}) {
      const std::string keys = other + ": \"127.0.0.1:0\", " + key + ": \"" + host + ":8080\"";
      const Ended ended = serve_to_its_end(config_text({{"a", 1}}, "", keys));
      EXPECT_EQ(ended.exit_code, 3) << ended.output;
      EXPECT_NE(ended.output.find("switchgear: gateway." + std::string{key} + ": cannot listen on " + host +
                                  ":8080: "),
                std::string::npos)
          << ended.output;
      EXPECT_EQ(ended.output.find("/usr/"), std::string::npos) << ended.output;
      EXPECT_EQ(ended.output.find("boost"), std::string::npos) << ended.output;
    }
  }
}

TEST(Gateway, ServesWithSeveralThreads) {
  Upstream upstream{Upstream::saying(ok())};
  std::string config = config_text({{"payment", upstream.port(), "/payment/", "guarded"}}, guarded_policy);
  config.replace(config.find("threads: 1"), 10, "threads: 3");
  GatewayProcess gateway{config};
  Load load{gateway.port(), 12};
  EXPECT_TRUE(eventually([&] { return load.answered > 300; }));
  EXPECT_EQ(gateway.admin("POST", "/reload").status() / 100, 2U);
  EXPECT_TRUE(eventually([&] {
    return gateway.admin("GET", "/metrics").body.find("switchgear_gateway_connections 12") !=
           std::string::npos;
  }));
  load.ending = true;
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
  load.join();
  EXPECT_EQ(load.lost, 0);
}

TEST(Gateway, SaysThatItIsNotReadyWhileItStillTakesConnectionsBeforeItDrains) {
  Upstream upstream{Upstream::saying(ok())};
  GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", "shutdown_delay: 2s")};
  ASSERT_EQ(gateway.admin("GET", "/readyz").status(), 200U);
  const auto began = std::chrono::steady_clock::now();
  gateway.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return gateway.admin("GET", "/readyz").status() == 503; }));
  const Message late = gateway.get("/");  // of a balancer that has not polled yet
  EXPECT_EQ(late.status(), 200U);
  EXPECT_FALSE(late.has("connection")) << "connections are kept for now";
  EXPECT_EQ(gateway.admin("GET", "/livez").status(), 200U);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::seconds{2});
  EXPECT_NE(gateway.log().find("ending: GET /readyz answers 503; requests are taken for another 2 s"),
            std::string::npos);
}

TEST(Gateway, EndsAtOnceOnASecondSignalAlsoWhileItStillTakesConnections) {
  Upstream upstream{Upstream::saying(ok())};
  GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", "shutdown_delay: 10m")};
  gateway.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return gateway.admin("GET", "/readyz").status() == 503; }));
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0) << "within a minute, not after ten";
}

TEST(Gateway, KeepsTheSignalsThatComeWhileItStartsAndDoesAsTheySay) {
  const std::string refused = "reload refused, nothing changed: ";  // a pipe can be read once
  const Ended ended = serve_from_pipe(config_text({{"shop", 1}}), {SIGHUP, SIGUSR1}, refused);
  EXPECT_EQ(ended.exit_code, 0) << ended.output;
  EXPECT_NE(ended.output.find(refused), std::string::npos) << ended.output;
}

TEST(Gateway, EndsOnASecondSignalThoughItsHistoryHangs) {
  Upstream upstream{Upstream::saying(ok())};
  GatewayProcess gateway{config_text({{"shop", upstream.port()}})};
  const HungThread hung{gateway.pid(), "history"};
  gateway.signal(SIGTERM);
  ASSERT_TRUE(gateway.logs("draining: "));
  EXPECT_TRUE(eventually([&] {
    gateway.signal(SIGTERM);
    return hung.ended();
  }));
  EXPECT_EQ(gateway.wait_for_exit(), 3);
  EXPECT_TRUE(gateway.logs("error ending now: the process hangs"));
}

TEST(Gateway, TellsWhatBecameOfReloads) {
  Upstream upstream{Upstream::saying(ok())};
  const std::string good = config_text({{"shop", upstream.port()}});
  const GatewayProcess gateway{good};
  const auto reloads = [&] {
    return boost::json::parse(gateway.admin("GET", "/status").body).at("reload").as_object();
  };
  EXPECT_TRUE(reloads().at("last_result").is_null());
  EXPECT_FALSE(reloads().at("last_success").as_string().empty()) << "the start";
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(reloads().at("last_result").as_string(), "success");
  gateway.rewrite("version: 2\n");
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 422U);
  EXPECT_EQ(reloads().at("last_result").as_string(), "failure");
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  for (const char* sample : {"switchgear_config_last_reload_successful 0\n",
                             "switchgear_config_last_reload_success_timestamp_seconds ",
                             "switchgear_config_last_reload_duration_seconds ",
                             "switchgear_config_reloads_total{result=\"success\"} ",
                             "switchgear_config_reloads_total{result=\"failure\"} "})
    EXPECT_NE(metrics.find(sample), std::string::npos) << sample;
}

}  // namespace
}  // namespace switchgear::wire
