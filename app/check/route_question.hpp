// What `switchgear check --route` answers: where the gateway would send a request.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "switchgear/config/config.hpp"

namespace switchgear::check {

struct RouteQuestion {
  std::string request;               ///< `GET http://shop.example.com/payment/x`; empty: nothing is asked
  std::vector<std::string> headers;  ///< `x-beta: 1`

  [[nodiscard]] bool asked() const noexcept { return !request.empty(); }
};

/// The gateway's own answer if no service gets the request, else where it goes.
struct RouteAnswer {
  unsigned status = 0;  ///< of the gateway's answer; 0: a service gets it
  std::string detail;   ///< why
  std::string service;
  std::size_t number = 0;  ///< of the route among those of the service, from 0
  std::string route;       ///< in words
  std::string policy;      ///< the route's own, or the service's
  std::string sent;        ///< `GET http://127.0.0.1:9001/x`

  [[nodiscard]] bool found() const noexcept { return status == 0; }
};

/// Reads the request as the gateway does: the same check of its head, the same view of its path, the same
/// router.
[[nodiscard]] RouteAnswer answer_of(const RouteQuestion& question, const config::Config& config);

/// Lines; each ends in a newline.
[[nodiscard]] std::string to_text(const RouteQuestion& question, const RouteAnswer& answer);
[[nodiscard]] boost::json::object to_json(const RouteAnswer& answer);

}  // namespace switchgear::check
