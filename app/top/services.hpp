// The services of a gateway, as GET /status tells them.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear::top {

struct Service {
  std::string name;   ///< as the server has it: a key
  std::string shown;  ///< the same for a terminal
  boost::json::object document;
  std::optional<double> requests;       ///< per second, between the last two answers
  std::optional<double> server_errors;  ///< those of them that were answered with 5xx
};

class Services {
 public:
  using Map = std::map<std::string, Service, std::less<>>;

  /// `status` is the answer to GET /status. A program that has no gateway has no services.
  void apply(const boost::json::object& status, TimePoint now);

  [[nodiscard]] const Map& all() const noexcept { return services_; }
  [[nodiscard]] const Service* find(std::string_view name) const;

 private:
  Map services_;
  TimePoint applied_{};
};

}  // namespace switchgear::top
