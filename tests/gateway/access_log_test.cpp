// The log of requests, as an operator and a log shipper find it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

class AccessLog : public testing::Test {
 protected:
  AccessLog() {
    std::string place = (std::filesystem::temp_directory_path() / "switchgear-log-XXXXXX").string();
    if (::mkdtemp(place.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
    directory_ = place;
  }
  ~AccessLog() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name = "access.log") const {
    return directory_ + "/" + name;
  }

  /// The section, with further keys of `access`.
  [[nodiscard]] std::string log_to(const std::string& name,
                                   const std::string& more = ", format: json") const {
    return "log: {access: {file: \"" + path(name) + "\"" + more + "}}\n";
  }

  [[nodiscard]] static std::vector<std::string> lines_of(const std::string& file) {
    std::ifstream stream{file};
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }
  [[nodiscard]] std::vector<json::object> objects(const std::string& name = "access.log") const {
    std::vector<json::object> all;
    for (const std::string& line : lines_of(path(name))) all.push_back(json::parse(line).as_object());
    return all;
  }
  /// Waits until the file has that many lines.
  [[nodiscard]] bool has_lines(std::size_t count, const std::string& name = "access.log") const {
    return eventually([&] { return lines_of(path(name)).size() >= count; });
  }

 private:
  std::string directory_;
};

std::uint64_t metric(const GatewayProcess& gateway, const std::string& name) {
  const std::string text = gateway.admin("GET", "/metrics").body;
  const std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + name.size() + 2, nullptr, 10);
}

constexpr const char* guarded =
    "  guarded: {circuit_breaker: {consecutive_failures: 1, open_duration: 60s}}\n";

TEST_F(AccessLog, NamesTheInstanceThatWasCalled) {
  Upstream one{Upstream::saying(ok("one"))};
  Upstream two{Upstream::saying(ok("two"))};
  const auto url = [](const Upstream& of) {
    return "{url: \"http://127.0.0.1:" + std::to_string(of.port()) + "\"}";
  };
  const GatewayProcess gateway{
      "version: 1\ngateway: {listen: \"127.0.0.1:0\", admin: \"127.0.0.1:0\"}\npolicies: {p: {timeout: 5s}}\n"
      "services:\n  shop: {policy: p, balance: round_robin, routes: [{prefix: /}], upstreams: [" +
      url(one) + ", " + url(two) + "]}\n" + log_to("access.log")};
  std::vector<std::string> bodies;
  for (int i = 0; i < 6; ++i) bodies.push_back(gateway.get("/").body);
  ASSERT_TRUE(has_lines(6));
  const std::vector<json::object> lines = objects();
  for (std::size_t i = 0; i < 6; ++i) {
    const std::uint16_t port = bodies[i] == "one" ? one.port() : two.port();
    EXPECT_EQ(lines[i].at("upstream").as_string(), "127.0.0.1:" + std::to_string(port)) << bodies[i];
  }
  EXPECT_NE(bodies[0], bodies[1]);
}

