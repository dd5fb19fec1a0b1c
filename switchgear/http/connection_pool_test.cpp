#include "switchgear/http/connection_pool.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>

#include <memory>
#include <optional>
#include <vector>

namespace switchgear::http {
namespace {

using Answer = ConnectionPool::Answer;

class Call final : public ConnectionPool::Waiter {
 public:
  Lease lease;
  std::optional<ConnectError> error;

 private:
  void on_connection(Lease given) override { lease = std::move(given); }
  void on_connect_error(ConnectError what) override { error = what; }
};

class ConnectionPoolTest : public ::testing::Test {
 protected:
  ConnectionPoolTest() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 64), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~ConnectionPoolTest() override {
    for (const int peer : peers_) ::close(peer);
    ::close(listener_);
  }

  std::unique_ptr<ConnectionPool> pool(const PoolLimits& limits) {
    return std::make_unique<ConnectionPool>(loop_, budget_, "127.0.0.1", port_, limits);
  }
  /// Runs the loop until it is so, for a bounded time.
  template <class So>
  bool run_until(So so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!so() && std::chrono::steady_clock::now() < end) {
      if (loop_.context().stopped()) loop_.context().restart();  // it had nothing left to wait for
      loop_.context().run_one_for(std::chrono::milliseconds{100});
    }
    return so();
  }
  /// The upstream's end of the next connection.
  int accept() {
    const int peer = ::accept(listener_, nullptr, nullptr);
    EXPECT_GE(peer, 0);
    peers_.push_back(peer);
    return peer;
  }

  EventLoop loop_;
  ConnectionBudget budget_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::vector<int> peers_;
};

TEST_F(ConnectionPoolTest, ConnectsOnceAndReusesWhatWasGivenBack) {
  const auto made = pool({});
  Call first;
  EXPECT_EQ(made->acquire(first, first.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(first.lease); }));
  EXPECT_FALSE(first.lease.reused());
  first.lease.give_back();
  Call second;
  ASSERT_EQ(made->acquire(second, second.lease), Answer::ready);
  EXPECT_TRUE(second.lease.reused());
  EXPECT_EQ(made->counts().open, 1U);
}

TEST_F(ConnectionPoolTest, TakesTheConnectionThatWasUsedLast) {
  const auto made = pool({});
  Call one;
  Call two;
  EXPECT_EQ(made->acquire(one, one.lease), Answer::waiting);
  EXPECT_EQ(made->acquire(two, two.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return one.lease && two.lease; }));
  const int last = one.lease.stream().descriptor();
  two.lease.give_back();
  one.lease.give_back();
  Call three;
  ASSERT_EQ(made->acquire(three, three.lease), Answer::ready);
  EXPECT_EQ(three.lease.stream().descriptor(), last);
}

TEST_F(ConnectionPoolTest, NeverReusesAConnectionOnWhichSomethingHasComeAfterAnAnswerWithoutABody) {
  const auto made = pool({});
  Call one;
  Call two;
  EXPECT_EQ(made->acquire(one, one.lease), Answer::waiting);
  EXPECT_EQ(made->acquire(two, two.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return one.lease && two.lease; }));
  const std::array<int, 2> peers{accept(), accept()};
  const int good = one.lease.stream().descriptor();
  one.lease.give_back();
  two.lease.give_back_in_doubt();
  // Before the loop has had a chance to see it.
  for (const int peer : peers) {
    sockaddr_in to{};
    socklen_t size = sizeof to;
    ASSERT_EQ(::getpeername(peer, reinterpret_cast<sockaddr*>(&to), &size), 0);
    sockaddr_in own{};
    size = sizeof own;
    ASSERT_EQ(::getsockname(good, reinterpret_cast<sockaddr*>(&own), &size), 0);
    if (to.sin_port == own.sin_port) continue;
    ASSERT_EQ(::send(peer, "late", 4, MSG_NOSIGNAL), 4);
  }
  Call three;
  ASSERT_EQ(made->acquire(three, three.lease), Answer::ready);
  EXPECT_EQ(three.lease.stream().descriptor(), good);
  EXPECT_EQ(made->counts().open, 1U);
  // Without anything that has come it is as good as any other; and a later use begins without doubt.
  three.lease.give_back_in_doubt();
  Call four;
  ASSERT_EQ(made->acquire(four, four.lease), Answer::ready);
  EXPECT_EQ(four.lease.stream().descriptor(), good);
}

