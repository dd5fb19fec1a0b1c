#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using std::chrono::seconds;

/// `keys` start at line 2, column 11.
std::string with(const std::string& keys) { return "version: 1\ngateway: {" + keys + "}\n"; }

TEST(GatewaySection, AbsentMeansDefaults) { EXPECT_EQ(config_of("version: 1\n").gateway, GatewayOptions{}); }

TEST(GatewaySection, EveryKeyArrives) {
  const GatewayOptions read =
      config_of(with("listen: \"[::1]:0\", admin: \"localhost:0\", threads: 2, token: s3cret,"
                     " origins: [\"HTTPS://Ops.Example.com:443\", \"http://localhost:3000\"],"
                     " limits: {header_bytes: 16384, header_fields: 50, target_bytes: 4096, body_bytes: 1000,"
                     " buffered_body_bytes: 300, cached_body_bytes: 400, connections: 20, header_timeout: "
                     "1s, body_timeout: 2s, min_body_rate: 700, idle_timeout: 3s, write_timeout: 4s,"
                     " drain_timeout: 0s, upgrade_idle: 5s}"))
          .gateway;
  GatewayOptions expected;
  expected.listen = {{{"::1", 0}}};
  expected.admin = {"localhost", 0};
  expected.threads = 2;
  expected.admin_token = "s3cret";
  expected.admin_origins = {"https://ops.example.com", "http://localhost:3000"};
  expected.limits = {.header_bytes = 16384,
                     .header_fields = 50,
                     .target_bytes = 4096,
                     .body_bytes = 1000,
                     .buffered_body_bytes = 300,
                     .cached_body_bytes = 400,
                     .connections = 20,
                     .header_timeout = seconds{1},
                     .body_timeout = seconds{2},
                     .min_body_rate = 700,
                     .idle_timeout = seconds{3},
                     .write_timeout = seconds{4},
                     .drain_timeout = seconds{0},
                     .upgrade_idle = seconds{5}};
  EXPECT_EQ(read, expected);
}

TEST(GatewaySection, ListensOnOneAddressOrOnSeveral) {
  using Listeners = std::vector<Listener>;
  const auto read = [](const std::string& keys) { return config_of(with(keys)).gateway.listen; };
  EXPECT_EQ(read("listen: \"unix:/run/s.sock\""), (Listeners{{{"unix:/run/s.sock", 0}}}));
  EXPECT_EQ(read("listen: [\"0.0.0.0:80\", \"[::]:80\", \"unix:@s\"]"),
            (Listeners{{{"0.0.0.0", 80}}, {{"::", 80}}, {{"unix:@s", 0}}}));
  EXPECT_EQ(read("listen: {address: \"unix:/run/s.sock\", mode: \"600\", tls: false}"),
            (Listeners{{{"unix:/run/s.sock", 0}, Encryption::none, 0600}}));
  EXPECT_EQ(config_of(with("takeover: /run/t.sock")).gateway.takeover, "/run/t.sock");
}

TEST(GatewaySection, ListenersThatCannotBeAreLocated) {
  expect_answers({
      {with("listen: []"), "f.yaml:2:19: gateway.listen: an empty list found; expected at least one address"},
      {with("listen: [\"a:0\", \"a:0\"]"),
       "f.yaml:2:27: gateway.listen[1]: \"a:0\" is in the list twice; expected it once"},
      {with("listen: [\"127.0.0.1:1\", \"[::ffff:127.0.0.1]:1\"]"),
       "f.yaml:2:35: gateway.listen[1]: \"[::ffff:127.0.0.1]:1\" is in the list twice; expected it once"},
      {with("listen: [\"unix:/run/s.sock\", \"unix:/run/../run/s.sock\"]"),
       "f.yaml:2:40: gateway.listen[1]: \"unix:/run/../run/s.sock\" is in the list twice; expected it once"},
      {with("listen: [\"a:1\", \"0.0.0.0:1\"]"),
       "f.yaml:2:27: gateway.listen[1]: \"0.0.0.0:1\" and \"a:1\" have one port in common; expected another "
       "port, or one of the two"},
      {with("listen: [\"unix:s.sock\"]"),
       "f.yaml:2:20: gateway.listen[0]: \"unix:s.sock\" does not name a socket by an absolute path; expected "
       "unix:/PATH, as in \"unix:/run/app.sock\""},
      {with("listen: {mode: \"0600\"}"),
       "f.yaml:2:11: gateway.listen.address: is missing; write \"address: 127.0.0.1:8080\""},
      {with("listen: {address: \"unix:/a\", mode: \"0999\"}"),
       "f.yaml:2:46: gateway.listen.mode: \"0999\" is not the mode of a file; expected one such as \"0660\""},
      {with("takeover: \"@t\""),
       "f.yaml:2:21: gateway.takeover: \"@t\" has an abstract name, which any user may take; expected a "
       "path"},
  });
}

