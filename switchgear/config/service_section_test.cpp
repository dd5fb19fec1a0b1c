#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"
#include "switchgear/registry/presets.hpp"

namespace switchgear::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The service's `url` starts at line 4, column 13; other keys follow in line 4 too.
std::string service(const std::string& url, const std::string& rest) {
  return "version: 1\npolicies: {p: {preset: core}}\nservices:\n  s: {url: \"" + url + "\"" + rest + "}\n";
}

std::string service_at(const std::string& url) {
  return service(url, ", policy: p, routes: [{prefix: /s/}]");
}

TEST(ServiceSection, EveryKeyArrives) {
  const Config config = config_of(service("http://Payment.local:9001/api/v1/",
                                          ", policy: p, routes: [{prefix: /a/}, {prefix: /b}],"
                                          " connections: {max: 7, max_waiting: 0, idle_timeout: 8s,"
                                          " connect_timeout: 250ms}"));
  const Service& read = config.services.at("s");
  EXPECT_EQ(read.name, "s");
  EXPECT_EQ(read.upstreams, (std::vector<Upstream>{{{"payment.local", 9001}}}));
  EXPECT_EQ(read.base_path, "/api/v1");
  EXPECT_EQ(read.policy, "p");
  EXPECT_EQ(paths_of(read), (std::vector<std::string>{"/a/", "/b"}));
  EXPECT_EQ(read.pool, (PoolOptions{7, 0, seconds{8}, milliseconds{250}}));
}

TEST(ServiceSection, SaysWhatACallIsWorthAndHowManyThereIsRoomFor) {
  const auto with = [](const std::string& more) {
    return service("http://a", ", policy: p, routes: [{prefix: /s/}], " + more);
  };
  const Service read =
      config_of(with("business: {value: 12.5, currency: EUR}, capacity: 200")).services.at("s");
  EXPECT_EQ(read.business, (BusinessOptions{12.5, "EUR"}));
  EXPECT_EQ(read.capacity, 200U);
  const Service silent = config_of(service_at("http://a")).services.at("s");
  EXPECT_FALSE(silent.business);
  EXPECT_FALSE(silent.capacity);
}

TEST(ServiceSection, LocatesWhatIsWrongWithBusinessAndCapacity) {
  const auto errors = [](const std::string& more) {
    return errors_of(service("http://a", ", policy: p, routes: [{prefix: /s/}], " + more));
  };
  using Errors = std::vector<std::string>;
  EXPECT_EQ(errors("business: {currency: EUR}"),
            Errors{"f.yaml:4:60: services.s.business.value: is missing; write \"value: 12.5\""});
  EXPECT_EQ(
      errors("business: {value: 1, currency: euro}"),
      Errors{"f.yaml:4:91: services.s.business.currency: \"euro\" is not a currency; expected its three "
             "capital letters, such as EUR"});
  EXPECT_EQ(errors("business: {value: -1, currency: EUR}").size(), 1U);
  EXPECT_EQ(errors("business: {value: 1, currency: EUR, costs: 3}").size(), 1U);
  EXPECT_EQ(errors("capacity: 0").size(), 1U);
  EXPECT_EQ(errors("capacity: 1.5").size(), 1U);
}

TEST(ServiceSection, UrlsHaveTheUsualDefaults) {
  EXPECT_EQ(config_of(service_at("http://127.0.0.1")).services.at("s").upstreams.at(0).at,
            (Endpoint{"127.0.0.1", 80}));
  EXPECT_EQ(config_of(service_at("http://[::1]:9001/")).services.at("s").upstreams.at(0).at,
            (Endpoint{"::1", 9001}));
  EXPECT_EQ(config_of(service_at("http://[::1]:9001/")).services.at("s").base_path, "");
}

