#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

/// A file whose only route begins at line 5, column 6.
std::string file(const std::string& route, const std::string& more = "") {
  return "version: 1\npolicies: {p: {preset: core}}\nservices:\n  s: {url: \"http://a\", policy: p, routes: "
         "[\n"
         "    {" +
         route + "}" + more + "]}\n";
}

Route route_of(const std::string& text) {
  const Service service = config_of(file(text)).services.at("s");
  EXPECT_EQ(service.routes.size(), 1U) << text;
  return service.routes.empty() ? Route{} : service.routes.front();
}

/// Of a route with one more key behind `prefix: /x, `, whose value begins at column 20 + its length + 2.
void expect_wrong(const std::string& key, const std::string& value, const std::string& message) {
  const std::size_t column = 6 + std::string("prefix: /x, ").size() + key.size() + 2;
  expect_answers({{file("prefix: /x, " + key + ": " + value),
                   "f.yaml:5:" + std::to_string(column) + ": services.s.routes[0]." + key + ": " + message}});
}

TEST(RouteSection, EveryKeyArrives) {
  const Route route = route_of(
      "host: \"Shop.Example.com.\", prefix: /pay%20ment/, methods: [GET, POST, M-SEARCH], headers: {X-Beta: "
      "1, "
      "x-user: \"a b\"}, strip_prefix: true, rewrite: \"/v%202{path}\"");
  EXPECT_EQ(route.host, "shop.example.com");
  EXPECT_EQ(route.match, Route::Match::prefix);
  EXPECT_EQ(route.path, "/pay ment/");
  EXPECT_EQ(route.methods, (std::vector<std::string>{"GET", "POST", "M-SEARCH"}));
  EXPECT_EQ(route.headers,
            (std::vector<std::pair<std::string, std::string>>{{"x-beta", "1"}, {"x-user", "a b"}}));
  EXPECT_TRUE(route.strip_prefix);
  EXPECT_EQ(route.rewrite, (Rewrite{"/v%202", true}));
}

TEST(RouteSection, NamesTheProtocolsThatAConnectionMayBeUpgradedTo) {
  EXPECT_EQ(route_of("prefix: /x, upgrade: [WebSocket, SPDY/3.1]").upgrade,
            (std::vector<std::string>{"websocket", "spdy/3.1"}));
  EXPECT_TRUE(route_of("prefix: /x").upgrade.empty());
  expect_wrong("upgrade", "websocket", "\"websocket\" found; expected a list, as in [websocket]");
  expect_wrong("upgrade", "[]", "is empty; leave the key out, or write \"[websocket]\"");
  const auto first = [](const std::string& name, const std::string& problem) {
    expect_answers({{file("prefix: /x, upgrade: [" + name + "]"),
                     "f.yaml:5:28: services.s.routes[0].upgrade[0]: \"" + name + "\"" + problem}});
  };
  for (const char* name : {"h2c", "H2C", "h2", "http/2.0"})
    first(name, " is not passed on: the gateway would not see the requests of the upgraded connection");
  first("TLS/1.0", " is not passed on; use an https url, or \"tls\" of the gateway");
  for (const char* name : {"web socket", "a/b/c", "websocket/", "a;b"})
    first(name, " is not a protocol; expected one such as \"websocket\"");
  expect_answers({{file("prefix: /x, upgrade: [a, A]"),
                   "f.yaml:5:31: services.s.routes[0].upgrade[1]: \"A\" is listed twice"}});
}

std::string with_policies(const std::string& services) {
  return "version: 1\npolicies: {p: {preset: core}, careful: {preset: payment}}\nservices:\n" + services;
}

