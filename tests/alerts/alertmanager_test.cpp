// Alerts of a real gateway in a real Alertmanager.
#include <gtest/gtest.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>

#include "tests/alerts/alert_sink.hpp"
#include "tests/alerts/failing_shop.hpp"
#include "tests/house/program.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

class Alertmanager {
 public:
  /// It tells `hook` of everything. `more`: of its configuration.
  explicit Alertmanager(const std::string& hook, const std::string& more = "")
      : directory_(directory(hook, more)), program_(words()) {
    const std::string listening = "address=127.0.0.1:";
    if (!program_.read_until("TLS is disabled", patience))
      throw std::runtime_error{"no Alertmanager: " + program_.output()};
    const std::size_t at = program_.output().find(listening) + listening.size();
    port_ = program_.output().substr(at, program_.output().find('\n', at) - at);
  }
  Alertmanager(const Alertmanager&) = delete;
  Alertmanager& operator=(const Alertmanager&) = delete;
  ~Alertmanager() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + port_; }
  /// What amtool shows, as JSON.
  [[nodiscard]] json::array alerts(const std::string& which = "") const {
    const std::string command =
        std::string{AMTOOL} + " --alertmanager.url=" + url() + " -o json alert query " + which + " 2>&1";
    std::string output;
    FILE* const pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> bytes{};
    while (const std::size_t got = std::fread(bytes.data(), 1, bytes.size(), pipe))
      output.append(bytes.data(), got);
    ::pclose(pipe);
    boost::system::error_code error;
    const json::value value = json::parse(output, error);
    return error || !value.is_array() ? json::array{} : value.as_array();
  }

 private:
  static std::string directory(const std::string& hook, const std::string& more) {
    std::string place = (std::filesystem::temp_directory_path() / "switchgear-manager-XXXXXX").string();
    if (::mkdtemp(place.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
    std::ofstream{place + "/am.yml"}
        << "route: {receiver: hook, group_by: [alertname], group_wait: 100ms, "
           "group_interval: 100ms}\nreceivers: [{name: hook, webhook_configs: [{url: '"
        << hook << "'}]}]\n"
        << more;
    return place;
  }
  [[nodiscard]] std::vector<std::string> words() const {
    return {ALERTMANAGER, "--config.file=" + directory_ + "/am.yml", "--storage.path=" + directory_ + "/data",
            "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="};
  }

  std::string directory_;
  house::Program program_;
  std::string port_;
};

std::set<std::string> keys_of(const json::value& value) {
  std::set<std::string> keys;
  for (const auto& [key, member] : value.as_object()) keys.insert(std::string{key});
  return keys;
}

TEST(AlertInAlertmanager, FiresIsKnownToAmtoolAndIsResolved) {
  const AlertSink sink;
  const Alertmanager manager{sink.url()};
  FailingShop shop;
  const GatewayProcess gateway{
      shop.config("  external_url: \"http://gw/dashboard\"\n  channels: {am: {alertmanager: "
                  "{url: \"" +
                      manager.url() + "\", refresh: 1s}}}\n",
                  "am")};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(eventually([&] { return manager.alerts().size() == 1; })) << gateway.log();
  const json::value alert = manager.alerts()[0];
  EXPECT_EQ(
      json::serialize(alert.at("labels")),
      R"({"alertname":"opened","circuit":"payment","instance":"gw","policy":"guarded","scope":"service","service":"payment","severity":"info"})");
  EXPECT_EQ(alert.at("generatorURL"), "http://gw/dashboard");
  ASSERT_TRUE(sink.takes(1));
  ASSERT_TRUE(shop.drive(gateway, "closed"));
  EXPECT_TRUE(eventually([&] { return manager.alerts().empty(); })) << gateway.log();
}

/// What Alertmanager itself sends to a webhook, beside what the gateway sends.
TEST(AlertInAlertmanager, LooksToAWebhookLikeAnAlertOfTheGatewaysOwn) {
  const AlertSink of_manager;
  const AlertSink of_gateway;
  const Alertmanager manager{of_manager.url()};
  FailingShop shop;
  const GatewayProcess gateway{shop.config("  channels:\n    am: {alertmanager: {url: \"" + manager.url() +
                                               "\"}}\n    hook: {webhook: {url: \"" + of_gateway.url() +
                                               "\"}}\n",
                                           "am, hook")};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  ASSERT_TRUE(of_gateway.takes(1));
  ASSERT_TRUE(of_manager.takes(1));
  const json::value theirs = of_manager.taken()[0].body;
  const json::value ours = of_gateway.taken()[0].body;
  EXPECT_EQ(keys_of(ours), keys_of(theirs));
  EXPECT_EQ(keys_of(ours.at_pointer("/alerts/0")), keys_of(theirs.at_pointer("/alerts/0")));
  for (const char* same :
       {"/version", "/status", "/groupKey", "/groupLabels", "/commonLabels", "/commonAnnotations",
        "/truncatedAlerts", "/alerts/0/labels", "/alerts/0/annotations", "/alerts/0/endsAt",
        "/alerts/0/fingerprint", "/alerts/0/status"})
    EXPECT_EQ(json::serialize(ours.at_pointer(same)), json::serialize(theirs.at_pointer(same))) << same;
}

std::string output_of(const std::string& command) {
  house::Program program{{"/bin/sh", "-c", command}};
  return program.wait(patience) == 0 ? program.output() : "failed: " + program.output();
}

TEST(AlertmanagersExample, IsTakenByAmtoolAndSendsTheGraveAlertsToThePager) {
  const std::string amtool = AMTOOL;
  const std::string file = SWITCHGEAR_DEPLOY "/alertmanager.yaml";
  EXPECT_NE(output_of(amtool + " check-config " + file).find("SUCCESS"), std::string::npos);
  const auto receiver = [&](const std::string& severity) {
    return output_of(amtool + " config routes test --config.file=" + file + " severity=" + severity);
  };
  // amtool may warn before its answer.
  EXPECT_TRUE(receiver("critical").ends_with("oncall\n")) << receiver("critical");
  EXPECT_TRUE(receiver("medium").ends_with("team\n")) << receiver("medium");
  EXPECT_TRUE(receiver("info").ends_with("quiet\n")) << receiver("info");
}

/// The part of a YAML file from `key` to the next key of the top.
std::string section_of(const std::string& file, const std::string& key) {
  std::ifstream in{file};
  std::string section;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    const bool begins = !line.empty() && line.front() != ' ' && line.front() != '#';
    if (begins) inside = line.starts_with(key + ":");
    if (inside) section += line + "\n";
  }
  return section;
}

