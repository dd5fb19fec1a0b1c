// Two streams on one loop, through TLS: whatever the sockets take at a time, the bytes arrive.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "switchgear/http/connection_pool.hpp"
#include "switchgear/http/stream.hpp"
#include "tests/house/certificates.hpp"

namespace switchgear::http {
namespace {

[[nodiscard]] std::string text_of(const std::string& file) {
  std::ostringstream all;
  all << std::ifstream{file}.rdbuf();
  return all.str();
}

struct End final : Stream::Owner {
  StreamPtr stream;
  void on_ready(Stream&) override {}
};

class StreamTls : public testing::Test {
 protected:
  StreamTls() { connect(); }
  ~StreamTls() override { close(); }

  /// New sockets between the ends; each takes `small` bytes at a time, if that is not 0.
  void connect(int small = 0) {
    close();
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    for (const int one : pair) {
      if (small != 0) ::setsockopt(one, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    }
    client_.stream = new Stream{loop_, pair[0], 4096};
    server_.stream = new Stream{loop_, pair[1], 4096};
    client_.stream->set_owner(&client_);
    server_.stream->set_owner(&server_);
  }
  void close() {
    if (client_.stream) client_.stream->close();
    if (server_.stream) server_.stream->close();
  }
  void turn() {
    if (loop_.context().stopped()) loop_.context().restart();
    loop_.context().poll();
  }
  void secure(const std::string& name = "localhost") {
    ASSERT_TRUE(client_.stream->secure_as_client({trusting(), name}, sessions_));
    ASSERT_TRUE(server_.stream->secure_as_server(serving_));
    IoStatus client = IoStatus::would_block;
    IoStatus server = IoStatus::would_block;
    for (int i = 0; i < 10'000 && (client == IoStatus::would_block || server == IoStatus::would_block); ++i) {
      if (client == IoStatus::would_block) client = client_.stream->handshake();
      if (server == IoStatus::would_block) server = server_.stream->handshake();
      turn();
    }
    secured_ = client == IoStatus::ok && server == IoStatus::ok;
  }
  /// Receives until something else than bytes comes.
  [[nodiscard]] IoStatus drain(Stream& from, std::string& into) {
    for (;;) {
      const IoStatus status = from.receive();
      if (status != IoStatus::ok) return status;
      into.append(from.buffer().view());
      from.buffer().consume(from.buffer().size());
    }
  }
  /// Until something has come, or nothing can come any more.
  [[nodiscard]] IoStatus wait_for(Stream& from, std::string& into) {
    IoStatus status = IoStatus::would_block;
    for (int i = 0; i < 10'000 && status == IoStatus::would_block && into.empty(); ++i) {
      status = drain(from, into);
      from.watch_readable();
      turn();
    }
    return status;
  }
  [[nodiscard]] static Transfer send(Stream& through, std::string_view text) {
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    return through.send({&piece, 1});
  }
  [[nodiscard]] tls::ClientContext trusting() const {
    tls::ClientSettings settings;
    settings.ca = text_of(made_.file("ca.pem"));
    return tls::ClientContext{settings};
  }

  house::Certificates made_;
  tls::ServerContext serving_{
      tls::ServerSettings{{{text_of(made_.file("server.pem")), text_of(made_.file("server.key"))}}}};
  EventLoop loop_;
  tls::SessionStore sessions_;
  End client_;
  End server_;
  bool secured_ = false;
};

TEST_F(StreamTls, EveryByteArrivesThoughTheSocketTakesAFewAtATime) {
  connect(4608);  // the least that Linux gives; less than a record
  secure();
  ASSERT_TRUE(secured_);
  std::mt19937 random{7};
  std::string content(3'000'000, ' ');
  std::ranges::generate(content, [&] { return static_cast<char>(random()); });
  std::string got;
  std::size_t sent = 0;
  int stuck = 0;
  Stream& from = *client_.stream;
  Stream& to = *server_.stream;
  for (int turns = 0; got.size() < content.size() && turns < 1'000'000; ++turns) {
    // What a message has: pieces of any size, of which what was not sent is offered again, perhaps with more
    // behind it.
    std::array<iovec, 3> pieces{};
    std::size_t at = sent;
    for (iovec& piece : pieces) {
      const std::size_t size = std::min<std::size_t>(content.size() - at, random() % 30'000);
      piece = {content.data() + at, size};
      at += size;
    }
    // Never less than before: a record may be under way.
    pieces.back().iov_len =
        std::min<std::size_t>(content.size() - sent, 100'000) -
        std::min<std::size_t>(pieces[0].iov_len + pieces[1].iov_len, content.size() - sent);
    const Transfer moved = from.send(pieces);
    ASSERT_NE(moved.status, IoStatus::broken);
    sent += moved.size;
    if (moved.status == IoStatus::would_block) {
      ++stuck;
      from.watch_writable();
    }
    if (random() % 3 != 0) {
      ASSERT_EQ(drain(to, got), IoStatus::would_block);
      to.watch_readable();
    }
    turn();
  }
  EXPECT_EQ(sent, content.size());
  EXPECT_TRUE(got == content);
  EXPECT_GT(stuck, 100);
}

TEST_F(StreamTls, AnOrderlyEndIsToldFromABrokenOne) {
  secure();
  ASSERT_TRUE(secured_);
  std::string got;
  EXPECT_EQ(send(*server_.stream, "bye").status, IoStatus::ok);
  server_.stream->shut_down_sending();
  EXPECT_EQ(wait_for(*client_.stream, got), IoStatus::end);
  EXPECT_EQ(got, "bye");
  EXPECT_TRUE(client_.stream->ended());
  EXPECT_EQ(send(*client_.stream, "still there").status, IoStatus::ok) << "the other way is open";
  got.clear();
  EXPECT_EQ(wait_for(*server_.stream, got), IoStatus::would_block);
  EXPECT_EQ(got, "still there");

  connect();
  secure();
  ASSERT_TRUE(secured_);
  ::shutdown(server_.stream->descriptor(), SHUT_WR);  // as somebody in between could do
  got.clear();
  EXPECT_EQ(wait_for(*client_.stream, got), IoStatus::broken);
}

TEST_F(StreamTls, TheSecondConnectionResumesTheSessionOfTheFirst) {
  secure();
  ASSERT_TRUE(secured_);
  EXPECT_FALSE(client_.stream->tls()->resumed());
  std::string got;
  client_.stream->look_again();
  EXPECT_EQ(drain(*client_.stream, got), IoStatus::would_block) << "takes the tickets";
  connect();
  secure();
  ASSERT_TRUE(secured_);
  EXPECT_TRUE(client_.stream->tls()->resumed());
  EXPECT_TRUE(server_.stream->tls()->resumed());
}

TEST_F(StreamTls, ACertificateForAnotherNameIsNotAccepted) {
  secure("elsewhere.test");
  EXPECT_FALSE(secured_);
  EXPECT_EQ(client_.stream->tls()->failure(), tls::Failure::certificate_name);
  EXPECT_EQ(server_.stream->tls()->failure(), tls::Failure::alert);
  connect();
  secure("127.0.0.1");
  EXPECT_TRUE(secured_) << "an address is a name too";
}

TEST_F(StreamTls, TicketsAreNotTakenForAnUnexpectedAnswer) {
  secure();
  ASSERT_TRUE(secured_);
  EXPECT_FALSE(client_.stream->has_unexpected_input());
  EXPECT_EQ(send(*server_.stream, "HTTP/1.1 200 OK\r\n\r\n").status, IoStatus::ok);
  EXPECT_TRUE(client_.stream->has_unexpected_input());
  std::string got;
  (void)wait_for(*client_.stream, got);
  EXPECT_EQ(got, "HTTP/1.1 200 OK\r\n\r\n") << "and is still there";
}

TEST_F(StreamTls, PlainTextIsRecognised) {
  ASSERT_TRUE(server_.stream->secure_as_server(serving_));
  EXPECT_EQ(send(*client_.stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").status, IoStatus::ok);
  EXPECT_EQ(server_.stream->handshake(), IoStatus::broken);
  EXPECT_EQ(server_.stream->tls()->failure(), tls::Failure::plain_text);

  connect();
  ASSERT_TRUE(client_.stream->secure_as_client({trusting(), "localhost"}, sessions_));
  EXPECT_EQ(client_.stream->handshake(), IoStatus::would_block);
  EXPECT_EQ(send(*server_.stream, "HTTP/1.1 400 Bad Request\r\n\r\n").status, IoStatus::ok);
  turn();
  client_.stream->look_again();
  EXPECT_EQ(client_.stream->handshake(), IoStatus::broken);
  EXPECT_EQ(client_.stream->tls()->failure(), tls::Failure::plain_text);
}

TEST_F(StreamTls, WhatCameBehindTheHandshakeIsHeldAsInput) {
  secure();
  ASSERT_TRUE(secured_);
  std::string got;
  EXPECT_EQ(drain(*server_.stream, got), IoStatus::would_block);
  EXPECT_FALSE(server_.stream->has_input());
  EXPECT_EQ(send(*client_.stream, std::string(10'000, 'x')).status, IoStatus::ok);
  EXPECT_TRUE(server_.stream->has_input());
  server_.stream->look_again();
  EXPECT_EQ(server_.stream->receive(), IoStatus::ok);
  EXPECT_EQ(server_.stream->buffer().size(), 4096U);
  EXPECT_TRUE(server_.stream->has_input()) << "the rest is decrypted, and nothing waits in the socket";
}

/// A socket that listens on a port of the system's choice.
int listening(int backlog, std::uint16_t& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  EXPECT_EQ(::listen(listener, backlog), 0);
  socklen_t size = sizeof at;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  port = ntohs(at.sin_port);
  return listener;
}

struct Call final : ConnectionPool::Waiter {
  void on_connection(Lease given) override { lease = std::move(given); }
  void on_connect_error(ConnectError what) override { error = what; }
  Lease lease;
  std::optional<ConnectError> error;
};

struct Alarm final : Timer {
  void on_timer(TimePoint /*now*/) override {}
};

void be_busy_until(TimePoint end) {
  while (EventLoop::now() < end) {
  }
}

TEST_F(StreamTls, HandshakeThatIsAnsweredInTimeIsNotLateBecauseTheLoopIsBusy) {
  // The reactor takes 128 events at once, and the alarm, which has rung first, is among the first of them.
  constexpr std::size_t many = 144;
  constexpr std::chrono::seconds limit{2};
  std::uint16_t port = 0;
  const int listener = listening(many, port);
  ConnectionBudget budget;
  const tls::Peer peer{trusting(), "localhost"};
  ConnectionPool pool{loop_, budget, "127.0.0.1", port, {many, 0, std::chrono::seconds{30}, limit}, peer};
  std::vector<Call> calls(many);
  for (Call& each : calls) ASSERT_EQ(pool.acquire(each, each.lease), ConnectionPool::Answer::waiting);
  const TimePoint begun = EventLoop::now();
  EventLoop servers_loop;
  std::vector<End> servers(many);
  for (End& each : servers) {
    each.stream = new Stream{servers_loop, ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK), 4096};
    ASSERT_TRUE(each.stream->secure_as_server(serving_));
  }
  const auto has_asked = [](const End& each) { return each.stream->has_input(); };
  while (!std::ranges::all_of(servers, has_asked) && EventLoop::now() < begun + limit) turn();
  turn();
  Alarm alarm;
  loop_.arm(alarm, EventLoop::now() + std::chrono::milliseconds{10});
  be_busy_until(EventLoop::now() + std::chrono::milliseconds{25});
  for (End& each : servers) ASSERT_EQ(each.stream->handshake(), IoStatus::would_block);
  be_busy_until(begun + limit + std::chrono::milliseconds{20});
  const auto is_told = [](const Call& each) { return each.lease || each.error; };
  for (int i = 0; i < 10'000 && !std::ranges::all_of(calls, is_told); ++i) turn();
  EXPECT_EQ(std::ranges::count_if(calls, [](const Call& each) { return static_cast<bool>(each.lease); }),
            static_cast<std::ptrdiff_t>(many));
  for (Call& each : calls) pool.forget(each);
  calls.clear();
  for (End& each : servers) each.stream->close();
  ::close(listener);
}

}  // namespace
}  // namespace switchgear::http