TEST(ServiceSection, UrlsThatCannotBeServed) {
  const std::string wanted = "expected http://HOST[:PORT][/PATH], or https";
  const std::vector<std::pair<std::string, std::string>> urls{
      {"ftp://a", "has an unknown scheme; " + wanted},
      {"127.0.0.1:9001", "is not a URL; " + wanted},
      {"http:/a", "is not a URL; " + wanted},
      {"http://", "has no usable host; " + wanted},
      {"http://a b", "is not a URL; " + wanted},
      {"http://a%2eb", "has no usable host; " + wanted},
      {"http://a/?q", "has a query or a fragment; " + wanted},
      {"http://a:0", "has a port out of range; expected one from 1 to 65535"},
      {"http://a:65536", "has a port out of range; expected one from 1 to 65535"},
      {"http://a:99999999999999999999", "has a port out of range; expected one from 1 to 65535"},
      {"http://a:1,b:2", "has \",b:2\" after its host and port; " + wanted},
      {"http://a:1;x", "has \";x\" after its host and port; " + wanted},
      {"http://a:1 ", "is not a URL; " + wanted},
      {"http://a:1x/y", "has \"x/y\" after its host and port; " + wanted},
      {"http://[::1]x", "has \"x\" after its host and port; " + wanted},
      {"http://a,b", "has no usable host; " + wanted},
      {"http://a:1,b:2?c", "has a query or a fragment; " + wanted},
      {"http://a:1#c", "has a query or a fragment; " + wanted},
      {"http://a:", "has no port after its \":\"; write one, or no \":\""},
      {"http://a:/x", "has no port after its \":\"; write one, or no \":\""},
      {"http://10.0.0.256", "has no usable host; " + wanted},
      {"http://10.0.0", "has no usable host; " + wanted},
      {"http://a..b", "has no usable host; " + wanted},
      {"http://.", "has no usable host; " + wanted},
      {"http://-a", "has no usable host; " + wanted},
      {"http://a/x/../y", "has \".\" or \"..\" in its path; write the path they lead to"},
      {"http://a/%2e%2E/y", "has \".\" or \"..\" in its path; write the path they lead to"},
  };
  for (const auto& [url, problem] : urls) {
    std::string answer = "f.yaml:4:12: services.s.url: \"";
    answer.append(url).append("\" ").append(problem);
    expect_answers({{service_at(url), answer}});
  }
}

TEST(ServiceSection, QuotesNoPasswordOfAUrl) {
  for (const char* url : {"http://u:s3cret@a", "https://u:s3cret@a", "grpc://u:s3cret@a"})
    expect_answers({{service_at(url),
                     "f.yaml:4:12: services.s.url: names a user, which is not supported; "
                     "expected http://HOST[:PORT][/PATH], or https"}});
}

TEST(ServiceSection, MistakesAreLocated) {
  expect_answers({
      {"version: 1\npolicies: {p: {preset: core}}\nservices:\n  s: {policy: p, routes: [{prefix: /s}]}\n",
       "f.yaml:4:3: services.s.url: is missing; write \"url: http://127.0.0.1:9001\""},
      {service("http://a", ", routes: [{prefix: /s}]"),
       "f.yaml:4:3: services.s.policy: is missing; write \"policy: NAME\""},
      {service("http://a", ", policy: q, routes: [{prefix: /s}]"),
       "f.yaml:4:32: services.s.policy: policy \"q\" does not exist; expected a name under policies"},
      {service("http://a", ", policy: p, routes: {prefix: /s}"),
       "f.yaml:4:43: services.s.routes: a mapping found; expected a list, as in [{prefix: /payment/}]"},
      {service("http://a", ", policy: p, routes: [/s]"),
       "f.yaml:4:44: services.s.routes[0]: text found; expected a mapping (key: value)"},
      {service("http://a", ", policy: p, routes: [{}]"),
       "f.yaml:4:44: services.s.routes[0].prefix: is missing; write \"{prefix: /s/}\""},
      {service("http://a", ", policy: p, routes: [{prefix: s}]"),
       "f.yaml:4:53: services.s.routes[0].prefix: \"s\" does not start with \"/\"; write \"/s\""},
      {service("http://a", ", policy: p, routes: [{prefix: \"/a b\"}]"),
       "f.yaml:4:53: services.s.routes[0].prefix: \"/a b\" contains a character that no path has; "
       "percent-encode it"},
      {service("http://a", ", policy: p, routes: [{prefix: /a?b}]"),
       "f.yaml:4:53: services.s.routes[0].prefix: \"/a?b\" has a query or a fragment; expected a path"},
      {service("http://a", ", policy: p, routes: [{prefix: /a/../b}]"),
       "f.yaml:4:53: services.s.routes[0].prefix: \"/a/../b\" has \".\" or \"..\" in it; write the path they "
       "lead to"},
      {service("http://a", ", policy: p, routes: [{prefix: /a%zz}]"),
       "f.yaml:4:53: services.s.routes[0].prefix: \"/a%zz\" is not a path; use, for example, \"/payment/\""},
      {service("http://a", ", policy: p, routes: [{prefix: /s}], connections: {max: 0}"),
       "f.yaml:4:78: services.s.connections.max: \"0\" is out of range; expected a whole number from 1 to "
       "100000"},
  });
}

