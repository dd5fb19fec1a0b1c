// The addresses of the admin API: off, for probes alone, and with a token that only reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "tests/gateway/upstream.hpp"
#include "tests/house/program.hpp"
#include "tests/sockets/served.hpp"

namespace switchgear::wire {
namespace {

/// A gateway whose first line may name an admin server, probes, both or neither.
class Gateway {
 public:
  explicit Gateway(const std::string& admin, const std::string& more = "",
                   std::vector<std::string> flags = {})
      : file_(folder_.write("gateway.yaml",
                            "version: 1\ngateway: {listen: \"127.0.0.1:0\", admin: " + admin + more +
                                "}\npolicies: {plain: {circuit_breaker: {consecutive_failures: 5}}}\n"
                                "services:\n" +
                                service_at("http://127.0.0.1:" + std::to_string(upstream_.port())))),
        program_(words(std::move(flags))) {
    EXPECT_TRUE(program_.read_until("switchgear serves ", patience)) << program_.output();
    const std::string& text = program_.output();  // the line is written at once
    const std::size_t begin = std::min(text.find("switchgear serves "), text.size());
    greeting_ = text.substr(begin, text.find('\n', begin) - begin);
  }

  [[nodiscard]] const std::string& greeting() const { return greeting_; }
  /// Of `http://127.0.0.1:PORT` behind `word`; 0: the greeting does not have it.
  [[nodiscard]] std::uint16_t port(const std::string& word) const {
    const std::string before = word + " http://127.0.0.1:";
    const std::size_t at = greeting_.find(before);
    if (at == std::string::npos) return 0;
    return static_cast<std::uint16_t>(std::strtoul(greeting_.c_str() + at + before.size(), nullptr, 10));
  }
  [[nodiscard]] Message ask(const std::string& word, const std::string& request,
                            const std::string& fields = "", const std::string& host = "127.0.0.1") const {
    Socket client = Socket::connect(port(word));
    client.send(request + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0\r\nConnection: close\r\n" +
                fields + "\r\n");
    return client.read_response().value_or(Message{});
  }
  [[nodiscard]] std::string file() const { return file_; }
  [[nodiscard]] house::Program& program() { return program_; }

 private:
  [[nodiscard]] std::vector<std::string> words(std::vector<std::string> flags) const {
    std::vector<std::string> all{SWITCHGEAR_BINARY, "serve", file_};
    all.insert(all.end(), flags.begin(), flags.end());
    return all;
  }

