// Calls stored while a service is away, and made when it is back: none lost, none doubled.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <boost/json/parse.hpp>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

struct Mailer {
  std::atomic<bool> healthy{false};
  std::mutex mutex;
  std::vector<std::string> sent;  ///< bodies of the requests that were answered well, in order
  std::string first_head;
  Upstream upstream{Upstream::answering([this](const Message& request) {
    if (!healthy) return std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"};
    const std::lock_guard lock{mutex};
    if (sent.empty()) first_head = request.head_text;
    sent.push_back(request.body);
    return ok();
  })};
  std::vector<std::string> all() {
    const std::lock_guard lock{mutex};
    return sent;
  }
};

std::string queueing(std::uint16_t port, const std::string& max = "100") {
  return config_text({{"mail", port, "/mail/", "later"}},
                     "  later: {timeout: 60s, fallback: {queue: {max: " + max +
                         "}}, circuit_breaker: {consecutive_failures: 1, open_duration: 300ms}}\n");
}

Message put(const GatewayProcess& gateway, const std::string& body, const std::string& method = "PUT",
            const std::string& own = "yes") {
  Socket client = Socket::connect(gateway.port());
  client.send(method + " /mail/?to=you HTTP/1.1\r\nHost: mail.test\r\nX-Own: " + own +
              "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  return client.read_response().value_or(Message{});
}

/// Until let_go() no stored call is made, not even as a probe, which another would follow.
void hold(const GatewayProcess& gateway) {
  EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/mail/force-open").status(), 200U);
}

void let_go(const GatewayProcess& gateway) {
  EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/mail/reset").status(), 200U);
}

TEST(GatewayFallbackQueue, AnswersQueuedAndMakesEachCallOnceInOrderWhenTheServiceIsBack) {
  Mailer mail;
  const GatewayProcess gateway{queueing(mail.upstream.port())};
  hold(gateway);
  std::vector<std::string> bodies;
  for (int i = 1; i <= 10; ++i) {
    bodies.push_back("letter " + std::to_string(i));
    const Message accepted = put(gateway, bodies.back());
    ASSERT_EQ(accepted.status(), 202U);
    EXPECT_EQ(accepted.field("x-switchgear-source"), "fallback");
    const auto said = boost::json::parse(accepted.body);
    EXPECT_EQ(said.at("status").as_string(), "queued");
    EXPECT_EQ(said.at("id").to_number<int>(), i);
  }
  EXPECT_NE(
      gateway.admin("GET", "/metrics").body.find("switchgear_fallback_queue_waiting{service=\"mail\"} 10"),
      std::string::npos);
  mail.healthy = true;
  let_go(gateway);
  EXPECT_TRUE(eventually([&] { return mail.all().size() >= 10; }));
  EXPECT_TRUE(eventually([&] {
    return gateway.admin("GET", "/metrics")
               .body.find("switchgear_fallback_queue_waiting{service=\"mail\"} 0") != std::string::npos;
  }));
  EXPECT_EQ(mail.all(), bodies);
  EXPECT_EQ(mail.first_head.substr(0, 27), "PUT /mail/?to=you HTTP/1.1\r");
  EXPECT_NE(mail.first_head.find("X-Own: yes"), std::string::npos);
  EXPECT_NE(mail.first_head.find("X-Forwarded-For: 127.0.0.1\r\n"), std::string::npos);
  EXPECT_EQ(put(gateway, "direct").status(), 200U);
}

TEST(GatewayFallbackQueue, CountsTheRequestsOfClientsAndNotTheCallsMadeAgainForThem) {
  Mailer mail;
  const GatewayProcess gateway{queueing(mail.upstream.port())};
  ASSERT_EQ(put(gateway, "letter").status(), 202U);
  EXPECT_TRUE(eventually([&] {  // made again, and has failed again
    return gateway.breaker("mail").at("counters").at("failures").to_number<int>() >= 3;
  }));
  mail.healthy = true;
  EXPECT_TRUE(eventually([&] { return mail.all().size() == 1; }));
  const std::string metrics = gateway.admin("GET", "/metrics").body;
  for (const char* line : {"switchgear_gateway_requests_total{service=\"mail\",code_class=\"2xx\"} 1\n",
                           "switchgear_gateway_connections_accepted_total 1\n"})
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
  EXPECT_EQ(metrics.find("{service=\"mail\",code_class=\"5xx\"}"), std::string::npos) << "no client got one";
}

TEST(GatewayFallbackQueue, StoresAPostOnlyIfItNeverGotThere) {
  Mailer mail;
  const GatewayProcess gateway{queueing(mail.upstream.port())};
  EXPECT_EQ(put(gateway, "first", "POST").status(), 503U) << "the service's own answer: it may have done it";
  EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/mail/force-open").status(), 200U);
  EXPECT_EQ(put(gateway, "second", "POST").status(), 202U) << "refused by the breaker";
  mail.healthy = true;
  EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/mail/reset").status(), 200U);
  EXPECT_TRUE(eventually([&] { return mail.all().size() == 1; }));
  EXPECT_EQ(mail.all(), std::vector<std::string>{"second"});
}

TEST(GatewayFallbackQueue, StoresNoRequestWhoseAnswerIsAllThatItIsFor) {
  Mailer mail;
  const GatewayProcess gateway{queueing(mail.upstream.port())};
  const auto ask = [&](const std::string& method, const std::string& fields = "") {
    Socket client = Socket::connect(gateway.port());
    client.send(method + " /mail/ HTTP/1.1\r\nHost: mail.test\r\n" + fields + "\r\n");
    return client.read_response(method == "HEAD").value_or(Message{}).status();
  };
  EXPECT_EQ(gateway.admin("POST", "/circuit-breakers/mail/force-open").status(), 200U);
  for (const char* method : {"GET", "HEAD", "OPTIONS", "PROPFIND"}) EXPECT_EQ(ask(method), 503U) << method;
  EXPECT_EQ(ask("GET", "X-HTTP-Method-Override: DELETE\r\n"), 202U) << "it changes something";
  EXPECT_EQ(ask("DELETE"), 202U);
}

TEST(GatewayFallbackQueue, StoresARequestWithAnotherMethodInAFieldOnlyIfItNeverGotThere) {
  Mailer mail;
  const GatewayProcess gateway{queueing(mail.upstream.port())};
  Socket client = Socket::connect(gateway.port());
  client.send("PUT /mail/ HTTP/1.1\r\nHost: a\r\nX-HTTP-Method-Override: PATCH\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.read_response().value_or(Message{}).status(), 503U) << "it may have had its effect";
}

TEST(GatewayFallbackQueue, OneCallThatIsAlwaysAnsweredBadlyKeepsNoBreakerOpenAndNoOtherCallWaiting) {
  for (const char* bad : {"500 X", "429 X", "425 X"}) {
    Mailer mail;
    std::atomic<int> poison{0};
    Upstream upstream{Upstream::answering([&](const Message& request) {
      if (!mail.healthy) return std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"};
      if (request.body == "poison") {
        ++poison;
        return "HTTP/1.1 " + std::string{bad} + "\r\nContent-Length: 0\r\n\r\n";
      }
      const std::lock_guard lock{mail.mutex};
      mail.sent.push_back(request.body);
      return ok();
    })};
    const GatewayProcess gateway{queueing(upstream.port())};
    for (const char* body : {"poison", "a", "b", "c"}) EXPECT_EQ(put(gateway, body).status(), 202U);
    mail.healthy = true;
    EXPECT_TRUE(eventually([&] { return mail.all().size() == 3 && poison >= 3; })) << bad;
    EXPECT_EQ(mail.all(), (std::vector<std::string>{"a", "b", "c"})) << bad;
    EXPECT_EQ(gateway.state("mail"), "closed") << bad;
    EXPECT_EQ(put(gateway, "live").status(), 200U) << bad;
  }
}

TEST(GatewayFallbackQueue, TellsBothCausesWhenItIsFull) {
  Mailer mail;
  const GatewayProcess gateway{config_text({{"mail", mail.upstream.port(), "/mail/", "later"}},
                                           "  later: {fallback: {queue: {max: 1}}, circuit_breaker: "
                                           "{consecutive_failures: 1, open_duration: 60s}}\n")};
  EXPECT_EQ(put(gateway, "first").status(), 202U);
  const Message refused = put(gateway, "second");
  EXPECT_EQ(refused.status(), 503U);
  const auto problem = boost::json::parse(refused.body);
  EXPECT_NE(problem.at("cause").as_string().find("is open"), boost::json::string::npos);
  EXPECT_NE(problem.at("fallback_cause").as_string().find("full"), boost::json::string::npos);
}

TEST(GatewayFallbackQueue, KeepsWhatItHoldsAcrossAReloadThatMakesItLarger) {
  Mailer mail;
  const GatewayProcess gateway{queueing(mail.upstream.port(), "5")};
  hold(gateway);
  for (const char* body : {"a", "b", "c"}) EXPECT_EQ(put(gateway, body).status(), 202U);
  gateway.rewrite(queueing(mail.upstream.port(), "50"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  mail.healthy = true;
  let_go(gateway);
  EXPECT_TRUE(eventually([&] { return mail.all().size() >= 3; }));
  EXPECT_EQ(mail.all(), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(GatewayFallbackQueue, MakesCallsThatWereUnderWayWhenAReloadChangedIt) {
  Mailer mail;
  std::atomic<bool> asked{false};
  std::atomic<bool> go_on{false};
  Upstream slow{[&](Socket& socket) {
    while (const auto request = socket.read_request()) {
      if (!asked.exchange(true)) {
        EXPECT_TRUE(eventually([&] { return go_on.load(); }));
        socket.send("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n");
        continue;
      }
      const std::lock_guard lock{mail.mutex};
      mail.sent.push_back(request->body);
      socket.send(ok());
    }
  }};
  const GatewayProcess gateway{queueing(slow.port(), "5")};
  std::thread client{[&] { EXPECT_EQ(put(gateway, "under way").status(), 202U); }};
  EXPECT_TRUE(eventually([&] { return asked.load(); }));
  gateway.rewrite(queueing(slow.port(), "50"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  go_on = true;
  client.join();
  EXPECT_TRUE(eventually([&] { return !mail.all().empty(); })) << "it was promised to be made";
  EXPECT_EQ(mail.all(), std::vector<std::string>{"under way"});
}

TEST(GatewayFallbackQueue, MakesWhatItHoldsWhenAReloadMakesItSmallerOrAnotherFallback) {
  for (const std::string& fallback :
       {std::string{"queue: {max: 1}"}, std::string{"value: {status: 200, body: plan B}"}}) {
    Mailer mail;
    const GatewayProcess gateway{queueing(mail.upstream.port(), "5")};
    hold(gateway);
    for (const char* body : {"a", "b", "c"}) EXPECT_EQ(put(gateway, body).status(), 202U);
    gateway.rewrite(
        config_text({{"mail", mail.upstream.port(), "/mail/", "later"}},
                    "  later: {timeout: 60s, fallback: {" + fallback +
                        "}, circuit_breaker: {consecutive_failures: 1, open_duration: 300ms}}\n"));
    EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
    mail.healthy = true;
    let_go(gateway);
    EXPECT_TRUE(eventually([&] { return mail.all().size() >= 3; })) << fallback;
    EXPECT_EQ(mail.all(), (std::vector<std::string>{"a", "b", "c"})) << fallback;
  }
}

/// Of a service two of whose policies store calls.
struct TwoQueues {
  std::string policy = "later";
  std::string more = "";     ///< of the service
  std::string routing = "";  ///< of its first route
};

std::string two_queues(std::uint16_t port, const TwoQueues& parts) {
  const std::string breaker = "circuit_breaker: {consecutive_failures: 1, open_duration: 300ms}}\n";
  return config_text({}, "  later: {timeout: 60s, fallback: {queue: {max: 100}}, " + breaker +
                             "  second: {timeout: 50s, fallback: {queue: {max: 100}}, " + breaker +
                             "  third: {timeout: 40s, " + breaker) +
         "  mail: {url: \"http://127.0.0.1:" + std::to_string(port) + "\", policy: " + parts.policy +
         ", routes: [{prefix: /mail/" + parts.routing + "}, {prefix: /}]" + parts.more + "}\n";
}

TEST(GatewayFallbackQueue, MakesWhatAPolicyHasStoredThatItsServiceHasNoMore) {
  const TwoQueues divided{.more = ", experiment: {split: {second: 0.5, by: {header: x-own}}}"};
  const TwoQueues changed{.more = ", experiment: {split: {third: 0.5, by: {header: x-own}}}"};
  const TwoQueues routed{.routing = ", policy: second"};
  for (const auto& [before, after] :
       {std::pair{divided, TwoQueues{.policy = "second"}}, std::pair{divided, changed},
        std::pair{divided, TwoQueues{.policy = "third"}}, std::pair{routed, TwoQueues{}}}) {
    Mailer mail;
    const GatewayProcess gateway{two_queues(mail.upstream.port(), before)};
    std::vector<std::string> bodies;
    for (std::size_t length = 1; length <= 8; ++length) {
      bodies.emplace_back(length, 'x');
      EXPECT_EQ(put(gateway, bodies.back(), "PUT", bodies.back()).status(), 202U);
    }
    gateway.rewrite(two_queues(mail.upstream.port(), after));
    EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
    const auto status = boost::json::parse(gateway.admin("GET", "/status").body);
    const auto* left = status.at("services").at("mail").as_object().if_contains("left_queues");
    ASSERT_NE(left, nullptr);
    EXPECT_EQ(left->at(0).at("policy").as_string(), "second");
    EXPECT_GE(left->at(0).at("waiting").to_number<int>(), 2);
    EXPECT_TRUE(gateway.logs("stored calls to 'mail/second' are made as calls to 'mail' from here on"));
    mail.healthy = true;
    EXPECT_TRUE(eventually([&] { return mail.all().size() >= bodies.size(); }));
    std::vector<std::string> made = mail.all();
    std::ranges::sort(made);
    EXPECT_EQ(made, bodies);
  }
}

TEST(GatewayFallbackQueue, DoesNotMakeAStoredCallTwiceBecauseItsBreakerIsReplacedMeanwhile) {
  std::atomic<int> calls{0};
  std::atomic<bool> go_on{false};
  Upstream mail{[&](Socket& socket) {
    while (const auto request = socket.read_request()) {
      if (++calls == 2) {
        EXPECT_TRUE(eventually([&] { return go_on.load(); }));
      }
      socket.send(calls == 1 ? "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n" : ok());
    }
  }};
  const auto config = [&](const char* failures) {
    return config_text({{"mail", mail.port(), "/mail/", "later"}},
                       std::string{"  later: {timeout: 60s, fallback: {queue: {max: 9}}, circuit_breaker: "} +
                           "{open_duration: 100ms, consecutive_failures: " + failures + "}}\n");
  };
  const GatewayProcess gateway{config("1")};
  EXPECT_EQ(put(gateway, "once").status(), 202U);
  EXPECT_TRUE(eventually([&] { return calls == 2; })) << "made again";
  gateway.rewrite(config("2"));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  go_on = true;
  EXPECT_TRUE(eventually([&] {
    return gateway.admin("GET", "/metrics")
               .body.find("switchgear_fallback_queue_waiting{service=\"mail\"} 0") != std::string::npos;
  }));
  EXPECT_EQ(calls, 2);
}

TEST(GatewayFallbackQueue, SaysHowManyStoredCallsWentWithTheirService) {
  Mailer mail;
  const GatewayProcess gateway{queueing(mail.upstream.port())};
  for (const char* body : {"a", "b"}) EXPECT_EQ(put(gateway, body).status(), 202U);
  gateway.rewrite(config_text({{"other", mail.upstream.port(), "/other/"}}));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_NE(gateway.log().find("2 stored calls to 'mail' were not made, and are lost"), std::string::npos);
}

TEST(GatewayFallbackQueue, MakesTheOthersWhenOneOfThemAlwaysFails) {
  std::atomic<bool> healthy{false};
  std::mutex mutex;
  std::vector<std::string> sent;
  Upstream mail{Upstream::answering([&](const Message& request) {
    if (!healthy || request.body == "poison")
      return std::string{"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"};
    const std::lock_guard lock{mutex};
    sent.push_back(request.body);
    return ok();
  })};
  const GatewayProcess gateway{
      config_text({{"mail", mail.port(), "/mail/", "later"}},
                  "  later: {timeout: 60s, fallback: {queue: {max: 9}}, circuit_breaker: "
                  "{consecutive_failures: 100}}\n")};
  for (const char* body : {"poison", "a", "b"}) EXPECT_EQ(put(gateway, body).status(), 202U);
  healthy = true;
  const auto all = [&] {
    const std::lock_guard lock{mutex};
    return sent;
  };
  EXPECT_TRUE(eventually([&] { return all().size() == 2; }));
  EXPECT_EQ(all(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(eventually([&] {
    return gateway.admin("GET", "/metrics")
               .body.find("switchgear_fallback_queue_waiting{service=\"mail\"} 1") != std::string::npos;
  })) << "it is kept";
}

TEST(GatewayFallbackQueue, AServiceThatClosesKeptConnectionsGetsEachStoredCallOnceAndNoBadMark) {
  std::atomic<bool> healthy{false};
  std::mutex mutex;
  std::vector<std::string> sent;
  Upstream mail{[&](Socket& socket) {
    bool answered = false;
    while (const auto request = socket.read_request()) {
      if (healthy && std::exchange(answered, true)) return;  // closed under the second call
      if (healthy) {
        const std::lock_guard lock{mutex};
        sent.push_back(request->body);
      }
      socket.send(healthy ? ok() : "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n");
    }
  }};
  const GatewayProcess gateway{
      config_text({{"mail", mail.port(), "/mail/", "later"}},
                  "  later: {timeout: 60s, fallback: {queue: {max: 9}}, circuit_breaker: "
                  "{consecutive_failures: 1, open_duration: 300ms}}\n")};
  hold(gateway);
  const std::vector<std::string> bodies{"a", "b", "c", "d"};
  for (const std::string& body : bodies) EXPECT_EQ(put(gateway, body).status(), 202U);
  healthy = true;
  let_go(gateway);
  const auto all = [&] {
    const std::lock_guard lock{mutex};
    return sent;
  };
  EXPECT_TRUE(eventually([&] { return all().size() == 4; }));
  EXPECT_EQ(all(), bodies);
  EXPECT_EQ(gateway.state("mail"), "closed");
}

TEST(GatewayFallbackQueue, KeepsACallThatTheRateLimiterRefusesThoughThatStatusIsNotWorthARetry) {
  Mailer mail;
  mail.healthy = true;
  const GatewayProcess gateway{
      config_text({{"mail", mail.upstream.port(), "/mail/", "later"}},
                  "  later: {timeout: 60s, fallback: {queue: {max: 9}}, retry: {max_attempts: 2, status: "
                  "[500-599]}, rate_limiter: {rate: 0.001, burst: 1, max_wait: 0s}, circuit_breaker: "
                  "{consecutive_failures: 9}}\n")};
  EXPECT_EQ(put(gateway, "the only one").status(), 200U);
  EXPECT_EQ(put(gateway, "left behind").status(), 202U);
  const auto rejected = [&] {
    const std::string line = "switchgear_rate_limiter_calls_total{service=\"mail\",result=\"rejected\"} ";
    const std::string metrics = gateway.admin("GET", "/metrics").body;
    const std::size_t at = metrics.find(line);
    return at == std::string::npos ? 0 : std::stoi(metrics.substr(at + line.size()));
  };
  EXPECT_TRUE(eventually([&] { return rejected() >= 3; })) << "made again, refused, and made again";
  EXPECT_EQ(mail.all(), std::vector<std::string>{"the only one"});
}

TEST(GatewayFallbackQueue, EndsInTimeWithCallsLeft) {
  Mailer mail;
  GatewayProcess gateway{queueing(mail.upstream.port())};
  EXPECT_EQ(put(gateway, "left behind").status(), 202U);
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_for_exit(), 0);
}

}  // namespace
}  // namespace switchgear::wire