TEST_F(AccessLog, HasALineForEachRequestThatSaysWhoAnsweredItAndWhy) {
  Upstream upstream{Upstream::saying(ok("fine"))};
  const DeafPort deaf;
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/shop/"}, {"deaf", deaf.port(), "/deaf/", "guarded"}},
                  guarded) +
      log_to("access.log")};
  EXPECT_EQ(gateway.get("/shop/1?token=s3cret", "User-Agent: curl\r\nX-Request-Id: r-1\r\n").status(), 200U);
  EXPECT_EQ(gateway.get("/nowhere").status(), 404U);
  EXPECT_EQ(gateway.get("/deaf/").status(), 502U);
  EXPECT_EQ(gateway.get("/deaf/").status(), 503U);
  Socket broken = Socket::connect(gateway.port());
  broken.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  EXPECT_EQ(broken.read_response().value_or(Message{}).status(), 400U);
  ASSERT_TRUE(has_lines(5));

  const std::vector<json::object> lines = objects();
  ASSERT_EQ(lines.size(), 5U);
  const json::object& good = lines[0];
  EXPECT_EQ(good.at("client").as_string(), "127.0.0.1");
  EXPECT_EQ(good.at("method").as_string(), "GET");
  EXPECT_EQ(good.at("host").as_string(), "test");
  EXPECT_EQ(good.at("path").as_string(), "/shop/1");
  EXPECT_EQ(good.at("protocol").as_string(), "HTTP/1.1");
  EXPECT_EQ(good.at("status"), 200);
  EXPECT_EQ(good.at("bytes"), 4);
  EXPECT_EQ(good.at("service").as_string(), "shop");
  EXPECT_EQ(good.at("upstream").as_string(), "127.0.0.1:" + std::to_string(upstream.port()));
  EXPECT_EQ(good.at("attempts"), 1);
  EXPECT_EQ(good.at("source").as_string(), "service");
  EXPECT_EQ(good.at("request_id").as_string(), "r-1");
  EXPECT_FALSE(good.contains("reason"));
  for (const std::string& line : lines_of(path())) {
    EXPECT_EQ(line.find("s3cret"), std::string::npos);
    EXPECT_EQ(line.find("curl"), std::string::npos);
  }

  EXPECT_EQ(lines[1].at("status"), 404);
  EXPECT_EQ(lines[1].at("source").as_string(), "gateway");
  EXPECT_EQ(lines[1].at("reason").as_string(), "destination_not_found");
  EXPECT_FALSE(lines[1].contains("service"));
  EXPECT_GT(lines[1].at("bytes").to_number<int>(), 100) << "the problem document";

  EXPECT_EQ(lines[2].at("status"), 502);
  EXPECT_EQ(lines[2].at("service").as_string(), "deaf");
  EXPECT_EQ(lines[2].at("detail").as_string(), "the service takes no connection");
  EXPECT_EQ(lines[3].at("status"), 503);
  EXPECT_EQ(lines[3].at("reason").as_string(), "open");
  EXPECT_EQ(lines[3].at("attempts"), 0);
  EXPECT_FALSE(lines[3].contains("upstream"));

  EXPECT_EQ(lines[4].at("status"), 400);
  EXPECT_EQ(lines[4].at("reason").as_string(), "http_request_error");
  EXPECT_FALSE(lines[4].contains("method")) << "the head could not be read";
}

TEST_F(AccessLog, HasTheIdsThatTheServiceWasSent) {
  Upstream upstream{Upstream::answering([](const Message& request) {
    return ok(request.field("x-correlation-id") + " " + request.field("traceparent").substr(3, 32));
  })};
  const GatewayProcess gateway{config_text({{"shop", upstream.port(), "/"}}) + log_to("access.log") +
                               "telemetry: {trace: w3c, request_id: x-correlation-id}\n"};
  const std::string made = gateway.get("/made").body;
  const std::string given =
      gateway
          .get("/given",
               "X-Correlation-Id: r-1\r\nX-Request-Id: other\r\n"
               "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n")
          .body;
  ASSERT_TRUE(has_lines(2));
  const std::vector<json::object> lines = objects();
  const auto ids = [](const json::object& line) {
    return std::string{line.at("request_id").as_string()} + " " +
           std::string{line.at("trace_id").as_string()};
  };
  EXPECT_EQ(ids(lines[0]), made);
  EXPECT_EQ(made.size(), 65U);
  EXPECT_EQ(ids(lines[1]), given);
  EXPECT_EQ(given, "r-1 4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST_F(AccessLog, HasALineForAClientThatLeftAndForAResponseThatWasBrokenOff) {
  std::atomic<bool> asked{false};
  Upstream quiet{[&](Socket& socket) {
    (void)socket.read_request();
    asked = true;
    (void)socket.ends();
  }};
  std::counting_semaphore<> begun{0};
  Upstream half{[&](Socket& socket) {
    (void)socket.read_request();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    begun.acquire();
  }};
  const GatewayProcess gateway{
      config_text({{"quiet", quiet.port(), "/quiet/"}, {"half", half.port(), "/half/"}}) +
      log_to("access.log")};
  {
    Socket client = Socket::connect(gateway.port());
    client.send("GET /quiet/ HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return asked.load(); }));
    client.reset();
  }
  ASSERT_TRUE(has_lines(1));
  EXPECT_TRUE(is_broken_off(gateway.port(), begun, "/half/"));
  ASSERT_TRUE(has_lines(2));
  const std::vector<json::object> lines = objects();
  EXPECT_EQ(lines[0].at("reason").as_string(), "client_left");
  EXPECT_EQ(lines[0].at("service").as_string(), "quiet");
  EXPECT_FALSE(lines[0].contains("status"));
  EXPECT_EQ(lines[1].at("reason").as_string(), "response_broken_off");
  EXPECT_EQ(lines[1].at("status"), 200);
  EXPECT_EQ(lines[1].at("bytes"), 4);
}

TEST_F(AccessLog, CountsAttemptsAndTellsAnswersFromMemoryApart) {
  std::atomic<int> calls{0};
  Upstream upstream{Upstream::answering([&](const Message&) -> std::string {
    if (++calls == 1) return "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
    return ok("kept");
  })};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "careful"}},
                  "  careful: {retry: {max_attempts: 3, base: 1ms}, cache: {ttl: 60s}}\n") +
      log_to("access.log")};
  EXPECT_EQ(gateway.get("/a").status(), 200U);
  EXPECT_EQ(gateway.get("/a").status(), 200U);
  ASSERT_TRUE(has_lines(2));
  const std::vector<json::object> lines = objects();
  EXPECT_EQ(lines[0].at("attempts"), 2);
  EXPECT_EQ(lines[0].at("source").as_string(), "service");
  EXPECT_EQ(lines[1].at("attempts"), 0);
  EXPECT_EQ(lines[1].at("source").as_string(), "cache");
  EXPECT_EQ(lines[1].at("bytes"), 4);
}

