// config/: the one policy file, as values. YAML in, these structs out; every error names file, line and
// column. Gateway, replay and a library's own calls (configured_policies.hpp) read the same file. Never here:
// sockets, clocks, anything that runs by itself.
#pragma once

#include <any>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

#include "switchgear/analysis/policy.hpp"
#include "switchgear/config/trust.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/health/check_options.hpp"
#include "switchgear/instances/balancer.hpp"
#include "switchgear/instances/ejection_options.hpp"
#include "switchgear/policy/breakers_by_value.hpp"
#include "switchgear/tls/context.hpp"

namespace switchgear::config {

struct Endpoint {
  /// An IP address or a name; IPv6 without brackets. Or `unix:` and the path of a Unix socket, or
  /// `unix:@NAME`; then the port is 0.
  std::string host;
  std::uint16_t port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// What the gateway accepts from a client, and how long it waits for it. Sizes in bytes.
struct GatewayLimits {
  std::size_t header_bytes = std::size_t{32} * 1024;  ///< request line and all header fields; 431 beyond
  std::size_t header_fields = 100;                    ///< 431 beyond
  std::size_t target_bytes = std::size_t{8} * 1024;   ///< request target; 414 beyond
  std::uint64_t body_bytes = std::uint64_t{64} * 1024 * 1024;  ///< 413 beyond
  /// Of one request's body, read whole before the call begins, and kept so that it can be sent again or
  /// stored for later. A longer body is passed on as it comes, sent once and never queued.
  std::size_t buffered_body_bytes = std::size_t{64} * 1024;
  /// Of one response's body, remembered by `cache` and `fallback.cache`. A longer one is passed on and
  /// forgotten.
  std::size_t cached_body_bytes = std::size_t{64} * 1024;
  std::size_t connections = 10'000;  ///< clients per thread; further ones take an idle one's place, or wait
  Duration handshake_timeout =
      std::chrono::seconds{10};  ///< from the connection to the end of its TLS handshake
  Duration header_timeout =
      std::chrono::seconds{10};  ///< from the first byte of a request to the end of its header; 408
  Duration body_timeout = std::chrono::seconds{30};  ///< without a byte of the request body; 408
  /// Bytes of a request body a second; a client that is behind that by `body_timeout` gets 408. 0: it may
  /// take any time. Time in which the service does not take them is not counted.
  std::uint64_t min_body_rate = 500;
  Duration idle_timeout = std::chrono::seconds{60};   ///< between two requests on a kept-alive connection
  Duration write_timeout = std::chrono::seconds{30};  ///< a client that takes no byte of the response
  Duration drain_timeout = std::chrono::seconds{30};  ///< after SIGTERM, for requests already accepted
  Duration upgrade_idle = std::chrono::minutes{5};    ///< a connection that was upgraded, without a byte

  friend bool operator==(const GatewayLimits&, const GatewayLimits&) = default;
};

/// Whether what goes over a connection is encrypted.
enum class Encryption : std::uint8_t { none, tls };

/// One address that clients connect to.
struct Listener {
  Endpoint at;
  Encryption encryption = Encryption::none;
  unsigned mode = 0660;  ///< of a Unix socket's file

  friend bool operator==(const Listener&, const Listener&) = default;
};

struct GatewayOptions {
  std::vector<Listener> listen{{{"127.0.0.1", 8080}}};  ///< at least one, each another
  std::optional<tls::ServerContext> tls;  ///< of listeners with Encryption::tls; empty: none has it
  TrustOptions trust;                     ///< who is believed about clients
  bool has_admin = true;                  ///< false: there is no admin server
  Endpoint admin{"127.0.0.1", 9090};
  std::optional<Endpoint> probes;  ///< answers only whether the process lives and is ready; empty: none does
  std::optional<tls::ServerContext> admin_tls;  ///< empty: the admin server speaks plain text
  unsigned threads = 1;
  std::string admin_token;                 ///< empty: none required
  std::string admin_read_token;            ///< for requests that change nothing; empty: none required
  std::vector<std::string> admin_origins;  ///< further origins that may send changing requests
  /// After SIGTERM, before the listener closes: so long connections are taken while GET /readyz says 503.
  Duration shutdown_delay{};
  std::string takeover;  ///< path of the socket where a new process asks for the listeners; empty: none
  GatewayLimits limits;

