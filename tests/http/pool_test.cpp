// The pools of a client: their bounds, what they recycle, and the figures that they show.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "switchgear/http/client.hpp"
#include "tests/http/client_fixture.hpp"

namespace switchgear::http {
namespace {

/// Answers `/` at once, and `/held` when told to.
class HoldingServer {
 public:
  [[nodiscard]] std::string url() const { return url_of(server_.port()); }
  [[nodiscard]] int connections() const { return server_.connections(); }
  void release() { released_.set_value(); }

 private:
  std::promise<void> released_;
  std::shared_future<void> waits_ = released_.get_future().share();
  Upstream server_{Upstream::answering([this](const Message& request) {
    if (request.target() == "/held") waits_.wait();
    return ok();
  })};
};

void wait_until(const BlockingClient& client, const std::function<bool(const PoolFigures&)>& holds) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (std::chrono::steady_clock::now() < end) {
    const std::vector<PoolFigures> all = client.pools();
    if (!all.empty() && holds(all.front())) return;
    std::this_thread::yield();
  }
  FAIL() << "the pool never came to that";
}

TEST(ClientPool, KeepsNoConnectionAfterA204ThatAnnouncesABody) {
  const Upstream server{[](Socket& socket, int connection) {
    if (!socket.read_request()) return;
    if (connection != 1) {
      socket.send(ok("second"));
      return;
    }
    socket.send("HTTP/1.1 204 No Content\r\nContent-Length: 38\r\n\r\n");
    if (socket.read_request()) socket.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }};
  BlockingClient shop{url_of(server.port())};
  EXPECT_EQ(shop.del("/").status, 204U);
  EXPECT_EQ(shop.get("/").body, "second");
  EXPECT_EQ(server.connections(), 2);
}

TEST(ClientPool, OpensNoMoreThanItsMostAndServesThoseThatWaitInTheirOrder) {
  HoldingServer server;
  ClientOptions options;
  options.pool.max = 1;
  options.pool.max_waiting = 1;
  BlockingClient shop{server.url(), options};
  const auto held = std::async(std::launch::async, [&] { return shop.get("/held").status; });
  wait_until(shop, [](const PoolFigures& pool) { return pool.active == 1; });
  const auto waits = std::async(std::launch::async, [&] { return shop.get("/").status; });
  wait_until(shop, [](const PoolFigures& pool) { return pool.waiting == 1; });
  const Ended full = ended([&] { return shop.get("/"); });
  EXPECT_EQ(full.code, Errc::pool_full);
  EXPECT_EQ(full.text, server.url() + ": 1 requests wait for a connection already");
  server.release();
  EXPECT_EQ(const_cast<std::future<unsigned>&>(held).get(), 200U);
  EXPECT_EQ(const_cast<std::future<unsigned>&>(waits).get(), 200U);
  EXPECT_EQ(server.connections(), 1);
  const PoolFigures pool = shop.pools().front();
  EXPECT_EQ(pool.origin, server.url());
  EXPECT_EQ(pool.request_class, "standard");
  EXPECT_EQ(pool.opened, 1U);
  EXPECT_EQ(pool.reused, 1U);
  EXPECT_EQ(pool.refused, 1U);
  EXPECT_EQ(pool.waiting, 0U);
}

TEST(ClientPool, GivesNoConnectionThatTheServerHasClosedToARequestThatWaitsForIt) {
  std::promise<void> released;
  const std::shared_future<void> waits = released.get_future().share();
  Upstream server{[&](Socket& socket) {
    const auto request = socket.read_request();
    if (!request) return;
    if (request->target() == "/held") waits.wait();
    // The end comes with the last byte: in one segment.
    const std::string answer = ok();
    ::send(socket.descriptor(), answer.data(), answer.size(), MSG_MORE | MSG_NOSIGNAL);
    ::shutdown(socket.descriptor(), SHUT_WR);
    static_cast<void>(socket.read_head());
  }};
  ClientOptions options;
  options.pool.max = 1;
  BlockingClient shop{url_of(server.port()), options};
  auto held = std::async(std::launch::async, [&] { return shop.get("/held").status; });
  wait_until(shop, [](const PoolFigures& pool) { return pool.active == 1; });
  auto waiting = std::async(std::launch::async, [&] {
    return ended([&] { return shop.post("/"); }).text;  // a POST is not sent again
  });
  wait_until(shop, [](const PoolFigures& pool) { return pool.waiting == 1; });
  released.set_value();
  EXPECT_EQ(held.get(), 200U);
  EXPECT_EQ(waiting.get(), "answered with 200");
  EXPECT_EQ(shop.pools().front().recycled, 1U);
}

TEST(ClientPool, IsNoEvidenceAgainstTheServiceWhenItIsFull) {
  HoldingServer server;
  CircuitBreaker breaker{"shop", {.consecutive_failures = 1}};
  ClientOptions options;
  options.pool.max = 1;
  options.pool.max_waiting = 0;
  BlockingClient shop{server.url(), Pipeline{breaker}, options};
  auto held = std::async(std::launch::async, [&] { return shop.get("/held").status; });
  wait_until(shop, [](const PoolFigures& pool) { return pool.active == 1; });
  EXPECT_EQ(ended([&] { return shop.get("/"); }).code, Errc::pool_full);
  EXPECT_EQ(breaker.state(), State::closed);
  server.release();
  EXPECT_EQ(held.get(), 200U);
}

TEST(ClientPool, HasConnectionsOfTheirOwnForEachClassOfRequests) {
  HoldingServer server;
  ClientOptions options;
  options.pool.max = 1;
  BlockingClient shop{server.url(), options};
  auto batch = std::async(std::launch::async,
                          [&] { return shop.get(Request{"/held"}.in_class(RequestClass::batch)).status; });
  wait_until(shop, [](const PoolFigures& pool) { return pool.active == 1; });
  EXPECT_EQ(shop.get("/").status, 200U) << "a batch does not take the connections of short requests";
  EXPECT_EQ(shop.pools().size(), 2U);
  server.release();
  EXPECT_EQ(batch.get(), 200U);
}

TEST(ClientPool, RecyclesConnectionsThatAreTooOldAndThoseThatAreIdleForTooLong) {
  const Upstream server{Upstream::saying(ok())};
  ClientOptions young;
  young.pool.max_age = Duration{1};
  BlockingClient by_age{url_of(server.port()), young};
  static_cast<void>(by_age.get("/"));
  static_cast<void>(by_age.get("/"));
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(by_age.pools().front().idle, 0U);
  ClientOptions hasty;
  hasty.pool.idle_timeout = Duration{1};
  BlockingClient by_rest{url_of(server.port()), hasty};
  static_cast<void>(by_rest.get("/"));
  wait_until(by_rest, [](const PoolFigures& pool) { return pool.recycled == 1 && pool.idle == 0; });
}

TEST(ClientPool, ClosesAConnectionWhoseAnswerSaysSoOrHasMoreThanItsLength) {
  const Upstream server{[](Socket& socket, int connection) {
    static_cast<void>(socket.read_request());
    socket.send(connection == 1 ? ok("fine", "Connection: close\r\n") : ok("fine") + "HTTP/1.1 200 OK\r\n");
    static_cast<void>(socket.ends());
  }};
  BlockingClient shop{url_of(server.port())};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(shop.get("/").body, "fine");
  EXPECT_EQ(server.connections(), 3);
}

/// Answers on every address of this machine, so that a URL may name a host of its own: 127.0.1.1, 127.0.1.2,
/// …
class ManyHosts {
 public:
  ManyHosts() {
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~ManyHosts() {
    io_.stop();
    thread_.join();
  }
  ManyHosts(const ManyHosts&) = delete;
  ManyHosts& operator=(const ManyHosts&) = delete;
  [[nodiscard]] std::string url(int host) const {
    return "http://127.0." + std::to_string(1 + host / 250) + "." + std::to_string(1 + host % 250) + ":" +
           std::to_string(acceptor_.local_endpoint().port()) + "/";
  }

 private:
  using tcp = boost::asio::ip::tcp;

  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& failed, tcp::socket socket) {
      if (failed) return;
      serve(std::make_shared<tcp::socket>(std::move(socket)));
      accept();
    });
  }
  /// One answer to each connection, which stays open.
  void serve(const std::shared_ptr<tcp::socket>& socket) {
    open_.push_back(socket);
    const auto read = std::make_shared<std::string>();
    boost::asio::async_read_until(*socket, boost::asio::dynamic_buffer(*read), "\r\n\r\n",
                                  [socket, read](const boost::system::error_code& failed, std::size_t) {
                                    if (!failed) boost::asio::write(*socket, boost::asio::buffer(ok()));
                                  });
  }

  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, tcp::endpoint(boost::asio::ip::address_v4::any(), 0)};
  std::vector<std::shared_ptr<tcp::socket>> open_;
  std::thread thread_;
};

