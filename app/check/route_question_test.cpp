#include "app/check/route_question.hpp"

#include <gtest/gtest.h>

#include <string>

#include "app/check/route_report.hpp"
#include "app/check/surroundings.hpp"
#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::check {
namespace {

constexpr const char* file =
    "version: 1\n"
    "policies: {p: {preset: core}}\n"
    "services:\n"
    "  pay:\n"
    "    url: \"http://127.0.0.1:9001/base\"\n"
    "    policy: p\n"
    "    routes:\n"
    "      - {prefix: /payment/}\n"
    "      - {host: shop.example.com, prefix: /payment/, methods: [GET, POST], headers: {x-beta: \"1\"},"
    " strip_prefix: true, rewrite: \"/v2{path}\"}\n"
    "  raw: {url: \"http://127.0.0.1:9002\", policy: p, routes: [{host: \"*.example.com\", path: /health, "
    "rewrite:"
    " /status}]}\n";

RouteAnswer ask(const std::string& request, std::vector<std::string> headers = {}) {
  return answer_of({request, std::move(headers)}, config::config_of(file));
}

TEST(RouteQuestion, NamesTheServiceAndThePathItSees) {
  const RouteAnswer plain = ask("GET http://shop.example.com/payment/x?q");
  EXPECT_EQ(plain.service, "pay");
  EXPECT_EQ(plain.number, 0U);
  EXPECT_EQ(plain.sent, "GET http://127.0.0.1:9001/base/payment/x?q");
  const RouteAnswer beta = ask("GET http://Shop.Example.com:8080/payment/x?q", {"X-Beta: 1"});
  EXPECT_EQ(beta.service, "pay");
  EXPECT_EQ(beta.number, 1U);
  EXPECT_EQ(beta.route, "host shop.example.com, prefix /payment/, GET or POST, x-beta: 1");
  EXPECT_EQ(beta.sent, "GET http://127.0.0.1:9001/base/v2/x?q");
  EXPECT_EQ(ask("HEAD http://a.example.com/health").sent, "HEAD http://127.0.0.1:9002/status");
  EXPECT_EQ(ask("GET /payment/x").service, "pay") << "without a host, as HTTP/1.0 allows";
}

TEST(RouteQuestion, SaysWhatTheGatewayAnswersIfNoServiceTakesIt) {
  const auto status = [](const std::string& request, std::vector<std::string> headers = {}) {
    return ask(request, std::move(headers)).status;
  };
  EXPECT_EQ(status("GET http://a.example.com/x"), 404U);
  EXPECT_EQ(status("GET http://a/payment/../.."), 400U);
  EXPECT_EQ(status("TRACE http://a/payment/"), 405U);
  EXPECT_EQ(status("OPTIONS *"), 200U);
  for (const char* broken : {"GET", "GET ", "http://a/", "G(T http://a/", "GET http:///x", "GET http://a/ x",
                             "GET http://u@a/x", "GET http://[::1/x", "GET a", "GET http://a/\r\nX: y"})
    EXPECT_EQ(status(broken), 400U) << broken;
  EXPECT_EQ(status("GET http://a/payment/", {"no colon"}), 400U);
  EXPECT_EQ(status("GET http://a/payment/", {"host: b"}), 400U) << "a second one";
  EXPECT_EQ(status("GET http://a/payment/", {"x: y\r\nz: a"}), 400U);
  EXPECT_EQ(ask("GET http://a.example.com/x").detail, "no service has a route for this path");
}

TEST(RouteQuestion, IsAnsweredInWords) {
  const RouteQuestion question{"GET http://shop.example.com/payment/x", {"x-beta: 1"}};
  EXPECT_EQ(to_text(question, answer_of(question, config::config_of(file))),
            "\nGET http://shop.example.com/payment/x\n"
            "  service  pay\n"
            "  route    routes[1]: host shop.example.com, prefix /payment/, GET or POST, x-beta: 1\n"
            "  policy   p\n"
            "  sent as  GET http://127.0.0.1:9001/base/v2/x\n");
  const RouteQuestion none{"GET http://a/", {}};
  EXPECT_EQ(to_text(none, answer_of(none, config::config_of(file))),
            "\nGET http://a/\n"
            "  reaches no service: the gateway answers 404 (no service has a route for this path)\n");
}

TEST(RouteReport, ListsTheRoutesAsTheyAreLookedAt) {
  const config::Router router{config::config_of(file).services};
  EXPECT_EQ(
      to_text(router),
      "\nroutes, the most specific first; a request goes to the first that takes it\n"
      "  1  host shop.example.com, prefix /payment/, GET or POST, x-beta: 1 → pay, as /v2{path} without the "
      "prefix\n"
      "  2  host *.example.com, path /health → raw, as /status\n"
      "  3  prefix /payment/ → pay\n");
  const boost::json::array all = to_json(router);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].at("prefix").as_string(), "/payment/");
  EXPECT_EQ(all[0].at("rewrite").as_string(), "/v2{path}");
  EXPECT_EQ(all[0].at("headers").at("x-beta").as_string(), "1");
  EXPECT_EQ(all[1].at("path").as_string(), "/health");
  EXPECT_TRUE(all[2].at("host").is_null());
  EXPECT_EQ(to_text(config::Router{}), "");
}

TEST(RouteReport, APathThatARouteMakesCountsAsMemoryOfAStoredCall) {
  const config::Config config = config::config_of(file);
  const auto bytes = [&](const char* name) {
    return surroundings_of(config.services.at(name), config.gateway).head_bytes;
  };
  EXPECT_EQ(bytes("pay"), config.gateway.limits.header_bytes + config.gateway.limits.target_bytes + 3);
  EXPECT_EQ(bytes("raw"), config.gateway.limits.header_bytes + config.gateway.limits.target_bytes + 7);
}

}  // namespace
}  // namespace switchgear::check