TEST(ServiceSection, APolicyMistypedIsAskedAbout) {
  expect_answers(
      {{"version: 1\npolicies: {payment: {preset: core}}\nservices:\n"
        "  s: {url: \"http://a\", policy: paymet, routes: [{prefix: /s}]}\n",
        "f.yaml:4:32: services.s.policy: policy \"paymet\" does not exist; did you mean \"payment\"?"}});
}

TEST(ServiceSection, NoRouteIsHiddenByAnotherThatTakesAllItsRequests) {
  const auto two = [](const std::string& first, const std::string& second) {
    return "version: 1\npolicies: {p: {preset: core}}\nservices:\n"
           "  a: {url: \"http://a\", policy: p, routes: [{prefix: " +
           first +
           "}]}\n"
           "  b: {url: \"http://b\", policy: p, routes: [{prefix: /free}, {prefix: " +
           second + "}]}\n";
  };
  const std::vector<std::pair<std::string, std::string>> pairs{
      {"/x/", "/x/"}, {"/x", "/x/"}, {"/x/", "/x"}, {"/x", "/%78"}, {"/x/y", "/x//y/"}, {"/x/y", "/x%2Fy"}};
  for (const auto& [first, second] : pairs) {
    expect_answers({{two(first, second), "f.yaml:5:70: services.b.routes[1].prefix: \"" + second +
                                             "\" can never be reached: its requests already lead to service "
                                             "\"a\" (line 4, column 53); expected a prefix of its own"}});
  }
  EXPECT_TRUE(errors_of(two("/", "/x")).empty()) << "the longer one wins";
  EXPECT_TRUE(errors_of(two("/x", "/x/y")).empty());
  EXPECT_TRUE(errors_of(two("/x", "/X")).empty());
}

TEST(ServiceSection, AServiceCannotNameOneRouteTwice) {
  expect_answers({{service("http://a", ", policy: p, routes: [{prefix: /x}, {prefix: /x/}]"),
                   "f.yaml:4:67: services.s.routes[1].prefix: \"/x/\" can never be reached: its requests "
                   "already lead to service \"s\" (line 4, column 53); expected a prefix of its own"}});
}

TEST(ServiceSection, AUrlDoesNotPutIntoEveryRequestWhatNoRequestMayHold) {
  for (const std::string path : {"/a%00b", "/%00", "/a%2F..%2Fb", "/a/%2e%2e%2fb", "/a%5C..%5cb"}) {
    expect_answers({{service_at("http://a:1" + path),
                     "f.yaml:4:12: services.s.url: \"http://a:1" + path +
                         "\" hides \".\", \"..\" or a NUL in its path; no request may hold one"}});
  }
  EXPECT_TRUE(errors_of(service_at("http://a:1/a%2Fb/caf%C3%A9")).empty());
}

TEST(ServiceSection, APrefixIsReadAsRoutesSeeARequest) {
  const Config config =
      config_of(service("http://a", ", policy: p, routes: [{prefix: /caf%C3%A9/}, {prefix: /a//b}]"));
  EXPECT_EQ(paths_of(config.services.at("s")), (std::vector<std::string>{"/caf\xC3\xA9/", "/a/b"}));
  for (const std::string prefix : {"/a%2F..%2Fb", "/a%00"}) {
    expect_answers({{service("http://a", ", policy: p, routes: [{prefix: \"" + prefix + "\"}]"),
                     "f.yaml:4:53: services.s.routes[0].prefix: \"" + prefix +
                         "\" hides \".\", \"..\" or a NUL in it; no request for it reaches a service"}});
  }
}

TEST(ServiceSection, AServiceNobodyCanReachIsWarnedAbout) {
  const std::string text = service("http://a", ", policy: p");
  EXPECT_TRUE(errors_of(text).empty());
  EXPECT_EQ(warnings_of(text),
            (std::vector<std::string>{"f.yaml:4:3: services.s: has no routes: no request reaches it"}));
}

