#include "switchgear/http/proxy_header.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace switchgear::http {
namespace {

using namespace std::string_literals;

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string two(std::size_t number) {
  return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xFFU)};
}
std::string v2(char command, char family, const std::string& rest) {
  return signature + command + family + two(rest.size()) + rest;
}
std::string field(char type, const std::string& value) { return type + two(value.size()) + value; }

/// 203.0.113.9:56324 to 192.0.2.2:443.
const std::string ipv4 = "\xCB\x00\x71\x09\xC0\x00\x02\x02\xDC\x04\x01\xBB"s;
const std::string ipv6 = "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07"s +
                         "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01"s + "\xDC\x04\x01\xBB"s;
constexpr char proxy = '\x21';
constexpr char local = '\x20';

struct Read {
  explicit Read(const std::string& bytes) : result(read_proxy_header(bytes, header)) {}
  [[nodiscard]] std::string client() const {
    if (result != ProxyRead::complete) return std::string{to_string(result)};
    if (!header.addresses) return "none";
    return header.addresses->client + " " + std::to_string(header.addresses->client_port) + " " +
           std::to_string(header.addresses->connected_port);
  }
  ProxyHeader header;
  ProxyRead result;
};

/// CRC32C, bit by bit.
std::uint32_t checksum(const std::string& bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int i = 0; i < 8; ++i) crc = crc >> 1U ^ (0x82F63B78U & (0U - (crc & 1U)));
  }
  return ~crc;
}

std::string with_checksum(const std::string& addresses, const std::string& before, const std::string& after) {
  std::string whole = v2(proxy, '\x11', addresses + before + field('\x03', "\0\0\0\0"s) + after);
  const std::uint32_t crc = checksum(whole);
  const std::size_t place = 16 + addresses.size() + before.size() + 3;
  for (std::size_t i = 0; i < 4; ++i) whole[place + i] = static_cast<char>(crc >> (24 - 8 * i) & 0xFFU);
  return whole;
}

std::vector<std::string> good_ones() {
  return {
      "PROXY TCP4 203.0.113.9 192.0.2.2 56324 443\r\n",
      "PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n",
      "PROXY UNKNOWN\r\n",
      "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
      v2(proxy, '\x11', ipv4),
      v2(proxy, '\x21', ipv6),
      v2(local, '\x00', ""),
      v2(local, '\x11', ipv4 + "whatever this is"),
      v2(proxy, '\x00', ""),
      v2(proxy, '\x11', ipv4 + field('\x01', "http/1.1") + field('\x02', "shop.example") + field('\x04', "")),
      with_checksum(ipv4, field('\x04', "\0\0"s), field('\xEA', "\x01vpce-1"s))};
}

TEST(ProxyHeader, SaysWhoIsConnectedToTheBalancer) {
  EXPECT_EQ(Read{"PROXY TCP4 203.0.113.9 192.0.2.2 56324 443\r\nGET /"}.client(), "203.0.113.9 56324 443");
  EXPECT_EQ(Read{"PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n"}.client(), "2001:db8::7 56324 443");
  EXPECT_EQ(Read{v2(proxy, '\x11', ipv4) + "GET /"}.client(), "203.0.113.9 56324 443");
  EXPECT_EQ(Read{v2(proxy, '\x21', ipv6)}.client(), "2001:db8::7 56324 443");
  EXPECT_EQ(Read{v2(proxy, '\x11', ipv4 + field('\x02', "shop.example"))}.client(), "203.0.113.9 56324 443");
}

TEST(ProxyHeader, TakesNoneOfTheClientsOwnBytes) {
  for (const std::string& header : good_ones()) {
    for (const std::string& behind : {std::string{}, std::string{"GET / HTTP/1.1\r\n"}, header}) {
      const Read read{header + behind};
      EXPECT_EQ(read.result, ProxyRead::complete) << header;
      EXPECT_EQ(read.header.size, header.size()) << header;
    }
  }
}

TEST(ProxyHeader, IsReadOnceItIsWholeWhereverItIsCut) {
  for (const std::string& header : good_ones()) {
    for (std::size_t size = 0; size < header.size(); ++size)
      EXPECT_EQ(Read{header.substr(0, size)}.result, ProxyRead::need_more) << header << " " << size;
  }
}

