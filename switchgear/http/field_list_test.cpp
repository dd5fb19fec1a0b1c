#include "switchgear/http/field_list.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/http/head_validator.hpp"

namespace switchgear::http {
namespace {

Head head_of(const std::string& block, HeadKind kind) {
  HeadValidator validator{kind, {}};
  EXPECT_EQ(validator.advance(block), HeadValidator::Progress::complete);
  return validator.head();
}

TEST(FieldList, HoldsTheFieldsInOrderWithTheirKnownNames) {
  const std::string block =
      "\r\nGET / HTTP/1.1\r\nhOST: a\r\nX-Own:  spaced \r\nContent-Length: 3\r\n\r\nabc";
  FieldList fields;
  ASSERT_TRUE(fields.parse_request(block, head_of(block, HeadKind::request)));
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields.begin()->id, FieldId::host);
  EXPECT_EQ(fields.begin()[1].name, "X-Own");
  EXPECT_EQ(fields.begin()[1].value, "spaced");
  ASSERT_NE(fields.find(FieldId::content_length), nullptr);
  EXPECT_EQ(fields.find(FieldId::content_length)->value, "3");
  EXPECT_EQ(fields.find(FieldId::via), nullptr);
}

TEST(FieldList, ReadsAResponseWithItsReason) {
  const std::string block =
      "HTTP/1.1 404 No such thing\r\nTransfer-Encoding: chunked\r\nX-Empty:\r\nX-Own: \t a:b "
      "\r\n\r\n3\r\nabc";
  FieldList fields;
  fields.split_response(block, head_of(block, HeadKind::response));
  EXPECT_EQ(fields.reason(), "No such thing");
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields.begin()->id, FieldId::transfer_encoding);
  EXPECT_EQ(fields.begin()[1].value, "");
  EXPECT_EQ(fields.begin()[2].value, "a:b");
  const std::string bare = "HTTP/1.1 200\r\n\r\n";
  fields.split_response(bare, head_of(bare, HeadKind::response));
  EXPECT_EQ(fields.reason(), "");
  EXPECT_EQ(fields.size(), 0U);
}

TEST(FieldList, SaysSoWhenBeastReadsAnotherMessage) {
  const std::string block = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
  Head head = head_of(block, HeadKind::request);
  head.content_length = 4;
  FieldList fields;
  EXPECT_FALSE(fields.parse_request(block, head));
}

TEST(FieldList, IsWithoutTheFieldsThatConnectionNames) {
  const std::string block =
      "GET / HTTP/1.1\r\nHost: a\r\nX-Tenant: 1\r\nConnection: upgrade, x-tenant, X-Two, close\r\n"
      "x-two: 1\r\nX-Own: 1\r\nX-Two: 2\r\nUpgrade: websocket\r\n\r\n";
  FieldList fields;
  ASSERT_TRUE(fields.parse_request(block, head_of(block, HeadKind::request)));
  std::string names;
  for (const Field& field : fields) names.append(field.name).append(" ");
  EXPECT_EQ(names, "Host Connection X-Own Upgrade ") << "a proxy has rules of its own about Upgrade";

  const std::string answer = "HTTP/1.1 200 OK\r\nX-Hop: 1\r\nConnection: x-hop\r\nX-End: 1\r\n\r\n";
  const Head head = head_of(answer, HeadKind::response);
  fields.split_response(answer, head);
  EXPECT_EQ(fields.size(), 3U) << "a client is the hop that they are for";
  fields.end_hop(head);
  EXPECT_EQ(fields.size(), 2U);
}

}  // namespace
}  // namespace switchgear::http
