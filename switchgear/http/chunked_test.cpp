#include "switchgear/http/chunked.hpp"

#include <gtest/gtest.h>

#include <string>

namespace switchgear::http {
namespace {

using State = ChunkedDecoder::State;

struct Decoded {
  State state = State::more;
  std::string content;
  std::string rest;
};

/// Feeds `wire` in pieces of `step` bytes, as a connection would: what was not consumed is offered again with
/// more.
Decoded decode(const std::string& wire, std::size_t step) {
  ChunkedDecoder decoder;
  Decoded result;
  std::string pending;
  for (std::size_t at = 0; at < wire.size() && result.state == State::more;) {
    const std::size_t size = std::min(step, wire.size() - at);
    pending.append(wire, at, size);
    at += size;
    const ChunkedDecoder::Step done = decoder.decode(pending.data(), pending.size());
    result.state = done.state;
    result.content.append(pending, 0, done.payload);
    pending.erase(0, done.consumed);
    if (result.state != State::more) result.rest = pending + wire.substr(at);
  }
  return result;
}

TEST(ChunkedDecoder, FindsTheSameContentHoweverTheBytesArrive) {
  const std::string wire =
      "5\r\nhello\r\n1;ext=\"a b\"\r\n,\r\n00006\r\n world\r\n0\r\nX-Sum: 1\r\n\r\nGET /next";
  for (std::size_t step = 1; step <= wire.size(); ++step) {
    const Decoded result = decode(wire, step);
    EXPECT_EQ(result.state, State::done) << "in steps of " << step;
    EXPECT_EQ(result.content, "hello, world") << "in steps of " << step;
    EXPECT_EQ(result.rest, "GET /next") << "in steps of " << step;
  }
}

TEST(ChunkedDecoder, RefusesEveryBentFraming) {
  for (const char* wire :
       {"5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "g\r\n", "\r\n",
        " 5\r\n", "5 \r\nhello", "0x5\r\nhello", "-5\r\nhello", "+5\r\nhello", "1000000000000000\r\n",
        "5;a\nb\r\nhello", "5;a\rb\r\nhello", "5\r\r\nhello", "0\r\nContent-Length: 5\r\n\r\n",
        "0\r\nX : y\r\n\r\n", "0\r\n X: y\r\n\r\n", "0\r\nX: y\n\r\n", "5\r\nhell\r\n\r\n0\r\n\r\n"}) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{1000}})
      EXPECT_EQ(decode(wire, step).state, State::broken) << wire;
  }
}

TEST(ChunkedDecoder, BoundsItsExtensions) {
  EXPECT_EQ(decode("5;" + std::string(ChunkedDecoder::max_line, 'x') + "\r\nhello\r\n0\r\n\r\n", 1000).state,
            State::broken);
  std::string drip;
  for (int i = 0; i < 200; ++i) drip += "1;" + std::string(200, 'x') + "\r\na\r\n";
  EXPECT_EQ(decode(drip, 1000).state, State::broken) << "more framing than content, for ever";
}

TEST(ChunkedDecoder, ShowsTheTrailers) {
  std::string wire = "1\r\na\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n";
  ChunkedDecoder decoder;
  const ChunkedDecoder::Step step = decoder.decode(wire.data(), wire.size());
  ASSERT_EQ(step.state, State::done);
  EXPECT_EQ(wire.substr(decoder.trailers_at(), decoder.trailers().size), "X-A: 1\r\nX-B: 2\r\n\r\n");
}

}  // namespace
}  // namespace switchgear::http