TEST_F(ConnectionPoolTest, GetsAConnectionThoughAnotherPoolsIdleOnesHaveTakenAllThereMayBe) {
  budget_.set_most(2);
  const auto first = pool({});
  const auto second = pool({});
  Call one;
  Call two;
  EXPECT_EQ(first->acquire(one, one.lease), Answer::waiting);
  EXPECT_EQ(first->acquire(two, two.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return one.lease && two.lease; }));
  const int kept = two.lease.stream().descriptor();
  one.lease.give_back();  // rests for longest
  two.lease.give_back();
  Call other;
  EXPECT_EQ(second->acquire(other, other.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(other.lease); }));
  EXPECT_EQ(budget_.open(), 2U);
  EXPECT_EQ(first->counts().open, 1U);
  Call again;
  ASSERT_EQ(first->acquire(again, again.lease), Answer::ready);
  EXPECT_EQ(again.lease.stream().descriptor(), kept);
  Call more;
  EXPECT_EQ(second->acquire(more, more.lease), Answer::waiting);
  EXPECT_TRUE(run_until([&] { return static_cast<bool>(more.lease); })) << "none rests: opened all the same";
  EXPECT_EQ(budget_.open(), 3U);
}

TEST_F(ConnectionPoolTest, ServesThoseWhoWaitInTheirOrderAndRefusesTheRest) {
  const auto made = pool({1, 2, std::chrono::seconds{60}, std::chrono::seconds{60}});
  Call holder;
  EXPECT_EQ(made->acquire(holder, holder.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(holder.lease); }));
  Call first;
  Call second;
  Call third;
  EXPECT_EQ(made->acquire(first, first.lease), Answer::waiting);
  EXPECT_EQ(made->acquire(second, second.lease), Answer::waiting);
  EXPECT_EQ(made->acquire(third, third.lease), Answer::full);
  holder.lease.give_back();
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(first.lease); }));
  EXPECT_FALSE(second.lease);
  first.lease.drop();
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(second.lease); }))
      << "a closed one makes room for a new one";
  EXPECT_FALSE(second.lease.reused());
}

TEST_F(ConnectionPoolTest, WithoutRoomToWaitStillConnectsForThoseWhoNeedNotWait) {
  const auto made = pool({2, 0, std::chrono::seconds{60}, std::chrono::seconds{60}});
  Call first;
  Call second;
  Call third;
  EXPECT_EQ(made->acquire(first, first.lease), Answer::waiting);
  EXPECT_EQ(made->acquire(second, second.lease), Answer::waiting);
  EXPECT_EQ(made->acquire(third, third.lease), Answer::full);
  ASSERT_TRUE(run_until([&] { return first.lease && second.lease; }));
  EXPECT_EQ(made->acquire(third, third.lease), Answer::full);
  first.lease.give_back();
  EXPECT_EQ(made->acquire(third, third.lease), Answer::ready);
}

TEST_F(ConnectionPoolTest, ForgetsAWaiterThatGaveUp) {
  const auto made = pool({1, 8, std::chrono::seconds{60}, std::chrono::seconds{60}});
  Call holder;
  EXPECT_EQ(made->acquire(holder, holder.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(holder.lease); }));
  Call impatient;
  Call patient;
  EXPECT_EQ(made->acquire(impatient, impatient.lease), Answer::waiting);
  EXPECT_EQ(made->acquire(patient, patient.lease), Answer::waiting);
  made->forget(impatient);
  holder.lease.give_back();
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(patient.lease); }));
  EXPECT_FALSE(impatient.lease);
}