TEST(GatewaySection, MistakesAreLocated) {
  expect_answers({
      {with("listen: 8080"),
       "f.yaml:2:19: gateway.listen: \"8080\" has no port; expected HOST:PORT, as in \"127.0.0.1:8080\""},
      {with("listen: \":8080\""),
       "f.yaml:2:19: gateway.listen: \":8080\" has no host; write \"127.0.0.1:8080\", or \"0.0.0.0:8080\" "
       "for every "
       "interface"},
      {with("listen: \"127.0.0.1:70000\""),
       "f.yaml:2:19: gateway.listen: \"127.0.0.1:70000\" has a port out of range; expected one from 0 to "
       "65535"},
      {with("listen: \"http://a:80\""),
       "f.yaml:2:19: gateway.listen: \"http://a:80\" is not an address; expected HOST:PORT, as in "
       "\"127.0.0.1:8080\""},
      {with("listen: \"::1:8080\""),
       "f.yaml:2:19: gateway.listen: \"::1:8080\" is not an address; expected HOST:PORT, as in "
       "\"127.0.0.1:8080\""},
      {with("listen: [a]"),
       "f.yaml:2:20: gateway.listen[0]: \"a\" has no port; expected HOST:PORT, as in \"127.0.0.1:8080\""},
      {with("listen: \"a:1\", admin: \"a:1\""),
       "f.yaml:2:33: gateway.admin: listen and admin share one address; expected two"},
      {with("listen: \"127.0.0.1:9090\""),
       "f.yaml:2:19: gateway.listen: listen and admin share one address; expected two"},
      {with("listen: \"0.0.0.0:9090\""),
       "f.yaml:2:19: gateway.listen: listen and admin share one address; expected two"},
      {with("threads: 0"),
       "f.yaml:2:20: gateway.threads: \"0\" is out of range; expected a whole number from 1 to 256"},
      {with("threads: \"4\""),
       "f.yaml:2:20: gateway.threads: \"4\" is text; expected a whole number from 1 to 256 without quotes"},
      {with("origins: [\"*\"]"),
       "f.yaml:2:21: gateway.origins[0]: \"*\" is not an origin; expected SCHEME://HOST[:PORT], as in "
       "\"https://ops.example.com\""},
      {with("origins: [\"http://a/\"]"),
       "f.yaml:2:21: gateway.origins[0]: \"http://a/\" is not an origin; expected SCHEME://HOST[:PORT], as "
       "in \"https://ops.example.com\""},
      {with("limits: {header_byte: 5}"),
       "f.yaml:2:20: gateway.limits.header_byte: unknown key; did you mean \"header_bytes\"?"},
      {with("limits: {header_bytes: 1}"),
       "f.yaml:2:34: gateway.limits.header_bytes: \"1\" is out of range; expected a whole number from 1024 "
       "to 1048576"},
      {with("limits: {header_bytes: 4096, target_bytes: 4096}"),
       "f.yaml:2:54: gateway.limits.target_bytes: 4096 does not fit into header_bytes (4096); expected less"},
      {with("limits: {idle_timeout: 60}"),
       "f.yaml:2:34: gateway.limits.idle_timeout: \"60\" has no unit; write \"60s\""},
      {"version: 1\ngateway: 5\n", "f.yaml:2:10: gateway: a number found; expected a mapping (key: value)"},
      {"gateway: {}\n", "f.yaml:1:1: version: is missing; write \"version: 1\""},
      {"version: 2\n", "f.yaml:1:10: version: \"2\" is out of range; expected 1"},
      {"version: one\n", "f.yaml:1:10: version: \"one\" is not a whole number; expected 1"},
      {"version: 1\ngatway: {}\n", "f.yaml:2:1: gatway: unknown key; did you mean \"gateway\"?"},
  });
}

TEST(GatewaySection, TheTokenComesFromAFileBesideTheConfiguration) {
  const TemporaryDirectory directory;
  directory.write("token", "from-file\n");
  const std::string path = directory.write("gateway.yaml", with("token: \"file:token\""));
  const Loaded loaded = load_file(path);
  ASSERT_TRUE(loaded.config.has_value()) << loaded.errors.at(0).text();
  EXPECT_EQ(loaded.config->gateway.admin_token, "from-file");
  EXPECT_EQ(config_of(with("token: \"file:" + directory.path() + "/token\"")).gateway.admin_token,
            "from-file");
}

