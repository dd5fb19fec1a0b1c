#include "switchgear/admin/added_resources.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "switchgear/admin/api.hpp"
#include "switchgear/admin/program_fixture.hpp"
#include "switchgear/observe/manual_breakers_fixture.hpp"

namespace switchgear::admin {
namespace {

namespace http = boost::beast::http;
namespace json = boost::json;

/// A program that has kitchens: their menus can be read, and an order placed.
class AdminAddedResources : public testing::Test {
 protected:
  AdminAddedResources() {
    program.resources.push_back({Method::get, "/kitchens/{name}", {"day", "dish"}, [](const auto& request) {
                                   json::object seen{{"kitchen", request.name}};
                                   for (const auto& [key, value] : request.parameters) seen[key] = value;
                                   return Json{std::move(seen)};
                                 }});
    program.resources.push_back({Method::post,
                                 "/kitchens/{name}/order",
                                 {},
                                 [this](const ResourceRequest& request) -> ResourceAnswer {
                                   if (request.name == "burnt") throw std::runtime_error{"no oven"};
                                   if (request.name == "flooded") throw 7;
                                   if (request.name != "east") return Problem{404, "no such kitchen"};
                                   if (request.body.empty()) return Problem{422, "an order names a dish"};
                                   ordered =
                                       std::string{request.body} + " for " + std::string{request.client};
                                   return Json{{{"ordered", true}}, 201};
                                 },
                                 "order"});
    program.resources.push_back({Method::get, "/menu", {}, [](const auto&) { return Text{"soup\n"}; }});
  }

  Response send(http::verb method, std::string_view target, const std::string& body = {},
                const char* token = nullptr, const char* origin = nullptr) {
    Request made{method, target, 11};
    made.set(http::field::host, "127.0.0.1:9090");
    if (token != nullptr) made.set(http::field::authorization, token);
    if (origin != nullptr) made.set(http::field::origin, origin);
    made.body() = body;
    if (!api) api.emplace(options, breakers.registry, program);
    return api->answer(made, {"127.0.0.1", "10.0.0.3"}, {}).response;
  }
  Response get(std::string_view target) { return send(http::verb::get, target); }