TEST_F(AccessLog, StaysWholeWhateverClientsSend) {
  Upstream upstream{Upstream::saying(ok())};
  const std::vector<std::string> requests{
      "GET /\"x\" HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /%0a%0dforged?q=\"1\" HTTP/1.1\r\nHost: a\r\nUser-Agent: \"}\\\xff\xc2\x9b{\r\n\r\n",
      "GET /a HTTP/1.1\r\nHost: a'b\r\nReferer: http://x/\" 200 \"\r\nUser-Agent: \xe2\x82\xac\r\n\r\n",
      "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[2J\r\n\r\n",
      "\xff\xfe\r\n\r\n",
      "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /" + std::string(6'000, '%') + " HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  for (const std::string format : {"json", "text"}) {
    const std::string name = format + ".log";
    const GatewayProcess gateway{
        config_text({{"shop", upstream.port()}}) +
        log_to(name, ", format: " + format + ", fields: [status, path, host, query, user_agent, referer]")};
    for (const std::string& request : requests) {
      Socket client = Socket::connect(gateway.port());
      client.send(request);
      EXPECT_TRUE(client.read_response().has_value());
    }
    ASSERT_TRUE(has_lines(requests.size(), name));
    const std::vector<std::string> lines = lines_of(path(name));
    EXPECT_EQ(lines.size(), requests.size());
    for (const std::string& line : lines) {
      EXPECT_LT(line.size(), 5000U);
      if (format == "json") {
        EXPECT_TRUE(json::parse(line).is_object()) << line;
        EXPECT_EQ(line.find('\x1b'), std::string::npos);
      } else {
        for (const char c : line) ASSERT_TRUE(c >= ' ' && c <= '~') << line;
      }
    }
  }
}

TEST_F(AccessLog, HasHeadersAndQueriesOnlyIfTheyAreAskedForByName) {
  Upstream upstream{Upstream::saying(ok())};
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port()}}) +
      log_to("access.log", ", format: json, fields: [path, query, header:X-Tenant]")};
  EXPECT_EQ(gateway.get("/a?b=1", "X-Tenant: blue\r\nCookie: s3cret\r\nX-Tenant: red\r\n").status(), 200U);
  ASSERT_TRUE(has_lines(1));
  EXPECT_EQ(lines_of(path())[0], R"({"path":"/a","query":"b=1","header:x-tenant":"blue, red"})");
}

TEST_F(AccessLog, TakesAShareOfTheRequests) {
  Upstream upstream{Upstream::saying(ok())};
  GatewayProcess gateway{config_text({{"shop", upstream.port()}}) +
                         log_to("access.log", ", format: json, sample: 0.25")};
  Socket client = Socket::connect(gateway.port());
  for (int i = 0; i < 4000; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(client.read_response().value_or(Message{}).status(), 200U);
  }
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
  EXPECT_NEAR(static_cast<double>(lines_of(path()).size()), 1000, 200) << "more than 7 standard deviations";
}

