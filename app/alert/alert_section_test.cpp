#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "app/alert/alert_options.hpp"
#include "switchgear/config/loading_fixture.hpp"
#include "switchgear/config/own_sections.hpp"

namespace switchgear::alert {
namespace {

using namespace std::chrono_literals;

config::Loaded load(const std::string& alerts, const std::string& directory = ".") {
  config::OwnSections sections;
  sections.add("alerts", read_alerts);
  return config::load_text("version: 1\nalerts:\n" + alerts, "f.yaml", directory, sections);
}

AlertOptions options_of(const std::string& alerts, const std::string& directory = ".") {
  const config::Loaded loaded = load(alerts, directory);
  EXPECT_EQ(config::lines_of(loaded.errors), std::vector<std::string>{});
  return loaded.config ? loaded.config->own.get<AlertOptions>() : AlertOptions{};
}

void expect_error(const std::string& alerts, const std::string& line) {
  EXPECT_EQ(config::lines_of(load(alerts).errors), std::vector<std::string>{line}) << alerts;
}

const AlertRule& rule_of(const AlertOptions& options, const std::string& name) {
  return *std::ranges::find(options.rules, name, &AlertRule::name);
}

TEST(AlertSection, QuotesNoSecretThatStandsInTheWrongPlace) {
  for (const char* channels :
       {"\"https://h/s3cret\"", "[\"https://h/s3cret\"]", "{a: \"https://h/s3cret\"}",
        "{a: {slack: \"https://h/s3cret\"}}", "{a: {webhook: \"https://h/s3cret\"}}",
        "{a: {pagerduty: s3cret}}", "{a: {slack: {webhook:https://h/s3cret}}}",
        "{a: {slack: {webhook: [\"https://h/s3cret\"]}}}", "{a: {slack: {webhook: \"${https://h/s3cret}\"}}}",
        "{a: {slack: {webhook: \"https://u:s3cret@h/\"}}}"}) {
    const std::vector<std::string> errors =
        config::lines_of(load(std::string{"  channels: "} + channels + "\n").errors);
    EXPECT_FALSE(errors.empty()) << channels;
    for (const std::string& error : errors)
      EXPECT_EQ(error.find("s3cret"), std::string::npos) << channels << ": " << error;
  }
}

TEST(AlertSection, TellsEveryChannelOfTheShippedRules) {
  const AlertOptions options =
      options_of("  channels: {hook: {webhook: {url: \"http://a/x\"}}, mine: {log: {}}}\n");
  EXPECT_EQ(options.rules.size(), 7U);
  EXPECT_EQ(rule_of(options, "opened").notify, (std::vector<std::string>{"hook", "mine"}));
  EXPECT_TRUE(options_of("  defaults: false\n").rules.empty());
  const AlertOptions one = options_of("  channels: {a: {log: {}}, b: {log: {}}}\n  notify: [b]\n");
  EXPECT_EQ(rule_of(one, "flapping").notify, std::vector<std::string>{"b"});
}

TEST(AlertSection, ReplacesAShippedRuleByOneOfItsName) {
  const AlertOptions options = options_of(
      "  channels: {hook: {webhook: {url: \"http://a/x\"}}}\n"
      "  rules:\n"
      "    - {name: open_too_long, when: {state: open}, for: 1m, severity: critical, notify: [hook], "
      "message: \"{{circuit}} down for {{ duration }}\", runbook: \"https://wiki/open\"}\n"
      "    - {name: mine, when: {failure_rate: {above: 0.2, within: 1m}, state: [closed, half_open]}}\n");
  EXPECT_EQ(options.rules.size(), 8U);
  const AlertRule& rule = rule_of(options, "open_too_long");
  EXPECT_EQ(rule.hold, 1min);
  EXPECT_EQ(rule.severity, Severity::critical);
  EXPECT_EQ(rule.runbook, "https://wiki/open");
  MessageFacts facts;
  facts.circuit = "payment";
  facts.duration = 80s;
  EXPECT_EQ(rule.message.render(facts), "payment down for 1m 20s");
  EXPECT_TRUE(rule_of(options, "mine").notify.empty()) << "shown in GET /alerts only";
}

TEST(AlertSection, LocatesWhatIsWrongInARule) {
  const std::string rule = "  rules: [{name: r, when: {state: open}, ";
  expect_error(
      rule + "message: \"{{circiut}} is open\"}]\n",
      "f.yaml:3:51: alerts.rules[0].message: \"circiut\" is not a name that a message knows; expected "
      "circuit, "
      "rule, severity, state, service, instance, evidence, value, threshold, calls, duration, since or "
      "runbook; did you mean \"circuit\"?");
  expect_error(rule + "message: \"{{circuit is open\"}]\n",
               "f.yaml:3:51: alerts.rules[0].message: \"{{\" is not closed; expected a name and \"}}\", as "
               "in {{circuit}}");
  expect_error(rule + "notify: [oncall]}]\n",
               "f.yaml:3:51: alerts.rules[0].notify[0]: names a channel, and alerts.channels has none");
  expect_error(rule + "for: 5}]\n", "f.yaml:3:47: alerts.rules[0].for: \"5\" has no unit; write \"5s\"");
  expect_error(rule + "circuits: []}]\n",
               "f.yaml:3:52: alerts.rules[0].circuits: names no circuit; leave it out for a rule that is for "
               "all of them");
  expect_error(
      rule + "severity: bad}]\n",
      "f.yaml:3:52: alerts.rules[0].severity: \"bad\" is not known; expected info, warning, medium, high or "
      "critical");
  expect_error(
      "  rules: [{name: r, when: {}}]\n",
      "f.yaml:3:21: alerts.rules[0].when: has no condition; expected at least one of state, changes, "
      "failure_rate, burn_rate, forecast or opened: true");
  expect_error(
      "  rules: [{name: r, when: {forecast: {within: 15m}}}]\n",
      "f.yaml:3:28: alerts.rules[0].when.forecast: foretells nothing; expected failure_rate: 0.5, or "
      "max_concurrent: 50 for a bulkhead");
  expect_error(
      "  rules: [{name: r, when: {forecast: {failure_rate: 0.5, max_concurrent: 20}}}]\n",
      "f.yaml:3:28: alerts.rules[0].when.forecast: foretells one of two things; expected failure_rate or "
      "max_concurrent");
  expect_error(
      "  rules: [{name: r, when: {burn_rate: {above: 2000}}}]\n",
      "f.yaml:3:28: alerts.rules[0].when.burn_rate: can never hold: with this objective, not even failures "
      "alone use up the budget that fast");
  expect_error("  rules: [{name: r, when: {opened: true}}, {name: r, when: {opened: true}}]\n",
               "f.yaml:3:44: alerts.rules[1]: a rule \"r\" stands in the list already");
}

TEST(AlertSection, SuggestsTheChannelThatWasMeant) {
  expect_error("  channels: {oncall: {log: {}}, mail: {log: {}}}\n  notify: [oncal]\n",
               "f.yaml:4:12: alerts.notify[0]: \"oncal\" is not known; expected oncall or mail; did you mean "
               "\"oncall\"?");
}

/// A certificate that signed itself, without its key.
constexpr const char* authority =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBgDCCASWgAwIBAgIUP9Zr035Ty8DJs9E2hssI/MnnNWYwCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJYXV0aG9yaXR5MCAXDTI2MTEyNjE1MjgzOFoYDzIxMjYxMTAy\n"
    "MTUyODM4WjAUMRIwEAYDVQQDDAlhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAATxenNJcA+S+jTIhN/1jzA/2Q4IFSBqrq5HrNABnlejk9mIKgq6NZsS\n"
    "PYyuhzdLkfoq5NBNuvxdbZ5tC432IsLto1MwUTAdBgNVHQ4EFgQU4XaAWrhApJhH\n"
    "3996oSufrMLJcHMwHwYDVR0jBBgwFoAU4XaAWrhApJhH3996oSufrMLJcHMwDwYD\n"
    "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAgF+oygWmMKskRzKh+4yj\n"
    "IqM9UbiGo7FwjJSIwXIOf7ICIQDfyHbFV2Lk4x/Hgfxx0clO49leHJ2kmd00wu1v\n"
    "1SJE3Q==\n"
    "-----END CERTIFICATE-----\n";

TEST(AlertSection, ReadsEveryKindOfChannel) {
  const config::TemporaryDirectory directory;
  directory.write("hook", "https://hooks.slack.com/services/T0/B0/x\n");
  directory.write("ca.pem", authority);
  const AlertOptions options = options_of(
      "  external_url: \"https://gw/dashboard\"\n"
      "  channels:\n"
      "    oncall: {slack: {webhook: \"file:hook\"}, min_severity: high, queue: 10}\n"
      "    mail: {email: {smtp: \"smtps://mail:465\", from: a@b.c, to: [d@e.f], user: u, password: p}, ca: "
      "ca.pem}\n"
      "    pager: {pagerduty: {routing_key: k, url: \"http://127.0.0.1:1/v2/enqueue\"}, timeout: 5s}\n"
      "    am: {alertmanager: {url: \"http://127.0.0.1:9093\", refresh: 30s}}\n"
      "    hook: {webhook: {url: \"http://a/x\", token: t}}\n",
      directory.path());
  ASSERT_EQ(options.channels.size(), 5U);
  EXPECT_EQ(std::get<SlackOptions>(options.channels[0].kind).webhook,
            "https://hooks.slack.com/services/T0/B0/x");
  EXPECT_EQ(options.channels[0].min_severity, Severity::high);
  EXPECT_EQ(std::get<EmailOptions>(options.channels[1].kind).start_tls, StartTls::required)
      << "there is a password";
  EXPECT_EQ(options.channels[2].external_url, "https://gw/dashboard");
  EXPECT_EQ(std::get<AlertmanagerOptions>(options.channels[3].kind).refresh, 30s);
}

TEST(AlertSection, LocatesALinkAndASilenceThatAreOfNoUse) {
  expect_error("  external_url: gw.example.com\n",
               "f.yaml:3:17: alerts.external_url: \"gw.example.com\" is not the address of a page; expected "
               "http://HOST[:PORT][/PATH], or https");
  expect_error("  silences: [{rule: opned, until: \"2026-12-01T00:00:00Z\"}]\n",
               "f.yaml:3:21: alerts.silences[0].rule: \"opned\" is the name of no rule");
}

TEST(AlertSection, NeverQuotesASecret) {
  const std::string secret = "s3cret";
  constexpr const char* channels[]{
      "{slack: {webhook: \"ftp://x/s3cret\"}}",
      "{slack: {webhook: \"https://u:s3cret@x/\"}}",
      "{webhook: {url: \"http://a b/s3cret\"}}",
      "{pagerduty: {routing_key: \"s3cret \"}}",
      "{email: {smtp: \"smtp://u:s3cret@mail\", from: a@b.c, to: [a@b.c]}}",
      "{email: {smtp: \"smtp://mail\", from: a@b.c, to: [a@b.c], password: s3cret}}",
      R"({email: {smtp: "smtp://m", from: a@b.c, to: [a@b.c], user: u, password: s3cret, start_tls: never}})"};
  for (const char* channel : channels) {
    const config::Loaded loaded = load("  channels: {c: " + std::string{channel} + "}\n");
    ASSERT_EQ(loaded.errors.size(), 1U) << channel;
    EXPECT_EQ(loaded.errors[0].text().find(secret), std::string::npos) << loaded.errors[0].text();
  }
}

TEST(AlertSection, LocatesWhatIsWrongInAChannel) {
  expect_error("  channels: {c: {slack: {webhook: \"https://x/\"}, log: {}}}\n",
               "f.yaml:3:14: alerts.channels.c: names 2 kinds of channel; expected one of slack, pagerduty, "
               "alertmanager, webhook, email or log");
  expect_error(
      "  channels: {c: {email: {smtp: \"smtp://m\", from: office, to: [a@b.c]}}}\n",
      "f.yaml:3:50: alerts.channels.c.email.from: \"office\" is not a mail address; expected one such as "
      "ops@example.com");
  expect_error("  channels: {c: {slak: {webhook: \"https://x/\"}}}\n",
               "f.yaml:3:18: alerts.channels.c.slak: unknown key; did you mean \"slack\"?");
  expect_error("  channels: {c: {queue: 5}}\n",
               "f.yaml:3:14: alerts.channels.c: names 0 kinds of channel; expected one of slack, pagerduty, "
               "alertmanager, webhook, email or log");
}

TEST(AlertSection, LocatesAFileOfAuthoritiesThatCannotBeUsed) {
  const config::TemporaryDirectory directory;
  directory.write("empty.pem", "no certificate\n");
  for (const char* kind :
       {"webhook: {url: \"https://x/\"}", "email: {smtp: \"smtps://m\", from: a@b.c, to: [a@b.c]}"}) {
    for (const char* file : {"empty.pem", "missing.pem"}) {
      const auto errors = config::lines_of(
          load("  channels: {c: {ca: " + std::string{file} + ", " + kind + "}}\n", directory.path()).errors);
      EXPECT_EQ(errors,
                std::vector<std::string>{"f.yaml:3:22: alerts.channels.c.ca: \"" + directory.path() + "/" +
                                         file + "\" is not a file with certificates (PEM) that can be used"});
    }
  }
}

TEST(AlertSection, ReadsSilencesAndInhibitions) {
  const AlertOptions options = options_of(
      "  silences: [{circuit: \"pay*\", until: \"2026-12-01T01:00:00+01:00\", why: moving}]\n"
      "  inhibit: [{source: {severity: critical}, target: {severity: \"*\"}, equal: [circuit]}]\n");
  ASSERT_EQ(options.silences.size(), 1U);
  EXPECT_EQ(options.silences[0].until, std::chrono::sys_days{std::chrono::year{2026} / 12 / 1});
  EXPECT_EQ(options.inhibitions.size(), 3U) << "beside the shipped ones";
  expect_error(
      "  silences: [{circuit: a, until: tomorrow}]\n",
      "f.yaml:3:34: alerts.silences[0].until: \"tomorrow\" is not a date with a time; expected one such as "
      "\"2026-12-01T00:00:00Z\"");
}

TEST(AlertSection, WarnsOfASilenceThatIsOver) {
  const auto over = load(
      "  silences: [{circuit: a, until: \"2020-01-01T00:00:00Z\"},\n"
      "             {circuit: b, until: \"2200-01-01T00:00:00Z\"}]\n");
  EXPECT_TRUE(over.errors.empty());
  EXPECT_EQ(
      config::lines_of(over.warnings),
      std::vector<std::string>{"f.yaml:3:34: alerts.silences[0].until: \"2020-01-01T00:00:00Z\" is over: the "
                               "silence does nothing; remove it"});
}

}  // namespace
}  // namespace switchgear::alert