TEST(GatewaySection, ATokenWrittenAsAShellWouldIsWarnedAbout) {
  EXPECT_EQ(warnings_of(with("token: $ADMIN_TOKEN")),
            (std::vector<std::string>{
                "f.yaml:2:18: gateway.token: is taken as it stands, with its \"$\"; a variable "
                "is written ${VAR}"}));
  EXPECT_TRUE(warnings_of(with("token: p$ssW0rd")).empty());
  const Variable token("SWITCHGEAR_TEST_TOKEN", "$UPPER");
  EXPECT_TRUE(warnings_of(with("token: \"${SWITCHGEAR_TEST_TOKEN}\"")).empty());
}

TEST(GatewaySection, AnAdminServerThatOthersCanReachIsWarnedAboutUnlessItAsksForAToken) {
  for (const char* host : {"0.0.0.0", "[::]", "10.0.0.1", "ops.internal", "[::ffff:10.0.0.1]"}) {
    EXPECT_EQ(warnings_of(with("admin: \"" + std::string{host} + ":9090\"")),
              (std::vector<std::string>{
                  "f.yaml:2:18: gateway.admin: other machines can reach it, and it requires no token: anyone "
                  "there can open and reset the breakers; set gateway.token, or listen on 127.0.0.1"}))
        << host;
    EXPECT_TRUE(warnings_of(with("admin: \"" + std::string{host} + ":9090\", token: s3cret")).empty())
        << host;
  }
  for (const char* host :
       {"127.0.0.1", "127.1.2.3", "[::1]", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f01:203]"})
    EXPECT_TRUE(warnings_of(with("admin: \"" + std::string{host} + ":9091\"")).empty()) << host;
}

TEST(GatewaySection, TheAdminServersKeysMayStandInAMappingOfTheirOwn) {
  const GatewayOptions read = config_of(with("admin: {listen: \"localhost:0\", token: s3cret,"
                                             " origins: [\"http://localhost:3000\"]}"))
                                  .gateway;
  EXPECT_EQ(read.admin, (Endpoint{"localhost", 0}));
  EXPECT_EQ(read.admin_token, "s3cret");
  EXPECT_EQ(read.admin_origins, (std::vector<std::string>{"http://localhost:3000"}));
  EXPECT_FALSE(read.admin_tls);
  EXPECT_EQ(config_of(with("admin: {}")).gateway, GatewayOptions{});
  EXPECT_EQ(warnings_of(with("admin: {listen: \"0.0.0.0:9090\"}")),
            (std::vector<std::string>{
                "f.yaml:2:27: gateway.admin.listen: other machines can reach it, and it requires no token: "
                "anyone there can open and reset the breakers; set gateway.token, or listen on 127.0.0.1"}));
  EXPECT_TRUE(warnings_of(with("admin: {listen: \"0.0.0.0:9090\", token: s3cret}")).empty());
}

TEST(GatewaySection, TheAdminServerMayBeOffAndProbesApart) {
  EXPECT_TRUE(config_of(with("admin: {}")).gateway.has_admin);
  for (const char* off : {"admin: false", "admin: {listen: false}"}) {
    EXPECT_FALSE(config_of(with(off)).gateway.has_admin) << off;
  }
  const GatewayOptions apart = config_of(with("admin: {listen: false, probes: \"0.0.0.0:9091\"}")).gateway;
  EXPECT_FALSE(apart.has_admin);
  EXPECT_EQ(apart.probes, (Endpoint{"0.0.0.0", 9091}));
  EXPECT_TRUE(warnings_of(with("admin: {listen: false, probes: \"0.0.0.0:9091\"}")).empty());
  EXPECT_TRUE(errors_of(with("admin: false, listen: \"127.0.0.1:9090\"")).empty()) << "the port is free";
  const GatewayOptions read = config_of(with("admin: {token: change, read_token: read}")).gateway;
  EXPECT_EQ(read.admin_token, "change");
  EXPECT_EQ(read.admin_read_token, "read");
}

TEST(GatewaySection, KeysOfAnAdminServerThatIsOffAreWarnedAbout) {
  const std::string off = " has no effect: the file turns the admin server off";
  EXPECT_EQ(warnings_of(with("admin: {listen: false, token: t, read_token: r, origins: [\"https://a\"]}")),
            (std::vector<std::string>{"f.yaml:2:41: gateway.admin.token:" + off,
                                      "f.yaml:2:56: gateway.admin.read_token:" + off,
                                      "f.yaml:2:68: gateway.admin.origins:" + off}));
  EXPECT_EQ(warnings_of(with("admin: false, token: t")),
            std::vector<std::string>{"f.yaml:2:32: gateway.token:" + off});
}

TEST(GatewaySection, ATokenInBothPlacesIsOneErrorWithoutOthersThatFollowFromIt) {
  const std::vector<std::string> once{
      "f.yaml:2:36: gateway.admin.token: stands in gateway as well; expected one of the two"};
  EXPECT_EQ(errors_of(with("token: a, admin: {token: b, read_token: r}")), once);
  EXPECT_EQ(errors_of(with("token: a, admin: {token: b, listen: \"0.0.0.0:9090\"}")), once);
  EXPECT_TRUE(warnings_of(with("token: a, admin: {token: b, listen: \"0.0.0.0:9090\"}")).empty());
}

TEST(GatewaySection, WhatIsWrongInTheAdminServersMappingIsNamed) {
  expect_answers({
      {with("admin: {listn: \"a:1\"}"),
       "f.yaml:2:19: gateway.admin.listn: unknown key; did you mean \"listen\"?"},
      {with("admin: {listen: \"a\"}"),
       "f.yaml:2:27: gateway.admin.listen: \"a\" has no port; expected HOST:PORT, as in \"127.0.0.1:8080\""},
      {with("admin: [a]"),
       "f.yaml:2:18: gateway.admin: a list found; expected an address such as "
       "\"127.0.0.1:9090\", a mapping such as {listen: \"127.0.0.1:9090\"}, or false"},
      {with("token: a, admin: {token: b}"),
       "f.yaml:2:36: gateway.admin.token: stands in gateway as well; expected one of the two"},
      {with("listen: \"a:1\", admin: {listen: \"a:1\"}"),
       "f.yaml:2:42: gateway.admin.listen: listen and admin share one address; expected two"},
      {with("admin: {read_token: r}"),
       "f.yaml:2:31: gateway.admin.read_token: needs token as well: without it, clients may change what they "
       "may not "
       "read"},
      {with("admin: {token: r, read_token: r}"),
       "f.yaml:2:41: gateway.admin.read_token: is the same as token, so its holders could change everything; "
       "expected "
       "another"},
      {with("admin: {probes: \"a\"}"),
       "f.yaml:2:27: gateway.admin.probes: \"a\" has no port; expected HOST:PORT, as in \"127.0.0.1:8080\""},
      {with("admin: {probes: \"127.0.0.1:9090\"}"),
       "f.yaml:2:27: gateway.admin.probes: admin and probes share one address; expected two"},
      {with("admin: {probes: \"0.0.0.0:8080\"}"),
       "f.yaml:2:27: gateway.admin.probes: listen and probes share one address; expected two"},
      {with("admin: true"),
       "f.yaml:2:18: gateway.admin: \"true\" has no port; expected HOST:PORT, as in \"127.0.0.1:8080\""},
      {with("admin: {tls: {}}"),
       "f.yaml:2:19: gateway.admin.tls.certificate: is missing; write "
       "\"certificate: file:server.pem, key: file:server.key\""},
  });
}

TEST(GatewaySection, OneNewlineIsTakenOffASecretAndNoMore) {
  const TemporaryDirectory directory;
  directory.write("token", "two\n\n");
  const std::string path = directory.write("gateway.yaml", with("token: \"file:token\""));
  EXPECT_EQ(
      lines_of(load_file(path).errors),
      (std::vector<std::string>{path + ":2:18: gateway.token: the secret is empty or holds a character that "
                                       "cannot stand in a header; expected visible ASCII without spaces"}));
}

TEST(GatewaySection, SecretsThatCannotBeHadAreErrorsThatDoNotTellThem) {
  const TemporaryDirectory directory;
  directory.write("empty", "");
  directory.write("large", std::string(64 * 1024 + 1, 'x'));
  directory.write("full", std::string(64 * 1024, 'x'));
  directory.write("space", "hunter2 hunter2");
  const std::string at = "f.yaml:2:18: gateway.token: ";
  const auto secret = [&](const std::string& name) {
    return with("token: \"file:" + directory.path() + "/" + name + "\"");
  };
  const auto path = [&](const std::string& name) {
    return "secret file \"" + directory.path() + "/" + name + "\" ";
  };
  const std::string unfit =
      "the secret is empty or holds a character that cannot stand in a header; expected visible ASCII "
      "without spaces";
  expect_answers({
      {secret("none"), at + path("none") + "cannot be read: No such file or directory"},
      {secret("large"), at + path("large") + "is larger than 65536 bytes"},
      {secret("."), at + path(".") + "is a directory; expected a file"},
      {with("token: file:/dev/zero"), at + "secret file \"/dev/zero\" is not a regular file"},
      {secret("empty"), at + unfit},
      {secret("space"), at + unfit},
      {with("token: \"hunter2 hunter2\""), at + unfit},
      {with("token: \"\""), at + "no secret found; expected text or file:PATH; or leave the key out"},
      {with("token: [hunter2]"), at + "no secret found; expected text or file:PATH; or leave the key out"},
  });
  EXPECT_EQ(config_of(secret("full")).gateway.admin_token.size(), 64U * 1024);
}

}  // namespace
}  // namespace switchgear::config
