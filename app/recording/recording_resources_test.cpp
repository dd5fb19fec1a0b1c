#include "app/recording/recording_resources.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "switchgear/policy/breaker_group.hpp"

namespace switchgear::recording {
namespace {

using namespace std::chrono_literals;
using Parameters = std::map<std::string, std::string, std::less<>>;

class RecordingResources : public testing::Test {
 protected:
  RecordingResources() {
    CircuitBreakerOptions options;
    options.consecutive_failures = 3;
    for (const char* name : {"payment", "stock", "payment/careful", "plain/careful"})
      breakers.push_back(registry.get_or_create(name, options, now));
  }

  admin::ResourceAnswer ask(admin::Method method, const std::string& path, const std::string& name,
                            const Parameters& parameters = {}) {
    const auto found = std::find_if(resources.begin(), resources.end(), [&](const auto& each) {
      return each.method == method && each.path == path;
    });
    return found->handle({name, parameters, "", "127.0.0.1"});
  }
  unsigned status(const admin::ResourceAnswer& answer) {
    if (const auto* problem = std::get_if<admin::Problem>(&answer)) return problem->status;
    if (const auto* json = std::get_if<admin::Json>(&answer)) return json->status;
    return 200;
  }
  admin::ResourceAnswer start(const Parameters& parameters) {
    return ask(admin::Method::post, "/traces", "", parameters);
  }
  std::string trace(const std::string& after = "0") {
    const auto answer = ask(admin::Method::get, "/traces/{name}", "payment", {{"after", after}});
    const auto* text = std::get_if<admin::Text>(&answer);
    return text == nullptr ? "status " + std::to_string(status(answer)) : text->content;
  }
  void call(Verdict verdict, Duration latency = 10ms) {
    auto permit = breakers[0]->try_acquire(now);
    now += latency;
    if (permit) std::move(*permit).record(verdict, now);
  }
  boost::json::array listed() {
    return std::get<admin::Json>(ask(admin::Method::get, "/traces", "")).value.at("traces").as_array();
  }

  TimePoint now{1h};
  BreakerRegistry registry{{now, {}}, 0};
  std::vector<std::shared_ptr<CircuitBreaker>> breakers;
  std::shared_ptr<BreakersByValue> values =
      std::make_shared<BreakersByValue>("tenants/x", CircuitBreakerOptions{.consecutive_failures = 3});
  std::map<std::string, std::vector<std::string>> routes{{"payment", {"careful"}}, {"plain", {"careful"}}};
  Recordings recordings{
      registry, [this](const std::string& service) { return service == "tenants" ? values : nullptr; },
      [this](const std::string& service) { return routes[service]; }};
  std::vector<admin::AddedResource> resources =
      recording_resources(recordings, registry.anchor(), [this] { return now; });
};

TEST_F(RecordingResources, RecordForAsLongAsTheyAreTold) {
  EXPECT_EQ(status(start({{"name", "payment"}, {"for", "10s"}})), 201U);
  call(Verdict::success);
  EXPECT_EQ(trace(), "status 409") << "it is not over";
  EXPECT_EQ(listed().at(0).at("calls").to_number<int>(), 1);
  EXPECT_FALSE(listed().at(0).at("over").as_bool());
  now += 10s;
  call(Verdict::failure);
  EXPECT_TRUE(listed().at(0).at("over").as_bool());
  EXPECT_EQ(trace(), "{\"at\":0.000000000,\"latency\":0.010000000,\"verdict\":\"success\"}\n");
  EXPECT_EQ(trace("1"), "");
}

TEST_F(RecordingResources, TellCallsOfDifferentValuesApart) {
  start({{"name", "tenants"}});
  const auto call = [&](const char* tenant, Verdict verdict) {
    if (auto permit = values->try_acquire(tenant, now)) std::move(*permit).record(verdict, now);
  };
  for (int i = 0; i < 3; ++i) call("acme", Verdict::failure);
  call("acme", Verdict::success);  // refused
  call("globex", Verdict::success);
  call("", Verdict::success);
  ask(admin::Method::post, "/traces/{name}/stop", "tenants");
  call("globex", Verdict::success);  // not recorded
  const auto answer = ask(admin::Method::get, "/traces/{name}", "tenants", {{"after", "0"}});
  const std::string lines = std::get<admin::Text>(answer).content;
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 6) << lines;
  EXPECT_EQ(lines.find("acme"), std::string::npos);
  std::map<std::string, int> seen;
  for (auto at = lines.find("\"value\":"); at != std::string::npos; at = lines.find("\"value\":", at + 1))
    ++seen[lines.substr(at + 9, 18)];
  ASSERT_EQ(seen.size(), 2U) << lines;
  EXPECT_EQ(seen.begin()->second + seen.rbegin()->second, 5);
  EXPECT_NE(lines.find("\"verdict\":\"refused\""), std::string::npos);
}

TEST_F(RecordingResources, FollowAServiceWhoseBreakersByValueAreReplaced) {
  start({{"name", "tenants"}});
  const auto before = values;
  values = std::make_shared<BreakersByValue>("tenants/x", CircuitBreakerOptions{.failure_rate = 0.5});
  recordings.look(now);
  for (const auto& each : {before, values})
    std::move(*each->try_acquire("acme", now)).record(Verdict::success, now);
  EXPECT_EQ(listed().at(0).at("calls").to_number<int>(), 1);
}

TEST_F(RecordingResources, SayByWhichRoutesPolicyACallWasGuardedAndFollowAReload) {
  start({{"name", "payment"}});
  const auto call_by_route = [&] {
    auto permits = BreakerGroup{breakers[0].get(), breakers[2].get()}.try_acquire(now);
    now += 10ms;
    std::move(*permits).record(Verdict::success, now);
  };
  call_by_route();
  call(Verdict::success);
  routes["payment"].clear();
  recordings.look(now);
  call_by_route();
  ask(admin::Method::post, "/traces/{name}/stop", "payment");
  EXPECT_EQ(
      trace(),
      "{\"at\":0.000000000,\"route_policy\":\"careful\",\"latency\":0.010000000,\"verdict\":\"success\"}\n"
      "{\"at\":0.010000000,\"latency\":0.010000000,\"verdict\":\"success\"}\n"
      "{\"at\":0.020000000,\"latency\":0.010000000,\"verdict\":\"success\"}\n");
}

TEST_F(RecordingResources, RecordAServiceThatHasBreakersOnItsRoutesOnly) {
  EXPECT_EQ(status(start({{"name", "plain"}})), 201U);
  std::move(*breakers[3]->try_acquire(now)).record(Verdict::success, now);
  EXPECT_EQ(listed().at(0).at("calls").to_number<int>(), 1);
  routes["bare"] = {"careless"};
  EXPECT_EQ(status(start({{"name", "bare"}})), 404U);
}

TEST_F(RecordingResources, AreStoppedEarlier) {
  start({{"name", "payment"}});
  call(Verdict::failure);
  EXPECT_EQ(status(ask(admin::Method::post, "/traces/{name}/stop", "payment")), 200U);
  call(Verdict::failure);
  const std::string lines = trace();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1);
  EXPECT_EQ(status(ask(admin::Method::post, "/traces/{name}/stop", "payment")), 200U) << "it is over already";
}

