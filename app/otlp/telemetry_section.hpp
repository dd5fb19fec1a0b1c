// app/otlp: figures and spans on their way to a collector (OTLP/HTTP), beside the path of calls: the section
// `telemetry` of the policy file, and the exporter. Never here: what is counted or recorded, the headers of a
// request that is forwarded.
//
// telemetry: where figures and spans go, and how requests are made recognisable.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/config/own_sections.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/client_options.hpp"

namespace switchgear::otlp {

struct OtlpOptions {
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  std::string endpoint{};  ///< `http://HOST[:PORT][/PATH]`, or https; empty: nothing is exported
  Duration interval = std::chrono::seconds{10};
  /// Of the traces that begin here, from 0 to 1, which are recorded.
  double traces = 0.01;
  Pairs headers{};   ///< of every request to the collector; values may be secrets
  Pairs resource{};  ///< attributes of this process, beside or in place of those it has by itself
  http::TlsOptions tls{};

  friend bool operator==(const OtlpOptions&, const OtlpOptions&) = default;
};

/// Whether the gateway reads and writes `traceparent`.
enum class TraceContextUse : std::uint8_t { off, w3c };

struct TelemetryOptions {
  OtlpOptions otlp{};
  TraceContextUse trace = TraceContextUse::off;
  std::string request_id{};  ///< name of the header, lower case; empty: there is none
};

[[nodiscard]] TelemetryOptions read_telemetry(const config::Value& value, const config::FileContext& context);

}  // namespace switchgear::otlp