TEST_F(ConnectionPoolTest, GivesAKeptConnectionToNobodyWhoAskedForAFreshOne) {
  const auto made = pool({});
  Call holder;
  EXPECT_EQ(made->acquire(holder, holder.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(holder.lease); }));
  Call afresh;
  EXPECT_EQ(made->acquire(afresh, afresh.lease, ConnectionPool::Reuse::never), Answer::waiting);
  holder.lease.give_back();
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(afresh.lease); }));
  EXPECT_FALSE(afresh.lease.reused());
  EXPECT_EQ(made->counts().idle, 1U);
}

TEST_F(ConnectionPoolTest, CallsAConnectionKeptThatNobodyHasUsedYet) {
  const auto made = pool({1, 8, std::chrono::seconds{30}, std::chrono::seconds{2}});
  Call gone;
  EXPECT_EQ(made->acquire(gone, gone.lease), Answer::waiting);
  made->forget(gone);
  ASSERT_TRUE(run_until([&] { return made->counts().idle == 1; }));
  Call next;
  ASSERT_EQ(made->acquire(next, next.lease), Answer::ready);
  EXPECT_TRUE(next.lease.reused()) << "its peer may have closed it meanwhile";
}

TEST_F(ConnectionPoolTest, ClosesAConnectionThatNobodyEverUsed) {
  const auto made = pool({8, 8, std::chrono::milliseconds{50}, std::chrono::seconds{2}});
  Call gone;
  EXPECT_EQ(made->acquire(gone, gone.lease), Answer::waiting);
  made->forget(gone);
  ASSERT_TRUE(run_until([&] { return made->counts().idle == 1; }));
  EXPECT_TRUE(run_until([&] { return made->counts().open == 0; }));
}

TEST_F(ConnectionPoolTest, DropsAnIdleConnectionThatItsPeerClosed) {
  const auto made = pool({});
  Call call;
  EXPECT_EQ(made->acquire(call, call.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(call.lease); }));
  const int peer = accept();
  call.lease.give_back();
  EXPECT_EQ(made->counts().idle, 1U);
  ::shutdown(peer, SHUT_RDWR);
  EXPECT_TRUE(run_until([&] { return made->counts().open == 0; }));
}

TEST_F(ConnectionPoolTest, DropsAnIdleConnectionThatSpeaksUnasked) {
  const auto made = pool({});
  Call call;
  EXPECT_EQ(made->acquire(call, call.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(call.lease); }));
  const int peer = accept();
  call.lease.give_back();
  EXPECT_EQ(::send(peer, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL), 19);
  EXPECT_TRUE(run_until([&] { return made->counts().open == 0; }))
      << "it would be taken for the next call's answer";
}

TEST_F(ConnectionPoolTest, ClosesWhatIsIdleForTooLong) {
  const auto made = pool({8, 8, std::chrono::milliseconds{50}, std::chrono::seconds{60}});
  Call call;
  EXPECT_EQ(made->acquire(call, call.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(call.lease); }));
  call.lease.give_back();
  EXPECT_TRUE(run_until([&] { return made->counts().open == 0; }));
}

TEST_F(ConnectionPoolTest, TellsWhoWaitsThatNobodyListens) {
  ::shutdown(listener_, SHUT_RDWR);
  ::close(listener_);
  listener_ = -1;
  const auto made = pool({});
  Call call;
  EXPECT_EQ(made->acquire(call, call.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return call.error.has_value(); }));
  EXPECT_EQ(*call.error, ConnectError::refused);
  EXPECT_EQ(made->counts().open, 0U);
}