/// Clients that ask as fast as they get answers, each on one connection.
class Load {
 public:
  Load(std::uint16_t port, int clients) {
    for (int i = 0; i < clients; ++i) {
      threads_.emplace_back([this, socket = Socket::connect(port)]() mutable {
        while (!stop_) {
          socket.send("GET /" + std::to_string(asked++) + " HTTP/1.1\r\nHost: a\r\n\r\n");
          if (socket.read_response().value_or(Message{}).status() != 200) return;
          ++answered;
        }
      });
    }
  }
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  void stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  std::atomic<std::size_t> asked{0};
  std::atomic<std::size_t> answered{0};

 private:
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

TEST_F(AccessLog, LosesNoLineWhenItsFileIsMovedAwayUnderLoad) {
  Upstream upstream{Upstream::saying(ok())};
  GatewayProcess gateway{config_text({{"shop", upstream.port()}}, "", "limits: {drain_timeout: 60s}") +
                         log_to("access.log")};
  Load load{gateway.port(), 4};
  for (int turn = 0; turn < 5; ++turn) {
    const std::size_t before = load.answered;
    ASSERT_TRUE(eventually([&] { return load.answered > before + 100; }));
    std::filesystem::rename(path(), path("old." + std::to_string(turn)));
    gateway.signal(SIGUSR1);
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(path()); }));
  }
  load.stop();
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
  std::vector<json::object> lines = objects();
  for (int turn = 0; turn < 5; ++turn) {
    for (json::object& each : objects("old." + std::to_string(turn))) lines.push_back(std::move(each));
  }
  EXPECT_EQ(lines.size(), load.answered);
  std::vector<bool> seen(load.asked);
  for (const json::object& line : lines) {
    const std::size_t number = std::strtoull(line.at("path").as_string().c_str() + 1, nullptr, 10);
    ASSERT_LT(number, seen.size());
    EXPECT_FALSE(seen[number]) << "twice: " << number;
    seen[number] = true;
  }
}