TEST(RouteSection, ARouteMayHaveAPolicyOfItsOwn) {
  const Loaded loaded = load_text(
      with_policies(
          "  s: {url: \"http://a\", policy: p, routes: [{prefix: /, policy: p}, {prefix: /pay, policy: "
          "careful}]}\n"),
      "f.yaml");
  ASSERT_TRUE(loaded.config);
  EXPECT_TRUE(loaded.warnings.empty()) << "a policy that only a route names is not unused";
  const std::vector<Route>& routes = loaded.config->services.at("s").routes;
  EXPECT_EQ(routes.at(0).policy, "") << "the service's own";
  EXPECT_EQ(routes.at(1).policy, "careful");
}

TEST(RouteSection, APolicyThatDoesNotExistOrWhoseCircuitIsAServiceIsAnError) {
  expect_answers({
      {with_policies("  s: {url: \"http://a\", policy: p, routes: [{prefix: /, policy: carefull}]}\n"),
       "f.yaml:4:64: services.s.routes[0].policy: policy \"carefull\" does not exist; did you mean "
       "\"careful\"?"},
      {with_policies("  s: {url: \"http://a\", policy: p, routes: [{prefix: /, policy: careful}]}\n"
                     "  s/careful: {url: \"http://b\", policy: p, routes: [{prefix: /b}]}\n"),
       "f.yaml:5:3: services.s/careful: has the name of the circuit of policy \"careful\" in a route of "
       "service "
       "\"s\"; expected another name"},
  });
}

TEST(RouteSection, AnExactPathStandsInThePlaceOfAPrefix) {
  const Route route = route_of("path: /health, rewrite: /status");
  EXPECT_EQ(route.match, Route::Match::exact);
  EXPECT_EQ(route.path, "/health");
  EXPECT_EQ(route.rewrite, (Rewrite{"/status", false}));
  expect_answers(
      {{file("prefix: /a, path: /b"),
        "f.yaml:5:24: services.s.routes[0].path: stands beside \"prefix\"; a route has one of them"},
       {file("host: a.example"),
        "f.yaml:5:5: services.s.routes[0].prefix: is missing; write \"{prefix: /s/}\""},
       {file("path: /b, strip_prefix: true"),
        "f.yaml:5:30: services.s.routes[0].strip_prefix: stands beside \"path\", which is not a "
        "prefix; use \"rewrite\""}});
}

TEST(RouteSection, HostsAreWrittenAsRequestsAreSeen) {
  const std::vector<std::pair<std::string, std::string>> hosts{{"a", "a"},
                                                               {"\"*.Example.COM\"", "*.example.com"},
                                                               {"10.0.0.1", "10.0.0.1"},
                                                               {"\"[0:0::1]\"", "[::1]"},
                                                               {"\"[FE80::A]\"", "[fe80::a]"}};
  for (const auto& [written, seen] : hosts)
    EXPECT_EQ(route_of("prefix: /, host: " + written).host, seen) << written;
  const std::string wanted = "expected one such as \"shop.example.com\" or \"*.example.com\"";
  expect_wrong("host", "\"*\"", "\"*\" is every host; leave the key out");
  expect_wrong("host", "\"a.*.b\"", "\"a.*.b\" has \"*\" in a place where it means nothing; " + wanted);
  expect_wrong("host", "\"a:80\"", "\"a:80\" has a port; a route takes requests for every port of its host");
  expect_wrong("host", "\"::1\"", "\"::1\" is not a host; " + wanted);
  for (const char* host :
       {"a..b", "http://a", "a/b", "a b", "u@a", "*.10.0.0.1", "*.", ".a", "1.2.3.4.5", "caf\xC3\xA9"})
    EXPECT_EQ(errors_of(file("prefix: /, host: \"" + std::string(host) + "\"")).size(), 1U) << host;
  EXPECT_EQ(errors_of(file("prefix: /, host: " + std::string(300, 'a'))).size(), 1U);
}

