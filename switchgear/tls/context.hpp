// What the connections of one side have in common, made once and shared by all threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/tls/native.hpp"
#include "switchgear/tls/pem.hpp"

namespace switchgear::tls {

/// Whether the certificate of a server is checked.
enum class Verify : std::uint8_t {
  peer,     ///< it must be valid for the server's name, and signed by a known authority
  nothing,  ///< anyone may answer: for tests only
};

/// The least version of the protocol that is spoken.
enum class Version : std::uint8_t { tls1_2, tls1_3 };

struct ClientSettings {
  Verify verify = Verify::peer;
  /// PEM certificates of the authorities to trust. Empty: the system's, as they are when the context is made.
  std::string ca{};
  /// For servers that ask who calls.
  std::optional<Identity> identity{};
  Version minimum = Version::tls1_2;

  friend bool operator==(const ClientSettings&, const ClientSettings&) = default;
};

struct ServerSettings {
  /// At least one. A client gets the first that is for the name that it asks for (SNI); the first of all when
  /// it asks for none, or for one that none of them is for.
  std::vector<Identity> identities{};
  /// PEM certificates of authorities: a client must have a certificate that one of them signed. Empty:
  /// clients are not asked for one.
  std::string client_ca{};
  Version minimum = Version::tls1_2;

  friend bool operator==(const ServerSettings&, const ServerSettings&) = default;
};

/// A handle: copies share what it was made of. Equal if the settings are. Renegotiation is off; the
/// application protocol (ALPN) is http/1.1. Threads: any, it is constant.
class ClientContext {
 public:
  /// Throws std::invalid_argument, which says what OpenSSL does not accept.
  explicit ClientContext(const ClientSettings& settings);

  [[nodiscard]] const ClientSettings& settings() const noexcept;
  [[nodiscard]] ssl_ctx_st* native() const noexcept;
  friend bool operator==(const ClientContext& a, const ClientContext& b) {
    return a.made_ == b.made_ || a.settings() == b.settings();
  }

 private:
  struct Made;
  std::shared_ptr<const Made> made_;
};

/// The same for the side that is connected to. Sessions are resumed by tickets, whose keys live as long as
/// the context: a client that comes with a ticket of another one makes a whole handshake. So does one whose
/// certificate, or an authority's of it, has expired since (session_lifetime.hpp).
class ServerContext {
 public:
  /// Throws std::invalid_argument, which says what OpenSSL does not accept.
  explicit ServerContext(const ServerSettings& settings);

  [[nodiscard]] const ServerSettings& settings() const noexcept;
  /// Of the first identity: connections begin with it.
  [[nodiscard]] ssl_ctx_st* native() const noexcept;
  /// Whether one of the certificates is for this name.
  [[nodiscard]] bool is_for(std::string_view name) const noexcept;
  friend bool operator==(const ServerContext& a, const ServerContext& b) {
    return a.made_ == b.made_ || a.settings() == b.settings();
  }

 private:
  struct Made;
  std::shared_ptr<const Made>
      made_;  ///< outlives the connections' handshakes: each keeps a copy of the handle
};

/// The server that a client means.
struct Peer {
  ClientContext context;
  /// What its certificate must be valid for, unless nothing is verified: a name, which it is told as well
  /// (SNI), or an IP address.
  std::string name;

  friend bool operator==(const Peer&, const Peer&) = default;
};

/// Has `ssl` send the name, and check it. False: the name is too long, or there is no memory.
[[nodiscard]] bool expect_name(ssl_st& ssl, const std::string& name) noexcept;

}  // namespace switchgear::tls
