#include "switchgear/config/router.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "switchgear/config/host_name.hpp"
#include "switchgear/config/route_fixture.hpp"

namespace switchgear::config {
namespace {

using Match = Route::Match;

Route prefix(const std::string& path) { return {"", Match::prefix, path, {}, {}, false, {}, {}, {}}; }
Route of_host(const std::string& host, const std::string& path = "/") {
  return {host, Match::prefix, path, {}, {}, false, {}, {}, {}};
}

TEST(HostName, SeesEverySpellingOfAHostAsTheSame) {
  const std::vector<std::pair<std::string, std::string>> cases{{"", ""},
                                                               {"shop.example.com", "shop.example.com"},
                                                               {"Shop.EXAMPLE.com:8080", "shop.example.com"},
                                                               {"shop.example.com.", "shop.example.com"},
                                                               {"shop.example.com.:80", "shop.example.com"},
                                                               {"shop.example.com..", "shop.example.com."},
                                                               {"shop.example.com:", "shop.example.com"},
                                                               {".", ""},
                                                               {":80", ""},
                                                               {"[::1]", "[::1]"},
                                                               {"[0:0:0:0:0:0:0:1]:8080", "[::1]"},
                                                               {"[FE80::A]", "[fe80::a]"},
                                                               {"[::ffff:10.0.0.1]", "[::ffff:10.0.0.1]"},
                                                               {"[::1", ""},
                                                               {"[]", ""},
                                                               {"[x]", ""},
                                                               {"[" + std::string(300, '1') + "]", ""},
                                                               {std::string(256, 'A'), std::string(256, 'a')},
                                                               {std::string(257, 'a'), ""},
                                                               {"%73hop.example.com", "%73hop.example.com"}};
  for (const auto& [authority, host] : cases) EXPECT_EQ(HostName{authority}.view(), host) << authority;
}

TEST(Router, TakesTheLongestPrefixOfWholeSegments) {
  const Router router{services_of({prefix("/pay/"), prefix("/"), prefix("/pay/in")})};
  const std::vector<std::pair<std::string, int>> cases{{"/pay", 0},      {"/pay/", 0},   {"/pay/1", 0},
                                                       {"/payment", 1},  {"/", 1},       {"/pay/in", 2},
                                                       {"/pay/in/x", 2}, {"/pay/inn", 0}};
  for (const auto& [path, service] : cases) EXPECT_EQ(winner(router, {"GET", "any", path}), service) << path;
}

TEST(Router, LooksAtExactHostsThenTheLongestWildcardThenRoutesWithoutAHost) {
  const Router router{
      services_of({of_host("", "/long/prefix"), of_host("*.example.com"), of_host("*.shop.example.com"),
                   of_host("a.shop.example.com"), of_host("[::1]"), of_host("a.shop.example.com", "/x")})};
  const std::vector<std::pair<std::string, int>> cases{{"a.shop.example.com", 3},
                                                       {"A.Shop.Example.COM.:8443", 3},
                                                       {"b.shop.example.com", 2},
                                                       {"x.y.shop.example.com", 2},
                                                       {"shop.example.com", 1},
                                                       {"example.com", 0},
                                                       {".example.com", 0},
                                                       {"xexample.com", 0},
                                                       {"[0:0::1]:80", 4},
                                                       {"[::2]", 0},
                                                       {"", 0},
                                                       {"a.shop.example.com.evil", 0},
                                                       {"%61.shop.example.com", 2}};
  for (const auto& [host, service] : cases)
    EXPECT_EQ(winner(router, {"GET", host, "/long/prefix"}), service) << host;
  EXPECT_EQ(winner(router, {"GET", "a.shop.example.com", "/x/1"}), 5);
}

TEST(Router, ARequestThatItsHostHasNoRouteForIsTakenByALessSpecificHost) {
  const Router router{
      services_of({of_host("a.example.com", "/a"), of_host("*.example.com", "/b"), prefix("/c")})};
  EXPECT_EQ(winner(router, {"GET", "a.example.com", "/b"}), 1);
  EXPECT_EQ(winner(router, {"GET", "a.example.com", "/c"}), 2);
  EXPECT_EQ(winner(router, {"GET", "a.example.com", "/d"}), -1);
}

TEST(Router, PrefersAnExactPathThenMethodsThenMoreHeaders) {
  const Router router{
      services_of({{"", Match::prefix, "/x", {}, {}, false, {}, {}, {}},
                   {"", Match::exact, "/x", {}, {}, false, {}, {}, {}},
                   {"", Match::prefix, "/x", {"GET", "PUT"}, {}, false, {}, {}, {}},
                   {"", Match::prefix, "/x", {}, {{"x-a", "1"}}, false, {}, {}, {}},
                   {"", Match::prefix, "/x", {}, {{"x-a", "1"}, {"x-b", "2"}}, false, {}, {}, {}}})};
  EXPECT_EQ(winner(router, {"POST", "", "/x"}), 1);
  EXPECT_EQ(winner(router, {"POST", "", "/x/"}), 0);
  EXPECT_EQ(winner(router, {"GET", "", "/x/"}), 2);
  EXPECT_EQ(winner(router, {"get", "", "/x/"}), 0);
  EXPECT_EQ(winner(router, {"POST", "", "/x/", {{"X-A", "1"}}}), 3);
  EXPECT_EQ(winner(router, {"PUT", "", "/x/", {{"X-A", "1"}}}), 2);
  EXPECT_EQ(winner(router, {"POST", "", "/x/", {{"x-b", "2"}, {"X-A", "1"}}}), 4);
  EXPECT_EQ(winner(router, {"POST", "", "/x/", {{"x-a", "10"}}}), 0);
}

TEST(Router, AFieldThatIsThereTwiceMeetsNoCondition) {
  const Router router{services_of({{"", Match::prefix, "/", {}, {{"x-a", "1"}}, false, {}, {}, {}}})};
  EXPECT_EQ(winner(router, {"GET", "", "/", {{"x-a", "1"}}}), 0);
  EXPECT_EQ(winner(router, {"GET", "", "/", {{"x-a", "1"}, {"X-A", "1"}}}), -1);
  EXPECT_EQ(winner(router, {"GET", "", "/", {{"x-a", "2"}, {"x-a", "1"}}}), -1);
}

TEST(Router, SaysWhatWasMissing) {
  const auto why = [](const std::vector<Route>& routes, const Asked& asked) {
    const Router router{services_of(routes)};
    const FieldsOf lines{asked.fields};
    EXPECT_EQ(winner(router, asked), -1);
    return router.why_not({asked.method, asked.authority, asked.path, lines});
  };
  EXPECT_EQ(why({}, {"GET", "a", "/"}), Router::Miss::path);
  EXPECT_EQ(why({of_host("b")}, {"GET", "a", "/"}), Router::Miss::host);
  EXPECT_EQ(why({of_host("a", "/x")}, {"GET", "a", "/"}), Router::Miss::path);
  EXPECT_EQ(why({of_host("b"), prefix("/x")}, {"GET", "a", "/"}), Router::Miss::path);
  EXPECT_EQ(why({{"a", Match::exact, "/x", {"PUT"}, {}, false, {}, {}, {}}}, {"GET", "a", "/x"}),
            Router::Miss::conditions);
  EXPECT_EQ(why({{"a", Match::exact, "/x", {}, {}, false, {}, {}, {}}}, {"GET", "a", "/x/"}),
            Router::Miss::path);
}

TEST(Router, ListsRoutesAsItLooksAtThem) {
  const Router router{services_of({prefix("/"),
                                   prefix("/a"),
                                   of_host("*.b"),
                                   of_host("*.a.b"),
                                   of_host("z", "/q"),
                                   of_host("a.b"),
                                   {"", Match::exact, "/a", {}, {}, false, {}, {}, {}}})};
  std::vector<std::size_t> order;
  for (const Router::Target& target : router.in_order()) order.push_back(target.service);
  EXPECT_EQ(order, (std::vector<std::size_t>{5, 4, 3, 2, 6, 1, 0}));
}

}  // namespace
}  // namespace switchgear::config