  /// Not everyone who reaches the admin server can operate it.
  [[nodiscard]] bool admin_guarded() const noexcept {
    return !admin_token.empty() || (admin_tls && !admin_tls->settings().client_ca.empty());
  }
  friend bool operator==(const GatewayOptions&, const GatewayOptions&) = default;
};

// A policy as the file describes it is what analysis/ works on.
using analysis::FailFallback;
using analysis::FailureWhen;
using analysis::FallbackOptions;
using analysis::Policy;
using analysis::StatusRanges;
using analysis::ValueFallback;

/// The limit of an attempt through the gateway when its policy has no `timeout`.
inline constexpr Duration gateway_timeout = std::chrono::seconds{30};

/// Connections from the gateway to one instance of a service, per thread.
struct PoolOptions {
  std::size_t max_connections = 256;                 ///< open at once, idle ones included
  std::size_t max_waiting = 1024;                    ///< requests waiting for one; further ones get 503
  Duration idle_timeout = std::chrono::seconds{30};  ///< an idle connection is closed after this
  Duration connect_timeout = std::chrono::seconds{2};
  std::optional<Duration> max_age = {};  ///< a connection is used for no further request after this

  friend bool operator==(const PoolOptions&, const PoolOptions&) = default;
};

/// One instance of a service.
struct Upstream {
  Endpoint at;
  double weight = 1;                  ///< against the others'; 0: used only if no other may be
  std::optional<tls::Peer> tls = {};  ///< of an https URL; empty: it is called in plain text

  friend bool operator==(const Upstream&, const Upstream&) = default;
};

/// What a call to a service is worth, for reports.
struct BusinessOptions {
  double value = 0;      ///< of one call
  std::string currency;  ///< three capital letters: EUR

  friend bool operator==(const BusinessOptions&, const BusinessOptions&) = default;
};

/// What a route makes of a path: `/v2{path}`.
struct Rewrite {
  std::string to;          ///< percent-encoded as in a request; put before the path
  bool keeps_path = true;  ///< false: every request is sent to `to` itself

  friend bool operator==(const Rewrite&, const Rewrite&) = default;
};

/// Which requests a service takes: those that meet every condition. See router.hpp for which of two wins.
struct Route {
  enum class Match : std::uint8_t { prefix, exact };

  std::string host;  ///< as HostName makes it; `*.example.com`: every name below; empty: any
  Match match = Match::prefix;
  std::string path;                                          ///< as TargetPath sees one
  std::vector<std::string> methods;                          ///< empty: any
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, and exact values
  bool strip_prefix = false;                                 ///< the service sees the path without it
  std::optional<Rewrite> rewrite;
  std::vector<std::string> upgrade;  ///< what a connection may be upgraded to, in lower case; empty: nothing
  std::string policy;                ///< a key of Config::policies; empty: the service's

  /// The service sees another path than the client wrote.
  [[nodiscard]] bool changes_path() const noexcept { return strip_prefix || rewrite.has_value(); }
  friend bool operator==(const Route&, const Route&) = default;
};

/// A breaker for each value of a header, inside the service's.
struct ByHeader {
  std::string header;  ///< in lower case
  ByValueOptions limits;
  std::optional<CircuitBreakerOptions> breaker = {};  ///< of each value; empty: as the service's

  friend bool operator==(const ByHeader&, const ByHeader&) = default;
};

/// A part of a service's requests that another policy guards, so that the two can be compared.
struct SplitOptions {
  std::string candidate;  ///< a key of Config::policies
  double share = 0.1;     ///< of the requests; (0, 0.5]
  std::string header;     ///< by whose value requests are divided, in lower case; empty: by blocks of time
  Duration block{};       ///< of the comparison; without a header also how long one policy has all requests