TEST(RouteSection, MethodsAreNamesThatRequestsCanHave) {
  expect_wrong("methods", "[]", "is empty: no request has none of the methods; leave the key out");
  expect_wrong("methods", "GET", "\"GET\" found; expected a list, as in [GET, POST]");
  const auto one = [](const std::string& method, const std::string& message) {
    expect_answers({{file("prefix: /x, methods: [" + method + "]"),
                     "f.yaml:5:28: services.s.routes[0].methods[0]: \"" + method + "\"" + message}});
  };
  one("get", " is not a method; write \"GET\"");
  one("G(T", " is not a method; expected one such as \"GET\"");
  one("TRACE", " is answered by the gateway itself, with 405");
  one(std::string(33, 'A'), " is longer than 32 bytes");
  expect_answers({{file("prefix: /x, methods: [GET, GET]"),
                   "f.yaml:5:33: services.s.routes[0].methods[1]: \"GET\" is listed twice"}});
  std::string many;
  for (int i = 0; i < 33; ++i) many += (i == 0 ? "" : ", ") + std::string(1 + i % 30, i < 30 ? 'A' : 'B');
  expect_wrong("methods", "[" + many + "]", "33 methods found; expected at most 32");
}

TEST(RouteSection, HeadersAreFieldsThatReachTheService) {
  const auto one = [](const std::string& header, const std::string& message, int column = 28) {
    expect_answers({{file("prefix: /x, headers: {" + header + "}"),
                     "f.yaml:5:" + std::to_string(column) + ": services.s.routes[0].headers." + message}});
  };
  one("host: a", "host: \"host\" is a key of the route; write \"host: shop.example.com\" beside headers");
  one("TE: a", "TE: \"TE\" is between client and gateway; expected a field that the service gets");
  one("a(b: a", "a(b: \"a(b\" is not the name of a header field; expected one such as \"x-beta\"");
  one("x: \" a\"", "x: \" a\" begins or ends with a space, which no value does", 31);
  one("x: a, X: b", "X: \"X\" is there twice: case makes no difference", 34);
  one("x: " + std::string(1025, 'a'), "x: \"" + std::string(200, 'a') + "…\" is longer than 1024 bytes", 31);
  std::string many;
  for (int i = 0; i < 17; ++i) many += (i == 0 ? "x" : ", x") + std::to_string(i) + ": a";
  expect_answers({{file("prefix: /x, headers: {" + many + "}"),
                   "f.yaml:5:18: services.s.routes[0].headers: 17 headers found; expected at most 16"}});
  expect_answers(
      {{file("prefix: /x, headers: {}"),
        "f.yaml:5:18: services.s.routes[0].headers: is empty; leave the key out, or write \"headers: "
        "{x-beta: yes}\""}});
}

TEST(RouteSection, ARewriteLeadsToAPath) {
  EXPECT_EQ(route_of("prefix: /x, rewrite: \"/\"").rewrite, (Rewrite{"/", false}));
  const auto wrong = [](const std::string& rewrite, const std::string& message) {
    expect_wrong("rewrite", "\"" + rewrite + "\"", "\"" + rewrite + "\" " + message);
  };
  wrong("{path}", "changes nothing; use, for example, \"/v2{path}\"");
  wrong("/v2/{path}", "has a \"/\" before \"{path}\", which begins with one; write \"/v2{path}\"");
  wrong("/v2{path}/x", "has braces other than one \"{path}\" at its end");
  wrong("/v2{paht}", "has braces other than one \"{path}\" at its end");
  wrong("/{path}{path}", "has braces other than one \"{path}\" at its end");
  wrong("v2{path}", "does not start with \"/\"; write \"/v2{path}\"");
  wrong("/a/../b", "has \".\" or \"..\" in it; write the path they lead to");
  wrong("/..{path}", "has \".\" or \"..\" in it; write the path they lead to");
  wrong("/a?b", "has a query or a fragment; expected a path");
  wrong("/a%00{path}", "hides \".\", \"..\" or a NUL in it; no request for it reaches a service");
  wrong("/a%0", "is not a path; use, for example, \"/payment/\"");
}

