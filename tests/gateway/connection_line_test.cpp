// Requests that stand in line for a connection to their service, because other requests have all that it may
// have: that is not the service's time.
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <future>
#include <latch>
#include <string>
#include <vector>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

using namespace std::chrono_literals;

const std::string failed = "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n";

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

/// An upload that is not whole, and so keeps its connection.
const std::string upload =
    "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n";
const std::string rest_of_upload = "4\r\nrest\r\n0\r\n\r\n";

Socket begin(const GatewayProcess& gateway, const std::string& bytes) {
  Socket client = Socket::connect(gateway.port());
  client.send(bytes);
  return client;
}

unsigned status_of(Socket& client) { return client.read_response().value_or(Message{}).status(); }

/// Answers each path at once, but those that a test keeps until it opens them.
class Shop {
 public:
  std::atomic<bool> bad{false};  ///< what is answered from now on
  [[nodiscard]] Upstream& upstream() { return upstream_; }
  [[nodiscard]] std::uint16_t port() const { return upstream_.port(); }
  void keep(const std::string& path) {
    const std::scoped_lock lock{mutex_};
    kept_.emplace(path, std::promise<void>{});
  }
  void open(const std::string& path) {
    const std::scoped_lock lock{mutex_};
    kept_.at(path).set_value();
  }
  [[nodiscard]] int begun(const std::string& path) {
    const std::scoped_lock lock{mutex_};
    return begun_[path];
  }
  ~Shop() {
    for (auto& [path, promise] : kept_) {
      try {
        promise.set_value();
      } catch (const std::future_error&) {  // it is open
      }
    }
  }

 private:
  std::string answer(const Message& request) {
    std::future<void> opened;
    {
      const std::scoped_lock lock{mutex_};
      ++begun_[request.target()];
      if (const auto kept = kept_.find(request.target());
          kept != kept_.end() && begun_[request.target()] == 1)
        opened = kept->second.get_future();
    }
    if (opened.valid()) opened.wait();
    return request.target() == "/bad" ? failed : ok();
  }

  std::mutex mutex_;
  std::map<std::string, std::promise<void>> kept_;
  std::map<std::string, int> begun_;
  Upstream upstream_{Upstream::answering([this](const Message& request) { return answer(request); })};
};

std::string guarded(const Shop& shop, int connections, const std::string& breaker,
                    const std::string& limits = "timeout: 60s", const std::string& more = "") {
  return config_text({{"shop", shop.port(), "/", "guarded",
                       ", connections: {max: " + std::to_string(connections) + "}" + more}},
                     "  guarded: {" + limits + ", circuit_breaker: {" + breaker + "}}\n",
                     "trusted_proxies: [127.0.0.1], limits: {body_timeout: 60s}");
}

std::uint64_t counter(const GatewayProcess& gateway, const std::string& name) {
  return gateway.breaker("shop").at("counters").at(name).to_number<std::uint64_t>();
}

bool waiting(const GatewayProcess& gateway, int count) {
  return eventually([&] {
    const std::string line =
        "switchgear_gateway_pool_waiting{service=\"shop\"} " + std::to_string(count) + "\n";
    return gateway.admin("GET", "/metrics").body.find(line) != std::string::npos;
  });
}

/// So that whoever stands in line does so for at least this long.
void let_pass(Socket& quiet, std::chrono::milliseconds time) { EXPECT_EQ(quiet.receive(time), ""); }

TEST(GatewayLine, ForAConnectionIsNotLatencyOfTheService) {
  for (const std::string by : {"", ", by: {header: x-tenant}"}) {
    Shop shop;
    const GatewayProcess gateway{guarded(
        shop, 1,
        "minimum_calls: 1, slow_call: {threshold: 1s, rate: 0.1}, latency: {quantile: 0.9, above: 1s}",
        "timeout: 60s", by)};
    Socket slow = begin(gateway, upload);
    EXPECT_TRUE(eventually([&] { return shop.upstream().connections() == 1; }));
    std::vector<Socket> honest;
    for (int i = 0; i < 5; ++i) honest.push_back(begin(gateway, get("/", "X-Tenant: t\r\n")));
    EXPECT_TRUE(waiting(gateway, 5));
    let_pass(slow, 1500ms);
    slow.send(rest_of_upload);
    EXPECT_EQ(status_of(slow), 200U);
    for (Socket& each : honest) EXPECT_EQ(status_of(each), 200U) << by;
    EXPECT_TRUE(eventually([&] { return counter(gateway, "successes") == 6; }));
    EXPECT_EQ(counter(gateway, "slow"), 0U) << by;
    EXPECT_EQ(gateway.get("/", "X-Tenant: t\r\n").status(), 200U) << by;
  }
}

