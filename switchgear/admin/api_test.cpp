#include "switchgear/admin/api.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "switchgear/admin/api_fixture.hpp"
#include "switchgear/admin/assets.hpp"
#include "switchgear/admin/route.hpp"
#include "switchgear/observe/diagnosis/rules.hpp"

namespace switchgear::admin {
namespace {

using namespace std::chrono_literals;
namespace http = boost::beast::http;
namespace json = boost::json;

class AdminApi : public ApiTest {};

TEST_F(AdminApi, AnOpenBreakerFailsNeitherLivenessNorReadiness) {
  breakers.fail("payment", 4);
  EXPECT_EQ(get("/livez").result(), http::status::ok);
  EXPECT_EQ(get("/readyz").result(), http::status::ok);
}

TEST_F(AdminApi, IsReadyWhenTheProgramSaysSo) {
  bool ready = false;
  program.ready = [&] { return ready; };
  EXPECT_EQ(get("/readyz").result(), http::status::service_unavailable);
  ready = true;
  EXPECT_EQ(get("/readyz").result(), http::status::ok);
}

TEST_F(AdminApi, HealthIsUnhealthyWithHalfOfTheBreakersOpen) {
  for (const char* name : {"a", "b", "c"}) breakers.add(name);
  EXPECT_EQ(body(get("/health")).at("status"), "healthy");
  breakers.fail("a", 4);
  EXPECT_EQ(get("/health").result(), http::status::ok);
  EXPECT_EQ(body(get("/health")).at("status"), "degraded");
  breakers.fail("b", 4);
  EXPECT_EQ(get("/health").result(), http::status::service_unavailable);
  EXPECT_EQ(body(get("/health")).at("status"), "unhealthy");
  EXPECT_EQ(body(get("/health")).at("circuit_breakers").at("open"), 2);
}

TEST_F(AdminApi, CircuitsHealthWantsThemAllClosed) {
  breakers.add("a");
  EXPECT_EQ(get("/health/circuits").result(), http::status::ok);
  breakers.add("b").command(Command::disable, breakers.now);
  EXPECT_EQ(get("/health/circuits").result(), http::status::service_unavailable);
  EXPECT_EQ(body(get("/health/circuits")).at("circuits").at("b"), "disabled");
}

TEST_F(AdminApi, ListsBreakersByName) {
  breakers.add("b");
  breakers.add("a");
  const json::array list = body(get("/circuit-breakers")).at("circuit_breakers").as_array();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].at("name"), "a");
  EXPECT_EQ(list[1].at("name"), "b");
}

TEST_F(AdminApi, ShowsTheShareAndTheStepOfAControlledRamp) {
  CircuitBreakerOptions ramped = ManualBreakers::sensitive();
  ramped.ramp = RampOptions{10s, 0.25, RampControllerOptions{}};
  (void)breakers.registry.get_or_create("payment", ramped, breakers.now);
  breakers.fail("payment", 4);
  breakers.now += 30s;
  breakers.succeed("payment", 2);
  breakers.fail("payment", 8);
  const json::value shown = body(get("/circuit-breakers/payment"));
  EXPECT_EQ(shown.at("ramping"), true);
  EXPECT_EQ(shown.at("ramp").at("share"), 0.25);
  EXPECT_EQ(shown.at("ramp").at("failed"), shown.at("window").at("failures")) << "the step is the window";
  EXPECT_EQ(shown.at("policy").at("ramp").at("controller").at("growth"), 1.5);
}