TEST(ProxyHeader, OfABalancerThatSpeaksForItselfNamesNoClient) {
  for (const std::string& header :
       {"PROXY UNKNOWN\r\n"s, "PROXY UNKNOWN whatever\r\n"s, v2(local, '\x00', ""), v2(local, '\x11', ipv4),
        v2(proxy, '\x00', ""), v2(proxy, '\x12', ipv4) /* UDP */, v2(proxy, '\x31', std::string(216, 'x'))})
    EXPECT_EQ(Read{header}.client(), "none") << header;
}

TEST(ProxyHeader, IsRefusedWhenItBreaksARule) {
  for (const std::string& header : {"PROXY\t"s,
                                    "PROXY TCP4 203.0.113.9 192.0.2.2 56324 443\n"s,
                                    "PROXY TCP4 203.0.113.9 192.0.2.2 56324\r\n"s,
                                    "PROXY TCP4 203.0.113.9 192.0.2.2 56324 443 1\r\n"s,
                                    "PROXY TCP4 203.0.113.9 192.0.2.2 56324 443 \r\n"s,
                                    "PROXY TCP4  203.0.113.9 192.0.2.2 56324 443\r\n"s,
                                    "PROXY TCP4 203.0.113.9 192.0.2.2 56324 65536\r\n"s,
                                    "PROXY TCP4 203.0.113.9 192.0.2.2 056324 443\r\n"s,
                                    "PROXY TCP4 203.0.113.9 192.0.2.2 -1 443\r\n"s,
                                    "PROXY TCP4 203.0.113 192.0.2.2 56324 443\r\n"s,
                                    "PROXY TCP4 2001:db8::7 2001:db8::1 56324 443\r\n"s,
                                    "PROXY TCP6 203.0.113.9 192.0.2.2 56324 443\r\n"s,
                                    "PROXY TCP4 203.0.113.9\0 192.0.2.2 56324 443\r\n"s,
                                    "PROXY TCP5 203.0.113.9 192.0.2.2 56324 443\r\n"s,
                                    "PROXY UNKNOWNS\r\n"s,
                                    "PROXY \r\n"s,
                                    "proxy TCP4 203.0.113.9 192.0.2.2 56324 443\r\n"s,
                                    "PROXY UNKNOWN " + std::string(200, 'x') + "\r\n",
                                    v2('\x11', '\x11', ipv4),
                                    v2('\x22', '\x11', ipv4),
                                    v2(proxy, '\x41', ipv4),
                                    v2(proxy, '\x13', ipv4),
                                    v2(proxy, '\x11', ipv4.substr(1)),
                                    v2(proxy, '\x21', ipv4),
                                    v2(proxy, '\x31', ipv6),
                                    v2(proxy, '\x11', ipv4 + "\x01"),
                                    v2(proxy, '\x11', ipv4 + "\x01\0\x05http"s),
                                    v2(proxy, '\x11', ipv4 + field('\x03', "abc"s)),
                                    v2(proxy, '\x11', ipv4 + field('\x03', "abcd"s)),
                                    signature + proxy + '\x11' + "\xFF\xFF",
                                    "GET / HTTP/1.1\r\n"s,
                                    "\x16\x03\x01"s,
                                    "\r\n\r\n\r\n"s,
                                    "P0"s}) {
    const ProxyRead read = Read{header}.result;
    EXPECT_NE(read, ProxyRead::complete) << header;
    EXPECT_NE(read, ProxyRead::need_more) << header;
  }
}

TEST(ProxyHeader, WithAChecksumIsRefusedWhenAnyBitOfItIsAnother) {
  const std::string header = with_checksum(ipv4, field('\x04', "\0\0"s), "");
  ASSERT_EQ(checksum("123456789"), 0xE3069283U);
  ASSERT_EQ(Read{header}.result, ProxyRead::complete);
  for (std::size_t bit = 16 * 8; bit < header.size() * 8; ++bit) {
    std::string changed = header;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    const Read read{changed};
    // A type or a length that is another may hide the checksum, and what was covered is read as it came.
    const bool in_framing = (bit / 8 >= 28 && bit / 8 < 31) || (bit / 8 >= 33 && bit / 8 < 36);
    if (!in_framing) {
      EXPECT_EQ(read.result, ProxyRead::bad_checksum) << bit;
    }
  }
}

TEST(ProxyHeader, AnyBytesGiveAnAnswer) {
  std::mt19937 random{20'261'127};
  const std::vector<std::string> good = good_ones();
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = good[random() % good.size()];
    for (std::size_t changes = random() % 4; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    const Read read{bytes};
    if (read.result == ProxyRead::complete) {
      EXPECT_LE(read.header.size, bytes.size());
    }
  }
}

}  // namespace
}  // namespace switchgear::http
