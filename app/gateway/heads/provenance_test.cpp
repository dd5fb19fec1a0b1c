#include "app/gateway/heads/provenance.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "app/gateway/heads/forwarding.hpp"
#include "switchgear/http/head_validator.hpp"

namespace switchgear::gateway {
namespace {

const config::Networks inside{
    {{*config::IpAddress::parse("10.0.0.0"), 8}, {*config::IpAddress::parse("fd00::"), 8}}};

/// A request that came from 10.0.0.1, by http, to port 8080.
struct Asked {
  explicit Asked(const std::string& lines, Claims claims = Claims::believed,
                 std::string_view peer = "10.0.0.1")
      : block("GET / HTTP/1.1\r\nHost: shop:81\r\n" + lines + "\r\n") {
    EXPECT_EQ(validator.advance(block), http::HeadValidator::Progress::complete) << lines;
    EXPECT_TRUE(fields.parse_request(block, validator.head())) << lines;
    from = provenance_of({peer, "http", 8080, claims}, validator.head(), fields, inside);
  }
  [[nodiscard]] std::string client() const { return std::string{from.client}; }
  /// The lines of these names that leave for the service, without their ends.
  [[nodiscard]] std::vector<std::string> sent() const {
    std::string out;
    write_request(out, validator.head(), fields, {"", "/", "shop", from, "us"});
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < out.size();) {
      const std::size_t end = out.find("\r\n", at);
      const std::string line = out.substr(at, end - at);
      if (line.find("orwarded") != std::string::npos) lines.push_back(line);
      at = end + 2;
    }
    return lines;
  }

  std::string block;
  http::HeadValidator validator{http::HeadKind::request, {header_bytes, 1000, 8192}};
  http::FieldList fields;
  Provenance from;

