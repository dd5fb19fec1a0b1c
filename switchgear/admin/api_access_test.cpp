// Who may ask an Api for what: methods, tokens, origins, hosts.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "switchgear/admin/api_fixture.hpp"

namespace switchgear::admin {
namespace {

using namespace std::chrono_literals;
namespace http = boost::beast::http;
namespace json = boost::json;

class ApiAccess : public ApiTest {};

TEST_F(ApiAccess, ChangesNothingByAnythingButPost) {
  const CircuitBreaker& payment = breakers.add("payment");
  for (const http::verb method : {http::verb::get, http::verb::head, http::verb::put, http::verb::options}) {
    const Response response = send(request(method, "/circuit-breakers/payment/force-open")).response;
    expect_problem(response, http::status::method_not_allowed);
    EXPECT_EQ(response[http::field::allow], "POST");
  }
  EXPECT_EQ(payment.state(), State::closed);
  const Response response = post("/health");
  expect_problem(response, http::status::method_not_allowed);
  EXPECT_EQ(response[http::field::allow], "GET, HEAD");
}

TEST_F(ApiAccess, TellsOfEveryCommandWhoSentItAndWhatBecameOfIt) {
  options.token = "s3cret";
  breakers.add("payment");
  const auto sent = [&](const std::string& target, const char* token, const char* origin = "") {
    Request made = request(http::verb::post, target);
    made.set(http::field::authorization, token);
    if (*origin != 0) made.set(http::field::origin, origin);
    (void)send(made);
  };
  sent("/circuit-breakers/payment/force-open", "Bearer s3cret");
  sent("/circuit-breakers/payment/reset", "Bearer wrong1");
  sent("/circuit-breakers/nobody/reset", "Bearer s3cret");
  sent("/circuit-breakers/payment/reset", "Bearer s3cret", "https://evil.example");
  sent("/reload", "Bearer s3cret");
  (void)get("/metrics");
  std::vector<std::string> told;
  for (const auto& event : events.read().events) {
    if (const auto* command = std::get_if<LoggedCommand>(event.get())) {
      told.push_back(command->command + " " + command->circuit + " " + command->client + " " +
                     std::string{to_string(command->result)});
    }
  }
  EXPECT_EQ(told, (std::vector<std::string>{"force-open payment 10.0.0.3 done",
                                            "reset payment 10.0.0.3 unauthorized",
                                            "reset nobody 10.0.0.3 not_found",
                                            "reset payment 10.0.0.3 forbidden", "reload  10.0.0.3 invalid"}));
  const std::string metrics = get("/metrics").body();
  for (const char* line : {"switchgear_admin_commands_total{command=\"force-open\",result=\"done\"} 1\n",
                           "switchgear_admin_commands_total{command=\"reset\",result=\"unauthorized\"} 1\n"})
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
}

TEST_F(ApiAccess, ChangesNothingWithoutTheToken) {
  options.token = "s3cret";
  const CircuitBreaker& payment = breakers.add("payment");
  Request made = request(http::verb::post, "/circuit-breakers/payment/force-open");
  const Response refusal = send(made).response;
  expect_problem(refusal, http::status::unauthorized);
  EXPECT_EQ(refusal[http::field::www_authenticate], "Bearer realm=\"switchgear\"");
  EXPECT_EQ(payment.state(), State::closed);
  made.set(http::field::authorization, "Bearer s3cret");
  EXPECT_EQ(send(made).response.result(), http::status::ok);
  EXPECT_EQ(payment.state(), State::forced_open);
  EXPECT_EQ(get("/circuit-breakers").result(), http::status::ok) << "reading needs none";
}

TEST_F(ApiAccess, ShowsNothingWithoutTheReadTokenButWhetherItLives) {
  options.token = "s3cret";
  options.read_token = "look";
  breakers.add("payment");
  const auto with = [&](http::verb method, std::string_view target, std::string_view authorization) {
    Request made = request(method, target);
    if (!authorization.empty()) made.set(http::field::authorization, authorization);
    return send(made).response;
  };
  for (const char* path : {"/", "/dashboard", "/status", "/circuit-breakers", "/circuit-breakers/payment",
                           "/health", "/metrics", "/events", "/openapi.json", "/reports/payment", "/nothing",
                           "/circuit-breakers/none", "/circuit-breakers/none/reset"}) {
    expect_problem(with(http::verb::delete_, path, ""), http::status::unauthorized);
    const Response refused = with(http::verb::get, path, "");
    expect_problem(refused, http::status::unauthorized);
    EXPECT_EQ(refused[http::field::www_authenticate], "Basic realm=\"switchgear\", charset=\"UTF-8\"")
        << path;
    for (const char* good : {"Bearer look", "Bearer s3cret", "Basic b3BzOmxvb2s="})
      EXPECT_NE(with(http::verb::get, path, good).result(), http::status::unauthorized)
          << path << " " << good;
  }
  EXPECT_EQ(get("/livez").result(), http::status::ok);
  EXPECT_EQ(get("/readyz").result(), http::status::ok);
  EXPECT_FALSE(send(request(http::verb::get, "/events")).stream);
}

TEST_F(ApiAccess, TellsTheProgramOfEveryReadThatIsRefused) {
  options.token = "s3cret";
  options.read_token = "look";
  const auto refuse = [&](std::string_view target, std::string_view authorization, std::string_view host) {
    Request made = request(http::verb::get, target);
    if (!authorization.empty()) made.set(http::field::authorization, authorization);
    if (!host.empty()) made.set(http::field::host, host);
    (void)send(made);
  };
  refuse("/status?secret=1", "", "");
  refuse("/nothing", "Bearer wrong", "");
  refuse("/status", "Bearer look", "evil.example");
  refuse("/status", "Bearer look", "");
  std::vector<std::pair<std::string, LoggedRefusal::Why>> told;
  for (const auto& event : events.read().events) {
    if (const auto* refusal = std::get_if<LoggedRefusal>(event.get()))
      told.emplace_back(refusal->request, refusal->why);
  }
  using Why = LoggedRefusal::Why;
  EXPECT_EQ(told, (std::vector<std::pair<std::string, Why>>{{"GET /status", Why::no_token},
                                                            {"GET /nothing", Why::wrong_token},
                                                            {"GET /status", Why::foreign}}));
}

TEST_F(ApiAccess, ChangesNothingWithTheReadToken) {
  options.token = "s3cret";
  options.read_token = "look";
  breakers.add("payment");
  Request made = request(http::verb::post, "/circuit-breakers/payment/force-open");
  made.set(http::field::authorization, "Bearer look");
  const Response refused = send(made).response;
  expect_problem(refused, http::status::unauthorized);
  EXPECT_EQ(refused[http::field::www_authenticate], "Bearer realm=\"switchgear\"")
      << "no browser asks for a password because of it";
  EXPECT_EQ(breakers.registry.find("payment")->state(), State::closed);
  made.set(http::field::authorization, "Bearer s3cret");
  EXPECT_EQ(send(made).response.result(), http::status::ok);
}

TEST_F(ApiAccess, OfAServerForProbesAnswersOnlyThese) {
  options.serves = Serves::probes;
  options.token = "s3cret";
  options.read_token = "look";
  breakers.add("payment");
  Request made = request(http::verb::get, "/readyz");
  made.set(http::field::host, "pod-7.example");
  EXPECT_EQ(send(made).response.result(), http::status::ok) << "a load balancer has names of its own";
  EXPECT_EQ(get("/livez").result(), http::status::ok);
  for (const char* path : {"/", "/status", "/health", "/metrics", "/circuit-breakers/payment", "/dashboard"})
    expect_problem(get(path), http::status::not_found);
  expect_problem(post("/circuit-breakers/payment/force-open"), http::status::not_found);
  expect_problem(post("/livez"), http::status::method_not_allowed);
  EXPECT_EQ(breakers.registry.find("payment")->state(), State::closed);
}

TEST_F(ApiAccess, DoesNotTakeTheRightTokenOfARequestThatBringsAWrongOneToo) {
  options.token = "s3cret";
  const CircuitBreaker& payment = breakers.add("payment");
  for (const char* second : {"Bearer wrong1", "Bearer s3cret"}) {
    Request made = request(http::verb::post, "/circuit-breakers/payment/force-open");
    made.insert(http::field::authorization, "Bearer s3cret");
    made.insert(http::field::authorization, second);
    expect_problem(send(made).response, http::status::bad_request);
  }
  EXPECT_EQ(payment.state(), State::closed);
}

TEST_F(ApiAccess, DoesNotTakeTheRightOriginOfARequestThatBringsAForeignOneToo) {
  const CircuitBreaker& payment = breakers.add("payment");
  Request made = request(http::verb::post, "/circuit-breakers/payment/force-open");
  made.insert(http::field::origin, "http://127.0.0.1:9090");
  made.insert(http::field::origin, "http://evil.example");
  expect_problem(send(made).response, http::status::bad_request);
  EXPECT_EQ(payment.state(), State::closed);
}

TEST_F(ApiAccess, RefusesAForeignPageThatChangesThings) {
  const CircuitBreaker& payment = breakers.add("payment");
  Request made = request(http::verb::post, "/circuit-breakers/payment/force-open");
  for (const char* foreign : {"http://evil.example", "https://127.0.0.1:9090", "null", ""}) {
    made.set(http::field::origin, foreign);
    expect_problem(send(made).response, http::status::forbidden);
    EXPECT_EQ(payment.state(), State::closed) << foreign;
  }
  made.set(http::field::origin, "http://127.0.0.1:9090");
  EXPECT_EQ(send(made).response.result(), http::status::ok);
}

TEST_F(ApiAccess, RefusesAReboundNameEvenForReading) {
  Request made = request(http::verb::get, "/circuit-breakers");
  made.set(http::field::host, "rebound.example:9090");
  expect_problem(send(made).response, http::status::forbidden);
}

TEST_F(ApiAccess, WantsExactlyOneHost) {
  Request none = request(http::verb::get, "/health");
  none.erase(http::field::host);
  expect_problem(send(none).response, http::status::bad_request);
  Request two = request(http::verb::get, "/health");
  two.insert(http::field::host, "127.0.0.1:9090");
  expect_problem(send(two).response, http::status::bad_request);
}

}  // namespace
}  // namespace switchgear::admin
