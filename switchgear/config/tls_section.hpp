// tls, of the gateway and of a service: certificates, keys and authorities, read and tried.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "switchgear/config/section.hpp"
#include "switchgear/tls/context.hpp"

namespace switchgear::config {

/// What `gateway.tls` says. Certificates and keys are PEM texts, or `file:PATH`, relative to `directory`;
/// none of them is ever quoted. Empty if something is wrong with it, which is reported at its key.
[[nodiscard]] std::optional<tls::ServerContext> read_server_tls(const Value& value,
                                                                const std::string& directory);

/// Reads `services.NAME.tls` of one service after the other. Services that are secured in the same way share
/// the context.
class PeerReader {
 public:
  /// Borrowed.
  explicit PeerReader(const std::string& directory) : directory_(directory) {}

  /// Of a service whose URL is https; if it has no `tls`, the system's authorities are trusted. The
  /// peer's name is empty if the file gives none: then it is that of the URL. Empty if something is wrong,
  /// which is reported.
  [[nodiscard]] std::optional<tls::Peer> read(Section& service);

 private:
  [[nodiscard]] tls::ClientContext context_of(const tls::ClientSettings& settings);

  const std::string& directory_;
  std::vector<tls::ClientContext> made_;
};

}  // namespace switchgear::config
