// Names with several addresses, each of which is an instance; and names whose addresses change. The gateway's
// resolver reads a file of the test's (libnss-wrapper).
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

/// What the name `shop.test` leads to, for processes that are started meanwhile.
class Names {
 public:
  explicit Names(const std::vector<std::string>& addresses) {
    std::string place = (std::filesystem::temp_directory_path() / "switchgear-names-XXXXXX").string();
    if (::mkdtemp(place.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
    directory_ = place;
    set(addresses);
    ::setenv("NSS_WRAPPER_HOSTS", (directory_ + "/hosts").c_str(), 1);
    ::setenv("LD_PRELOAD", "libnss_wrapper.so", 1);
    if (const char* options = std::getenv("ASAN_OPTIONS"); options != nullptr) asan_options_ = options;
    ::setenv("ASAN_OPTIONS", (asan_options_ + ":verify_asan_link_order=0").c_str(), 1);
  }
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  ~Names() {
    ::unsetenv("NSS_WRAPPER_HOSTS");
    ::unsetenv("LD_PRELOAD");
    ::setenv("ASAN_OPTIONS", asan_options_.c_str(), 1);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  void set(const std::vector<std::string>& addresses) const {
    const std::string fresh = directory_ + "/fresh";
    {
      std::ofstream file{fresh};
      for (const std::string& each : addresses) file << each << " shop.test\n";
      file << "127.0.0.1 other.test\n";
    }
    std::filesystem::rename(fresh, directory_ + "/hosts");
  }

 private:
  std::string directory_;
  std::string asan_options_;
};

/// The same port at several addresses; each answers with its own.
class Hosts {
 public:
  explicit Hosts(int count) {
    std::uint16_t port = 0;
    for (int i = 1; i <= count; ++i) {
      const std::string address = "127.0.0." + std::to_string(i);
      hosts_.push_back(std::make_unique<Upstream>(
          Upstream::answering([address](const Message&) { return ok(address); }), address, port));
      port = hosts_.front()->port();
    }
  }
  [[nodiscard]] std::uint16_t port() const { return hosts_.front()->port(); }
  void end(int which) { hosts_.at(static_cast<std::size_t>(which) - 1).reset(); }

 private:
  std::vector<std::unique_ptr<Upstream>> hosts_;
};

std::string config_of(std::uint16_t port, const std::string& more, bool single = false) {
  const std::string url = "\"http://shop.test:" + std::to_string(port) + "\"";
  return config_text({}, "  p: {timeout: 60s, retry: {max_attempts: 2, base: 1ms}}\n") + "  shop: {" +
         (single ? "url: " + url : "upstreams: [{url: " + url + "}]") +
         ", policy: p, routes: [{prefix: /}], balance: round_robin" + more + "}\n";
}

/// The addresses of the instances.
std::vector<std::string> instances_of(const GatewayProcess& gateway) {
  const auto status = boost::json::parse(gateway.admin("GET", "/status").body);
  std::vector<std::string> names;
  for (const auto& each : status.at("services").at("shop").at("instances").as_array()) {
    const std::string name{each.at("name").as_string()};
    names.push_back(name.substr(0, name.rfind(':')));
  }
  return names;
}

bool come_to_be(const GatewayProcess& gateway, const std::vector<std::string>& wanted) {
  return eventually([&] { return instances_of(gateway) == wanted; });
}

TEST(GatewayNames, EachAddressIsAnInstance) {
  const Hosts hosts{3};
  const Names names{{"127.0.0.2", "127.0.0.1", "127.0.0.3"}};
  const GatewayProcess gateway{config_of(hosts.port(), "")};
  ASSERT_TRUE(come_to_be(gateway, {"127.0.0.1", "127.0.0.2", "127.0.0.3"}));
  std::map<std::string, int> calls;
  for (int i = 0; i < 30; ++i) ++calls[gateway.get("/").body];
  EXPECT_EQ(calls, (std::map<std::string, int>{{"127.0.0.1", 10}, {"127.0.0.2", 10}, {"127.0.0.3", 10}}));
}

TEST(GatewayNames, ASingleUrlStaysOneInstanceUnlessAskedOtherwise) {
  const Hosts hosts{2};
  const Names names{{"127.0.0.1", "127.0.0.2"}};
  const GatewayProcess gateway{config_of(hosts.port(), "", true)};
  EXPECT_EQ(gateway.get("/").status(), 200U);
  EXPECT_EQ(instances_of(gateway), (std::vector<std::string>{"shop.test"}));
  const GatewayProcess asked{config_of(hosts.port(), ", dns: {refresh: 1s}", true)};
  EXPECT_TRUE(come_to_be(asked, {"127.0.0.1", "127.0.0.2"}));
}

TEST(GatewayNames, AddressesThatComeAndGoAreFollowedWithoutALostCall) {
  Hosts hosts{3};
  const Names names{{"127.0.0.1", "127.0.0.2"}};
  const GatewayProcess gateway{config_of(hosts.port(), ", dns: {refresh: 1s}")};
  ASSERT_TRUE(come_to_be(gateway, {"127.0.0.1", "127.0.0.2"}));
  names.set({"127.0.0.2", "127.0.0.3"});
  while (instances_of(gateway) != std::vector<std::string>{"127.0.0.2", "127.0.0.3"})
    ASSERT_EQ(gateway.get("/").status(), 200U);
  hosts.end(1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(gateway.get("/").status(), 200U);
}

TEST(GatewayNames, ANameThatDiesKeepsItsAddresses) {
  const Hosts hosts{2};
  const Names names{{"127.0.0.1", "127.0.0.2"}};
  const GatewayProcess gateway{config_of(hosts.port(), ", dns: {refresh: 1s}")};
  ASSERT_TRUE(come_to_be(gateway, {"127.0.0.1", "127.0.0.2"}));
  names.set({});
  ASSERT_TRUE(gateway.logs("its addresses stay as they were")) << gateway.log();
  EXPECT_EQ(instances_of(gateway), (std::vector<std::string>{"127.0.0.1", "127.0.0.2"}));
  EXPECT_EQ(gateway.get("/").status(), 200U);
  names.set({"127.0.0.1"});
  EXPECT_TRUE(gateway.logs("name shop.test: it can be looked up again")) << gateway.log();
  EXPECT_TRUE(come_to_be(gateway, {"127.0.0.1"}));
}

/// Hosts whose calls are good throughout, and their checks as they are told.
class CheckedHosts {
 public:
  explicit CheckedHosts(int count) : healthy_(static_cast<std::size_t>(count)) {
    std::uint16_t port = 0;
    for (int i = 1; i <= count; ++i) {
      const std::string address = "127.0.0." + std::to_string(i);
      std::atomic<bool>& healthy = at(i);
      healthy = true;
      hosts_.push_back(
          std::make_unique<Upstream>(Upstream::answering([this, address, &healthy](const Message& asked) {
                                       if (asked.target() != "/healthz") return ok(address);
                                       if (asked.field("host") == expected_host()) ++named_;
                                       return healthy ? ok() : unavailable();
                                     }),
                                     address, port));
      port = port_ = hosts_.front()->port();
    }
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// From 1.
  std::atomic<bool>& at(int host) { return healthy_.at(static_cast<std::size_t>(host) - 1); }
  /// Checks that asked for the name.
  [[nodiscard]] int named() const { return named_; }

 private:
  static std::string unavailable() { return "HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n"; }
  [[nodiscard]] std::string expected_host() const { return "shop.test:" + std::to_string(port_.load()); }

  std::atomic<std::uint16_t> port_{0};
  std::atomic<int> named_{0};
  std::vector<std::atomic<bool>> healthy_;
  std::vector<std::unique_ptr<Upstream>> hosts_;
};

/// A service that is never in panic: what is bad gets no call.
std::string checked_config(std::uint16_t port, const std::string& check) {
  return config_of(port, ", dns: {refresh: 1s}, ejection: {panic: 0}" + check);
}
constexpr const char* quick_check =
    ", health_check: {http: {path: /healthz}, interval: 20ms, jitter: 0, timeout: 60s, unhealthy: 2, "
    "healthy: 2}";

/// The status of each address by its checks.
std::map<std::string, std::string> checks_of(const GatewayProcess& gateway) {
  const auto status = boost::json::parse(gateway.admin("GET", "/status").body);
  std::map<std::string, std::string> found;
  for (const auto& each : status.at("health_checks").as_array()) {
    const std::string address{each.at("address").as_string()};
    found[address.substr(0, address.rfind(':'))] = each.at("status").as_string();
  }
  return found;
}

using Checks = std::map<std::string, std::string>;

/// Which hosts answer calls.
std::set<std::string> called(const GatewayProcess& gateway) {
  std::set<std::string> hosts;
  for (int i = 0; i < 12; ++i) hosts.insert(gateway.get("/").body);
  return hosts;
}

TEST(GatewayNames, EachAddressIsCheckedAndABadOneGetsNoCallUntilItIsGood) {
  CheckedHosts hosts{3};
  hosts.at(2) = false;
  const Names names{{"127.0.0.1", "127.0.0.2", "127.0.0.3"}};
  const GatewayProcess gateway{checked_config(hosts.port(), quick_check)};
  ASSERT_TRUE(eventually([&] {
    return checks_of(gateway) ==
           Checks{{"127.0.0.1", "healthy"}, {"127.0.0.2", "unhealthy"}, {"127.0.0.3", "healthy"}};
  })) << gateway.log();
  EXPECT_EQ(called(gateway), (std::set<std::string>{"127.0.0.1", "127.0.0.3"}));
  EXPECT_GT(hosts.named(), 0) << "a check asks for the name, as a call by the name would";
  hosts.at(2) = true;
  EXPECT_TRUE(eventually([&] { return called(gateway).contains("127.0.0.2"); }));
  hosts.at(1) = hosts.at(3) = false;
  EXPECT_TRUE(eventually([&] { return called(gateway) == std::set<std::string>{"127.0.0.2"}; }));
}

TEST(GatewayNames, AddressesThatComeAreCheckedAndThoseThatGoAreNot) {
  CheckedHosts hosts{3};
  hosts.at(3) = false;
  const Names names{{"127.0.0.1", "127.0.0.2"}};
  const GatewayProcess gateway{checked_config(hosts.port(), quick_check)};
  ASSERT_TRUE(eventually([&] {
    return checks_of(gateway) == Checks{{"127.0.0.1", "healthy"}, {"127.0.0.2", "healthy"}};
  })) << gateway.log();
  names.set({"127.0.0.2", "127.0.0.3"});
  ASSERT_TRUE(eventually([&] {
    return checks_of(gateway) == Checks{{"127.0.0.2", "healthy"}, {"127.0.0.3", "unhealthy"}};
  })) << gateway.log();
  EXPECT_TRUE(eventually([&] { return called(gateway) == std::set<std::string>{"127.0.0.2"}; }));
}

TEST(GatewayNames, TheOnlyAddressThatIsLeftIsUsedThoughItsCheckIsBad) {
  CheckedHosts hosts{2};
  hosts.at(2) = false;
  const Names names{{"127.0.0.1", "127.0.0.2"}};
  const GatewayProcess gateway{checked_config(hosts.port(), quick_check)};
  ASSERT_TRUE(eventually([&] { return called(gateway) == std::set<std::string>{"127.0.0.1"}; }))
      << gateway.log();
  names.set({"127.0.0.2"});
  EXPECT_TRUE(eventually([&] { return called(gateway) == std::set<std::string>{"127.0.0.2"}; }))
      << "a service with one instance keeps it\n"
      << gateway.log();
  names.set({"127.0.0.1", "127.0.0.2"});
  EXPECT_TRUE(eventually([&] { return called(gateway) == std::set<std::string>{"127.0.0.1"}; }))
      << "its checks were bad all the time\n"
      << gateway.log();
}

TEST(GatewayNames, AnInstanceThatAReloadDoesNotCheckAnyMoreIsInUseAgain) {
  CheckedHosts hosts{2};
  hosts.at(2) = false;
  const Names names{{"127.0.0.1", "127.0.0.2"}};
  const GatewayProcess gateway{checked_config(hosts.port(), quick_check)};
  ASSERT_TRUE(eventually([&] { return called(gateway) == std::set<std::string>{"127.0.0.1"}; }))
      << gateway.log();
  gateway.rewrite(checked_config(hosts.port(), ""));
  EXPECT_EQ(gateway.admin("POST", "/reload").status(), 200U);
  EXPECT_TRUE(eventually([&] { return called(gateway) == std::set<std::string>{"127.0.0.1", "127.0.0.2"}; }));
}

TEST(GatewayNames, AConnectionThatIsOldEnoughIsNotUsedAgain) {
  const Hosts hosts{1};
  std::atomic<int> connections{0};
  const Upstream counted{[&](Socket& socket) {
    ++connections;
    Upstream::answering([](const Message&) { return ok(); })(socket);
  }};
  const Names names{{"127.0.0.1"}};
  const GatewayProcess gateway{config_of(counted.port(), ", dns: {max_connection_age: 1s}")};
  ASSERT_TRUE(come_to_be(gateway, {"127.0.0.1"}));
  (void)gateway.get("/");
  const int first = connections;
  const auto begun = std::chrono::steady_clock::now();
  while (connections == first && std::chrono::steady_clock::now() - begun < std::chrono::seconds{60})
    (void)gateway.get("/");
  EXPECT_EQ(connections, first + 1);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds{500});
}

}  // namespace
}  // namespace switchgear::wire
