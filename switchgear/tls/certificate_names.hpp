// Which of several certificates a client gets, by the name that it asks for (SNI).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchgear::tls {

/// An exact name wins over `*.example.com`, which is for one label more (RFC 6125, 6.4.3). Of two
/// certificates for one name, the first that was added.
class CertificateNames {
 public:
  /// `names` in lower case.
  void add(const std::vector<std::string>& names, std::size_t certificate) {
    for (const std::string& name : names) by_name_.emplace(name, certificate);
  }
  /// `name` as the client writes it. Empty: none is for it. Never throws; a name that is too long has none.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const noexcept;

 private:
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

}  // namespace switchgear::tls