TEST(ServiceSection, TheGatewayIsNoServiceOfItsOwn) {
  const auto listening = [](const std::string& listen, const std::string& url) {
    return "version: 1\ngateway: {listen: \"" + listen +
           "\"}\npolicies: {p: {preset: core}}\nservices:\n  s: {url: \"" + url +
           "\", policy: p, routes: [{prefix: /}]}\n";
  };
  expect_answers({
      {listening("127.0.0.1:8080", "http://127.0.0.1:8080/v2"),
       "f.yaml:5:12: services.s.url: \"http://127.0.0.1:8080/v2\" is where the gateway itself listens: it "
       "would call "
       "itself for ever"},
      {listening("127.0.0.1:8080", "http://localhost:8080"),
       "f.yaml:5:12: services.s.url: \"http://localhost:8080\" is where the gateway itself listens: it would "
       "call "
       "itself for ever"},
      {listening("localhost:8080", "http://127.0.0.1:8080"),
       "f.yaml:5:12: services.s.url: \"http://127.0.0.1:8080\" is where the gateway itself listens: it would "
       "call "
       "itself for ever"},
      {listening("127.0.0.1:8080", "http://0.0.0.0:8080"),
       "f.yaml:5:12: services.s.url: \"http://0.0.0.0:8080\" is where the gateway itself listens: it would "
       "call "
       "itself for ever"},
      {listening("[::1]:8080", "http://[::]:8080"),
       "f.yaml:5:12: services.s.url: \"http://[::]:8080\" is where the gateway itself listens: it would call "
       "itself "
       "for ever"},
      {listening("0.0.0.0:80", "http://localhost"),
       "f.yaml:5:12: services.s.url: \"http://localhost\" is where the gateway itself listens: it would call "
       "itself "
       "for ever"},
      {listening("[::]:80", "http://[::ffff:127.0.0.1]"),
       "f.yaml:5:12: services.s.url: \"http://[::ffff:127.0.0.1]\" is where the gateway itself listens: it "
       "would call itself for ever"},
  });
  for (const auto& [listen, url] :
       {std::pair{"127.0.0.1:8080", "http://[::ffff:127.0.0.1]:8080"},
        std::pair{"127.0.0.1:8080", "http://[::ffff:7f00:1]:8080"},
        std::pair{"[::ffff:127.0.0.1]:8080", "http://127.0.0.1:8080"},
        std::pair{"[::1]:8080", "http://[0:0:0:0:0:0:0:1]:8080"},
        std::pair{"0.0.0.0:8080", "http://[::ffff:0.0.0.0]:8080"},
        std::pair{"unix:/run/s.sock", "unix:/run/x/../s.sock"},
        std::pair{"unix:/run//./s.sock", "unix:/run/s.sock"}, std::pair{"unix:@s", "unix:@s"}}) {
    EXPECT_EQ(
        errors_of(listening(listen, url)),
        std::vector<std::string>{"f.yaml:5:12: services.s.url: \"" + std::string(url) +
                                 "\" is where the gateway itself listens: it would call itself for ever"})
        << listen;
  }
  EXPECT_TRUE(errors_of(listening("unix:@a/../s", "unix:@s")).empty()) << "an abstract name is no path";
  EXPECT_TRUE(errors_of(listening("127.0.0.1:8080", "http://[::ffff:127.0.0.2]:8080")).empty());
  EXPECT_TRUE(errors_of(listening("127.0.0.1:8080", "http://127.0.0.1:8081")).empty());
  EXPECT_TRUE(errors_of(listening("0.0.0.0:8080", "http://elsewhere:8080")).empty());
  EXPECT_TRUE(errors_of(listening("127.0.0.1:0", "http://127.0.0.1:8081")).empty());
  EXPECT_TRUE(errors_of(listening("127.0.0.1:8080", "http://127.0.0.2:8080")).empty());
  EXPECT_TRUE(errors_of(listening("[::1]:8080", "http://0.0.0.0:8080")).empty());
}

TEST(ServiceSection, AConnectionThatMayTakeLongerThanTheAttemptIsWarnedAbout) {
  const auto with_timeout = [](const std::string& timeout) {
    return "version: 1\npolicies: {p: {timeout: " + timeout +
           "}}\nservices:\n  s: {url: \"http://a\", policy: p, routes: [{prefix: /}], connections: "
           "{connect_timeout: "
           "3s}}\n";
  };
  EXPECT_EQ(warnings_of(with_timeout("2s")),
            (std::vector<std::string>{
                "f.yaml:4:89: services.s.connections.connect_timeout: \"3s\" is never reached: an "
                "attempt is over after 2s, and fails as a timeout"}));
  EXPECT_TRUE(warnings_of(with_timeout("3s")).empty());
}