  ManualBreakers breakers;
  ServerOptions options = options_of(breakers);
  Program program = program_of(breakers);
  EventQueue::Reader events{breakers.events};
  std::optional<Api> api;
  std::string ordered;
};

TEST_F(AdminAddedResources, AreNamedByStatusAndSnapshotIfTheyCanBeRead) {
  const json::value wanted =
      json::array{"/reports/{name}", "/analysis/{name}", "/dashboard-data", "/kitchens/{name}", "/menu"};
  EXPECT_EQ(json::parse(get("/status").body()).at("resources"), wanted);
  EXPECT_EQ(api->snapshot_json().at("resources"), wanted);
}

TEST_F(AdminAddedResources, AreNamedOnlyWhileTheyAreOffered) {
  bool offered = false;
  program.resources.push_back({.method = Method::get,
                               .path = "/cellar",
                               .handle = [](const auto&) { return Text{"wine\n"}; },
                               .offered = [&] { return offered; }});
  const auto named = [&] {
    const json::value status = json::parse(get("/status").body());
    for (const json::value& each : status.at("resources").as_array()) {
      if (each == "/cellar") return true;
    }
    return false;
  };
  EXPECT_FALSE(named());
  EXPECT_EQ(get("/cellar").body(), "wine\n") << "it is answered all the same";
  offered = true;
  EXPECT_TRUE(named());
}

void expect_problem(const Response& response, unsigned status) {
  EXPECT_EQ(response.result_int(), status) << response.body();
  EXPECT_EQ(response[http::field::content_type], "application/problem+json");
}

TEST_F(AdminAddedResources, GetTheNameAndTheQueryDecoded) {
  const Response response = get("/kitchens/a%2Fb?day=to%20day&dish=fish+%2B%20chips");
  EXPECT_EQ(response.result(), http::status::ok);
  EXPECT_EQ(response[http::field::content_type], "application/json");
  EXPECT_EQ(json::parse(response.body()),
            (json::object{{"kitchen", "a/b"}, {"day", "to day"}, {"dish", "fish + chips"}}));
}

TEST_F(AdminAddedResources, AnswerTextsWithTheirType) {
  const Response response = get("/menu");
  EXPECT_EQ(response[http::field::content_type], "text/plain; charset=utf-8");
  EXPECT_EQ(response.body(), "soup\n");
  EXPECT_EQ(response["X-Content-Type-Options"], "nosniff");
}

TEST_F(AdminAddedResources, RefuseAParameterThatIsMistypedOrGivenTwice) {
  const Response mistyped = get("/kitchens/east?dya=monday");
  expect_problem(mistyped, 400);
  EXPECT_EQ(json::parse(mistyped.body()).at("parameter"), "dya");
  EXPECT_EQ(json::parse(mistyped.body()).at("known"), (json::array{"day", "dish"}));
  expect_problem(get("/kitchens/east?day=monday&day=friday"), 400);
  expect_problem(get("/kitchens/east?day=%zz"), 400);
  expect_problem(get("/menu?x"), 400);
  EXPECT_EQ(get("/menu?").result(), http::status::ok);
}

TEST_F(AdminAddedResources, StandBesideTheServersOwn) {
  EXPECT_EQ(get("/livez").result(), http::status::ok);
  for (const char* target : {"/kitchens", "/kitchens/", "/kitchens/a/b", "/menu/", "/nope"})
    expect_problem(get(target), 404);
  expect_problem(get("/kitchens/%zz"), 400);
}

TEST_F(AdminAddedResources, NameTheMethodsTheyHave) {
  const auto allow = [&](http::verb method, const char* target) {
    const Response response = send(method, target);
    expect_problem(response, 405);
    return std::string{response[http::field::allow]};
  };
  EXPECT_EQ(allow(http::verb::post, "/menu"), "GET, HEAD");
  EXPECT_EQ(allow(http::verb::get, "/kitchens/east/order"), "POST");
  program.resources.push_back({Method::post, "/menu", {}, [](const auto&) { return Json{{}}; }, "write"});
  api.reset();
  EXPECT_EQ(allow(http::verb::delete_, "/menu"), "GET, HEAD, POST");
  EXPECT_EQ(send(http::verb::head, "/menu").result(), http::status::ok);
}

TEST_F(AdminAddedResources, ThatChangeSomethingNeedTheTokenAndNoForeignOrigin) {
  options.token = "s3cret";
  const char* path = "/kitchens/east/order";
  expect_problem(send(http::verb::post, path, "soup"), 401);
  expect_problem(send(http::verb::post, path, "soup", "Bearer wrong1"), 401);
  expect_problem(send(http::verb::post, path, "soup", "Bearer s3cret", "https://evil.example"), 403);
  EXPECT_EQ(ordered, "");
  EXPECT_EQ(send(http::verb::post, path, "soup", "Bearer s3cret").result(), http::status::created);
  EXPECT_EQ(ordered, "soup for 10.0.0.3");
  EXPECT_EQ(get("/menu").result(), http::status::ok) << "reading needs none";
}

TEST_F(AdminAddedResources, TellOfEveryChangeWhoAskedForItAndHowItEnded) {
  options.token = "s3cret";
  for (const char* name : {"east", "west", "burnt"})
    (void)send(http::verb::post, "/kitchens/" + std::string{name} + "/order", "soup", "Bearer s3cret");
  (void)send(http::verb::post, "/kitchens/east/order", "", "Bearer s3cret");
  (void)send(http::verb::post, "/kitchens/east/order", "soup");
  (void)get("/menu");
  std::vector<std::string> told;
  for (const auto& event : events.read().events) {
    if (const auto* command = std::get_if<LoggedCommand>(event.get()))
      told.push_back(command->command + " " + command->circuit + " " + command->client + " " +
                     std::string{to_string(command->result)});
  }
  EXPECT_EQ(told, (std::vector<std::string>{"order east 10.0.0.3 done", "order west 10.0.0.3 not_found",
                                            "order burnt 10.0.0.3 invalid", "order east 10.0.0.3 invalid",
                                            "order east 10.0.0.3 unauthorized"}));
  EXPECT_NE(
      get("/metrics").body().find("switchgear_admin_commands_total{command=\"order\",result=\"done\"} 1\n"),
      std::string::npos);
}

TEST_F(AdminAddedResources, TellWhatAChangeWasToIfThatIsMoreThanTheName) {
  program.resources.push_back({.method = Method::post,
                               .path = "/kitchens/{name}/clean",
                               .parameters = {"shelf"},
                               .handle =
                                   [](const auto&) {
                                     return Json{{{"clean", true}}};
                                   },
                               .command = "clean",
                               .subject =
                                   [](const ResourceRequest& request) {
                                     const std::string* const shelf = request.parameter("shelf");
                                     return std::string{request.name} + "/" +
                                            (shelf == nullptr ? "all" : *shelf);
                                   }});
  EXPECT_EQ(send(http::verb::post, "/kitchens/east/clean?shelf=top%202").result_int(), 200U);
  EXPECT_EQ(send(http::verb::post, "/kitchens/east/clean").result_int(), 200U);
  EXPECT_EQ(send(http::verb::post, "/kitchens/east/clean?shelf=a&shelf=b").result_int(), 400U);
  std::vector<std::string> told;
  for (const auto& event : events.read().events) told.push_back(std::get<LoggedCommand>(*event).circuit);
  EXPECT_EQ(told, (std::vector<std::string>{"east/top 2", "east/all", "east"}));
}

TEST_F(AdminAddedResources, AHandlerThatThrowsIsAnAnswerAndNotTheEnd) {
  const Response response = send(http::verb::post, "/kitchens/burnt/order", "soup");
  expect_problem(response, 500);
  const Response other = send(http::verb::post, "/kitchens/flooded/order", "soup");
  expect_problem(other, 500);
  EXPECT_NE(other.body().find("not a std::exception"), std::string::npos) << other.body();
  EXPECT_EQ(get("/menu").result(), http::status::ok);
}

TEST(AddedResources, ThatCannotBeServedAreRefusedWithTheirPath) {
  const auto handle = [](const ResourceRequest&) { return Json{{}}; };
  const auto problem_of = [&](const std::vector<AddedResource>& all) -> std::string {
    try {
      const AddedResources made{all};
      return "";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  for (const char* path : {"", "menu", "/menu?x", "/a%2Fb"})
    EXPECT_NE(problem_of({{Method::get, path, {}, handle}}).find("is not a path"), std::string::npos) << path;
  for (const char* path : {"/{name}/{name}", "/x{name}", "/{day}"})
    EXPECT_NE(problem_of({{Method::get, path, {}, handle}}).find("braces"), std::string::npos) << path;
  for (const char* path : {"/health", "/circuit-breakers/{name}", "/dashboard/{name}", "/"})
    EXPECT_NE(problem_of({{Method::get, path, {}, handle}}).find("server's own"), std::string::npos) << path;
  EXPECT_EQ(problem_of({{Method::get, "/menu", {}, {}}}), "admin resource '/menu' has no handler");
  EXPECT_EQ(problem_of({{Method::post, "/menu", {}, handle}}),
            "admin resource '/menu' changes something, and needs a word for its command");
  EXPECT_EQ(problem_of({{Method::get, "/a/{name}", {}, handle}, {Method::get, "/a/b", {}, handle}}),
            "admin resource '/a/b' is there already");
  EXPECT_EQ(problem_of({{Method::get, "/a", {}, handle}, {Method::post, "/a", {}, handle, "change"}}), "");
}

}  // namespace
}  // namespace switchgear::admin
