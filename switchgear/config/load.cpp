#include <array>
#include <filesystem>
#include <set>
#include <string_view>

#include "switchgear/config/config.hpp"
#include "switchgear/config/document.hpp"
#include "switchgear/config/own_sections.hpp"
#include "switchgear/config/sections.hpp"
#include "switchgear/config/source_file.hpp"

namespace switchgear::config {

namespace {

constexpr std::size_t largest_file = std::size_t{1024} * 1024;

/// Where there are services, a policy that none of them names is most likely one that they were meant to
/// name.
void warn_of_unused(const Value& policies, const Config& config) {
  std::set<std::string_view> used;
  for (const auto& [name, service] : config.services) {
    used.insert(service.policy);
    for (const Route& route : service.routes) used.insert(route.policy);
    used.insert(service.shadows.begin(), service.shadows.end());
    if (service.split) used.insert(service.split->candidate);
  }
  if (used.empty() || policies.report->errors() > 0) return;
  for (const Entry& entry : policies.node->entries) {
    if (!used.contains(entry.key))
      policies.report->warning(entry.at, join(policies.path, entry.key), "no service names this policy");
  }
}

Config read_root(const Node& root, const std::string& file, const std::string& directory,
                 const OwnSections& own, Report& report) {
  Config config;
  if (root.kind != Node::Kind::mapping) {
    report.error(root.at, "",
                 found_unquoted(root) + " found; expected a mapping that starts with \"version: 1\"");
    return config;
  }
  Section section(Value{&root, root.at, "", &report});
  std::uint64_t version = 1;
  section.require("version", version, Whole{1, 1}, "version: 1");
  if (const auto gateway = section.find("gateway")) config.gateway = read_gateway(*gateway, directory);
  if (const auto policies = section.find("policies")) config.policies = read_policies(*policies);
  if (const auto services = section.find("services"))
    config.services = read_services(*services, config.policies, config.gateway, directory);
  if (const auto policies = section.find("policies")) warn_of_unused(*policies, config);
  config.own = own.read(section, config, directory, file);
  section.finish();
  return config;
}

Loaded finish(Report& report, std::optional<Config> config) {
  Loaded loaded;
  const bool only_contradictions = report.only_contradictions();
  loaded.errors = report.take_errors();
  loaded.warnings = report.take_warnings();
  if (loaded.errors.empty()) {
    loaded.config = std::move(config);
  } else if (only_contradictions) {
    loaded.contradictory = std::move(config);
  }
  return loaded;
}

}  // namespace

Loaded load_text(const std::string& text, const std::string& name, const std::string& directory) {
  return load_text(text, name, directory, {});
}

Loaded load_text(const std::string& text, const std::string& name, const std::string& directory,
                 const OwnSections& own) {
  Report report(name);
  std::optional<Config> config;
  if (text.size() > largest_file) {
    report.error({}, "", "is larger than " + std::to_string(largest_file) + " bytes");
  } else if (const auto bad = find_bad_text(text)) {
    report.error(mark_of(text, bad->offset), "", std::string(bad->problem) + " found; expected UTF-8 text");
  } else if (auto root = parse_document(text, report)) {
    expand_environment(*root, report);
    config = read_root(*root, name, directory, own, report);
  }
  return finish(report, std::move(config));
}

Loaded load_file(const std::string& path, FileKind kind) { return load_file(path, kind, {}); }

Loaded load_file(const std::string& path, FileKind kind, const OwnSections& own) {
  ReadResult file = read_file(path, largest_file, kind);
  if (file.bytes)
    return load_text(*file.bytes, path, std::filesystem::path(path).parent_path().string(), own);
  Report report(path);
  report.error({}, "", file.problem);
  return finish(report, std::nullopt);
}

}  // namespace switchgear::config