TEST(ServiceSection, AConnectionThatMayTakeLongerThanTheAttemptsOfARouteIsWarnedAbout) {
  EXPECT_EQ(
      warnings_of("version: 1\npolicies: {p: {timeout: 5s}, quick: {timeout: 1s}}\nservices:\n"
                  "  s: {url: \"http://a\", policy: p, routes: [{prefix: /}, {prefix: /q, policy: quick}],\n"
                  "      connections: {connect_timeout: 3s}}\n"),
      (std::vector<std::string>{
          "f.yaml:5:38: services.s.connections.connect_timeout: \"3s\" is never reached by calls of policy "
          "\"quick\": an attempt is over after 1s, and fails as a timeout"}));
}

std::string with_by(const std::string& by,
                    const std::string& policy = "circuit_breaker: {failure_rate: 0.5}") {
  return "version: 1\npolicies: {p: {" + policy +
         "}}\nservices:\n  s: {url: \"http://a\", policy: p, routes: [{prefix: /}], by: " + by + "}\n";
}

TEST(ServiceSection, ABreakerByValueHasAHeaderABoundAndATime) {
  const Loaded file = load_text(with_by("{header: X-Tenant, max: 5, idle: 1m}"), "f.yaml");
  ASSERT_TRUE(file.config);
  const auto& by = file.config->services.at("s").by;
  ASSERT_TRUE(by);
  EXPECT_EQ(by->header, "x-tenant");
  EXPECT_EQ(by->limits, (ByValueOptions{.max = 5, .idle = std::chrono::minutes{1}}));
  const Loaded plain = load_text(with_by("{header: x-tenant}"), "f.yaml");
  ASSERT_TRUE(plain.config);
  EXPECT_EQ(plain.config->services.at("s").by->limits, ByValueOptions{});
}

TEST(ServiceSection, ABreakerByValueMayHaveOptionsOfItsOwn) {
  const auto by_of = [](const std::string& keys, const std::string& policy) {
    return *config_of(with_by("{header: x-tenant" + keys + "}", policy)).services.at("s").by;
  };
  const std::string rate = "circuit_breaker: {failure_rate: 0.5}";
  EXPECT_FALSE(by_of("", rate).breaker) << "then it has those of the policy";
  const ByHeader own = by_of(", circuit_breaker: {consecutive_failures: 4}", rate);
  CircuitBreakerOptions expected;
  expected.consecutive_failures = 4;
  EXPECT_EQ(own.breaker, expected) << "nothing of the policy's is taken over";
  EXPECT_TRUE(by_of(", circuit_breaker: {consecutive_failures: 4}", "timeout: 1s").breaker)
      << "the service itself may have none";
  EXPECT_EQ(by_of(", preset: payment", "timeout: 1s").breaker, preset("payment"));
  EXPECT_EQ(by_of(", preset: payment", "timeout: 90s").breaker->half_open.max_wait, std::chrono::seconds{90})
      << "a probe within its time limit does not hang";
}

