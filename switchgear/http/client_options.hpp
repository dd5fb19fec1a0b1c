// The options of a client, and the figures of its pools.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"
#include "switchgear/http/failure_classifier.hpp"
#include "switchgear/http/headers.hpp"
#include "switchgear/tls/context.hpp"

namespace switchgear::http {

/// Of each pool: a pool holds the connections to one address for requests of one class, with or without TLS.
struct PoolOptions {
  /// Open at once, idle ones included; at least 1. Raise it if figures show that requests wait while the
  /// server is not busy.
  std::size_t max = 64;
  /// Requests that wait for a connection; one more ends with Errc::pool_full.
  std::size_t max_waiting = 1024;
  /// A connection that has been idle for this long is closed. Shorter than the server's own limit: then the
  /// client closes first, and no request meets a connection that is being closed.
  Duration idle_timeout = std::chrono::seconds{30};
  /// A connection is not used for another request once it is this old, so that a service that has moved is
  /// found again.
  Duration max_age = std::chrono::minutes{10};
  /// For all addresses of the name together, TLS handshake included.
  Duration connect_timeout = std::chrono::seconds{2};

  friend bool operator==(const PoolOptions&, const PoolOptions&) = default;
};

/// Whether the certificate of a server is checked: for the host of the URL.
using tls::Verify;

/// For https. TLS 1.2 or later.
struct TlsOptions {
  Verify verify = Verify::peer;
  /// A PEM file with the authorities to trust, instead of the system's.
  std::string ca_file{};
  /// PEM files, for servers that ask who calls; both or none.
  std::string certificate_file{};
  std::string key_file{};
  /// What the certificate of the base URL's origin must be valid for, and what that server is told (SNI),
  /// instead of the URL's host: for a server that is called by its address.
  std::string name{};
  /// One that is made already, instead of what `verify` and the files say.
  std::optional<tls::ClientContext> context{};

  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

/// Whether a server is told how long its answer is waited for.
enum class TellDeadline : std::uint8_t {
  no,
  /// Each attempt says it in `x-request-deadline-ms`, in whole milliseconds from when it is sent, as the
  /// gateway tells its services; a redirect followed says what is left then. Servers that know the field can
  /// stop when their caller has given up, and tell their own dependencies.
  yes,
};

struct ClientOptions {
  /// Sent with every request that has none of the same name. Authorization and Cookie go to the origin of the
  /// base URL only.
  Headers headers{};
  PoolOptions pool{};
  TlsOptions tls{};
  /// The most bytes of an answer's head, and of its body, before and after it is decoded.
  std::size_t max_head = std::size_t{64} * 1024;
  std::size_t max_body = std::size_t{16} * 1024 * 1024;
  /// Redirects followed unless the request says otherwise. 0: a redirect is an answer like any other.
  unsigned redirects = 0;
  /// A request that has the field already, its own or one of `headers`, is sent as it is.
  TellDeadline tell_deadline = TellDeadline::no;
  /// Which answers and errors are failures of the server, for a pipeline that does not say so itself
  /// (Pipeline::classified_by).
  FailureRules failures{};
};

/// One pool, at one moment, and what has happened since it was made.
struct PoolFigures {
  std::string origin;              ///< `https://shop:8443`
  std::string_view request_class;  ///< `standard`: see RequestClass
  std::size_t active = 0;          ///< in use by a request
  std::size_t idle = 0;
  std::size_t connecting = 0;
  std::size_t waiting = 0;     ///< requests without a connection
  std::uint64_t opened = 0;    ///< connections
  std::uint64_t reused = 0;    ///< requests on a connection that was kept
  std::uint64_t failed = 0;    ///< connections that could not be opened
  std::uint64_t recycled = 0;  ///< closed because they were idle too long, too old, or closed by the server
  std::uint64_t refused = 0;   ///< requests that ended with Errc::pool_full
};

}  // namespace switchgear::http
