#include "switchgear/http/outbox.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "switchgear/http/body_reader.hpp"

namespace switchgear::http {
namespace {

/// A stream of which the test holds the other end, with as small a buffer as the kernel gives.
class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    const int small = 1;
    ::setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    stream_ = new Stream{loop_, pair[0], 64};
    peer_ = pair[1];
  }
  ~OutboxTest() override {
    stream_->close();
    ::close(peer_);
  }

  std::string drain() {
    std::string text;
    std::array<char, 4096> bytes{};
    for (ssize_t got = 0; (got = ::recv(peer_, bytes.data(), bytes.size(), 0)) > 0;)
      text.append(bytes.data(), static_cast<std::size_t>(got));
    return text;
  }

  /// Offers the content as a pump does until all of it is out; the peer takes only what the kernel has room
  /// for.
  std::string pump(Outbox& outbox, std::string content, const std::string& trailers = "") {
    std::string seen;
    for (int i = 0; i < 10'000 && !outbox.complete(); ++i) {
      const Stream::Sent sent = outbox.send(*stream_, {content, true, trailers});
      EXPECT_NE(sent.status, IoStatus::broken);
      content.erase(0, sent.size);
      seen += drain();
    }
    EXPECT_TRUE(outbox.complete());
    EXPECT_TRUE(content.empty());
    return seen;
  }

  EventLoop loop_;
  StreamPtr stream_;
  int peer_ = -1;
};

TEST_F(OutboxTest, SendsHeadAndContentAsTheyAre) {
  Outbox outbox;
  outbox.begin(Coding::identity);
  outbox.put("head\r\n\r\n");
  EXPECT_EQ(pump(outbox, "content"), "head\r\n\r\ncontent");
}

TEST_F(OutboxTest, ResumesWhereTheSocketStopped) {
  Outbox outbox;
  outbox.begin(Coding::identity);
  const std::string head(5'000, 'h');
  const std::string content(100'000, 'c');
  outbox.put(head);
  EXPECT_TRUE(pump(outbox, content) == head + content);
}

TEST_F(OutboxTest, KeepsItsChunksWholeWhenTheSocketTakesThemInPieces) {
  for (const std::size_t size : {0U, 1U, 100U, 3'000U, 100'000U}) {
    Outbox outbox;
    outbox.begin(Coding::chunked);
    outbox.put("head\r\n\r\n");
    const std::string content(size, 'c');
    std::string wire = pump(outbox, content, "X-Sum: 1\r\n");
    ASSERT_TRUE(wire.starts_with("head\r\n\r\n"));
    wire.erase(0, 8);
    ChunkedDecoder decoder;
    const ChunkedDecoder::Step step = decoder.decode(wire.data(), wire.size());
    ASSERT_EQ(step.state, ChunkedDecoder::State::done) << size;
    EXPECT_EQ(step.consumed, wire.size()) << size;
    EXPECT_TRUE(wire.substr(0, step.payload) == content) << size;
    EXPECT_EQ(decoder.trailers().fields, 1U);
  }
}

TEST_F(OutboxTest, SendsWhatIsPendingWithoutEndingTheMessage) {
  Outbox outbox;
  outbox.begin(Coding::chunked);
  outbox.put("head\r\n\r\n");
  EXPECT_EQ(outbox.send(*stream_, {}).status, IoStatus::ok);
  EXPECT_EQ(drain(), "head\r\n\r\n");
  EXPECT_TRUE(outbox.idle());
  EXPECT_FALSE(outbox.complete());
}

TEST_F(OutboxTest, SaysWhenThePeerIsGone) {
  ::close(peer_);
  peer_ = -1;
  Outbox outbox;
  outbox.begin(Coding::identity);
  EXPECT_EQ(outbox.send(*stream_, {"x", true}).status, IoStatus::broken);
}

}  // namespace
}  // namespace switchgear::http
