#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

/// `keys` start at line 2, column 11.
std::string with(const std::string& keys) { return "version: 1\ngateway: {" + keys + "}\n"; }

std::string networks_of(const TrustOptions& trust) {
  std::string all;
  for (const Network& network : trust.proxies->all()) all += network.text() + " ";
  return all;
}

TEST(TrustSection, EveryKeyArrives) {
  const TrustOptions read =
      config_of(
          with("trusted_proxies: [\"10.0.0.0/8\", 192.0.2.7, \"::1\", \"2001:db8::/32\", "
               "\"::ffff:172.16.0.0/108\"], proxy_protocol: true, deadlines: {receive: false, send: false}"))
          .gateway.trust;
  EXPECT_EQ(networks_of(read), "10.0.0.0/8 192.0.2.7 ::1 2001:db8::/32 172.16.0.0/12 ");
  EXPECT_TRUE(read.proxy_protocol);
  EXPECT_FALSE(read.receive_deadlines);
  EXPECT_FALSE(read.send_deadlines);
}

TEST(TrustSection, AnEmptyListIsNotTheSameAsNone) {
  EXPECT_FALSE(config_of(with("threads: 1")).gateway.trust.proxies);
  EXPECT_TRUE(config_of(with("trusted_proxies: []")).gateway.trust.proxies->empty());
}

TEST(TrustSection, MistakesAreLocated) {
  expect_answers({
      {with("trusted_proxies: \"10.0.0.0/8\""),
       "f.yaml:2:28: gateway.trusted_proxies: \"10.0.0.0/8\" found; expected a list, as in [\"10.0.0.0/8\", "
       "\"::1\"]"},
      {with("trusted_proxies: [proxy.example.com]"),
       "f.yaml:2:29: gateway.trusted_proxies[0]: \"proxy.example.com\" is not an IP address or network; "
       "expected, for example, \"10.0.0.0/8\" or \"::1\", or unix for clients of Unix sockets"},
      {with("trusted_proxies: [unix:/run/a.sock]"),
       "f.yaml:2:29: gateway.trusted_proxies[0]: \"unix:/run/a.sock\" is not an IP address or network; "
       "expected, for example, \"10.0.0.0/8\" or \"::1\", or unix for clients of Unix sockets"},
      {with("trusted_proxies: [\"10.0.0.0/33\"]"),
       "f.yaml:2:29: gateway.trusted_proxies[0]: \"10.0.0.0/33\" has a length out of range; expected one "
       "from 0 "
       "to 32"},
      {with("trusted_proxies: [\"10.0.0.0/\"]"),
       "f.yaml:2:29: gateway.trusted_proxies[0]: \"10.0.0.0/\" has a length out of range; expected one from "
       "0 "
       "to 32"},
      {with("trusted_proxies: [\"::ffff:10.0.0.0/8\"]"),
       "f.yaml:2:29: gateway.trusted_proxies[0]: \"::ffff:10.0.0.0/8\" has a length out of range; expected "
       "one "
       "from 96 to 128"},
      {with("proxy_protocol: true"),
       "f.yaml:2:27: gateway.proxy_protocol: only trusted proxies may send PROXY headers; add "
       "trusted_proxies, "
       "for example [\"10.0.0.0/8\", \"::1\"]"},
      {with("proxy_protocol: true, trusted_proxies: []"),
       "f.yaml:2:27: gateway.proxy_protocol: only trusted proxies may send PROXY headers; add "
       "trusted_proxies, "
       "for example [\"10.0.0.0/8\", \"::1\"]"},
      {with("deadlines: {send: 1}"),
       "f.yaml:2:29: gateway.deadlines.send: \"1\" is neither true nor false; expected true or false"},
  });
}

TEST(TrustSection, ClientsOfUnixSocketsAreTrustedByAWord) {
  const auto trust = [](const std::string& keys) { return config_of(with(keys)).gateway.trust; };
  const std::string listen = "listen: \"unix:/run/a.sock\", ";
  EXPECT_TRUE(trust(listen + "trusted_proxies: [unix]").unix_peers);
  EXPECT_TRUE(trust(listen + "trusted_proxies: [unix]").proxies->empty());
  EXPECT_FALSE(trust(listen + "trusted_proxies: [unix]").trusts_none());
  EXPECT_EQ(networks_of(trust(listen + "trusted_proxies: [\"10.0.0.0/8\", unix, \"::1\"]")),
            "10.0.0.0/8 ::1 ");
  EXPECT_TRUE(trust(listen + "trusted_proxies: [unix], proxy_protocol: true").proxy_protocol);
  EXPECT_FALSE(trust("trusted_proxies: []").unix_peers);
  EXPECT_TRUE(trust("trusted_proxies: []").trusts_none());
  EXPECT_FALSE(trust("threads: 1").trusts_none());
}

TEST(TrustSection, TheWordIsOfNoUseWithoutAUnixSocket) {
  EXPECT_EQ(
      warnings_of(with("trusted_proxies: [unix]")),
      (std::vector<std::string>{"f.yaml:2:28: gateway.trusted_proxies: trusts clients of Unix sockets, and "
                                "gateway.listen has none"}));
  EXPECT_TRUE(warnings_of(with("listen: [\"127.0.0.1:0\", \"unix:@a\"], trusted_proxies: [unix]")).empty());
}

TEST(TrustSection, ANetworkWithFurtherBitsIsReadWithoutThemAndSaidSo) {
  const Loaded loaded = load_text(with("trusted_proxies: [\"10.1.2.3/8\"]"), "f.yaml");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(networks_of(loaded.config->gateway.trust), "10.0.0.0/8 ");
  ASSERT_EQ(loaded.warnings.size(), 1U);
  EXPECT_EQ(loaded.warnings[0].text(),
            "f.yaml:2:29: gateway.trusted_proxies[0]: \"10.1.2.3/8\" is read as \"10.0.0.0/8\"; write that");
}

}  // namespace
}  // namespace switchgear::config
