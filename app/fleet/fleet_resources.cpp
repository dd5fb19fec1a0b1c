#include "app/fleet/fleet_resources.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "switchgear/config/duration.hpp"
#include "switchgear/core/utf8.hpp"

namespace switchgear::fleet {

namespace {

namespace json = boost::json;
using admin::Problem;
using admin::ResourceAnswer;
using admin::ResourceRequest;

constexpr Duration longest_force = std::chrono::hours{24 * 7};

const char* word_of(redis::FleetVote vote) {
  switch (vote) {
    case redis::FleetVote::yes:
      return "down";
    case redis::FleetVote::no:
      return "works";
    case redis::FleetVote::waits:
      return "waits";
    case redis::FleetVote::lapsed:
      return "lapsed";
    case redis::FleetVote::abstains:
      break;
  }
  return "abstains";
}

json::array voters_json(const std::vector<redis::FleetVoter>& voters) {
  json::array all;
  for (const redis::FleetVoter& voter : voters) {
    all.push_back(json::object{{"member", as_utf8(voter.member)},
                               {"vote", word_of(voter.vote)},
                               {"calls", voter.calls},
                               {"failures", voter.failures},
                               {"expires_in", to_seconds(voter.left)}});
  }
  return all;
}

json::object circuit_json(const redis::FleetCircuitStatus& circuit) {
  json::object made{{"circuit", as_utf8(circuit.name)},
                    {"fresh", circuit.fresh},
                    {"trouble", as_utf8(circuit.trouble)},
                    {"state", circuit.open ? "open" : "closed"},
                    {"open_for", to_seconds(circuit.open_left)},
                    {"relapses", circuit.view.relapses},
                    {"cause", as_utf8(circuit.view.cause)},
                    {"incarnation", as_utf8(circuit.view.incarnation)},
                    {"epoch", circuit.view.epoch},
                    {"votes_down", circuit.view.yes},
                    {"electorate", circuit.view.electorate},
                    {"probes", as_utf8(circuit.view.probe_holder)},
                    {"repairs", circuit.view.repairs},
                    {"voters", voters_json(circuit.view.voters)},
                    {"own",
                     {{"vote", word_of(circuit.vote)},
                      {"calls", circuit.calls},
                      {"failures", circuit.failures},
                      {"dissents", circuit.dissents},
                      {"probes", circuit.probes}}},
                    {"forced_open", nullptr}};
  if (circuit.forced_open) {
    made["forced_open"] = json::object{{"for", to_seconds(circuit.forced_left)},
                                       {"by", as_utf8(circuit.forced_by)},
                                       {"told_redis", !circuit.command_on_its_way}};
  }
  return made;
}

json::object fleet_json(const redis::FleetStatus& status) {
  json::array circuits;
  for (const redis::FleetCircuitStatus& circuit : status.circuits) circuits.push_back(circuit_json(circuit));
  return {{"namespace", as_utf8(status.name_space)},
          {"member", as_utf8(status.member)},
          {"connected", status.connected},
          {"trouble", as_utf8(status.trouble)},
          {"members", status.members},
          {"report_takes", to_seconds(status.round)},
          {"circuits", std::move(circuits)}};
}

Problem no_fleet() { return {404, "the policy file does not have the key fleet"}; }

ResourceAnswer force(redis::Fleet& fleet, const ResourceRequest& request) {
  const std::string* const text = request.parameter("for");
  if (text == nullptr)
    return Problem{400, "the query needs a length of time, as in ?for=10m", {{"parameter", "for"}}};
  const config::ParsedDuration length = config::parse_duration(*text);
  if (!length.value || *length.value <= Duration::zero() || *length.value > longest_force)
    return Problem{
        400, "\"for\" is not a length of time above 0 and up to 7 days, such as 10m", {{"parameter", "for"}}};
  const std::string name{request.name};
  if (!fleet.force_open(name, *length.value, std::string{request.client}))
    return Problem{404, "the fleet does not have that circuit", {{"circuit", as_utf8(name)}}};
  return admin::Json{
      json::object{{"circuit", as_utf8(name)}, {"forced_open", true}, {"for", to_seconds(*length.value)}},
      202};
}

ResourceAnswer release(redis::Fleet& fleet, const ResourceRequest& request) {
  const std::string name{request.name};
  if (!fleet.release(name, std::string{request.client}))
    return Problem{404, "the fleet does not have that circuit", {{"circuit", as_utf8(name)}}};
  return admin::Json{json::object{{"circuit", as_utf8(name)}, {"forced_open", false}}, 202};
}

}  // namespace

std::vector<admin::AddedResource> fleet_resources(const Membership& membership) {
  const auto with_fleet = [&membership](auto answer) {
    return [&membership, answer](const ResourceRequest& request) -> ResourceAnswer {
      const std::shared_ptr<redis::Fleet> fleet = membership.fleet();
      if (!fleet) return no_fleet();
      return answer(*fleet, request);
    };
  };
  std::vector<admin::AddedResource> resources;
  resources.push_back(
      {.method = admin::Method::get,
       .path = "/fleet",
       .handle = with_fleet([](redis::Fleet& fleet, const ResourceRequest&) -> ResourceAnswer {
         return admin::Json{fleet_json(fleet.status(redis::FleetDetail::voters))};
       }),
       .offered = [&membership] { return membership.fleet() != nullptr; }});
  resources.push_back({.method = admin::Method::post,
                       .path = "/fleet/{name}/force-open",
                       .parameters = {"for"},
                       .handle = with_fleet(force),
                       .command = "fleet-force-open"});
  resources.push_back({.method = admin::Method::post,
                       .path = "/fleet/{name}/release",
                       .handle = with_fleet(release),
                       .command = "fleet-release"});
  return resources;
}

}  // namespace switchgear::fleet
