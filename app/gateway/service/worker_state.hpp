// What the connections and the calls of one thread share.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "app/gateway/access/access_recorder.hpp"
#include "app/gateway/service/incident_log.hpp"
#include "app/gateway/service/proxy_counts.hpp"
#include "app/gateway/service/service.hpp"
#include "app/gateway/service/slow_clients.hpp"
#include "app/gateway/service/tracing.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/http/event_loop.hpp"
#include "switchgear/http/head.hpp"
#include "switchgear/tls/context.hpp"
#include "switchgear/tls/failure.hpp"
#include "switchgear/tls/handshake_counts.hpp"

namespace switchgear::gateway {

/// Owned by the thread's worker, which alone changes it, but for the counters. Threads: its loop's.
struct WorkerState {
  /// `seed`: of what is left to chance.
  WorkerState(spdlog::logger& log, std::uint64_t seed) : incidents(loop, log), access(seed) {}

  [[nodiscard]] bool draining() const noexcept { return draining_since.has_value(); }
  /// Null when there is none of that name.
  [[nodiscard]] ServicePtr service(std::string_view name) const;
  /// Logs that a client did not get the service's answer.
  /// `called`: the instance, if one was called.
  void note_failure(const Service& service, const instances::Instance* called, std::string_view what,
                    std::string_view why) noexcept;

  /// Logs that a client was refused before a service was chosen.
  void note_client_refused(unsigned status, std::string_view why) noexcept;

  /// Logs that a client is disconnected, and counts it.
  void note_handshake_failed(tls::Failure why) noexcept;
  void note_handshake_late() noexcept;

  /// Logs that a trusted proxy is disconnected, and counts it.
  void note_proxy_header(ProxyHeaderFault fault, std::string_view why) noexcept;
  void note_malformed_deadline() noexcept;

  http::EventLoop loop;
  IncidentLog incidents;
  AccessRecorder access;
  std::string pseudonym;  ///< what this gateway calls itself in Via, unlike any other
  Tracing tracing;
  config::GatewayLimits limits;
  std::optional<tls::ServerContext> tls;  ///< of the connections that clients make from now on; empty: plain
  tls::HandshakeCounts handshakes;
  config::TrustOptions trust;
  ProxyCounts proxies;
  http::HeadLimits head_limits;
  Routes routes;
  std::string sent_path;  ///< of the request at hand, when its route changes the path
  std::map<std::string, ServicePtr, std::less<>> services;
  SlowClients slow_clients;
  std::optional<TimePoint> draining_since;
  std::array<std::uint64_t, 6> unrouted{};  ///< answers to requests that reached no service

 private:
  void note_tls(std::string_view why) noexcept;
};

}  // namespace switchgear::gateway