TEST(GatewayLine, OfAServiceThatIsSlowHidesNothingOfThat) {
  Shop shop;
  shop.keep("/slow");
  const GatewayProcess gateway{guarded(shop, 1, "minimum_calls: 10, slow_call: {threshold: 1s, rate: 0.1}")};
  Socket slow = begin(gateway, get("/slow"));
  EXPECT_TRUE(eventually([&] { return shop.begun("/slow") == 1; }));
  Socket next = begin(gateway, get("/"));
  EXPECT_TRUE(waiting(gateway, 1));
  let_pass(slow, 1500ms);
  shop.open("/slow");
  EXPECT_EQ(status_of(slow), 200U);
  EXPECT_EQ(status_of(next), 200U);
  EXPECT_TRUE(eventually([&] { return counter(gateway, "successes") == 2; }));
  EXPECT_EQ(counter(gateway, "slow"), 1U) << "the one that had the connection";
}

TEST(GatewayLine, IsNotMadeOfStuckCalls) {
  for (const std::string by : {"", ", by: {header: x-tenant}"}) {
    Shop shop;
    const GatewayProcess gateway{
        guarded(shop, 1, "stuck_calls: {older_than: 1s, count: 1}", "timeout: 60s", by)};
    Socket slow = begin(gateway, upload);
    EXPECT_TRUE(eventually([&] { return shop.upstream().connections() == 1; }));
    let_pass(slow, 1200ms);  // from here on it is not a stuck call itself
    Socket first = begin(gateway, get("/", "X-Tenant: t\r\n"));
    EXPECT_TRUE(waiting(gateway, 1));
    let_pass(slow, 1500ms);
    Socket second = begin(gateway, get("/", "X-Tenant: t\r\n"));
    EXPECT_TRUE(waiting(gateway, 2)) << "it is not refused " << by;
    EXPECT_EQ(gateway.state("shop"), "closed");
    slow.send(rest_of_upload);
    for (Socket* each : {&slow, &first, &second}) EXPECT_EQ(status_of(*each), 200U) << by;
  }
}

/// All of a service's two connections are taken, and its breaker becomes half-open.
struct HalfOpen {
  Shop shop;
  GatewayProcess gateway;
  Socket first, second;  ///< uploads, on a connection each

  explicit HalfOpen(const std::string& probes)
      : gateway{
            guarded(shop, 2,
                    "consecutive_failures: 1, open_duration: 50ms, probe_automatically: true, half_open: " +
                        probes)} {
    shop.keep("/bad");
    first = begin(gateway, upload);
    EXPECT_TRUE(eventually([&] { return shop.upstream().connections() == 1; }));
    Socket bad = begin(gateway, get("/bad"));
    EXPECT_TRUE(eventually([&] { return shop.begun("/bad") == 1; }));
    second = begin(gateway, upload);
    EXPECT_TRUE(waiting(gateway, 1));
    shop.open("/bad");
    EXPECT_EQ(status_of(bad), 500U);
    EXPECT_TRUE(waiting(gateway, 0));
    EXPECT_TRUE(eventually([&] { return gateway.state("shop") == "half_open"; }));
  }
};

TEST(GatewayLine, KeepsNoProbeOutAndMakesNoneHang) {
  HalfOpen now{"{permitted_calls: 1, max_wait: 300ms}"};
  Socket probe = begin(now.gateway, get("/"));
  EXPECT_TRUE(waiting(now.gateway, 1));
  Socket other = begin(now.gateway, get("/"));
  EXPECT_TRUE(waiting(now.gateway, 2)) << "the place of the first is free";
  let_pass(now.first, 600ms);
  EXPECT_EQ(now.gateway.state("shop"), "half_open") << "nothing was out to hang";
  now.first.send(rest_of_upload);
  EXPECT_EQ(status_of(probe), 200U);
  EXPECT_EQ(status_of(other), 200U);
  EXPECT_EQ(now.gateway.state("shop"), "closed");
}

