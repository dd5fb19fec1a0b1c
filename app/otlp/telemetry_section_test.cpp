#include "app/otlp/telemetry_section.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::otlp {
namespace {

using namespace std::chrono_literals;

config::Loaded load(const std::string& telemetry, const std::string& directory = ".") {
  config::OwnSections sections;
  sections.add("telemetry", read_telemetry);
  return config::load_text("version: 1\ntelemetry: " + telemetry + "\n", "f.yaml", directory, sections);
}

TelemetryOptions read(const std::string& telemetry) {
  const config::Loaded loaded = load(telemetry);
  EXPECT_EQ(config::lines_of(loaded.errors), std::vector<std::string>{});
  return loaded.config->own.get<TelemetryOptions>();
}

std::string error_of(const std::string& telemetry) {
  const std::vector<std::string> errors = config::lines_of(load(telemetry).errors);
  EXPECT_EQ(errors.size(), 1U) << telemetry;
  return errors.empty() ? "" : errors[0].substr(errors[0].find(' ') + 1);
}

TEST(TelemetrySection, DoesNothingUnlessAsked) {
  const TelemetryOptions nothing = read("{}");
  EXPECT_EQ(nothing.otlp.endpoint, "");
  EXPECT_EQ(nothing.trace, TraceContextUse::off);
  EXPECT_EQ(nothing.request_id, "");
}

TEST(TelemetrySection, NeedsOnlyAnEndpointToExportFiguresAndTraces) {
  const TelemetryOptions telemetry = read("{otlp: {endpoint: \"http://collector:4318\"}}");
  EXPECT_EQ(telemetry.otlp.endpoint, "http://collector:4318");
  EXPECT_EQ(telemetry.otlp.interval, 10s);
  EXPECT_EQ(telemetry.otlp.traces, 0.01);
  EXPECT_EQ(telemetry.trace, TraceContextUse::w3c);
}

TEST(TelemetrySection, ReadsEveryKey) {
  const TelemetryOptions telemetry = read(
      "{otlp: {endpoint: \"https://otlp.example.com/prefix\", interval: 30s, traces: 1,"
      " headers: {authorization: secret, x-team: web}, resource: {service.name: edge, zone: 1}},"
      " trace: off, request_id: X-Correlation-ID}");
  EXPECT_EQ(telemetry.otlp.interval, 30s);
  EXPECT_EQ(telemetry.otlp.traces, 1);
  EXPECT_EQ(telemetry.otlp.headers, (OtlpOptions::Pairs{{"authorization", "secret"}, {"x-team", "web"}}));
  EXPECT_EQ(telemetry.otlp.resource, (OtlpOptions::Pairs{{"service.name", "edge"}, {"zone", "1"}}));
  EXPECT_EQ(telemetry.trace, TraceContextUse::off);
  EXPECT_EQ(telemetry.request_id, "x-correlation-id");
}

TEST(TelemetrySection, ReadsSecretsFromFiles) {
  config::TemporaryDirectory directory;
  directory.write("key", "abc\n");
  const config::Loaded loaded =
      load("{otlp: {endpoint: \"http://c:4318\", headers: {api-key: \"file:key\"}}}", directory.path());
  ASSERT_TRUE(loaded.config) << config::lines_of(loaded.errors)[0];
  EXPECT_EQ(loaded.config->own.get<TelemetryOptions>().otlp.headers,
            (OtlpOptions::Pairs{{"api-key", "abc"}}));
}

TEST(TelemetrySection, QuotesNoSecretThatStandsInTheWrongPlace) {
  for (const char* wrong :
       {"\"https://h/s3cret\"", "{otlp: \"https://h/s3cret\"}", "{otlp: [\"https://h/s3cret\"]}",
        "{otlp: {endpoint: \"http://u:s3cret@h:1\"}}", "{otlp: {endpoint: \"grpc://h:1/s3cret\"}}",
        "{otlp: {endpoint: \"http://h:1/a b?s3cret\"}}",
        "{otlp: {endpoint: \"http://h:1\", headers: \"x-key: s3cret\"}}",
        "{otlp: {endpoint: \"http://h:1\", headers: [\"x-key=s3cret\"]}}",
        "{otlp: {endpoint: \"http://h:1\", headers: {\"x-key=s3cret\"}}}",
        "{otlp: {endpoint: \"http://h:1\", headers: {\"x-key s3cret\": y}}}",
        "{otlp: {endpoint: \"http://h:1\", header:s3cret}}"}) {
    const std::vector<std::string> errors = config::lines_of(load(wrong).errors);
    EXPECT_FALSE(errors.empty()) << wrong;
    for (const std::string& error : errors)
      EXPECT_EQ(error.find("s3cret"), std::string::npos) << wrong << ": " << error;
  }
}

TEST(TelemetrySection, LocatesWhatIsWrong) {
  EXPECT_EQ(config::lines_of(load("{otlp: {interval: 5s}}").errors),
            std::vector<std::string>{"f.yaml:2:13: telemetry.otlp.endpoint: is missing; write "
                                     "\"endpoint: http://127.0.0.1:4318\""});
  EXPECT_NE(error_of("{otlp: {endpoint: \"collector:4318\"}}").find("telemetry.otlp.endpoint: "),
            std::string::npos);
  EXPECT_EQ(error_of("{otlp: {endpoint: \"http://c:4318/v1/traces\"}}"),
            "telemetry.otlp.endpoint: leave out the path: /v1/traces and /v1/metrics are appended");
  EXPECT_EQ(error_of("{otlp: {endpoint: \"http://c:4318?a=b\"}}"),
            "telemetry.otlp.endpoint: has a query; write http://HOST:PORT");
  EXPECT_NE(
      error_of("{otlp: {endpoint: \"http://c:4318\", interval: 1ms}}").find("telemetry.otlp.interval: "),
      std::string::npos);
  EXPECT_NE(error_of("{otlp: {endpoint: \"http://c:4318\", traces: 2}}").find("telemetry.otlp.traces: "),
            std::string::npos);
  EXPECT_EQ(error_of("{trace: b3}"), "telemetry.trace: \"b3\" is not known; expected off or w3c");
  EXPECT_EQ(error_of("{request_id: \"a b\"}"),
            "telemetry.request_id: \"a b\" is not the name of a header; write, for example, x-request-id");
  for (const char* name : {"Host", "traceparent", "X-Forwarded-For", "Content-Length"}) {
    EXPECT_EQ(error_of("{request_id: " + std::string{name} + "}"),
              "telemetry.request_id: \"" + std::string{name} +
                  "\" has a meaning of its own; write, for example, x-request-id");
  }
  EXPECT_EQ(
      error_of("{otlp: {endpoint: \"http://c:4318\", headers: {Content-Length: 1}}}"),
      "telemetry.otlp.headers.Content-Length: this header cannot be set; write, for example, authorization "
      "or x-api-key");
  EXPECT_NE(
      error_of("{otlp: {endpoint: \"https://c\", tls: {ca: no-such-file}}}").find("telemetry.otlp.tls: "),
      std::string::npos);
  EXPECT_EQ(error_of("{otlp: {endpoint: \"http://c:4318\", tls: {ca: x}}}"),
            "telemetry.otlp.tls: applies only to an https endpoint");
  EXPECT_NE(error_of("{otlp: {endpoint: \"http://c:4318\", headers: {a: \"no good\"}}}").find("secret"),
            std::string::npos);
}

}  // namespace
}  // namespace switchgear::otlp
