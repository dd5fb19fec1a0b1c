#include "app/serve/value_resources.hpp"

#include <boost/json/object.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/core/command.hpp"
#include "switchgear/policy/breakers_by_value.hpp"

namespace switchgear::serve {

namespace {

namespace json = boost::json;
using admin::Problem;
using admin::ResourceAnswer;
using admin::ResourceRequest;

constexpr const char* parameter = "value";

[[nodiscard]] TimePoint now() { return std::chrono::steady_clock::now(); }

[[nodiscard]] json::object json_of(const std::string& circuit, const BreakerSnapshot& seen,
                                   const WallAnchor& anchor) {
  const WindowSnapshot& window = seen.window;
  json::object made{
      {"circuit", circuit},
      {"state", to_string(seen.state)},
      {"mode", seen.metrics_only ? "metrics_only" : "normal"},
      {"since", admin::iso8601(anchor.to_wall(seen.since))},
      {"retry_after", nullptr},
      {"calls", seen.totals.calls},
      {"failures", seen.totals.failures},
      {"rejected", seen.totals.rejected},
      {"window",
       {{"calls", window.calls}, {"failures", window.failures}, {"failure_rate", window.failure_rate()}}}};
  if (seen.retry_after) made["retry_after"] = to_seconds(*seen.retry_after);
  return made;
}

/// What a request is about, once it is known to name a value of a service that has breakers by value.
struct Asked {
  std::shared_ptr<BreakersByValue> values;
  std::string value;
};

[[nodiscard]] std::variant<Asked, Problem> asked_in(const ResourceRequest& request,
                                                    const gateway::Gateway& gateway) {
  const std::string name{request.name};
  if (!gateway.serves(name)) return Problem{404, "the service does not exist", {{"service", name}}};
  auto values = gateway.values(name);
  if (!values)
    return Problem{
        404, "the service does not have breakers by value; see services.*.by", {{"service", name}}};
  const std::string* const value = request.parameter(parameter);
  if (value == nullptr || value->empty())
    return Problem{400, "the query needs the value, as in ?value=acme", {{"parameter", parameter}}};
  return Asked{std::move(values), *value};
}

[[nodiscard]] Problem no_such_value(const Asked& asked) {
  return {404,
          "the value does not have a breaker: it was not used lately, or all places are taken",
          {{"circuit", asked.values->found_name(asked.value, now())}}};
}

[[nodiscard]] ResourceAnswer shown(const Asked& asked, const WallAnchor& anchor) {
  const auto seen = asked.values->find(asked.value, now());
  if (!seen) return no_such_value(asked);
  return admin::Json{json_of(asked.values->found_name(asked.value, now()), *seen, anchor)};
}

}  // namespace

std::vector<admin::AddedResource> value_resources(const gateway::Gateway& gateway, const WallAnchor& anchor) {
  const std::string path = "/circuit-breakers/{name}/by-value";
  const auto handler = [&gateway, anchor](auto act) {
    return [&gateway, anchor, act](const ResourceRequest& request) -> ResourceAnswer {
      const auto asked = asked_in(request, gateway);
      if (const auto* wrong = std::get_if<Problem>(&asked)) return *wrong;
      const Asked& about = std::get<Asked>(asked);
      if (!act(about)) return no_such_value(about);
      return shown(about, anchor);
    };
  };
  const auto circuit_of = [&gateway](const ResourceRequest& request) {
    const auto asked = asked_in(request, gateway);
    const auto* const about = std::get_if<Asked>(&asked);
    return about == nullptr ? std::string{request.name} : about->values->found_name(about->value, now());
  };
  std::vector<admin::AddedResource> resources;
  resources.push_back({.method = admin::Method::get,
                       .path = path,
                       .parameters = {parameter},
                       .handle = handler([](const Asked&) { return true; })});
  for (const Command command : commands) {
    const std::string word{word_of(command)};
    resources.push_back({.method = admin::Method::post,
                         .path = path + "/" + word,
                         .parameters = {parameter},
                         .handle = handler([command](const Asked& of) {
                           return of.values->command(of.value, command, now());
                         }),
                         .command = word,
                         .subject = circuit_of});
  }
  return resources;
}

}  // namespace switchgear::serve