TEST_F(AdminApi, ShowsTheLevelOfAMultiLevelBreakerAndWhyItIsThere) {
  CircuitBreakerOptions leveled = ManualBreakers::sensitive();
  leveled.levels.emplace();
  (*leveled.levels)[BreakerLevel::critical] = {.failure_rate = 0.25, .open_duration = 60s};
  (*leveled.levels)[BreakerLevel::emergency].open_duration = 90s;
  (void)breakers.registry.get_or_create("payment", leveled, breakers.now);
  EXPECT_TRUE(body(get("/circuit-breakers/payment")).at("level").at("last_change").is_null());
  breakers.fail("payment", 4);
  const json::value shown = body(get("/circuit-breakers/payment"));
  const json::object& level = shown.at("level").as_object();
  EXPECT_EQ(level.at("name"), "critical");
  EXPECT_EQ(level.at("service"), "degraded");
  EXPECT_EQ(level.at("in_force").at("failure_rate"), 0.25);
  EXPECT_EQ(level.at("in_force").at("open_duration").to_number<double>(), 60);
  EXPECT_EQ(level.at("last_change").at("cause"), "escalated");
  EXPECT_TRUE(level.at("comes_down").is_null()) << "it is open";
  EXPECT_EQ(shown.at("policy").at("levels").at("emergency").at("open_duration").to_number<double>(), 90);
  EXPECT_EQ(shown.at("policy").at("levels").at("escalate_above"), 0.6);
  breakers.now += 60s;
  breakers.succeed("payment", 2);
  EXPECT_FALSE(body(get("/circuit-breakers/payment")).at("level").at("comes_down").is_null());
}

TEST_F(AdminApi, ShowsOneBreakerWithItsTransitionsNewestFirst) {
  breakers.fail("pay ment", 4);
  breakers.now += 30s;
  breakers.succeed("pay ment", 2);
  const json::value seen = body(get("/circuit-breakers/pay%20ment"));
  EXPECT_EQ(seen.at("state"), "closed");
  const json::array& transitions = seen.at("transitions").as_array();
  ASSERT_EQ(transitions.size(), 3U);
  EXPECT_EQ(transitions[0].at("rule"), "recovered");
  EXPECT_EQ(transitions[1].at("rule"), "open_duration");
  EXPECT_EQ(transitions[2].at("rule"), "failure_rate");
  EXPECT_EQ(transitions[2].at("at"), "2026-03-01T12:00:00.000Z");
}

TEST_F(AdminApi, NamesTheBreakerItDoesNotKnow) {
  const Response response = get("/circuit-breakers/nope");
  expect_problem(response, http::status::not_found);
  EXPECT_EQ(body(response).at("circuit"), "nope");
  expect_problem(post("/circuit-breakers/nope/reset"), http::status::not_found);
}

TEST_F(AdminApi, AnswersValidJsonAboutANameThatIsNotUtf8) {
  for (const char* target :
       {"/circuit-breakers/%ff%fe", "/circuit-breakers/caf%c3", "/circuit-breakers/%ed%a0%80"})
    expect_problem(get(target), http::status::not_found);
  expect_problem(post("/circuit-breakers/%ff%fe/reset"), http::status::not_found);
  EXPECT_EQ(body(get("/circuit-breakers/%ff%fe")).at("circuit"), "\uFFFD\uFFFD");
  breakers.add("caf\xC3");
  for (const char* target : {"/circuit-breakers", "/status", "/health/circuits", "/circuit-breakers/caf%c3"})
    EXPECT_NO_THROW((void)body(get(target))) << target;
}

TEST_F(AdminApi, CommandsABreaker) {
  CircuitBreaker& payment = breakers.add("payment");
  EXPECT_EQ(body(post("/circuit-breakers/payment/force-open")).at("state"), "forced_open");
  EXPECT_EQ(payment.state(), State::forced_open);
  EXPECT_EQ(body(post("/circuit-breakers/payment/disable")).at("state"), "disabled");
  EXPECT_EQ(body(post("/circuit-breakers/payment/metrics-only")).at("mode"), "metrics_only");
  EXPECT_EQ(body(post("/circuit-breakers/payment/force-close")).at("mode"), "normal");
  EXPECT_EQ(body(post("/circuit-breakers/payment/reset")).at("state"), "closed");
  EXPECT_EQ(payment.state(), State::closed);
}

TEST_F(AdminApi, ReloadsAndForgetsTransitionsOfBreakersThatWent) {
  breakers.fail("gone", 4);
  breakers.fail("stays", 4);
  program.reload = [&] {
    breakers.registry.apply({{"stays", ManualBreakers::sensitive()}}, breakers.now);
    return ReloadResult{true, {"removed 'gone'"}};
  };
  const Response response = post("/reload");
  EXPECT_EQ(response.result(), http::status::ok);
  EXPECT_EQ(body(response).at("messages"), json::array{"removed 'gone'"});
  EXPECT_FALSE(breakers.log->last("gone"));
  EXPECT_TRUE(breakers.log->last("stays"));
}

