#include "app/interop/route_intake.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "app/interop/yaml_text.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/document.hpp"
#include "switchgear/config/policy_names.hpp"
#include "switchgear/config/report.hpp"

namespace switchgear::interop {

using config::Report;
using config::Route;

namespace {

std::string_view without_slash(std::string_view path) {
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

/// Every path that `inner` takes is one that `outer` takes.
bool covers_path(const Route& outer, const Route& inner) {
  if (outer.match == Route::Match::exact)
    return inner.match == Route::Match::exact && inner.path == outer.path;
  const std::string_view prefix = without_slash(outer.path);
  const std::string_view path = inner.match == Route::Match::exact ? inner.path : without_slash(inner.path);
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

bool covers_methods(const Route& outer, const Route& inner) {
  return outer.methods.empty() ||
         (!inner.methods.empty() && std::ranges::all_of(inner.methods, [&](const std::string& method) {
           return std::ranges::find(outer.methods, method) != outer.methods.end();
         }));
}

bool covers(const Route& outer, const Route& inner) {
  return covers_path(outer, inner) && covers_methods(outer, inner) &&
         std::ranges::all_of(outer.headers, [&](const auto& header) {
           return std::ranges::find(inner.headers, header) != inner.headers.end();
         });
}

/// Some request meets both.
bool overlap(const Route& a, const Route& b) {
  if (!covers_path(a, b) && !covers_path(b, a)) return false;
  if (!a.methods.empty() && !b.methods.empty() &&
      std::ranges::find_first_of(a.methods, b.methods) == a.methods.end())
    return false;
  return std::ranges::all_of(a.headers, [&](const auto& header) {
    return std::ranges::all_of(b.headers, [&](const auto& other) {
      return header.first != other.first || header.second == other.second;
    });
  });
}

/// The order of the router, of routes of one host.
auto specificity(const Route& route) {
  return std::tuple{route.match == Route::Match::exact, without_slash(route.path).size(),
                    !route.methods.empty(), route.headers.size()};
}

/// The route as a policy file has it, read by the code that reads policy files. `at`: its place in messages.
void read(config::RouteReader& reader, const boost::json::object& route, config::Mark at,
          config::Service& service, Report& report) {
  auto node = config::parse_document(to_yaml(route), report);
  if (!node) return;
  for (config::Entry& entry : node->entries) entry.value.at = at;
  static const std::map<std::string, config::Policy> none;  // a mesh's routes name no policies of ours
  config::PolicyNames policies{none};
  reader.read({&*node, at, "", &report}, service, policies);
}

/// Without a port, in small letters. As it is if a route cannot have it, which reading the route reports.
std::string usual_host(std::string_view host) {
  auto parsed = config::parse_route_host(host);
  return parsed.value ? *std::move(parsed.value) : std::string(host);
}

bool takes_host(std::string_view pattern, std::string_view host) {
  if (pattern.empty() || pattern == host) return true;
  return pattern.starts_with("*.") && host.size() > pattern.size() - 1 && host.ends_with(pattern.substr(1));
}

std::string first_problem(Report& report) {
  const auto errors = report.take_errors();
  return errors.empty() ? std::string{} : errors.front().message;
}

}  // namespace

const std::string* host_that_has(const boost::json::object& route, const std::vector<std::string>& hosts) {
  const std::string asked = usual_host(std::string_view{route.at("host").as_string()});
  if (asked.starts_with('*')) return nullptr;  // as a text, which no host is
  const auto found = std::ranges::find_if(
      hosts, [&](const std::string& host) { return takes_host(usual_host(host), asked); });
  return found == hosts.end() ? nullptr : &*found;
}

void RouteIntake::add(const config::Value& origin, const boost::json::object& route, std::string_view how,
                      ImportedService& service) {
  const auto too_many = [&](std::size_t limit, std::string_view of) {
    origin.report->error(origin.node->at, origin.path,
                         "is one of more than " + std::to_string(limit) + " routes" + std::string(of) +
                             "; expected at most that many");
    count_ = most + 1;
  };
  if (++count_ > most) return too_many(most, "");
  Report report{""};
  config::Service trial;
  trial.name = service.service.name;
  config::RouteReader alone;
  read(alone, route, origin.node->at, trial, report);
  if (trial.routes.empty()) return ledger_->none(origin, "the route is left out: " + first_problem(report));
  const Route& wanted = trial.routes.front();

  std::string caution(how);
  auto& earlier = by_host_[wanted.host];
  if (earlier.size() == most_of_one_host) return too_many(most_of_one_host, " of one host");
  for (const Earlier& one : earlier) {
    if (covers(one.route, wanted)) {
      ledger_->none(origin, "the route is left out: the one at " + one.place + " takes all of its requests");
      return;
    }
    const bool same = one.service == &service && one.route.strip_prefix == wanted.strip_prefix &&
                      one.route.rewrite == wanted.rewrite && one.route.upgrade == wanted.upgrade;
    if (!same && overlap(one.route, wanted) && specificity(wanted) > specificity(one.route)) {
      caution.append(caution.empty() ? "" : "; ");
      caution.append("requests that the route at ").append(one.place).append(" takes as well go here");
      break;
    }
  }
  read(reader_, route, origin.node->at, service.service, report);
  if (report.errors() > 0) return ledger_->none(origin, "the route is left out: " + first_problem(report));
  earlier.push_back({wanted, "line " + std::to_string(origin.node->at.line), &service});
  const std::string to = service.at("routes[" + std::to_string(service.service.routes.size() - 1) + "]");
  caution.empty() ? ledger_->carried(origin, to) : ledger_->approximated(origin, to, caution);
}

}  // namespace switchgear::interop