  Folder folder_;
  Upstream upstream_{Upstream::saying(ok())};
  std::string file_;
  house::Program program_;
  std::string greeting_;
};

TEST(AdminListeners, NoneIsThereIfTheFileSaysSo) {
  Gateway gateway{"false"};
  EXPECT_EQ(gateway.greeting().find("admin"), std::string::npos) << gateway.greeting();
  EXPECT_EQ(gateway.greeting().find("probes"), std::string::npos) << gateway.greeting();
  EXPECT_EQ(gateway.ask("serves", "GET /").status(), 200U);
  gateway.program().signal(SIGTERM);
  EXPECT_EQ(gateway.program().wait(patience), 0);
}

TEST(AdminListeners, AFlagIsStrongerThanTheFile) {
  const Gateway gateway{"false", "", {"--admin", "127.0.0.1:0"}};
  EXPECT_EQ(gateway.ask("admin", "GET /readyz").status(), 200U);
}

TEST(AdminListeners, ProbesHaveAnAddressOfTheirOwn) {
  Gateway gateway{"{listen: false, probes: \"127.0.0.1:0\"}", ", shutdown_delay: 60s"};
  EXPECT_EQ(gateway.port("admin"), 0) << gateway.greeting();
  EXPECT_EQ(gateway.ask("probes", "GET /livez").status(), 200U);
  EXPECT_EQ(gateway.ask("probes", "GET /readyz", "", "pod-7.example:8080").status(), 200U);
  for (const char* other :
       {"GET /status", "GET /metrics", "GET /dashboard", "POST /circuit-breakers/app/force-open"})
    EXPECT_EQ(gateway.ask("probes", other).status(), 404U) << other;
  EXPECT_EQ(gateway.ask("serves", "GET /").status(), 200U) << "the breaker is as it was";
  gateway.program().signal(SIGTERM);
  ASSERT_TRUE(gateway.program().read_until("GET /readyz answers 503", patience))
      << gateway.program().output();
  EXPECT_EQ(gateway.ask("probes", "GET /readyz").status(), 503U);
  EXPECT_EQ(gateway.ask("probes", "GET /livez").status(), 200U);
  gateway.program().signal(SIGTERM);
  EXPECT_EQ(gateway.program().wait(patience), 0);
}

TEST(AdminListeners, AProcessThatTakesOverAnswersProbesAtTheSameAddress) {
  const Folder place;
  Gateway first{"{listen: false, probes: \"127.0.0.1:0\"}", ", takeover: \"" + place.file("takeover") + "\""};
  house::Program next{{SWITCHGEAR_BINARY, "serve", "--takeover", "--config", first.file()}};
  ASSERT_TRUE(next.read_until("probes http://127.0.0.1:" + std::to_string(first.port("probes")), patience))
      << next.output();
  EXPECT_EQ(first.program().wait(patience), 0) << first.program().output();
  EXPECT_EQ(first.ask("probes", "GET /readyz").status(), 200U);
  next.signal(SIGTERM);
  EXPECT_EQ(next.wait(patience), 0);
}

TEST(AdminListeners, TheReadTokenReadsAndChangesNothing) {
  const Gateway gateway{
      "{listen: \"127.0.0.1:0\", token: change, read_token: look, probes: \"127.0.0.1:0\"}"};
  const std::string look = "Authorization: Bearer look\r\n";
  const Message refused = gateway.ask("admin", "GET /status");
  EXPECT_EQ(refused.status(), 401U);
  EXPECT_NE(refused.body.find("the read token or the admin token"), std::string::npos) << refused.body;
  EXPECT_EQ(gateway.ask("admin", "GET /status", look).status(), 200U);
  EXPECT_EQ(gateway.ask("admin", "GET /status", "Authorization: Basic Omxvb2s=\r\n").status(), 200U)
      << "as a browser asks its user for it";
  EXPECT_EQ(gateway.ask("admin", "GET /status", "Authorization: Bearer change\r\n").status(), 200U);
  EXPECT_EQ(gateway.ask("admin", "GET /readyz").status(), 200U);
  EXPECT_EQ(gateway.ask("probes", "GET /readyz").status(), 200U);
  const std::string open = "POST /circuit-breakers/app/force-open";
  EXPECT_EQ(gateway.ask("admin", open, look).status(), 401U);
  EXPECT_EQ(gateway.ask("serves", "GET /").status(), 200U);
  EXPECT_EQ(gateway.ask("admin", open, "Authorization: Bearer change\r\n").status(), 200U);
  EXPECT_EQ(gateway.ask("serves", "GET /").status(), 503U);
}

TEST(AdminListeners, CommandsReadWithTheReadToken) {
  const Gateway gateway{"{listen: \"127.0.0.1:0\", token: change, read_token: look}"};
  const std::string url = "http://127.0.0.1:" + std::to_string(gateway.port("admin"));
  house::Program without{{SWITCHGEAR_BINARY, "status", "--admin", url}};
  EXPECT_NE(without.wait(patience), 0);
  house::Program with{{SWITCHGEAR_BINARY, "status", "--admin", url, "--token", "look"}};
  EXPECT_EQ(with.wait(patience), 0);
  house::Program change{{SWITCHGEAR_BINARY, "force-open", "app", "--admin", url, "--token", "look"}};
  EXPECT_NE(change.wait(patience), 0);
  EXPECT_EQ(gateway.ask("serves", "GET /").status(), 200U);
}

}  // namespace
}  // namespace switchgear::wire