TEST_F(AdminApi, SaysWhatIsWrongWithAFileThatCannotBeLoaded) {
  program.reload = [] { return ReloadResult{false, {"gateway.yaml:14:7: no unit"}}; };
  const Response response = post("/reload");
  expect_problem(response, http::status::unprocessable_entity);
  EXPECT_EQ(body(response).at("messages"), json::array{"gateway.yaml:14:7: no unit"});
}

TEST_F(AdminApi, ACallbackThatThrowsIsAnAnswerAndNotTheEnd) {
  program.reload = []() -> ReloadResult { throw std::runtime_error{"the disk is gone"}; };
  expect_problem(post("/reload"), http::status::internal_server_error);
  EXPECT_EQ(get("/livez").result(), http::status::ok);
}

TEST_F(AdminApi, HasNothingToReloadInAProgramWithoutAFile) {
  expect_problem(post("/reload"), http::status::not_implemented);
}

TEST_F(AdminApi, StatusHasItAllInOneAnswer) {
  breakers.fail("payment", 4);
  program.policies = [] { return std::map<std::string, std::string>{{"payment", "strict"}}; };
  program.services = [] { return json::object{{"payment", {{"queue", {{"waiting", 3}}}}}}; };
  const json::value status = body(get("/status"));
  EXPECT_EQ(status.at("health"), "unhealthy");
  EXPECT_EQ(status.at("ready"), true);
  EXPECT_EQ(status.at("circuit_breakers").as_array().size(), 1U);
  EXPECT_EQ(status.at("policies").at("payment"), "strict");
  EXPECT_EQ(status.at("services").at("payment").at("queue").at("waiting"), 3);
  EXPECT_EQ(status.at("at"), "2026-03-01T12:00:00.000Z");
}

TEST_F(AdminApi, MetricsAreTextUnlessJsonIsAskedFor) {
  breakers.fail("payment", 4);
  const Response text = get("/metrics");
  EXPECT_TRUE(text[http::field::content_type].starts_with("text/plain; version=0.0.4"));
  EXPECT_NE(text.body().find("switchgear_build_info{version="), std::string::npos);
  EXPECT_NE(text.body().find("switchgear_events_clients 0"), std::string::npos);
  Request made = request(http::verb::get, "/metrics");
  made.set(http::field::accept, "application/json");
  const json::value totals = body(send(made).response);
  EXPECT_EQ(totals.at("circuits").at("payment").at("failures"), 4U);
  EXPECT_EQ(totals.at("metrics").at("circuit_breaker_state_code").as_array()[0].at("value"), 2);
}

TEST_F(AdminApi, EveryAnswerIsHardened) {
  for (const char* target :
       {"/dashboard", "/health", "/nope", "/circuit-breakers/%", "/metrics", "/events"}) {
    const Response response = get(target);
    const std::string policy{response["Content-Security-Policy"]};
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'")) << target;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_EQ(response["X-Content-Type-Options"], "nosniff") << target;
    EXPECT_EQ(response["Referrer-Policy"], "no-referrer") << target;
    EXPECT_FALSE(response[http::field::cache_control].empty()) << target;
  }
}

TEST_F(AdminApi, ServesTheDashboardAndSparesWhatTheBrowserHas) {
  const Response page = get("/dashboard");
  EXPECT_EQ(page[http::field::content_type], "text/html; charset=utf-8");
  EXPECT_NE(page.body().find("<title>Switchgear</title>"), std::string::npos);
  EXPECT_EQ(get("/dashboard/dashboard.js")[http::field::content_type], "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/dashboard/dashboard.css")[http::field::content_type], "text/css; charset=utf-8");
  expect_problem(get("/dashboard/..%2Fapi.cpp"), http::status::not_found);
  Request again = request(http::verb::get, "/dashboard");
  again.set(http::field::if_none_match, page[http::field::etag]);
  const Response spared = send(again).response;
  EXPECT_EQ(spared.result(), http::status::not_modified);
  EXPECT_TRUE(spared.body().empty());
}

