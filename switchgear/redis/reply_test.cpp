#include "switchgear/redis/reply.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace switchgear::redis {
namespace {

TEST(Reply, EveryKindIsReadByteByByte) {
  ReplyReader reader;
  std::vector<Reply> got;
  for (const char byte :
       std::string("+OK\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n-ERR no\r\n*2\r\n:1\r\n*1\r\n$0\r\n\r\n*0\r\n")) {
    ASSERT_TRUE(reader.feed({&byte, 1}));
    while (auto reply = reader.next()) got.push_back(std::move(*reply));
  }
  ASSERT_EQ(got.size(), 7U);
  EXPECT_EQ(got[0].text, "OK");
  EXPECT_EQ(got[1].integer, -7);
  EXPECT_EQ(got[2].text, "a\r\n");
  EXPECT_EQ(got[3].kind, Reply::Kind::nil);
  EXPECT_TRUE(got[4].is_error("ERR"));
  EXPECT_FALSE(got[4].is_error("ER"));
  ASSERT_EQ(got[5].items.size(), 2U);
  EXPECT_EQ(got[5].items[1].items.at(0).text, "");
  EXPECT_EQ(got[6].kind, Reply::Kind::array);
}

TEST(Reply, ServerCannotMakeItKeepMoreThanTheLimits) {
  ReplyReader many{{1000, 10}};
  ASSERT_TRUE(many.feed("*11\r\n"));
  EXPECT_FALSE(many.next());
  EXPECT_TRUE(many.failed()) << "an array is refused by its head, before there is room for its items";
  ReplyReader nested{{1000, 10}};
  ASSERT_TRUE(nested.feed("*6\r\n*6\r\n"));
  EXPECT_FALSE(nested.next());
  EXPECT_TRUE(nested.failed());
  ReplyReader large{{1000, 10}};
  EXPECT_FALSE(large.feed("$2000\r\n" + std::string(1000, 'x')));
}

TEST(Reply, LimitIsForEachReplyAndNotForAll) {
  ReplyReader reader{{20, 3}};
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(reader.feed("*2\r\n:1\r\n:2\r\n"));
    ASSERT_TRUE(reader.next());
  }
}

TEST(Reply, WhatIsNotRespFails) {
  ReplyReader reader;
  (void)reader.feed("HTTP/1.1 200 OK\r\n");
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.failed());
}

RC_GTEST_PROP(Reply, AnyBytesEitherGiveRepliesOrFail, (const std::string& bytes)) {
  ReplyReader reader{{10'000, 1000}};
  if (reader.feed(bytes)) {
    while (reader.next()) {
    }
  }
}

RC_GTEST_PROP(Command, WordsOfAnyBytesComeBackAsTheyWere, (const std::vector<std::string>& words)) {
  RC_PRE(!words.empty());
  std::vector<std::string_view> views(words.begin(), words.end());
  ReplyReader reader;
  RC_ASSERT(reader.feed(command(views)));
  const auto read = reader.next();
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->items.size() == words.size());
  for (std::size_t i = 0; i < words.size(); ++i) RC_ASSERT(read->items[i].text == words[i]);
}

}  // namespace
}  // namespace switchgear::redis