  static constexpr std::size_t header_bytes = std::size_t{1} << 20U;
};

using Lines = std::vector<std::string>;

TEST(Provenance, AProxyBehindAUnixSocketHasNoAddressToAdd) {
  const std::string claims = "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n";
  const Asked believed{claims, Claims::believed, unix_client};
  EXPECT_EQ(believed.client(), "203.0.113.9");
  EXPECT_EQ(believed.sent(), (Lines{"X-Forwarded-For: 6.6.6.6, 203.0.113.9", "X-Forwarded-Host: shop:81",
                                    "X-Forwarded-Proto: http",
                                    "Forwarded: for=203.0.113.9, for=_unix;host=\"shop:81\";proto=http"}));
  const Asked silent{"", Claims::believed, unix_client};
  EXPECT_EQ(silent.client(), "unix:");
  EXPECT_EQ(silent.sent(),
            (Lines{"X-Forwarded-For: unix:", "X-Forwarded-Host: shop:81", "X-Forwarded-Proto: http"}));
  const Asked replaced{claims, Claims::replaced, unix_client};
  EXPECT_EQ(replaced.client(), "unix:");
  EXPECT_EQ(replaced.sent(),
            (Lines{"X-Forwarded-For: unix:", "X-Forwarded-Host: shop:81", "X-Forwarded-Proto: http",
                   "Forwarded: for=_unix;host=\"shop:81\";proto=http"}));
}

TEST(Provenance, TheClientIsTheNearestAddressThatIsNotAProxys) {
  struct Case {
    const char* list;
    const char* client;
  };
  for (const Case& one : std::vector<Case>{{"203.0.113.9", "203.0.113.9"},
                                           {"6.6.6.6, 203.0.113.9", "203.0.113.9"},
                                           {"6.6.6.6, 203.0.113.9, 10.9.9.9, 10.8.8.8", "203.0.113.9"},
                                           {"203.0.113.9:4711,10.9.9.9:80", "203.0.113.9"},
                                           {"2001:db8::7, fd00::1, [fd00::2]:80", "2001:db8::7"},
                                           {"[2001:db8::7]:4711", "2001:db8::7"},
                                           {"::ffff:203.0.113.9, ::ffff:10.1.1.1", "::ffff:203.0.113.9"},
                                           {"10.3.3.3, 10.2.2.2", "10.3.3.3"},
                                           {"203.0.113.9, , ,10.2.2.2,", "203.0.113.9"}})
    EXPECT_EQ(Asked{"X-Forwarded-For: " + std::string{one.list} + "\r\n"}.client(), one.client) << one.list;
  EXPECT_EQ(Asked{"X-Forwarded-For: 203.0.113.9\r\nX-Own: 1\r\nx-forwarded-for: 10.2.2.2\r\n"}.client(),
            "203.0.113.9")
      << "several lines are one list";
  EXPECT_EQ(Asked{""}.client(), "10.0.0.1");
}

TEST(Provenance, WhatIsLeftOfSomethingMalformedIsNotBelieved) {
  for (const char* bad :
       {"unknown", "_hidden", "localhost", "10.1.1.1.1", "10.1.1", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:123456",
        "[::1", "[1.2.3.4]", "[::1]x", "\"10.1.1.1\"", "10.1.1.1 10.1.1.2", "<script>"}) {
    const Asked asked{"X-Forwarded-For: 6.6.6.6, " + std::string{bad} + ", 10.2.2.2\r\n"};
    EXPECT_EQ(asked.client(), "10.2.2.2") << bad;
    EXPECT_EQ(asked.sent().front(), "X-Forwarded-For: 10.2.2.2, 10.0.0.1") << bad;
  }
}

TEST(Provenance, ListsAreBelievedUpToThirtyTwoAddresses) {
  std::string list;
  for (int i = 0; i < 20'000; ++i) list += "10.1.1.1, ";
  const Asked asked{"X-Forwarded-For: 6.6.6.6, " + list + "10.2.2.2\r\n"};
  EXPECT_EQ(asked.client(), "10.1.1.1");
  EXPECT_LT(asked.sent().front().size(), 400U);

  std::string elements;
  for (int i = 0; i < 20'000; ++i) elements += "for=10.1.1.1, ";
  const Asked other{"Forwarded: for=6.6.6.6, " + elements + "for=10.2.2.2\r\n"};
  EXPECT_EQ(other.client(), "10.1.1.1");
  EXPECT_EQ(other.from.nodes.size(), 32U);
  EXPECT_EQ(other.from.nodes.front().address, "10.2.2.2");
}

TEST(Provenance, ATrustedProxysFieldsAreExtended) {
  const Asked asked{
      "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n"
      "X-Forwarded-Port: 443\r\nX-Forwarded-Prefix: /pay\r\nForwarded: for=203.0.113.9;proto=https\r\n"};
  EXPECT_EQ(asked.sent(),
            (Lines{"X-Forwarded-Prefix: /pay", "X-Forwarded-For: 203.0.113.9, 10.0.0.1",
                   "X-Forwarded-Host: shop.example", "X-Forwarded-Proto: https", "X-Forwarded-Port: 443",
                   "Forwarded: for=203.0.113.9;proto=https, for=10.0.0.1;host=\"shop:81\";proto=http"}));
  EXPECT_EQ(Asked{""}.sent(),
            (Lines{"X-Forwarded-For: 10.0.0.1", "X-Forwarded-Host: shop:81", "X-Forwarded-Proto: http"}));
}

TEST(Provenance, WhatAStrangerSaysIsReplaced) {
  const Asked asked{
      "X-Forwarded-For: 203.0.113.9\r\nx-forwarded-for: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n"
      "X-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Prefix: /pay\r\n"
      "X_Forwarded_Server: evil\r\nForwarded: for=203.0.113.9;host=evil.example\r\nForwarded: for=1\r\n",
      Claims::replaced};
  EXPECT_EQ(asked.client(), "10.0.0.1");
  EXPECT_EQ(asked.sent(),
            (Lines{"X-Forwarded-For: 10.0.0.1", "X-Forwarded-Host: shop:81", "X-Forwarded-Proto: http",
                   "X-Forwarded-Port: 8080", "Forwarded: for=10.0.0.1;host=\"shop:81\";proto=http"}));
}

TEST(Provenance, AMalformedWordOfATrustedProxyIsReplacedToo) {
  const Asked asked{"X-Forwarded-Proto: ht tp\r\nX-Forwarded-Host: a b\r\nX-Forwarded-Port: 70000\r\n"};
  EXPECT_EQ(asked.sent(), (Lines{"X-Forwarded-For: 10.0.0.1", "X-Forwarded-Host: shop:81",
                                 "X-Forwarded-Proto: http", "X-Forwarded-Port: 8080"}));
}

TEST(Provenance, ForwardedCountsWhenThereIsNoXForwardedFor) {
  const Asked asked{
      "Forwarded: for=6.6.6.6, For=\"[2001:db8::7]:4711\";Proto=https;Host=\"shop.example:8443\";by=_x,"
      "for=10.2.2.2\r\n"};
  EXPECT_EQ(asked.client(), "2001:db8::7");
  EXPECT_EQ(asked.from.scheme, "https");
  EXPECT_EQ(asked.from.host, "shop.example:8443");
  EXPECT_EQ(asked.sent(), (Lines{"X-Forwarded-For: 6.6.6.6, 2001:db8::7, 10.2.2.2, 10.0.0.1",
                                 "X-Forwarded-Host: shop.example:8443", "X-Forwarded-Proto: https",
                                 "Forwarded: for=6.6.6.6, For=\"[2001:db8::7]:4711\";Proto=https;"
                                 "Host=\"shop.example:8443\";by=_x, for=10.2.2.2, "
                                 "for=10.0.0.1;host=\"shop:81\";proto=http"}));
  EXPECT_EQ(Asked{"Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 203.0.113.9\r\n"}.client(), "203.0.113.9")
      << "a proxy that writes the one may pass on the other";
}

TEST(Provenance, AForwardedThatCannotBeToldApartIsNotBelieved) {
  for (const char* bad : {"for=\"6.6.6.6", "for=\"a, for=\"[2001:db8::1]:80\"", "for", "for=", "=1", "for =1",
                          "for=1;=2", "for=6.6.6.6 for=7.7.7.7", "for=\"6.6.6.6\\\""}) {
    const Asked asked{"Forwarded: for=6.6.6.6, " + std::string{bad} + "\r\nForwarded: for=10.2.2.2\r\n"};
    EXPECT_EQ(asked.client(), "10.2.2.2") << bad;
    EXPECT_EQ(asked.sent().back(), "Forwarded: for=10.2.2.2, for=10.0.0.1;host=\"shop:81\";proto=http")
        << bad;
  }
  const Asked hidden{"Forwarded: for=6.6.6.6, for=_hidden, for=10.2.2.2\r\n"};
  EXPECT_EQ(hidden.client(), "10.2.2.2") << "well-formed, but whoever it is stays unknown";
  EXPECT_EQ(hidden.sent().front(), "X-Forwarded-For: 10.2.2.2, 10.0.0.1");
  EXPECT_EQ(Asked{"Forwarded: ;for=203.0.113.9;;proto=https; ,, \r\n"}.client(), "203.0.113.9");
  EXPECT_EQ(Asked{"Forwarded: for=\"a\\\"b\", for=203.0.113.9\r\n"}.client(), "203.0.113.9");
}

TEST(Provenance, NoBytesOfAStrangerBreakALineOrMakeAnError) {
  constexpr std::string_view letters = "0123456789.:[]\",;= \tforby\\_-x";
  std::mt19937 random{20'261'127};
  for (int round = 0; round < 20'000; ++round) {
    std::string value;
    for (std::size_t size = random() % 60; size > 0; --size) value += letters[random() % letters.size()];
    const Asked asked{"X-Forwarded-For: " + (round % 3 == 0 ? "" : value) + "\r\nForwarded: " + value +
                      "\r\n"};
    EXPECT_FALSE(asked.from.client.empty());
    EXPECT_TRUE(config::IpAddress::parse(asked.from.client)) << value;
    for (const std::string& line : asked.sent()) EXPECT_EQ(line.find('\n'), std::string::npos) << value;
  }
}

TEST(Provenance, LeavesAStrangerNoSpellingOfAFieldByWhichServicesKnowClients) {
  std::string lines;
  for (const char* name :
       {"X-Forwarded", "X.Forwarded.For", "X__Forwarded_For", "X-Forwarded-Prefix", "x_forwarded_prefix",
        "X--Forwarded-Proto", "X-Real-IP", "X_Real_IP", "X-Forwardedness"})
    lines += std::string{name} + ": 6.6.6.6 forwarded\r\n";
  EXPECT_EQ((Asked{lines, Claims::replaced}.sent()),
            (Lines{"X-Forwardedness: 6.6.6.6 forwarded", "X-Forwarded-For: 10.0.0.1",
                   "X-Forwarded-Host: shop:81", "X-Forwarded-Proto: http"}));
}

TEST(Provenance, BelievesATrustedProxyOnlyInThePlainSpelling) {
  const Asked asked{
      "X-Forwarded-Prefix: /a\r\nX_Forwarded_Prefix: /forwarded\r\nX.Forwarded.For: 6.6.6.6\r\n"
      "X-Real-IP: 203.0.113.9 forwarded\r\nX_Real_IP: 6.6.6.6 forwarded\r\n"};
  EXPECT_EQ(asked.client(), "10.0.0.1");
  EXPECT_EQ(asked.sent(),
            (Lines{"X-Forwarded-Prefix: /a", "X-Real-IP: 203.0.113.9 forwarded", "X-Forwarded-For: 10.0.0.1",
                   "X-Forwarded-Host: shop:81", "X-Forwarded-Proto: http"}));
}

TEST(Provenance, ListThatConnectionNamesIsForThisHopOnly) {
  const Asked asked{"X-Forwarded-For: 203.0.113.9\r\nConnection: x-forwarded-for\r\n"};
  EXPECT_EQ(asked.client(), "10.0.0.1");
  EXPECT_EQ(asked.sent().front(), "X-Forwarded-For: 10.0.0.1");
}

}  // namespace
}  // namespace switchgear::gateway
