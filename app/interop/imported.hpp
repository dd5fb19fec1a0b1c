// What an import makes: services, each with a policy of its own, which the writer turns into a policy file.
#pragma once

#include <algorithm>
#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "app/interop/ledger.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/config.hpp"

namespace switchgear::interop {

/// `services.*.tls`. Certificates and keys are `file:PATH`, or PEM texts.
struct ImportedTls {
  std::string server_name{};
  std::string ca{};  ///< empty: the system's authorities
  std::string certificate{};
  std::string key{};
  bool verified = true;
};

[[nodiscard]] inline bool names_file(std::string_view source) { return source.starts_with("file:"); }

/// One service and the policy of the same name.
struct ImportedService {
  config::Service service;
  config::Policy policy;
  std::optional<ImportedTls> tls{};  ///< it is called by https
  /// So many services with routes stand for the same host of the mesh, each with all of its limits.
  std::size_t siblings = 1;
  std::size_t retrying_siblings = 1;  ///< of these

  /// One of its instances is a Unix socket.
  [[nodiscard]] bool has_socket() const {
    return std::ranges::any_of(service.upstreams, [](const auto& each) { return config::is_unix(each.at); });
  }
  /// `services.reviews.ejection`
  [[nodiscard]] std::string at(std::string_view key) const {
    return "services." + service.name + "." + std::string(key);
  }
  /// `policies.reviews.timeout`
  [[nodiscard]] std::string policy_at(std::string_view key) const {
    return "policies." + service.name + "." + std::string(key);
  }
};

/// Services stay where they are while others are added: routes refer to them.
class Imported {
 public:
  config::Endpoint listen = config::GatewayOptions{}.listen.front().at;
  std::deque<ImportedService> services;

  /// A service with a name like `wanted` that is not taken yet.
  ImportedService& add(std::string_view wanted);

  /// A gateway must not call itself: if a service is where it would listen, it listens on another port.
  void listen_apart(Ledger& ledger);

 private:
  std::set<std::string> names_;
};

/// The policy file, as `switchgear check` takes it: what differs from the defaults. Texts are written so that
/// no `${…}` in them is filled in from the environment.
[[nodiscard]] boost::json::object policy_file(const Imported& imported);

/// One item of `routes`.
[[nodiscard]] boost::json::object written_route(const config::Route& route);

}  // namespace switchgear::interop
