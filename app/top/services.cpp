#include "app/top/services.hpp"

#include <boost/json/value.hpp>
#include <utility>

#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"

namespace switchgear::top {
namespace json = boost::json;
namespace {

double requests_in(const json::object& service) {
  double sum = 0;
  for (const auto& [code_class, count] : control::object_of(service, "requests")) {
    if (count.is_number()) sum += count.to_number<double>();
  }
  return sum;
}

double server_errors_in(const json::object& service) {
  return control::number_of(control::object_of(service, "requests"), "5xx");
}

/// Empty when the count went back: the server has started anew.
std::optional<double> rate(double before, double after, double seconds) {
  if (after < before || !(seconds > 0)) return std::nullopt;
  return (after - before) / seconds;
}

}  // namespace

void Services::apply(const json::object& status, TimePoint now) {
  const double seconds = to_seconds(now - std::exchange(applied_, now));
  Map next;
  for (const auto& [key, value] : control::object_of(status, "services")) {
    if (!value.is_object()) continue;
    Service service;
    service.name = std::string{std::string_view{key}};
    service.shown = control::printable(service.name);
    service.document = value.get_object();
    if (const Service* before = find(service.name)) {
      service.requests = rate(requests_in(before->document), requests_in(service.document), seconds);
      service.server_errors =
          rate(server_errors_in(before->document), server_errors_in(service.document), seconds);
    }
    next.emplace(service.name, std::move(service));
  }
  services_.swap(next);
}

const Service* Services::find(std::string_view name) const {
  const auto found = services_.find(name);
  return found == services_.end() ? nullptr : &found->second;
}

}  // namespace switchgear::top