TEST(AlertmanagersExample, MutesOnlyWhatAGraverAlertOfTheSameCircuitSays) {
  const AlertSink sink;
  const Alertmanager manager{sink.url(), section_of(SWITCHGEAR_DEPLOY "/alertmanager.yaml", "inhibit_rules")};
  const auto add = [&](const std::string& labels) {
    return output_of(std::string{AMTOOL} + " --alertmanager.url=" + manager.url() + " alert add " + labels +
                     " 2>&1");
  };
  for (const char* labels :
       {"alertname=CircuitBreakerOpen severity=high job=switchgear circuit=payment",
        "alertname=CircuitBreakerFlapping severity=medium job=switchgear circuit=payment instance=a",
        "alertname=CircuitBreakerFlapping severity=medium job=other circuit=payment",
        "alertname=GatewayDown severity=critical job=switchgear instance=a",
        "alertname=GatewayPoolExhausted severity=warning job=switchgear instance=b service=search"})
    EXPECT_EQ(add(labels), "") << labels;
  const auto muted = [&] {
    std::set<std::string> names;
    for (const json::value& each : manager.alerts("--inhibited")) {
      if (!each.at("status").at("inhibitedBy").as_array().empty())
        names.insert(std::string{each.at("labels").at("alertname").as_string()} + " of " +
                     std::string{each.at("labels").at("job").as_string()});
    }
    return names;
  };
  EXPECT_TRUE(eventually([&] { return manager.alerts().size() + muted().size() == 5; }));
  EXPECT_TRUE(
      eventually([&] { return muted() == std::set<std::string>{"CircuitBreakerFlapping of switchgear"}; }));
}

}  // namespace
}  // namespace switchgear::wire
