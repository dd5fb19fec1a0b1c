#include "app/chaos/scenario_file.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

#include "app/chaos/scenario_sections.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/document.hpp"
#include "switchgear/config/section.hpp"
#include "switchgear/config/source_file.hpp"
#include "switchgear/config/suggest.hpp"

namespace switchgear::chaos {
namespace {

using config::Length;
using config::Number;
using config::Section;
using config::Text;
using config::Value;
using config::Whole;
using namespace std::chrono_literals;

constexpr std::size_t largest_file = 1'048'576;
constexpr std::size_t most_services = 50;
constexpr std::size_t most_instances = 50;
constexpr std::size_t most_paths = 100;
constexpr std::size_t longest_text = 128;
constexpr double most_calls = 1e6;

std::vector<std::uint16_t> read_ports(const Value& list) {
  std::vector<std::uint16_t> ports;
  std::set<std::uint16_t> taken;
  for (const Value& item : config::items(list, "ports: [9001, 9002]")) {
    const auto port = Whole{1, 65535}(item);
    if (!port) continue;
    if (!taken.insert(static_cast<std::uint16_t>(*port)).second) item.wrong("stands there twice");
    ports.push_back(static_cast<std::uint16_t>(*port));
  }
  if (ports.size() > most_instances)
    list.wrong(std::to_string(ports.size()) + " ports found; expected at most " +
               std::to_string(most_instances));
  if (ports.empty()) list.wrong("no port found; expected one for each instance, as in ports: [9001, 9002]");
  return ports;
}

/// Before a server on this machine, and with no faults of HTTP.
void read_relay(const Value& value, Section& section, PlayedService& service) {
  const auto text = Text{}(value);
  if (!text) return;
  const auto parsed = config::parse_listen(*text);
  if (!parsed.value || config::is_unix(*parsed.value) || !config::is_loopback(*parsed.value) ||
      parsed.value->host.find_first_of(".:") == std::string::npos) {
    value.wrong(config::quoted(*text) +
                " is not an address of this machine; expected one such as 127.0.0.1:5432");
    return;
  }
  service.relay = *text;
  for (const char* const key : {"latency", "errors", "capacity"}) {
    if (const auto given = section.find(key))
      given->wrong("of a relay, which answers nothing itself; leave it out");
  }
}

PlayedService read_service(const Value& value) {
  PlayedService service;
  Section section(value);
  std::size_t instances = 1;
  section.read("instances", instances, Whole{1, most_instances});
  section.read("latency", service.latency, Length{0s, 1min});
  section.read("errors", service.errors, Number{0, 1});
  section.read("capacity", service.capacity, Whole{1, 100'000});
  service.ports.assign(instances, 0);
  if (const auto ports = section.find("ports")) {
    service.ports = read_ports(*ports);
    if (const auto count = section.find("instances"); count && service.ports.size() != instances)
      count->wrong("is " + std::to_string(instances) + ", and there are " +
                   std::to_string(service.ports.size()) + " ports; leave one of them out");
  }
  if (const auto relay = section.find("relay")) read_relay(*relay, section, service);
  section.finish();
  return service;
}

void read_services(const Value& value, Scenario& scenario) {
  Section section(value);
  for (const auto& [name, service] : section.entries()) {
    if (name.empty() || name.size() > longest_text)
      service.wrong("the name has " + std::to_string(name.size()) + " bytes; expected 1 to " +
                    std::to_string(longest_text));
    if (scenario.services.size() == most_services)
      return service.wrong("is one too many; expected at most " + std::to_string(most_services) +
                           " services");
    scenario.services.emplace(name, read_service(service));
  }
}

constexpr std::string_view post = "POST ";

std::optional<std::string> read_path(const Value& value) {
  auto written = Text{}(value);
  if (!written) return written;
  const std::optional<std::string> path =
      written->starts_with(post) ? written->substr(post.size()) : *written;
  const bool plain = path->find_first_of(" \t\r\n#") == std::string::npos;
  if (path->starts_with('/') && plain && path->size() <= 2000) return written;
  value.wrong(config::quoted(*written) +
              " is not a path; expected one such as /payment/x or \"POST /orders\"");
  return std::nullopt;
}

std::vector<std::string> read_paths(const Value& value) {
  std::vector<std::string> paths;
  if (value.node->kind != config::Node::Kind::sequence) {
    if (auto path = read_path(value)) paths.push_back(std::move(*path));
    return paths;
  }
  for (const Value& item : config::items(value, "path: [/a, /b]")) {
    if (auto path = read_path(item)) paths.push_back(std::move(*path));
  }
  if (value.node->items.empty() || value.node->items.size() > most_paths)
    value.wrong(std::to_string(value.node->items.size()) + " paths found; expected 1 to " +
                std::to_string(most_paths));
  return paths;
}

void read_load(const Value& value, Load& load) {
  const std::size_t errors_before = value.report->errors();
  Section section(value);
  section.require("rate", load.rate, Number{0.1, 5000}, "rate: 50");
  section.require("duration", load.duration, Length{1s, 1h}, "duration: 60s");
  load.timeout = 10s;
  section.read("timeout", load.timeout, Length{1ms, 1min});
  if (const auto path = section.find("path")) {
    load.paths = read_paths(*path);
    for (std::string& each : load.paths) {
      load.posts.push_back(each.starts_with(post));
      if (load.posts.back()) each.erase(0, post.size());
    }
  } else {
    section.missing("path", "path: /payment/x");
  }
  section.read("body", load.body, Text{});
  if (const auto body = section.find("body"); body && std::ranges::find(load.posts, true) == load.posts.end())
    body->wrong("a body, and no path that is called with POST; write \"POST /orders\" for one");
  section.finish();
  if (value.report->errors() == errors_before && load.rate * to_seconds(load.duration) > most_calls)
    section.wrong("rate and duration make more than a million calls; expected at most that many");
}

/// A URL of http or https.
std::optional<std::string> read_url(const Value& value) {
  auto url = Text{}(value);
  if (!url) return url;
  const auto parsed = config::parse_service_url(*url);
  if (!parsed.value) {
    value.wrong(parsed.problem);
  } else if (config::is_unix(parsed.value->upstream)) {
    value.wrong("a Unix socket; expected a URL such as http://127.0.0.1:8080");
  }
  return url;
}

void read_target(const Value& value, Target& target) {
  Section section(value);
  section.require("url", target.url, read_url, "url: \"http://127.0.0.1:8080\"");
  section.require("admin", target.admin, read_url, "admin: \"http://127.0.0.1:9090\"");
  section.finish();
}

/// Nothing is broken on purpose unless the file says that it may be.
void read_consent(Section& root) {
  constexpr std::string_view why = "no fault is played without it; write \"chaos: {enabled: true}\"";
  const auto chaos = root.find("chaos");
  if (!chaos)
    return root.self().report->error(root.self().key, "chaos.enabled", "is missing; " + std::string(why));
  Section section(*chaos);
  if (const auto enabled = section.find("enabled")) {
    const auto said = config::Truth{}(*enabled);
    if (said && !*said) enabled->wrong("is false; " + std::string(why));
  } else if (section.is_mapping()) {
    chaos->report->error(chaos->key, "chaos.enabled", "is missing; " + std::string(why));
  }
  section.finish();
}

void read_where(Section& root, Scenario& scenario) {
  const auto gateway = root.find("gateway");
  const auto target = root.find("target");
  if (gateway && target)
    target->wrong("a target beside a gateway; expected one of them: the gateway is started, a target runs");
  if (!gateway && !target)
    root.self().report->error(root.self().key, "gateway",
                              "is missing; write \"gateway: FILE\" for one that is started with that policy "
                              "file, or \"target: {url: …, admin: …}\" for one that runs");
  if (gateway) root.read("gateway", scenario.gateway, Text{});
  if (target) read_target(*target, scenario.target);
}

/// Only a gateway that the run starts can know ports that the system chose.
void need_ports(Section& root, const Scenario& scenario) {
  if (scenario.target.url.empty()) return;
  const auto services = root.find("services");
  for (const auto& [name, service] : scenario.services) {
    if (service.ports.front() == 0)
      services->report->error(services->key, config::join("services", name),
                              "has no ports; a target that runs calls its services at ports of its own, so "
                              "write them here, as in ports: [9001, 9002]");
  }
}

Scenario read_root(const config::Node& root, const std::string& file, config::Report& report) {
  Scenario scenario;
  scenario.file = file;
  if (root.kind != config::Node::Kind::mapping) {
    report.error(root.at, "",
                 config::found_unquoted(root) + " found; expected a mapping that starts with \"version: 1\"");
    return scenario;
  }
  Section section(Value{&root, root.at, "", &report});
  std::uint64_t version = 1;
  section.require("version", version, Whole{1, 1}, "version: 1");
  section.require("scenario", scenario.name, Text{}, "scenario: payment goes down");
  if (scenario.name.size() > longest_text) section.find("scenario")->wrong("is longer than 128 bytes");
  section.read("seed", scenario.seed, config::any_whole);
  read_consent(section);
  read_where(section, scenario);
  if (const auto services = section.find("services")) read_services(*services, scenario);
  need_ports(section, scenario);
  if (const auto load = section.find("load")) {
    read_load(*load, scenario.load);
  } else {
    section.missing("load", "load: {rate: 50, path: /payment/x, duration: 60s}");
  }
  if (const auto phases = section.find("phases")) read_phases(*phases, scenario);
  if (const auto expect = section.find("expect")) read_expectations(*expect, scenario);
  section.finish();
  return scenario;
}

ReadScenario finish(config::Report& report, std::optional<Scenario> scenario) {
  ReadScenario read;
  read.errors = report.take_errors();
  if (read.errors.empty()) read.scenario = std::move(scenario);
  return read;
}

}  // namespace

ReadScenario read_scenario(const std::string& text, const std::string& file) {
  config::Report report(file);
  std::optional<Scenario> scenario;
  if (text.size() > largest_file) {
    report.error({}, "", "is larger than " + std::to_string(largest_file) + " bytes");
  } else if (const auto bad = config::find_bad_text(text)) {
    report.error(config::mark_of(text, bad->offset), "",
                 std::string(bad->problem) + " found; expected UTF-8 text");
  } else if (auto root = config::parse_document(text, report)) {
    config::expand_environment(*root, report);
    scenario = read_root(*root, file, report);
  }
  return finish(report, std::move(scenario));
}

ReadScenario load_scenario(const std::string& path) {
  config::ReadResult file = config::read_file(path, largest_file);
  if (file.bytes) return read_scenario(*file.bytes, path);
  config::Report report(path);
  report.error({}, "", file.problem);
  return finish(report, std::nullopt);
}

}  // namespace switchgear::chaos
