#include "switchgear/http/body_reader.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace switchgear::http {
namespace {

using State = BodyReader::State;

struct Read {
  State state = State::more;
  std::string content;
  std::string trailers;
  std::string rest;
};

/// Receives `wire` in pieces of `step` bytes and takes the content `bite` bytes at a time.
Read read(BodyReader& body, const std::string& wire, std::size_t step, std::size_t bite, bool ends = false) {
  BlockPool blocks;
  ReadBuffer buffer{blocks, 64};
  Read result;
  std::size_t at = 0;
  for (;;) {
    const bool ended = ends && at == wire.size();
    result.state = body.next(buffer, ended);
    if (result.state == State::content) {
      const std::size_t size = std::min(bite, body.content());
      result.content.append(buffer.view().substr(0, size));
      body.used(buffer, size);
      continue;
    }
    if (result.state == State::done) {
      result.trailers = body.trailers(buffer);
      body.finish(buffer);
      result.rest = std::string{buffer.view()} + wire.substr(at);
      return result;
    }
    if (result.state != State::more || at == wire.size()) return result;
    if (buffer.space_size() == 0 && !buffer.compact()) buffer.grow(BlockPool::block_size);
    const std::size_t size = std::min({step, wire.size() - at, buffer.space_size()});
    std::memcpy(buffer.space(), wire.data() + at, size);
    buffer.commit(size);
    at += size;
  }
}

Head request(bool chunked, std::optional<std::uint64_t> length) {
  Head head;
  head.chunked = chunked;
  head.content_length = length;
  return head;
}

TEST(BodyReader, FindsTheEndOfEveryFramingHoweverTheBytesComeAndGo) {
  for (const std::size_t step : {1U, 2U, 7U, 1000U}) {
    for (const std::size_t bite : {1U, 3U, 1000U}) {
      BodyReader body;
      body.start_request(request(false, 11));
      Read result = read(body, "hello worldGET", step, bite);
      EXPECT_EQ(result.state, State::done);
      EXPECT_EQ(result.content, "hello world");
      EXPECT_EQ(result.rest, "GET");

      body.start_request(request(true, {}));
      result = read(body, "5\r\nhello\r\n6;x\r\n world\r\n0\r\nX-A: 1\r\n\r\nGET", step, bite);
      EXPECT_EQ(result.state, State::done);
      EXPECT_EQ(result.content, "hello world");
      EXPECT_EQ(result.trailers, "X-A: 1\r\n");
      EXPECT_EQ(result.rest, "GET");
      EXPECT_EQ(body.total(), 11U);

      body.start_request(request(false, {}));
      result = read(body, "GET", step, bite);
      EXPECT_EQ(result.state, State::done);
      EXPECT_EQ(result.content, "");
    }
  }
}

TEST(BodyReader, KnowsATruncatedBodyFromOneThatEndsWithItsConnection) {
  Head head;
  head.status = 200;
  BodyReader body;
  body.start_response(head, false);
  EXPECT_EQ(read(body, "until the end", 3, 5, true).content, "until the end");
  head.content_length = 100;
  body.start_response(head, false);
  EXPECT_EQ(read(body, "short", 3, 5, true).state, State::truncated);
  head.content_length.reset();
  head.chunked = true;
  body.start_response(head, false);
  EXPECT_EQ(read(body, "5\r\nhello\r\n", 3, 5, true).state, State::truncated);
  body.start_response(head, false);
  EXPECT_EQ(read(body, "5\r\nhelloX\r\n", 3, 5, true).state, State::broken);
}

TEST(BodyReader, ExpectsNoBodyWhereTheProtocolHasNone) {
  Head head;
  head.content_length = 5;
  for (const unsigned status : {100U, 103U, 204U, 304U}) {
    head.status = status;
    BodyReader body;
    body.start_response(head, false);
    EXPECT_EQ(body.framing(), BodyReader::Framing::none) << status;
  }
  head.status = 200;
  BodyReader body;
  body.start_response(head, true);
  EXPECT_EQ(body.framing(), BodyReader::Framing::none) << "the answer to HEAD";
}

TEST(BodyReader, DropsTheTrailersOfAMessageWhoseConnectionNamesFields) {
  const auto trailers_with = [](std::string_view option) {
    Head head = request(true, {});
    head.connection_options = 1;
    head.connection_option[0] = option;
    BodyReader body;
    body.start_request(head);
    return read(body, "2\r\nhi\r\n0\r\nX-A: 1\r\n\r\n", 1000, 1000).trailers;
  };
  EXPECT_EQ(trailers_with("x-a"), "") << "it may be one of them";
  EXPECT_EQ(trailers_with("X-Other"), "");
  EXPECT_EQ(trailers_with("TE"), "X-A: 1\r\n");
}

/// What a look ahead finds in a response's body behind its head, and what is read of it afterwards.
struct Ahead {
  State state;
  bool cut_short;
  Read then;
};

Ahead look_ahead(const Head& head, const std::string& wire, bool ended) {
  const std::string front = "the head";
  BlockPool blocks;
  ReadBuffer buffer{blocks, 64};
  std::memcpy(buffer.space(), (front + wire).data(), front.size() + wire.size());
  buffer.commit(front.size() + wire.size());
  BodyReader body;
  body.start_response(head, false);
  Ahead result{body.look_ahead(buffer, front.size(), ended), false, {}};
  result.cut_short = result.state == State::content && body.is_cut_short(ended);
  EXPECT_EQ(buffer.view().substr(0, front.size()), front) << "it stays as it was";
  buffer.consume(front.size());
  while ((result.then.state = body.next(buffer, ended)) == State::content) {
    result.then.content += buffer.view()[0];
    body.used(buffer, 1);
  }
  if (result.then.state == State::done) result.then.trailers = body.trailers(buffer);
  return result;
}

TEST(BodyReader, FindsTheSameBehindAHeadThatIsStillThere) {
  Head chunked = request(true, {});
  Head of_five = request(false, 5);
  Head endless = request(false, {});
  chunked.status = of_five.status = endless.status = 200;
  for (const bool ended : {false, true}) {
    const Ahead whole = look_ahead(chunked, "2\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n", ended);
    EXPECT_EQ(whole.state, State::content);
    EXPECT_FALSE(whole.cut_short);
    EXPECT_EQ(whole.then.content, "hello");
    EXPECT_EQ(whole.then.trailers, "A: b\r\n");
    for (const std::string part : {"2\r\nhe\r\n", "2\r\nhe\r\n3\r\nl", "2\r\nhe\r\n0\r\n", "2\r\nhe\r\n3"}) {
      const Ahead some = look_ahead(chunked, part, ended);
      EXPECT_EQ(some.state, State::content) << part;
      EXPECT_EQ(some.cut_short, ended) << part;
    }
    EXPECT_EQ(look_ahead(chunked, "2\r", ended).state, ended ? State::truncated : State::more);
    EXPECT_EQ(look_ahead(chunked, "2\r\nheX", ended).state, State::broken);
    EXPECT_EQ(look_ahead(of_five, "hello", ended).then.content, "hello");
    EXPECT_FALSE(look_ahead(of_five, "hello", ended).cut_short);
    EXPECT_EQ(look_ahead(of_five, "hell", ended).cut_short, ended);
    EXPECT_EQ(look_ahead(of_five, "", ended).state, ended ? State::truncated : State::more);
    EXPECT_FALSE(look_ahead(endless, "hell", ended).cut_short);
    EXPECT_EQ(look_ahead(endless, "", ended).state, ended ? State::done : State::more);
  }
}

}  // namespace
}  // namespace switchgear::http