TEST_F(ConnectionPoolTest, ResolvesNamesAndTellsWhenItCannot) {
  ConnectionPool good{loop_, budget_, "localhost", port_, {}};
  Call call;
  EXPECT_EQ(good.acquire(call, call.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(call.lease); }));
  ConnectionPool bad{loop_, budget_, "no-such-host.invalid", port_, {}};
  Call lost;
  EXPECT_EQ(bad.acquire(lost, lost.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return lost.error.has_value(); }));
  EXPECT_EQ(*lost.error, ConnectError::unresolved);
  call.lease.drop();
}

/// Answers when a test says so.
struct Resolver {
  ConnectionPool::Lookup lookup() {
    return [this](std::function<void(Addresses)> found) {
      ++asked;
      answer = std::move(found);
    };
  }
  int asked = 0;
  std::function<void(Addresses)> answer;
};

boost::asio::ip::tcp::endpoint at(const char* address, std::uint16_t port) {
  return {boost::asio::ip::make_address(address), port};
}

TEST_F(ConnectionPoolTest, FindsAServiceThatHasMovedASecondAfterItsOldAddressWasLookedUp) {
  Resolver resolver;
  ConnectionPool moved{loop_, budget_, "service.local", port_, {}, resolver.lookup()};
  Call lost;
  EXPECT_EQ(moved.acquire(lost, lost.lease), Answer::waiting);
  resolver.answer({at("127.0.0.9", port_)});
  ASSERT_TRUE(run_until([&] { return lost.error.has_value(); }));
  EXPECT_EQ(*lost.error, ConnectError::refused);
  // Looked up again a second after the last answer; until then there is no server.
  const auto asks_again = [&] {
    Call next;
    EXPECT_EQ(moved.acquire(next, next.lease), Answer::waiting);
    EXPECT_TRUE(run_until([&] { return next.error || resolver.asked == 2; }));
    moved.forget(next);
    return resolver.asked == 2;
  };
  ASSERT_TRUE(run_until(asks_again));
  Call found;
  EXPECT_EQ(moved.acquire(found, found.lease), Answer::waiting);
  resolver.answer({at("127.0.0.1", port_)});
  EXPECT_TRUE(run_until([&] { return static_cast<bool>(found.lease); }));
}

TEST_F(ConnectionPoolTest, TriesTheNextAddressOfANameAtOnceAndRemembersIt) {
  Resolver resolver;
  ConnectionPool made{loop_, budget_, "service.local", port_, {}, resolver.lookup()};
  Call call;
  EXPECT_EQ(made.acquire(call, call.lease), Answer::waiting);
  resolver.answer({at("127.0.0.9", port_), at("127.0.0.1", port_)});
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(call.lease); }));
  EXPECT_FALSE(call.error);
  EXPECT_EQ(resolver.asked, 1);
}

TEST_F(ConnectionPoolTest, AnAddressThatDoesNotAnswerLeavesTimeForTheNext) {
  // A listener whose backlog is full takes no further connection, and says nothing.
  const int deaf = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  address.sin_port = htons(port_);
  ASSERT_EQ(::bind(deaf, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(deaf, 0), 0);
  for (int i = 0; i < 4; ++i) {
    const int filler = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int begun = ::connect(filler, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ASSERT_TRUE(begun == 0 || errno == EINPROGRESS);
    peers_.push_back(filler);
  }
  Resolver resolver;
  const PoolLimits limits{8, 8, std::chrono::seconds{30}, std::chrono::milliseconds{400}};
  ConnectionPool made{loop_, budget_, "service.local", port_, limits, resolver.lookup()};
  Call call;
  EXPECT_EQ(made.acquire(call, call.lease), Answer::waiting);
  resolver.answer({at("127.0.0.2", port_), at("127.0.0.1", port_)});
  EXPECT_TRUE(run_until([&] { return call.lease || call.error; }));
  EXPECT_TRUE(call.lease);
  call.lease.drop();
  ::close(deaf);
}

/// Takes the connections that a test accepts, and after fill() nothing more: to connect then takes for ever.
class FullListener {
 public:
  FullListener() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    at_.sin_family = AF_INET;
    at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&at_), sizeof at_), 0);
    EXPECT_EQ(::listen(descriptor_, 0), 0);
    socklen_t size = sizeof at_;
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&at_), &size);
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;
  ~FullListener() {
    for (const int each : peers_) ::close(each);
    ::close(descriptor_);
  }

  [[nodiscard]] std::uint16_t port() const { return ntohs(at_.sin_port); }
  void accept() {
    peers_.push_back(::accept(descriptor_, nullptr, nullptr));
    EXPECT_GE(peers_.back(), 0);
  }
  void fill() {
    for (int i = 0; i < 4; ++i) {
      peers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      const int begun = ::connect(peers_.back(), reinterpret_cast<const sockaddr*>(&at_), sizeof at_);
      EXPECT_TRUE(begun == 0 || errno == EINPROGRESS);
    }
  }

 private:
  int descriptor_;
  sockaddr_in at_{};
  std::vector<int> peers_;
};