TEST(RouteSection, AStrippedPrefixThatARewriteDoesNotKeepIsWarnedAbout) {
  EXPECT_EQ(
      warnings_of(file("prefix: /x, strip_prefix: true, rewrite: /y")),
      (std::vector<std::string>{"f.yaml:5:18: services.s.routes[0].strip_prefix: has no effect: rewrite "
                                "does not have \"{path}\""}));
}

TEST(RouteSection, TwoRoutesThatTakeTheSameRequestsEquallyAreAnError) {
  const std::vector<std::pair<std::string, std::string>> pairs{
      {"prefix: /x, methods: [GET, POST]", "prefix: /x/, methods: [PUT, POST]"},
      {"prefix: /x, headers: {x-a: 1}", "prefix: /x, headers: {X-B: 1}"},
      {"prefix: /x, headers: {x-a: 1}", "prefix: /x, headers: {x-a: 1}"},
      {"prefix: /x, host: a.b, methods: [GET]", "prefix: /x, host: \"A.B.\", methods: [GET]"},
      {"path: /x, methods: [GET]", "path: /%78, methods: [GET]"}};
  for (const auto& [first, second] : pairs) {
    const std::vector<std::string> errors = errors_of(file(first, ",\n    {" + second + "}"));
    ASSERT_EQ(errors.size(), 1U) << first << " and " << second;
    EXPECT_NE(errors[0].find(" takes requests that a route of service \"s\" (line 5, column "),
              errors[0].npos)
        << errors[0];
    EXPECT_TRUE(errors[0].starts_with("f.yaml:6:")) << errors[0];
  }
  EXPECT_EQ(
      errors_of(file("path: /x", ",\n    {path: /x}")),
      (std::vector<std::string>{"f.yaml:6:12: services.s.routes[1].path: \"/x\" can never be reached: its "
                                "requests already lead to service \"s\" (line 5, column 12); expected a "
                                "path of its own"}));
}

TEST(RouteSection, TwoRoutesOfWhichOneIsMoreSpecificStandBesideEachOther) {
  const std::vector<std::pair<std::string, std::string>> pairs{
      {"prefix: /x", "path: /x"},
      {"path: /x", "path: /x/"},
      {"prefix: /x", "prefix: /x, host: a"},
      {"prefix: /x, host: a", "prefix: /x, host: b"},
      {"prefix: /x, host: \"*.a\"", "prefix: /x, host: \"*.b.a\""},
      {"prefix: /x", "prefix: /x, methods: [GET]"},
      {"prefix: /x, methods: [POST]", "prefix: /x, methods: [GET]"},
      {"prefix: /x, headers: {x-a: 1}", "prefix: /x, headers: {x-a: 2}"},
      {"prefix: /x, headers: {x-a: 1}", "prefix: /x, headers: {x-a: 1, x-b: 1}"},
      {"prefix: /x, methods: [GET]", "prefix: /x, headers: {x-a: 1}"}};
  for (const auto& [first, second] : pairs)
    EXPECT_TRUE(errors_of(file(first, ",\n    {" + second + "}")).empty()) << first << " and " << second;
}

TEST(RouteSection, OnePathOfOneHostHasAtMostAHundredRoutes) {
  const auto routes = [](int count) {
    std::string more;
    for (int i = 1; i < count; ++i) more += ",\n    {prefix: /x, headers: {x: " + std::to_string(i) + "}}";
    return file("prefix: /x, headers: {x: 0}", more);
  };
  EXPECT_TRUE(errors_of(routes(100)).empty());
  EXPECT_EQ(
      errors_of(routes(101)),
      (std::vector<std::string>{"f.yaml:105:14: services.s.routes[100].prefix: \"/x\" has 100 routes for "
                                "the same host already; expected at most that many"}));
}

}  // namespace
}  // namespace switchgear::config
