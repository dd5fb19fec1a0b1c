#include "app/otlp/telemetry_section.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/field.hpp>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "switchgear/config/secret.hpp"
#include "switchgear/http/ascii.hpp"
#include "switchgear/http/client/transport.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/headers.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::otlp {

namespace {

constexpr std::array<std::string_view, 2> trace_words{"off", "w3c"};
constexpr std::size_t longest_name = 128;

/// A URL to be called. A wrong one may hold a password, so that it is not quoted.
struct Endpoint {
  [[nodiscard]] std::optional<std::string> operator()(const config::Value& value) const {
    auto text = config::Text{}(value);
    if (!text) return std::nullopt;
    try {
      const http::Url url = http::Url::parse(*text);
      if (url.target().find('?') != std::string::npos) {
        value.wrong("has a query; write http://HOST:PORT");
      } else if (url.target().ends_with("/v1/traces") || url.target().ends_with("/v1/metrics")) {
        value.wrong("leave out the path: /v1/traces and /v1/metrics are appended");
      } else {
        return text;
      }
    } catch (const http::Error&) {
      value.wrong(
          "is not a URL that can be called; expected http://HOST[:PORT][/PATH], or https, without a user "
          "name "
          "or a password: these go into headers");
    }
    return std::nullopt;
  }
};

/// A field that neither HTTP nor the gateway gives a meaning of its own.
struct RequestIdField {
  [[nodiscard]] std::optional<std::string> operator()(const config::Value& value) const {
    constexpr std::array<std::string_view, 5> ours{"traceparent", "tracestate", "x-forwarded-for",
                                                   "x-forwarded-host", "x-forwarded-proto"};
    auto name = config::Text{}(value);
    if (!name) return std::nullopt;
    std::transform(name->begin(), name->end(), name->begin(), http::to_lower);
    if (!http::is_token(*name) || name->size() > longest_name) {
      value.wrong(config::found(*value.node) +
                  " is not the name of a header; write, for example, x-request-id");
    } else if (boost::beast::http::string_to_field(*name) != boost::beast::http::field::unknown ||
               std::find(ours.begin(), ours.end(), *name) != ours.end()) {
      value.wrong(config::found(*value.node) + " has a meaning of its own; write, for example, x-request-id");
    } else {
      return name;
    }
    return std::nullopt;
  }
};

/// What the client writes by itself.
[[nodiscard]] bool is_clients_own(std::string_view name) {
  constexpr std::array<std::string_view, 12> own{
      "connection", "content-encoding", "content-length", "content-type",      "expect", "host", "keep-alive",
      "te",         "proxy-connection", "trailer",        "transfer-encoding", "upgrade"};
  return std::any_of(own.begin(), own.end(),
                     [&](std::string_view each) { return http::equals_lower(name, each); });
}

void read_headers(config::Section& otlp, const config::FileContext& context, OtlpOptions::Pairs& headers) {
  const auto found = otlp.find("headers");
  if (!found) return;
  config::Section section(*found);
  for (const auto& [name, value] : section.entries()) {
    if (!http::is_token(name)) {
      found->wrong("a key is not the name of a header; write, for example, {x-api-key: file:key}");
    } else if (is_clients_own(name)) {
      value.wrong("this header cannot be set; write, for example, authorization or x-api-key");
    } else if (auto secret = config::Secret{context.directory}(value)) {
      headers.emplace_back(name, *std::move(secret));
    }
  }
}

void read_resource(config::Section& otlp, OtlpOptions::Pairs& resource) {
  const auto found = otlp.find("resource");
  if (!found) return;
  config::Section section(*found);
  for (const auto& [name, value] : section.entries()) {
    if (auto text = config::Text{}(value)) resource.emplace_back(name, *std::move(text));
  }
}

void read_tls(config::Section& otlp, const config::FileContext& context, OtlpOptions& options) {
  const auto found = otlp.find("tls");
  if (!found) return;
  config::Section section(*found);
  const auto read_path = [&](std::string_view key, std::string& path) {
    section.read(key, path, config::Text{});
    if (!path.empty()) path = (std::filesystem::path(context.directory) / path).string();
  };
  read_path("ca", options.tls.ca_file);
  read_path("certificate", options.tls.certificate_file);
  read_path("key", options.tls.key_file);
  section.finish();
  if (options.endpoint.starts_with("http://")) return section.wrong("applies only to an https endpoint");
  try {
    (void)http::tls_context(options.tls);
  } catch (const std::invalid_argument& error) {
    section.wrong(error.what());
  }
}

OtlpOptions read_otlp(const config::Value& value, const config::FileContext& context) {
  constexpr config::Length interval{std::chrono::milliseconds{100}, std::chrono::hours{1}};
  OtlpOptions otlp;
  config::Section section(value);
  section.require("endpoint", otlp.endpoint, Endpoint{}, "endpoint: http://127.0.0.1:4318");
  section.read("interval", otlp.interval, interval);
  section.read("traces", otlp.traces, config::Number{0, 1});
  read_headers(section, context, otlp.headers);
  read_resource(section, otlp.resource);
  read_tls(section, context, otlp);
  section.finish();
  return otlp;
}

}  // namespace

TelemetryOptions read_telemetry(const config::Value& value, const config::FileContext& context) {
  TelemetryOptions telemetry;
  config::Section section(value);
  if (const auto otlp = section.find("otlp")) {
    telemetry.otlp = read_otlp(*otlp, context);
    telemetry.trace = TraceContextUse::w3c;
  }
  section.read("trace", telemetry.trace, config::Named<TraceContextUse>{trace_words});
  section.read("request_id", telemetry.request_id, RequestIdField{});
  section.finish();
  return telemetry;
}

}  // namespace switchgear::otlp