  friend bool operator==(const SplitOptions&, const SplitOptions&) = default;
};

/// Of a service of kind a2a: an agent (docs/agents.md).
struct AgentOptions {
  bool tells_duplicates = false;           ///< by the message id: a message may be sent again as it was
  std::vector<std::string> failed_states;  ///< of tasks, as 0.3 spells them, that are failures of the agent
  std::vector<std::string> origins;        ///< by which its card names the agent, beside the upstreams'

  friend bool operator==(const AgentOptions&, const AgentOptions&) = default;
};

/// One entry of `services:`.
struct Service {
  std::string name;
  std::vector<Upstream> upstreams;  ///< at least one, each another
  /// How often the names of upstreams are looked up, each of whose addresses is an instance. Empty: a name is
  /// one instance, whose addresses are tried one after the other.
  std::optional<Duration> dns_refresh;
  std::string base_path;  ///< of every url; put before the request's path; empty or starting with '/', never
                          ///< ending in it
  std::string policy;     ///< a key of Config::policies
  std::vector<Route> routes;
  PoolOptions pool;
  instances::BalanceOptions balance;
  std::string balance_header;  ///< whose value is the key of Balance::hash; in lower case
  std::optional<instances::EjectionOptions> ejection;  ///< empty: no instance is ever left out
  std::optional<BusinessOptions> business;
  /// Calls that its callers have room for at once, for reports; empty: as many as its bulkhead or its
  /// connections.
  std::optional<std::uint64_t> capacity;
  std::optional<health::CheckOptions> health_check;
  std::optional<ByHeader> by;  ///< only if it or the policy has a circuit breaker
  /// Policies with breakers that are told of its calls and refuse none; only if its own policy has one.
  std::vector<std::string> shadows;
  std::optional<SplitOptions> split;
  std::optional<AgentOptions> agent;  ///< of kind a2a; empty: of kind http
  std::vector<std::string> calls;  ///< other services that it calls in turn; only `switchgear prove` reads it

  friend bool operator==(const Service&, const Service&) = default;
};

/// What a program's own sections say, by the type of their options (own_sections.hpp).
class OwnValues {
 public:
  /// Precondition: the file was loaded with a section that has these options.
  template <class Options>
  [[nodiscard]] const Options& get() const {
    return std::any_cast<const Options&>(values_.at(typeid(Options)));
  }
  void put(std::any value) {
    const std::type_index type{value.type()};
    values_.insert_or_assign(type, std::move(value));
  }

 private:
  std::map<std::type_index, std::any> values_;
};

/// A whole, validated file.
struct Config {
  GatewayOptions gateway;
  std::map<std::string, Policy> policies;
  std::map<std::string, Service> services;
  OwnValues own;
};

/// One finding, printed as `FILE:LINE:COL: message`. Lines and columns count from 1.
struct Diagnostic {
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
  std::string message;

  [[nodiscard]] std::string text() const;
};

struct Loaded {
  std::optional<Config> config;  ///< set when there are no errors
  /// Set when all errors are options of a policy that are valid, and impossible together: for a program that
  /// explains them.
  std::optional<Config> contradictory;
  std::vector<Diagnostic> errors;    ///< all of them, in file order
  std::vector<Diagnostic> warnings;  ///< valid, but probably not intended
};

class OwnSections;

/// Which files may be read. A pipe or a terminal can keep its reader waiting for ever.
enum class FileKind : std::uint8_t { any, regular };

/// Reads and validates one file. Never throws for what the file says; a file that cannot be read, or is not
/// of that kind, is an error at 1:1. Blocks as long as a pipe of `kind` any does.
[[nodiscard]] Loaded load_file(const std::string& path, FileKind kind = FileKind::any);
/// The same for a program with sections of its own in the file.
[[nodiscard]] Loaded load_file(const std::string& path, FileKind kind, const OwnSections& own);

/// The same from memory; `name` stands for the file in messages, `directory` is where `file:` secrets are
/// looked up.
[[nodiscard]] Loaded load_text(const std::string& text, const std::string& name,
                               const std::string& directory = ".");
[[nodiscard]] Loaded load_text(const std::string& text, const std::string& name, const std::string& directory,
                               const OwnSections& own);

}  // namespace switchgear::config