TEST(GatewayLine, DoesNotRunIntoAServiceThatIsBeingProbed) {
  HalfOpen now{"{permitted_calls: 1, max_wait: 10m}"};
  now.shop.keep("/probe");
  Socket probe = begin(now.gateway, get("/probe"));
  EXPECT_TRUE(waiting(now.gateway, 1));
  Socket other = begin(now.gateway, get("/other"));
  EXPECT_TRUE(waiting(now.gateway, 2));
  now.first.send(rest_of_upload);
  EXPECT_TRUE(eventually([&] { return now.shop.begun("/probe") == 1; }));
  now.second.send(rest_of_upload);
  const Message refused = other.read_response().value_or(Message{});
  EXPECT_EQ(refused.status(), 503U);
  EXPECT_NE(refused.body.find("half_open"), std::string::npos) << refused.body;
  EXPECT_EQ(now.shop.begun("/other"), 0);
  now.shop.open("/probe");
  EXPECT_EQ(status_of(probe), 200U);
  EXPECT_TRUE(eventually([&] { return now.gateway.state("shop") == "closed"; }));
  EXPECT_EQ(now.gateway.get("/").status(), 200U) << "the connection that was declined is good";
}

TEST(GatewayLine, IsNotPartOfATimeout) {
  Shop shop;
  shop.keep("/");
  const GatewayProcess gateway{guarded(shop, 1, "consecutive_failures: 1", "timeout: 2s")};
  Socket slow = begin(gateway, upload);
  EXPECT_TRUE(eventually([&] { return shop.upstream().connections() == 1; }));
  Socket honest = begin(gateway, get("/"));
  EXPECT_TRUE(waiting(gateway, 1));
  let_pass(slow, 1300ms);
  slow.send(rest_of_upload);
  EXPECT_EQ(status_of(slow), 200U);
  EXPECT_TRUE(eventually([&] { return shop.begun("/") == 1; }));
  let_pass(slow, 1300ms);
  shop.open("/");
  EXPECT_EQ(status_of(honest), 200U) << "the service had 1.3 s of its 2 s";
  EXPECT_EQ(counter(gateway, "failures"), 0U);
}

TEST(GatewayLine, IsPartOfADeadlineAndThenTheServiceIsNotToBlame) {
  for (const std::string fields : {"", "x-request-deadline-ms: 3000\r\n"}) {
    Shop shop;
    shop.keep("/");
    const GatewayProcess gateway{guarded(shop, 1, "consecutive_failures: 1",
                                         fields.empty() ? "timeout: 3s, deadline: 3s" : "timeout: 30s")};
    Socket slow =
        begin(gateway, "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    EXPECT_TRUE(eventually([&] { return shop.upstream().connections() == 1; }));
    Socket honest = begin(gateway, get("/", fields));
    EXPECT_TRUE(waiting(gateway, 1));
    let_pass(honest, 2000ms);
    slow.send(rest_of_upload);
    EXPECT_EQ(status_of(honest), 504U) << fields;
    EXPECT_TRUE(eventually([&] { return shop.begun("/") == 1; }));
    EXPECT_TRUE(eventually([&] { return counter(gateway, "ignored") >= 1; }));
    EXPECT_EQ(counter(gateway, "failures"), 0U) << fields;
    EXPECT_EQ(gateway.state("shop"), "closed") << fields;
  }
}

TEST(GatewayLine, OfManyTricklersOpensNoBreakerAndTheirConnectionsAreTakenFromThem) {
  Shop shop;
  const GatewayProcess gateway{guarded(shop, 8, "minimum_calls: 5", "preset: payment, timeout: 60s")};
  std::vector<Socket> tricklers;
  for (int i = 0; i < 8; ++i) tricklers.push_back(begin(gateway, upload));
  EXPECT_TRUE(eventually([&] { return shop.upstream().connections() == 8; }));
  std::vector<Socket> honest;
  for (int i = 0; i < 20; ++i) honest.push_back(begin(gateway, get("/")));
  EXPECT_TRUE(waiting(gateway, 20));
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < 20s && honest.front().receive(200ms).empty()) {
    for (Socket& each : tricklers) each.send("1\r\nx\r\n");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
  for (std::size_t i = 1; i < honest.size(); ++i) EXPECT_EQ(status_of(honest[i]), 200U);
  EXPECT_EQ(counter(gateway, "slow"), 0U);
  EXPECT_EQ(gateway.state("shop"), "closed");
}

}  // namespace
}  // namespace switchgear::wire