TEST_F(RecordingResources, OneForEachCircuitAndASecondOnlyWhenItIsOver) {
  start({{"name", "payment"}, {"for", "1s"}});
  EXPECT_EQ(status(start({{"name", "payment"}})), 409U);
  EXPECT_EQ(status(start({{"name", "stock"}})), 201U);
  now += 1s;
  EXPECT_EQ(status(start({{"name", "payment"}})), 201U);
  EXPECT_EQ(listed().size(), 2U);
}

TEST_F(RecordingResources, AreForgottenAfterAWhile) {
  start({{"name", "payment"}, {"for", "1s"}});
  now += 1s + kept_for;
  EXPECT_TRUE(listed().empty());
}

TEST_F(RecordingResources, MakeRoomForOthersOrSayThatThereIsNone) {
  for (std::size_t i = 0; i < most_recordings; ++i) {
    const std::string name = "c" + std::to_string(i);
    breakers.push_back(registry.get_or_create(name, breakers[0]->options(), now));
    EXPECT_EQ(status(start({{"name", name}, {"for", i == 3 ? "1s" : "1h"}})), 201U);
  }
  EXPECT_EQ(status(start({{"name", "payment"}})), 409U);
  now += 1s;
  EXPECT_EQ(status(start({{"name", "payment"}})), 201U) << "in the place of c3";
  EXPECT_EQ(listed().size(), most_recordings);
}

TEST_F(RecordingResources, SayWhatIsWrong) {
  EXPECT_EQ(status(start({})), 400U);
  EXPECT_EQ(status(start({{"name", "nothing"}})), 404U);
  EXPECT_TRUE(listed().empty());
  for (const char* length : {"", "0s", "25h", "ten", "-1s"})
    EXPECT_EQ(status(start({{"name", "payment"}, {"for", length}})), 400U) << length;
  for (const char* sample : {"0", "1.1", "nan", "-1", "", "0.5x"})
    EXPECT_EQ(status(start({{"name", "payment"}, {"sample", sample}})), 400U) << sample;
  for (const char* most : {"0", "1000001", "-1", "x"})
    EXPECT_EQ(status(start({{"name", "payment"}, {"most", most}})), 400U) << most;
  EXPECT_EQ(trace("x"), "status 400");
  EXPECT_EQ(trace(), "status 404");
}

TEST_F(RecordingResources, SayThatTheyAreFull) {
  start({{"name", "payment"}, {"most", "2"}});
  for (int i = 0; i < 5; ++i) call(Verdict::success);
  EXPECT_TRUE(listed().at(0).at("full").as_bool());
  EXPECT_EQ(listed().at(0).at("left_out").to_number<int>(), 3);
}

TEST_F(RecordingResources, GoOnAfterAReloadThatChangesTheBreaker) {
  start({{"name", "payment"}});
  call(Verdict::success);
  CircuitBreakerOptions other = breakers[0]->options();
  other.consecutive_failures = 7;
  breakers[0] = registry.put("payment", other, now);
  call(Verdict::success);
  ask(admin::Method::post, "/traces/{name}/stop", "payment");
  EXPECT_EQ(listed().at(0).at("calls").to_number<int>(), 2);
}

}  // namespace
}  // namespace switchgear::recording
