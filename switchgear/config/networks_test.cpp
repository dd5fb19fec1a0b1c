#include "switchgear/config/networks.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchgear::config {
namespace {

IpAddress at(const std::string& text) { return IpAddress::parse(text).value_or(IpAddress{}); }

TEST(IpAddress, IsReadFromPlainTextOnly) {
  for (const char* good : {"127.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:DB8::1", "fe80::1",
                           "::ffff:10.0.0.1", "64:ff9b::192.0.2.1"})
    EXPECT_TRUE(IpAddress::parse(good)) << good;
  for (const std::string& bad :
       {std::string{}, std::string{"localhost"}, std::string{"127.0.0.1:80"}, std::string{"[::1]"},
        std::string{"fe80::1%eth0"}, std::string{"127.1"}, std::string{"0x7f.0.0.1"},
        std::string{"127.0.0.256"}, std::string{"127.0.0.01"}, std::string{" 127.0.0.1"},
        std::string{"1:2:3:4:5:6:7:8:9"}, std::string{"127.0.0.1\0", 10}, std::string(200, '1')})
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
}

TEST(IpAddress, IsTheIpv4AddressThatItMaps) {
  EXPECT_EQ(at("::ffff:10.0.0.1"), at("10.0.0.1"));
  EXPECT_EQ(at("::ffff:a00:1").text(), "10.0.0.1");
  EXPECT_NE(at("::10.0.0.1"), at("10.0.0.1"));
}

TEST(Network, HoldsTheAddressesThatShareItsBits) {
  struct Case {
    const char* base;
    unsigned bits;
    std::vector<const char*> inside;
    std::vector<const char*> outside;
  };
  const std::vector<Case> cases{
      {"10.0.0.0",
       8,
       {"10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"},
       {"11.0.0.0", "9.255.255.255", "::a00:1"}},
      {"192.168.4.0", 22, {"192.168.4.1", "192.168.7.255"}, {"192.168.8.0", "192.168.3.255"}},
      {"127.0.0.1", 32, {"127.0.0.1"}, {"127.0.0.2", "127.0.0.0"}},
      {"0.0.0.0", 0, {"1.2.3.4", "255.255.255.255"}, {"::1", "2001:db8::1"}},
      {"2001:db8::", 33, {"2001:db8::1", "2001:db8:7fff::1"}, {"2001:db8:8000::1", "2001:db9::1"}},
      {"::1", 128, {"::1"}, {"::2", "0.0.0.1"}},
      {"::", 0, {"::1", "2001:db8::1"}, {"10.0.0.1", "::ffff:10.0.0.1"}}};
  for (const Case& one : cases) {
    const Network network{at(one.base), one.bits};
    for (const char* address : one.inside)
      EXPECT_TRUE(network.contains(at(address))) << network.text() << address;
    for (const char* address : one.outside)
      EXPECT_FALSE(network.contains(at(address))) << network.text() << address;
  }
}

TEST(Network, KeepsTheBitsThatMatter) {
  EXPECT_EQ(at("10.1.2.3").cut_to(8), at("10.0.0.0"));
  EXPECT_EQ(at("10.1.2.3").cut_to(15), at("10.0.0.0"));
  EXPECT_EQ(at("10.1.2.3").cut_to(32), at("10.1.2.3"));
  EXPECT_EQ(at("10.1.2.3").cut_to(0), at("0.0.0.0"));
  EXPECT_EQ(at("2001:db8:ffff::1").cut_to(33), at("2001:db8:8000::"));
}

}  // namespace
}  // namespace switchgear::config