TEST_F(AccessLog, IsFullWithoutHoldingUpAnyRequestAndSaysSoOnce) {
  Upstream upstream{Upstream::saying(ok())};
  GatewayProcess gateway{config_text({{"shop", upstream.port()}}) + log_to("access.log")};
  rlimit before{};
  const rlimit full{20'000, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(gateway.pid(), RLIMIT_FSIZE, nullptr, &before), 0);
  const rlimit small{full.rlim_cur, before.rlim_max};
  ASSERT_EQ(::prlimit(gateway.pid(), RLIMIT_FSIZE, &small, nullptr), 0);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(gateway.get("/full").status(), 200U);
  ASSERT_TRUE(eventually([&] { return metric(gateway, "switchgear_access_log_lost_lines_total") > 100; }));
  const std::string warning = "warning access log: File too large: lines are dropped";
  ASSERT_TRUE(eventually([&] { return gateway.log().find(warning) != std::string::npos; }));
  ASSERT_EQ(::prlimit(gateway.pid(), RLIMIT_FSIZE, &before, nullptr), 0);
  ASSERT_TRUE(eventually([&] {
    EXPECT_EQ(gateway.get("/room").status(), 200U);
    return gateway.log().find("info access log: all lines are written again; ") != std::string::npos;
  }));
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
  for (const json::object& line : objects()) EXPECT_TRUE(line.contains("path")) << "every line is whole";
  const std::string log = gateway.log();
  EXPECT_EQ(log.find(warning), log.rfind(warning)) << log;
}

TEST_F(AccessLog, ChangesWithAReloadAndStaysIfTheNewFileCannotBeOpened) {
  Upstream upstream{Upstream::saying(ok())};
  const std::string services = config_text({{"shop", upstream.port()}});
  const GatewayProcess gateway{services + log_to("first")};
  EXPECT_EQ(gateway.get("/1").status(), 200U);
  gateway.rewrite(services + log_to("second", ", format: text"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  ASSERT_TRUE(has_lines(1, "first"));
  EXPECT_EQ(gateway.get("/2").status(), 200U);
  ASSERT_TRUE(has_lines(1, "second"));
  EXPECT_NE(lines_of(path("second"))[0].find("\"GET /2 HTTP/1.1\" 200 4"), std::string::npos);

  std::filesystem::create_directory(path("third"));
  gateway.rewrite(services + log_to("third"));
  const Message refused = gateway.admin("POST", "/reload");
  EXPECT_EQ(refused.status(), 422U);
  EXPECT_NE(refused.body.find("is a directory"), std::string::npos) << refused.body;
  EXPECT_EQ(gateway.get("/3").status(), 200U);
  ASSERT_TRUE(has_lines(2, "second"));

  gateway.rewrite(services);
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(gateway.get("/4").status(), 200U);
  EXPECT_EQ(lines_of(path("second")).size(), 2U) << "off";
  EXPECT_TRUE(eventually([&] { return metric(gateway, "switchgear_access_log_lines_total") == 3U; }))
      << "a reload does not set it back";
}

TEST_F(AccessLog, AReloadDoesNotWaitForAReaderThatReadsNothing) {
  Upstream upstream{Upstream::saying(ok())};
  const std::string services = config_text({{"shop", upstream.port()}});
  GatewayProcess gateway{services +
                         "log: {access: {fields: [path, status]}}\n"};  // to a pipe that is not read
  constexpr std::size_t requests = 60;                                  // more than it has room for
  const std::string target = "/" + std::string(3000, 'a');
  for (std::size_t i = 0; i < requests; ++i) ASSERT_EQ(gateway.get(target).status(), 200U);
  gateway.rewrite(services + log_to("other"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(metric(gateway, "switchgear_access_log_lost_lines_total"), 0U)
      << "the reload waited until the old log was given up";
  const std::string line = "- - - [-] \"- " + target + " -\" 200 -";
  for (std::size_t i = 0; i < requests; ++i)
    ASSERT_EQ(gateway.read_line(), line) << "what came before it is written";
  EXPECT_TRUE(eventually([&] { return metric(gateway, "switchgear_access_log_lines_total") == requests; }));
}

TEST_F(AccessLog, GoesToStandardOutputIfItIsToldTo) {
  Upstream upstream{Upstream::saying(ok())};
  GatewayProcess gateway{config_text({{"shop", upstream.port()}}) +
                         "log: {access: {fields: [path, status]}}\n"};
  EXPECT_EQ(gateway.get("/seen").status(), 200U);
  EXPECT_EQ(gateway.read_line(), "- - - [-] \"- /seen -\" 200 -");
}

TEST_F(AccessLog, OnStandardOutputIsAloneThere) {
  Upstream upstream{Upstream::saying(ok())};
  GatewayProcess gateway{config_text({{"shop", upstream.port()}}) + "log: {access: {format: json}}\n"};
  EXPECT_EQ(gateway.get("/seen").status(), 200U);
  EXPECT_EQ(boost::json::parse(gateway.read_line()).at("path"), "/seen") << "the first line is an entry";
  EXPECT_TRUE(gateway.logs("serves http://127.0.0.1:" + std::to_string(gateway.port()) + "  admin http://"))
      << gateway.log();
}

TEST_F(AccessLog, IsRefusedAtTheStartIfItsFileCannotBeOpened) {
  const Ended missing = serve_to_its_end("version: 1\nlog: {access: {file: /nonexistent/access.log}}\n",
                                         "--listen 127.0.0.1:0");
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.output.find(
                ":2:22: log.access.file: the directory of \"/nonexistent/access.log\" does not exist"),
            std::string::npos)
      << missing.output;
  const Ended refused = serve_to_its_end("version: 1\nlog: {access: {file: /proc/access.log}}\n",
                                         "--listen 127.0.0.1:0 --admin 127.0.0.1:0");
  EXPECT_EQ(refused.exit_code, 3) << refused.output;
  EXPECT_NE(refused.output.find("switchgear: log.access.file: cannot open /proc/access.log for appending: "),
            std::string::npos)
      << refused.output;
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), S_IRUSR | S_IWUSR), 0);
  const Ended pipe =
      serve_to_its_end("version: 1\n" + log_to("pipe"), "--listen 127.0.0.1:0 --admin 127.0.0.1:0");
  EXPECT_EQ(pipe.exit_code, 1) << "as check says: " << pipe.output;
  EXPECT_NE(pipe.output.find("is a pipe or a socket; expected a file"), std::string::npos) << pipe.output;
}

}  // namespace
}  // namespace switchgear::wire