TEST(ServiceSection, ABreakerByValueThatCannotWorkIsRefused) {
  expect_answers({
      {with_by("{max: 5}"), "f.yaml:4:58: services.s.by.header: is missing; write \"header: x-tenant\""},
      {with_by("{header: \"x tenant\"}"),
       "f.yaml:4:71: services.s.by.header: \"x tenant\" is not the name of a header field; expected one such "
       "as "
       "\"x-beta\""},
      {with_by("{header: Host}"),
       "f.yaml:4:71: services.s.by.header: \"Host\" says what was called, and not who calls; expected "
       "another "
       "field, such as \"x-tenant\""},
      {with_by("{header: x-tenant, max: 0}"),
       "f.yaml:4:86: services.s.by.max: \"0\" is out of range; expected a whole number from 1 to 10000000"},
      {with_by("{header: x-tenant, idle: 5}"),
       "f.yaml:4:87: services.s.by.idle: \"5\" has no unit; write \"5s\""},
      {with_by("{header: x-tenant}", "timeout: 1s"),
       "f.yaml:4:58: services.s.by: needs a circuit_breaker, here or in policy \"p\""},
      {with_by("{header: x-tenant, circuit_breaker: {}}"),
       "f.yaml:4:81: services.s.by.circuit_breaker: no trip rule is set, so it could never open; expected at "
       "least one of failure_rate, slow_call, latency, consecutive_failures, failure_balance, stuck_calls"},
      {with_by("{header: x-tenant, circuit_breaker: {consecutive_failures: 0}}"),
       "f.yaml:4:121: services.s.by.circuit_breaker.consecutive_failures: 0 is not from 1 to 1000000000"},
      {with_by("{header: x-tenant, preset: paymnt}"),
       "f.yaml:4:89: services.s.by.preset: \"paymnt\" is not known; expected payment, authentication, core, "
       "analytics, third_party or internal; did you mean \"payment\"?"},
      {with_by("{header: x-tenant, circuit_breaker: {failure_rate: 0.5, window: {type: count, size: 10}, "
               "minimum_calls: 20}}"),
       "f.yaml:4:166: services.s.by.circuit_breaker.minimum_calls: 20 can never be reached in a window of 10 "
       "calls; expected at most window.size"},
  });
}

std::string calling(const std::string& first, const std::string& second) {
  return "version: 1\npolicies: {p: {preset: core}}\nservices:\n"
         "  shop: {url: \"http://a\", policy: p, routes: [{prefix: /a}], calls: " +
         first + "}\n  stock: {url: \"http://b\", policy: p, routes: [{prefix: /b}], calls: " + second +
         "}\n";
}

TEST(ServiceSection, NamesTheServicesThatItCalls) {
  const Config config = config_of(calling("[stock]", "[]"));
  EXPECT_EQ(config.services.at("shop").calls, (std::vector<std::string>{"stock"}));
  EXPECT_TRUE(config.services.at("stock").calls.empty());
  expect_answers({
      {calling("[stok]", "[]"),
       "f.yaml:4:70: services.shop.calls[0]: service \"stok\" does not exist; did you mean \"stock\"?"},
      {calling("[stock, stock]", "[]"), "f.yaml:4:77: services.shop.calls[1]: \"stock\" is listed twice"},
      {calling("stock", "[]"),
       "f.yaml:4:69: services.shop.calls: \"stock\" found; expected a list, as in [inventory, prices]"},
  });
}

TEST(ServiceSection, ServicesThatCallEachOtherInACircleAreWarnedAbout) {
  EXPECT_EQ(
      warnings_of(calling("[stock]", "[shop]")),
      (std::vector<std::string>{"f.yaml:5:63: services.stock.calls: services call each other in a circle: "
                                "shop -> stock -> shop; nothing bounds how many calls one of them becomes"}));
  EXPECT_EQ(
      warnings_of(calling("[shop]", "[]")),
      (std::vector<std::string>{"f.yaml:4:62: services.shop.calls: services call each other in a circle: "
                                "shop -> shop; nothing bounds how many calls one of them becomes"}));
}

TEST(ServiceSection, APolicyThatNoServiceNamesIsWarnedAbout) {
  const std::string policies = "version: 1\npolicies:\n  p: {preset: core}\n  q: {preset: core}\n";
  EXPECT_EQ(warnings_of(policies + "services: {s: {url: \"http://a\", policy: p, routes: [{prefix: /}]}}\n"),
            (std::vector<std::string>{"f.yaml:4:3: policies.q: no service names this policy"}));
  EXPECT_TRUE(warnings_of(policies + "services: {s: {url: \"http://a\", policy: r, routes: [{prefix: /}]}}\n")
                  .empty())
      << "one mistake, one line";
  EXPECT_TRUE(warnings_of(policies).empty()) << "a program's own calls name none";
}

TEST(ServiceSection, ThousandsOfMistypedPoliciesAreStillAnsweredSoon) {
  std::string text = "version: 1\npolicies:\n";
  for (int i = 0; i < 8'000; ++i) text += "  policy_number_" + std::to_string(i) + ": {preset: core}\n";
  text += "services:\n";
  for (int i = 0; i < 8'000; ++i)
    text += "  s" + std::to_string(i) + ": {url: \"http://a\", policy: policy_nunber_x" + std::to_string(i) +
            "}\n";
  EXPECT_EQ(errors_of(text).size(), 1001U);
}

}  // namespace
}  // namespace switchgear::config