TEST_F(ConnectionPoolTest, AConnectionThatIsNotMadeInTimeIsNoFailureOfACallThatCameLater) {
  constexpr std::chrono::milliseconds limit{400};
  FullListener full;
  ConnectionPool made{loop_, budget_, "127.0.0.1", full.port(), {8, 8, std::chrono::seconds{30}, limit}};
  Call holder;
  EXPECT_EQ(made.acquire(holder, holder.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(holder.lease); }));
  full.accept();
  full.fill();
  Call first;
  EXPECT_EQ(made.acquire(first, first.lease), Answer::waiting);
  const TimePoint begun = EventLoop::now();
  holder.lease.give_back();
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(first.lease); }));
  EXPECT_EQ(made.counts().open, 2U) << "the one that was begun for it is still being made";
  ASSERT_TRUE(run_until([&] { return EventLoop::now() >= begun + limit / 2; }));
  Call later;
  EXPECT_EQ(made.acquire(later, later.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return later.error.has_value(); })) << "it does not wait for ever";
  EXPECT_EQ(*later.error, ConnectError::timeout);
  EXPECT_GE(EventLoop::now() - later.asked_at, limit);
  first.lease.drop();
}

TEST_F(ConnectionPoolTest, AResolverThatDoesNotAnswerHoldsACallNoLongerThanConnectingMayTake) {
  Resolver resolver;
  const PoolLimits limits{8, 8, std::chrono::seconds{30}, std::chrono::milliseconds{50}};
  ConnectionPool made{loop_, budget_, "service.local", port_, limits, resolver.lookup()};
  for (int i = 0; i < 2; ++i) {
    Call call;
    EXPECT_EQ(made.acquire(call, call.lease), Answer::waiting);
    ASSERT_TRUE(run_until([&] { return call.error.has_value(); }));
    EXPECT_EQ(*call.error, ConnectError::unresolved);
  }
  EXPECT_EQ(resolver.asked, 1) << "one question is enough";
  Call call;
  EXPECT_EQ(made.acquire(call, call.lease), Answer::waiting);
  resolver.answer({at("127.0.0.1", port_)});
  EXPECT_TRUE(run_until([&] { return static_cast<bool>(call.lease); }));
  call.lease.drop();
}

TEST_F(ConnectionPoolTest, ARetiredPoolKeepsNothing) {
  const auto made = pool({});
  Call busy;
  EXPECT_EQ(made->acquire(busy, busy.lease), Answer::waiting);
  ASSERT_TRUE(run_until([&] { return static_cast<bool>(busy.lease); }));
  made->retire();
  EXPECT_EQ(made->counts().open, 1U) << "a call under way is not disturbed";
  busy.lease.give_back();
  EXPECT_EQ(made->counts().open, 0U);
}

}  // namespace
}  // namespace switchgear::http
