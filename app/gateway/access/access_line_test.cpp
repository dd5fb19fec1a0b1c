#include "app/gateway/access/access_line.hpp"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <string>

#include "app/gateway/access/escaped.hpp"

namespace switchgear::gateway {
namespace {

using namespace std::chrono_literals;

constexpr timespec noon{1'795'694'740, 123'456'789};  // 2026-11-26T12:05:40.123Z

AccessEntry payment() {
  AccessEntry entry;
  entry.version = 11;
  entry.status = 200;
  entry.bytes = 128;
  entry.attempts = 2;
  entry.put(AccessField::client, "10.0.0.3");
  entry.put(AccessField::method, "GET");
  entry.put(AccessField::host, "shop");
  entry.put(AccessField::path, "/pay/1");
  entry.put(AccessField::service, "payment");
  entry.put(AccessField::upstream, "10.0.0.7:9001");
  entry.put(AccessField::source, "service");
  return entry;
}

std::string line(const AccessEntry& entry, const AccessOptions& options, Duration took = 812us) {
  AccessLine lines{options};
  TextBuffer buffer;
  lines.write(buffer, entry, noon, took);
  const std::string out{buffer.view()};
  EXPECT_TRUE(out.ends_with('\n'));
  EXPECT_EQ(out.find('\n'), out.size() - 1) << "one line";
  return out.substr(0, out.size() - 1);
}

AccessOptions as(AccessOptions::Format format) {
  AccessOptions options;
  options.file = "-";
  options.format = format;
  return options;
}
const AccessOptions json = as(AccessOptions::Format::json);
const AccessOptions text = as(AccessOptions::Format::text);

TEST(AccessLine, ReadsLikeTheCommonLogFormatWithMoreBehindIt) {
  EXPECT_EQ(line(payment(), text),
            "10.0.0.3 - - [26/Nov/2026:12:05:40 +0000] \"GET /pay/1 HTTP/1.1\" 200 128 host=\"shop\" "
            "duration=0.000812 service=\"payment\" upstream=\"10.0.0.7:9001\" attempts=2 source=service");
}

TEST(AccessLine, IsAnObjectWithTheSameInJson) {
  EXPECT_EQ(line(payment(), json),
            R"({"time":"2026-11-26T12:05:40.123Z","client":"10.0.0.3","method":"GET","host":"shop",)"
            R"("path":"/pay/1","protocol":"HTTP/1.1","status":200,"bytes":128,"duration":0.000812,)"
            R"("service":"payment","upstream":"10.0.0.7:9001","attempts":2,"source":"service"})");
}

TEST(AccessLine, LeavesOutWhatARequestDoesNotHave) {
  AccessEntry refused;
  refused.status = 400;
  refused.put(AccessField::client, "10.0.0.3");
  refused.put(AccessField::source, "gateway");
  refused.put(AccessField::reason, "http_request_error");
  refused.put(AccessField::detail, "the request line is malformed");
  EXPECT_EQ(line(refused, text, 0us),
            "10.0.0.3 - - [26/Nov/2026:12:05:40 +0000] \"-\" 400 0 duration=0.000000 source=gateway "
            "reason=http_request_error detail=\"the request line is malformed\"");
  const boost::json::object object = boost::json::parse(line(refused, json)).as_object();
  for (const char* absent : {"method", "path", "host", "protocol", "service", "upstream", "attempts"})
    EXPECT_FALSE(object.contains(absent)) << absent;
  AccessEntry left = payment();
  left.status = 0;
  EXPECT_NE(line(left, text).find("HTTP/1.1\" - 128"), std::string::npos) << "the client got no status";
  EXPECT_FALSE(boost::json::parse(line(left, json)).as_object().contains("status"));
}

TEST(AccessLine, HasOnlyTheFieldsThatWereChosen) {
  AccessOptions few = json;
  few.fields = {};
  few.fields.add(AccessField::status);
  few.fields.add(AccessField::query);
  AccessEntry entry = payment();
  entry.put(AccessField::query, "token=s3cret");
  EXPECT_EQ(line(entry, few), R"({"query":"token=s3cret","status":200})");
  few.format = AccessOptions::Format::text;
  EXPECT_EQ(line(entry, few), "- - - [-] \"- -?token=s3cret -\" 200 -");
  few.fields = {};
  few.format = AccessOptions::Format::json;
  EXPECT_EQ(line(entry, few), "{}");
}

TEST(AccessLine, NamesARequestFieldAsItWasAskedFor) {
  AccessOptions named = json;
  named.fields = {};
  named.headers = {"x-tenant", "x-other"};
  AccessEntry entry;
  entry.put_header("blue \"1\"");
  entry.put_header("");
  EXPECT_EQ(line(entry, named), R"({"header:x-tenant":"blue \"1\""})");
  named.format = AccessOptions::Format::text;
  EXPECT_NE(line(entry, named).find(R"( header:x-tenant="blue \"1\"")"), std::string::npos);
}

TEST(AccessLine, KeepsAnyBytesInTheirPlace) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const std::string& hostile : {all, all + all, std::string{"\" 200 1\n10.0.0.9 - - [x] \"GET /"},
                                     std::string{"\",\"status\":200,\"x\":\""}, std::string{"\\"},
                                     std::string{"\xc2\x9b\x31m\x1b[2J\x7f"}, std::string{"\xe2\x82"}}) {
    AccessEntry entry;
    entry.version = 11;
    for (const AccessField field : {AccessField::path, AccessField::host, AccessField::user_agent})
      entry.put(field, hostile);
    AccessOptions options = json;
    options.fields.add(AccessField::user_agent);
    const std::string as_json = line(entry, options);
    const boost::json::object object = boost::json::parse(as_json).as_object();
    EXPECT_EQ(object.size(), 7U) << as_json;  // time, host, path, protocol, bytes, duration, user_agent
    EXPECT_EQ(as_json.find('\x1b'), std::string::npos);
    EXPECT_EQ(as_json.find("\xc2\x9b"), std::string::npos) << "a terminal obeys it";
    options.format = AccessOptions::Format::text;
    for (const char c : line(entry, options)) EXPECT_TRUE(c >= ' ' && c <= '~');
  }
}

TEST(AccessLine, CutsOffTextsThatWouldFillTheLog) {
  AccessEntry entry;
  entry.version = 11;
  entry.put(AccessField::path, "/" + std::string(100'000, 'a'));
  EXPECT_LT(line(entry, text).size(), AccessEntry::longest + 200);
}

TEST(Escaped, WritesEveryByteThatIsNotUtf8AsTheReplacementCharacter) {
  TextBuffer out;
  append_json(out, "a\xff\xfe/\xe2\x82\xac\xc3");
  EXPECT_EQ(out.view(), "\"a\\ufffd\\ufffd/\xe2\x82\xac\\ufffd\"");
}

TEST(Escaped, SeesEachByteWhereverItStands) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string raw(20, 'x');
      raw[at] = static_cast<char>(byte);
      TextBuffer alone;
      append_escaped(alone, raw.substr(at, 1));
      TextBuffer out;
      append_escaped(out, raw);
      EXPECT_EQ(out.view(), raw.substr(0, at) + std::string{alone.view()} + raw.substr(at + 1))
          << byte << " " << at;
      EXPECT_EQ(alone.size() == 1, byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') << byte;
    }
  }
}

TEST(Escaped, KeepsAMessageOnOneLine) {
  TextBuffer out;
  append_on_one_line(out, "'a\nb\x1b' \"c\" \xc3\xa9");
  EXPECT_EQ(out.view(), "'a\\x0ab\\x1b' \"c\" \xc3\xa9");
}

}  // namespace
}  // namespace switchgear::gateway