TEST_F(AdminApi, TheRootLeadsToTheDashboard) {
  EXPECT_EQ(get("/").result(), http::status::see_other);
  EXPECT_EQ(get("/")[http::field::location], "dashboard");
}

TEST_F(AdminApi, OnlyAGetOfEventsBecomesAStream) {
  EXPECT_TRUE(send(request(http::verb::get, "/events")).stream);
  EXPECT_FALSE(send(request(http::verb::head, "/events")).stream);
  Request rebound = request(http::verb::get, "/events");
  rebound.set(http::field::host, "rebound.example");
  EXPECT_FALSE(send(rebound).stream);
}

TEST_F(AdminApi, DescribesEveryPathThatItHasAndNoPathOfItsOwnThatItDoesNotHave) {
  const Response response = get("/openapi.json");
  EXPECT_EQ(response.result(), http::status::ok);
  EXPECT_EQ(response[http::field::content_type], "application/json");
  const json::object paths = body(response).at("paths").as_object();
  for (const std::string& path : own_paths()) {
    ASSERT_TRUE(paths.contains(path)) << path;
    const std::string_view method = route_of(path).route.changes() ? "post" : "get";
    EXPECT_TRUE(paths.at(path).as_object().contains(method)) << path;
  }
  for (const auto& [path, item] : paths) {
    const bool own = route_of(std::string_view{path}).error == RouteError::none;
    const std::vector<std::string> known = own_paths();
    EXPECT_TRUE(!own || std::find(known.begin(), known.end(), std::string_view{path}) != known.end()) << path;
  }
  for (const char* file : {"/openapi.json", "/dashboard/dashboard.js", "/docs/runbooks/flapping.md"}) {
    Request again = request(http::verb::get, file);
    again.set(http::field::if_none_match, get(file)[http::field::etag]);
    EXPECT_EQ(send(again).response.result(), http::status::not_modified) << file;
  }
}

TEST_F(AdminApi, HasTheRunbookOfEveryRuleWhereItsAnswersSay) {
  for (const DiagnosisRule& rule : diagnosis_rules()) {
    const std::string path = "/docs/runbooks/" + std::string{rule.page} + ".md";
    const Response response = get(path);
    EXPECT_EQ(response.result(), http::status::ok) << path;
    EXPECT_EQ(response[http::field::content_type], "text/plain; charset=utf-8");
    EXPECT_TRUE(response.body().starts_with("# ")) << path;
  }
  expect_problem(get("/docs/runbooks/absent.md"), http::status::not_found);
  expect_problem(get("/docs/runbooks/..%2Fapi.md"), http::status::not_found);
}

TEST_F(AdminApi, TreatsEveryCommandAlike) {
  breakers.add("payment");
  for (const Command command : commands) {
    const std::string path = "/circuit-breakers/payment/" + std::string{word_of(command)};
    EXPECT_EQ(post(path).result(), http::status::ok) << path;
    expect_problem(post("/circuit-breakers/absent/" + std::string{word_of(command)}),
                   http::status::not_found);
    Request foreign = request(http::verb::post, path);
    foreign.set(http::field::origin, "https://evil.example.com");
    expect_problem(send(foreign).response, http::status::forbidden);
  }
  Request reload = request(http::verb::post, "/reload");
  reload.set(http::field::origin, "https://evil.example.com");
  expect_problem(send(reload).response, http::status::forbidden);
  api.reset();
  options.token = "s3cret";
  for (const Command command : commands)
    expect_problem(post("/circuit-breakers/payment/" + std::string{word_of(command)}),
                   http::status::unauthorized);
  expect_problem(post("/reload"), http::status::unauthorized);
}

TEST_F(AdminApi, AddsWhatItsProgramSaysToTheStatus) {
  program.status = [] {
    return json::object{{"reload",
                         {{"last_success", "2026-03-01T12:00:00.000Z"},
                          {"last_result", nullptr},
                          {"last_duration", nullptr},
                          {"successes", 0},
                          {"failures", 0}}}};
  };
  EXPECT_EQ(body(get("/status")).at("reload").at("successes"), 0);
}

}  // namespace
}  // namespace switchgear::admin