TEST(ClientPool, KeepsNoSocketForEachOfTheHostsThatAProgramOnceAsked) {
  constexpr int hosts = 450;
  const ManyHosts servers;
  ClientOptions options;
  options.pool.idle_timeout = Duration{1};
  boost::asio::io_context io;
  Client crawler{io.get_executor(), servers.url(0), options};
  const auto crawl = [&]() -> boost::asio::awaitable<void> {
    for (int host = 0; host < hosts; ++host) {
      Request page{servers.url(host)};
      const Response answer = co_await crawler.get(page);
      EXPECT_EQ(answer.status, 200U);
    }
  };
  boost::asio::co_spawn(io, crawl, boost::asio::detached);
  io.run();
  EXPECT_LE(crawler.pools().size(), 320U) << "of " << hosts;
}

/// Takes one connection and no second one: to make that takes for ever. Says 200 on it once for each
/// release().
class OneConnectionServer {
 public:
  OneConnectionServer() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    at_.sin_family = AF_INET;
    at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_.descriptor(), reinterpret_cast<const sockaddr*>(&at_), sizeof at_), 0);
    EXPECT_EQ(::listen(listener_.descriptor(), 0), 0);
    socklen_t size = sizeof at_;
    ::getsockname(listener_.descriptor(), reinterpret_cast<sockaddr*>(&at_), &size);
  }
  [[nodiscard]] std::uint16_t port() const { return ntohs(at_.sin_port); }
  void accept() {
    only_ = Socket{::accept(listener_.descriptor(), nullptr, nullptr)};
    for (int i = 0; i < 4; ++i) {
      const int filler = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      (void)::connect(filler, reinterpret_cast<const sockaddr*>(&at_), sizeof at_);
      fillers_.emplace_back(filler);
    }
    EXPECT_TRUE(only_.read_request());
  }
  void answer() { only_.send(ok()); }
  void answer_next() {
    EXPECT_TRUE(only_.read_request());
    answer();
  }

 private:
  sockaddr_in at_{};
  Socket listener_;
  Socket only_;
  std::vector<Socket> fillers_;
};

