// Two streams on one loop, through TLS: whatever the sockets take at a time, the bytes arrive.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

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

}  // namespace
}  // namespace switchgear::http
