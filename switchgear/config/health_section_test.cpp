#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// `check` begins at line 5, column 19.
std::string file(const std::string& check) {
  return "version: 1\npolicies: {p: {preset: core}}\nservices:\n"
         "  s: {url: \"http://a\", policy: p, routes: [{prefix: /}],\n    health_check: " +
         check + "}\n";
}

health::CheckOptions read(const std::string& check) {
  const auto options = config_of(file(check)).services.at("s").health_check;
  return options.value_or(health::CheckOptions{});
}

TEST(HealthSection, IsLeftOutUnlessItIsThere) {
  EXPECT_FALSE(config_of("version: 1\npolicies: {p: {preset: core}}\nservices:\n"
                         "  s: {url: \"http://a\", policy: p, routes: [{prefix: /}]}\n")
                   .services.at("s")
                   .health_check);
}

TEST(HealthSection, EveryKeyArrives) {
  const health::CheckOptions options = read(
      "{http: {path: \"/healthz?deep=1\", method: POST, host: \"pay.internal:81\","
      " expect: {status: [200, 300-302], json: {\"/status\": ok, \"/up\": true, \"/load\": 0.5,"
      " \"/error\": null, \"/version\": \"2\"}}}, port: 9102, interval: 5s, jitter: 0.2,"
      " timeout: 500ms, unhealthy: 4, healthy: 3, no_traffic_interval: 1m}");
  const auto& check = std::get<health::HttpCheck>(options.how);
  EXPECT_EQ(check.path, "/healthz?deep=1");
  EXPECT_EQ(check.method, "POST");
  EXPECT_EQ(check.host, "pay.internal:81");
  EXPECT_EQ(check.status, (StatusRanges{{200, 200}, {300, 302}}));
  EXPECT_EQ(check.json,
            (std::vector<health::JsonExpectation>{
                {"/status", "ok"}, {"/up", true}, {"/load", 0.5}, {"/error", nullptr}, {"/version", "2"}}));
  EXPECT_EQ(options.port, 9102);
  EXPECT_EQ(options.watch,
            (health::WatchOptions{seconds{5}, 0.2, milliseconds{500}, {4, 3}, Duration{minutes{1}}}));
}

TEST(HealthSection, HasDefaultsForAllButWhatIsAsked) {
  const health::CheckOptions options = read("{http: {}}");
  EXPECT_EQ(std::get<health::HttpCheck>(options.how), health::HttpCheck{});
  EXPECT_EQ(options.watch, health::WatchOptions{});
  EXPECT_FALSE(options.port);
  EXPECT_TRUE(std::holds_alternative<health::TcpCheck>(read("{tcp: {}}").how));
}

TEST(HealthSection, LocatesEveryMistake) {
  const std::string at = "f.yaml:5:";
  const auto says = [&](const std::string& check, const std::string& line) {
    EXPECT_EQ(errors_of(file(check)), std::vector<std::string>{at + line}) << check;
  };
  says("{interval: 5s}",
       "5: services.s.health_check.http: is missing; write \"http: {path: /healthz}\" or \"tcp: {}\"");
  says("{http: {}, tcp: {}}", "5: services.s.health_check: has http and tcp; expected one of them");
  says("{http: {path: healthz}}",
       "33: services.s.health_check.http.path: \"healthz\" does not start with \"/\"; write \"/healthz\"");
  says("{http: {path: \"/a b\"}}",
       "33: services.s.health_check.http.path: \"/a b\" is not a path; use, for example, \"/healthz\" or "
       "\"/healthz?deep=1\"");
  says("{http: {method: DELETE}}",
       "35: services.s.health_check.http.method: \"DELETE\" is not known; expected GET, HEAD, OPTIONS or "
       "POST");
  says("{http: {host: \"a/b\"}}",
       "33: services.s.health_check.http.host: \"a/b\" is not a host; expected NAME or NAME:PORT");
  says("{http: {expect: {status: []}}}",
       "44: services.s.health_check.http.expect.status: is empty: no answer would be good; leave the key out "
       "for [200-299]");
  says("{http: {expect: {json: {status: ok}}}}",
       "43: services.s.health_check.http.expect.json.status: \"status\" is not a JSON pointer; use, for "
       "example, \"/status\" or \"/dependencies/0/up\"");
  says("{http: {method: HEAD, expect: {json: {\"/a\": 1}}}}",
       "56: services.s.health_check.http.expect.json: the answer to a HEAD has no content; use GET");
  says("{tcp: {port: 1}}",
       "25: services.s.health_check.tcp: takes no keys; write tcp: {}, and the port beside it");
  says("{tcp: true}", "25: services.s.health_check.tcp: true found; write tcp: {}, and the port beside it");
  says("{tcp: {}, interval: 0s}",
       "39: services.s.health_check.interval: \"0s\" is out of range; expected from 1ms to 24h");
  says("{tcp: {}, timeout: 5}", "38: services.s.health_check.timeout: \"5\" has no unit; write \"5s\"");
  says("{tcp: {}, jitter: 1}", "37: services.s.health_check.jitter: 1 is not a ratio from 0 to below 1");
  says("{tcp: {}, unhealthy: 0}", "40: services.s.health_check.unhealthy: 0 is not from 1 to 1000");
  says("{tcp: {}, port: 0}",
       "35: services.s.health_check.port: \"0\" is out of range; expected a whole number from 1 to 65535");
  says("{tcp: {}, intervall: 5s}",
       "29: services.s.health_check.intervall: unknown key; did you mean \"interval\"?");
}

}  // namespace
}  // namespace switchgear::config
