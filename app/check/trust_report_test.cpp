#include "app/check/trust_report.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::check {
namespace {

config::TrustOptions trust_in(const std::string& keys) {
  return config::config_of("version: 1\ngateway: {" + keys + "}\n").gateway.trust;
}

TEST(TrustReport, SaysWhoIsTrustedWithWhat) {
  EXPECT_EQ(to_text(trust_in("threads: 1")), "");
  EXPECT_EQ(to_text(trust_in("trusted_proxies: []")),
            "\nclients\n"
            "  trusted     no proxy: X-Forwarded-* and Forwarded are replaced\n"
            "  deadlines   services are told by x-request-deadline-ms; none is believed\n");
  EXPECT_EQ(
      to_text(trust_in("trusted_proxies: [\"10.0.0.0/8\", \"::1\"], proxy_protocol: true")),
      "\nclients\n"
      "  trusted     10.0.0.0/8, ::1: their X-Forwarded-* and Forwarded are believed, others' replaced\n"
      "  connection  theirs begins with a PROXY header, others' must not\n"
      "  deadlines   x-request-deadline-ms limits their calls; services are told theirs\n");
  EXPECT_EQ(
      to_text(trust_in("trusted_proxies: [unix, \"::1\"]")),
      "\nclients\n"
      "  trusted     clients of Unix sockets, ::1: their X-Forwarded-* and Forwarded are believed, others' "
      "replaced\n"
      "  deadlines   x-request-deadline-ms limits their calls; services are told theirs\n");
  EXPECT_EQ(to_text(trust_in("trusted_proxies: [\"::1\"], deadlines: {send: false}")),
            "\nclients\n"
            "  trusted     ::1: their X-Forwarded-* and Forwarded are believed, others' replaced\n"
            "  deadlines   x-request-deadline-ms limits their calls; services are not told\n");
}

TEST(TrustReport, NamesTheFirstOfManyNetworks) {
  std::string list;
  for (int i = 0; i < 100; ++i) list += "10.0.0." + std::to_string(i) + ", ";
  const std::string text = to_text(trust_in("trusted_proxies: [" + list + "]"));
  EXPECT_NE(text.find("10.0.0.7 and 92 more: "), std::string::npos) << text;
}

TEST(TrustReport, TellsProgramsTheSame) {
  const auto json = to_json(trust_in("trusted_proxies: [\"10.0.0.0/8\"], proxy_protocol: true"));
  EXPECT_EQ(json.at("trusted_proxies").as_array().at(0).as_string(), "10.0.0.0/8");
  EXPECT_TRUE(json.at("proxy_protocol").as_bool());
  EXPECT_TRUE(json.at("deadlines").at("send").as_bool());
  EXPECT_EQ(to_json(trust_in("trusted_proxies: [unix]")).at("trusted_proxies"), boost::json::array{"unix"});
  EXPECT_TRUE(to_json(trust_in("threads: 1")).at("trusted_proxies").is_null());
}

}  // namespace
}  // namespace switchgear::check
