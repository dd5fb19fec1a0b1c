// The file as text and as YAML: everything that can be wrong before any key is looked at.
#include "switchgear/config/document.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::config {
namespace {

using std::string_literals::operator""s;

TEST(Document, SyntaxErrorsSayWhere) {
  expect_answers({
      {"version: 1\na: b: c\n", "f.yaml:2:5: invalid nested block mapping on the same line"},
      {"version: \"1\n", "f.yaml:1:11: double-quoted scalar without closing quote"},
      {"\tversion: 1\n", "f.yaml:1:1: invalid tab as indendation in a mapping"},
      {"@version: 1\n", "f.yaml:1:1: plain scalar cannot start with '@'"},
  });
}

TEST(Document, AnUnquotedVariableInsideBracesGetsAHint) {
  expect_answers(
      {{"version: 1\ngateway: {listen: ${LISTEN}}\n",
        "f.yaml:2:20: missing comma in flow mapping; inside {…} put quotes around ${VAR}: \"${VAR}\""}});
}

TEST(Document, AFileOfNothingIsAnError) {
  const std::string line = "f.yaml:1:1: holds nothing; expected at least \"version: 1\"";
  expect_answers({{"", line}, {"\n\n", line}, {"# only a comment\n", line}, {"\xEF\xBB\xBF", line}});
  expect_answers({
      {"---\n", "f.yaml:1:1: nothing found; expected a mapping that starts with \"version: 1\""},
      {"just text\n", "f.yaml:1:1: text found; expected a mapping that starts with \"version: 1\""},
      {"[1, 2]\n", "f.yaml:1:1: a list found; expected a mapping that starts with \"version: 1\""},
  });
}

TEST(Document, BytesThatAreNotTextAreNamedByPlace) {
  expect_answers({
      {"version: 1\n\0"s, "f.yaml:2:1: a NUL byte found; expected UTF-8 text"},
      {"version: 1\n# caf\xE9\n", "f.yaml:2:6: a byte that is not UTF-8 found; expected UTF-8 text"},
      {"# \xC3\xA9 \xC0\xAF\n", "f.yaml:1:5: a byte that is not UTF-8 found; expected UTF-8 text"},
      {"# \xED\xA0\x80\n", "f.yaml:1:3: a byte that is not UTF-8 found; expected UTF-8 text"},
      {"# \xF4\x90\x80\x80\n", "f.yaml:1:3: a byte that is not UTF-8 found; expected UTF-8 text"},
      {"# \xE2\x82", "f.yaml:1:3: a byte that is not UTF-8 found; expected UTF-8 text"},
      {"version: 1\npolicies: {\"a\\0b\": {}}\n",
       "f.yaml:2:12: this value contains a NUL byte; expected text"},
  });
}

TEST(Document, AFileOfMoreThanAMebibyteIsRefused) {
  expect_answers(
      {{"version: 1\n" + std::string(1024 * 1024, '#'), "f.yaml:1:1: is larger than 1048576 bytes"}});
  EXPECT_TRUE(errors_of("version: 1\n" + std::string(1024 * 1024 - 11, '#')).empty());
}

TEST(Document, NestingHasAnEnd) {
  expect_answers({{"version: " + std::string(40, '[') + std::string(40, ']'),
                   "f.yaml:1:41: nested deeper than 32 levels"}});
  const auto errors = errors_of("version: " + std::string(500'000, '['));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0], "f.yaml:1:41: nested deeper than 32 levels");
}

TEST(Document, AliasesAnchorsAndTagsAreRefusedSoThatNoSmallFileBecomesALargeOne) {
  EXPECT_EQ(errors_of("version: 1\npolicies:\n  a: &x {preset: core}\n  b: *x\n"),
            (std::vector<std::string>{
                "f.yaml:3:6: an anchor (&name) is not taken here; write the value out where it is needed",
                "f.yaml:4:6: an alias (*name) is not taken here; write the value out"}));
  expect_answers(
      {{"version: !!int 1\n", "f.yaml:1:10: a tag (!name) is not taken here; write the plain value"}});
}

TEST(Document, DirectivesAreRefusedBeforeTheyCanKeepTheParserBusy) {
  expect_answers({
      {"%YAML 1.1\n---\nversion: 1\n",
       "f.yaml:1:1: a directive (%NAME) is not taken here; take the line out"},
      {"# x\r%TAG ! x\n", "f.yaml:1:5: a directive (%NAME) is not taken here; take the line out"},
      {std::string(1024 * 1024, '%'), "f.yaml:1:1: a directive (%NAME) is not taken here; take the line out"},
  });
}

TEST(Document, OneFileHoldsOneDocument) {
  expect_answers({{"version: 1\n---\nversion: 1\n",
                   "f.yaml:2:1: a second document starts here; expected one document in a file"}});
}

TEST(Document, RepeatedKeysAreErrorsAtEveryDepth) {
  EXPECT_EQ(
      errors_of("version: 1\nversion: 1\npolicies:\n  a: {preset: core, preset: payment}\n  'a': {}\n"),
      (std::vector<std::string>{"f.yaml:2:1: version: repeated key; it already stands in line 1",
                                "f.yaml:4:21: policies.a.preset: repeated key; it already stands in line 4",
                                "f.yaml:5:3: policies.a: repeated key; it already stands in line 4"}));
}

TEST(Document, AnExplicitKeyIsRefusedBeforeItCanBreakTheParser) {
  const std::string message = "an explicit key (\"? key\") is not taken here; write \"key: value\"";
  expect_answers({
      {"version: 1\n? a complex key\n               :\t\n", "f.yaml:2:1: " + message},
      {"version: 1\n  - ?\ta\n", "f.yaml:2:5: " + message},
      {"?", "f.yaml:1:1: " + message},
  });
}

TEST(Document, AKeyIsAWord) {
  expect_answers(
      {{"version: 1\n[a, b]: 1\n", "f.yaml:2:1: this key is a list or a mapping; expected a word"}});
}

TEST(Document, TerminalsAreNotCommandedByNames) {
  const auto errors = errors_of("version: 1\n\"\\e[31mred\\x9b\": 1\n");
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_TRUE(errors[0].starts_with("f.yaml:2:1: \\x1b[31mred\\u009b: unknown key; expected version, "))
      << errors[0];
}

TEST(Document, WhatNobodySeesIsShown) {
  expect_answers({
      {"version: 1\n\"gateway\u200b\": {}\n",
       "f.yaml:2:1: gateway\\u200b: unknown key; did you mean \"gateway\"?"},
      {"version: 1\npolicies:\n  p: {timeout: \"5\u00a0s\"}\n",
       "f.yaml:3:16: policies.p.timeout: \"5\\u00a0s\" has no known unit; expected a number and ns, us, ms, "
       "s, m or h, as in \"250ms\""},
      {"version: 1\npolicies:\n  \"a\u202eb\": {}\n",
       "f.yaml:3:3: policies.a\\u202eb: the name contains an invisible character; expected printable "
       "text"},
  });
  EXPECT_EQ(config_of("version: 1\npolicies: {страница: {}, 日本: {}, 👩‍🚀: {}}\n")
                .policies.size(),
            3U);
}

TEST(Document, AThousandErrorsAreEnough) {
  std::string text = "version: 1\n";
  for (int i = 0; i < 5000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const auto errors = errors_of(text);
  ASSERT_EQ(errors.size(), 1001U);
  EXPECT_EQ(errors.back(), "f.yaml:1001:1: 4000 more are not shown");
}

TEST(Environment, VariablesAndDefaultsStandInValues) {
  const Variable threads("SWITCHGEAR_TEST_THREADS", "3");
  const Variable host("SWITCHGEAR_TEST_HOST", "127.0.0.2");
  const Variable empty("SWITCHGEAR_TEST_EMPTY", "");
  const Variable unset("SWITCHGEAR_TEST_UNSET", nullptr);
  const Config config = config_of(
      "version: 1\n"
      "gateway:\n"
      "  threads: ${SWITCHGEAR_TEST_THREADS}\n"
      "  listen: ${SWITCHGEAR_TEST_HOST}:${SWITCHGEAR_TEST_UNSET:-8081}\n"
      "  admin: \"${SWITCHGEAR_TEST_EMPTY:-127.0.0.1}:9091\"\n"
      "  token: a$${b}c$\n");
  EXPECT_EQ(config.gateway.threads, 3U);
  EXPECT_EQ(config.gateway.listen.front().at, (Endpoint{"127.0.0.2", 8081}));
  EXPECT_EQ(config.gateway.admin, (Endpoint{"127.0.0.1", 9091}));
  EXPECT_EQ(config.gateway.admin_token, "a${b}c$");
}

TEST(Environment, AVariableIsNeverYaml) {
  const Variable value("SWITCHGEAR_TEST_VALUE", "5s\nversion: 2 # {");
  expect_answers({{"version: 1\npolicies:\n  a:\n    timeout: ${SWITCHGEAR_TEST_VALUE}\n",
                   "f.yaml:4:14: policies.a.timeout: \"5s\\x0aversion: 2 # {\" has no known unit; expected a "
                   "number and ns, us, "
                   "ms, s, m or h, as in \"250ms\""}});
}

TEST(Environment, MistakesAreLocatedAndReportedOnce) {
  const Variable unset("SWITCHGEAR_TEST_UNSET", nullptr);
  const Variable bytes("SWITCHGEAR_TEST_BYTES", "\xFF");
  expect_answers({
      {"version: 1\ngateway:\n  threads: ${SWITCHGEAR_TEST_UNSET}\n",
       "f.yaml:3:12: gateway.threads: the environment has no variable \"SWITCHGEAR_TEST_UNSET\"; set it or "
       "write "
       "${SWITCHGEAR_TEST_UNSET:-default}"},
      {"version: 1\ngateway:\n  listen: ${OPEN\n",
       "f.yaml:3:11: gateway.listen: \"${\" is not closed; write ${VAR} or ${VAR:-default}, or $${ for the "
       "characters "
       "themselves"},
      {"version: 1\ngateway:\n  listen: ${A-b}\n",
       "f.yaml:3:11: gateway.listen: \"${…}\" holds no name of a variable; write ${VAR} or ${VAR:-default}"},
      {"version: 1\ngateway:\n  listen: ${}\n",
       "f.yaml:3:11: gateway.listen: \"${…}\" holds no name of a variable; write ${VAR} or ${VAR:-default}"},
      {"version: 1\ngateway:\n  token: ${SWITCHGEAR_TEST_BYTES}\n",
       "f.yaml:3:10: gateway.token: a variable holds a byte that is not UTF-8; expected text"},
      {"version: 1\ngateway:\n  origins: [\"${SWITCHGEAR_TEST_UNSET}\"]\n",
       "f.yaml:3:13: gateway.origins[0]: the environment has no variable \"SWITCHGEAR_TEST_UNSET\"; set it "
       "or write "
       "${SWITCHGEAR_TEST_UNSET:-default}"},
  });
}

TEST(Environment, AKeyIsNoPlaceForAVariable) {
  expect_answers({{"version: 1\npolicies:\n  ${TEAM:-a}: {}\n",
                   "f.yaml:3:3: policies.${TEAM:-a}: variables are filled in in values only; write the name "
                   "itself"}});
}

TEST(Environment, OneValueThatIsNotThereIsOneError) {
  const Variable unset("SWITCHGEAR_TEST_UNSET", nullptr);
  const std::string queue = "fallback: {queue: {max: 1}}, ";
  for (const std::string& keys :
       {queue + "preset: @", queue + "circuit_breaker: @", queue + "circuit_breaker: {failure_rate: @}",
        std::string("bulkhead: @"), std::string("bulkhead: {max_concurrent: 5, max_wait: 1s, max_queue: @}"),
        std::string("fallback: @"), std::string("preset: core, fallback: {queue: @}"),
        std::string("hedge: @"), std::string("rate_limiter: @"), std::string("cache: {ttl: @}"),
        std::string("chaos: {abort: @}")}) {
    for (const std::string value : {"\"${SWITCHGEAR_TEST_UNSET}\"", "*somewhere", "\"\\0\""}) {
      const std::string text = with(std::string(keys).replace(keys.find('@'), 1, value));
      EXPECT_EQ(errors_of(text).size(), 1U) << text;
    }
  }
}

TEST(Environment, ManyLargeVariablesDoNotFillTheMemory) {
  const Variable large("SWITCHGEAR_TEST_LARGE", std::string(60'000, 'x').c_str());
  std::string once = "version: 1\ngateway:\n  listen: ";
  for (int i = 0; i < 20'000; ++i) once += "${SWITCHGEAR_TEST_LARGE}";
  expect_answers(
      {{once + "\n", "f.yaml:3:11: gateway.listen: is longer than 65536 bytes with its variables"}});

  std::string often = "version: 1\ngateway:\n  origins:\n";
  for (int i = 0; i < 100; ++i) often += "    - ${SWITCHGEAR_TEST_LARGE}\n";
  const auto errors = errors_of(often);
  ASSERT_FALSE(errors.empty());
  EXPECT_EQ(errors.back(),
            "f.yaml:103:7: gateway.origins[99]: the file is too large with its variables; expected at most "
            "4194304 bytes");
}

}  // namespace
}  // namespace switchgear::config