TEST(ClientPool, AConnectionThatIsNotMadeInTimeIsNoFailureOfARequestThatCameLater) {
  OneConnectionServer server;
  ClientOptions options;
  options.pool.connect_timeout = 1s;
  BlockingClient client{url_of(server.port()), options};
  const auto ask = [&] { return std::async(std::launch::async, [&] { return client.get("/").status; }); };
  auto first = ask();
  server.accept();
  auto second = ask();
  wait_until(client, [](const PoolFigures& pool) { return pool.connecting == 1; });
  server.answer();
  EXPECT_EQ(first.get(), 200U);
  wait_until(client, [](const PoolFigures& pool) { return pool.active == 1 && pool.waiting == 0; });
  auto later = ask();
  wait_until(client, [](const PoolFigures& pool) { return pool.waiting == 1 && pool.failed == 1; });
  server.answer_next();
  EXPECT_EQ(second.get(), 200U);
  server.answer_next();
  EXPECT_EQ(later.get(), 200U);
}

TEST(ClientPool, TriesTheOtherAddressesOfAName) {
  const Upstream server{Upstream::saying(ok())};  // 127.0.0.1 only; localhost may be ::1 as well
  BlockingClient shop{"http://localhost:" + std::to_string(server.port())};
  EXPECT_EQ(shop.get("/").body, "fine");
}

}  // namespace
}  // namespace switchgear::http
