#include "app/interop/interop_command.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "app/interop/envoy_export.hpp"
#include "app/interop/envoy_import.hpp"
#include "app/interop/exported.hpp"
#include "app/interop/istio_export.hpp"
#include "app/interop/istio_import.hpp"
#include "app/interop/ledger.hpp"
#include "app/interop/yaml_text.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/document.hpp"
#include "switchgear/config/source_file.hpp"
#include "switchgear/core/utf8.hpp"

namespace switchgear::interop {

namespace json = boost::json;
using config::Diagnostic;

namespace {

constexpr int done = 0;
constexpr int wrong_input = 1;
constexpr std::size_t largest_file = std::size_t{4} * 1024 * 1024;

void print(std::FILE* to, const std::string& text) { std::fwrite(text.data(), 1, text.size(), to); }

/// Errors, and beside them what was accounted for, in one JSON object; or the errors as lines.
int refuse(const InteropOptions& options, std::vector<Diagnostic> errors, std::FILE* err) {
  const auto same = [](const Diagnostic& a, const Diagnostic& b) { return a.text() == b.text(); };
  errors.erase(std::unique(errors.begin(), errors.end(), same), errors.end());
  if (!options.json) {
    for (const Diagnostic& error : errors) print(err, error.text() + "\n");
    return wrong_input;
  }
  json::array list;
  for (const Diagnostic& error : errors) {
    list.push_back(
        json::object{{"line", error.line}, {"column", error.column}, {"message", as_utf8(error.message)}});
  }
  print(err,
        json::serialize(json::object{{"file", as_utf8(options.file)}, {"errors", std::move(list)}}) + "\n");
  return wrong_input;
}

void tell(const InteropOptions& options, const Ledger& ledger, std::FILE* err) {
  print(err,
        options.json ? json::serialize(ledger.to_json(options.file)) + "\n" : ledger.to_text(options.file));
}

/// The text of the file, or an error in the report.
std::optional<std::string> read(const std::string& file, config::Report& report) {
  config::ReadResult read =
      file == "-" ? config::read_standard_input(largest_file) : config::read_file(file, largest_file);
  if (!read.bytes) {
    report.error({}, "", read.problem);
    return std::nullopt;
  }
  if (const auto bad = config::find_bad_text(*read.bytes)) {
    report.error(config::mark_of(*read.bytes, bad->offset), "", "is not text: " + std::string(bad->problem));
    return std::nullopt;
  }
  return std::move(read.bytes);
}

/// As it would be read where the certificates are, which are those of another machine.
std::string text_without_files(Imported imported) {
  for (ImportedService& each : imported.services) {
    if (!each.tls) continue;
    ImportedTls& tls = *each.tls;
    if (names_file(tls.ca)) tls.ca.clear();
    if (names_file(tls.certificate) || names_file(tls.key)) tls.certificate = tls.key = "";
  }
  return to_yaml(policy_file(imported));
}

/// A policy file that imports to nothing is not one.
std::vector<Diagnostic> problems_of(const Imported& imported, const std::string& file, const Ledger& ledger) {
  if (imported.services.empty()) {
    const std::string why = ledger.entries().empty() ? "" : ": " + ledger.entries().front().note;
    return {{file, 1, 1, "holds no service that can be imported" + why}};
  }
  std::vector<Diagnostic> errors = config::load_text(text_without_files(imported), "the result").errors;
  return errors;
}

}  // namespace

int run_import(const InteropOptions& options, std::FILE* out, std::FILE* err) {
  config::Report report{options.file};
  const auto text = read(options.file, report);
  std::vector<config::Node> roots;
  if (text) roots = config::parse_documents(*text, {}, report);
  if (report.errors() > 0) return refuse(options, report.take_errors(), err);

  std::vector<config::Value> documents;
  for (const config::Node& root : roots) documents.push_back({&root, root.at, "", &report});
  Ledger ledger{"imported"};
  Imported imported =
      options.mesh == Mesh::istio ? import_istio(documents, ledger) : import_envoy(documents, ledger);
  if (report.errors() > 0) return refuse(options, report.take_errors(), err);

  imported.listen_apart(ledger);
  const std::string yaml = to_yaml(policy_file(imported));
  if (auto problems = problems_of(imported, options.file, ledger); !problems.empty()) {
    tell(options, ledger, err);
    return refuse(options, std::move(problems), err);
  }
  print(out, yaml);
  tell(options, ledger, err);
  return done;
}

int run_export(const InteropOptions& options, std::FILE* out, std::FILE* err) {
  const config::Loaded loaded = config::load_file(options.file, config::FileKind::any, options.sections);
  if (!loaded.config) return refuse(options, loaded.errors, err);
  config::Report report{options.file};
  const auto text = read(options.file, report);
  const auto root = text ? config::parse_document(*text, report) : std::nullopt;
  if (!root) return refuse(options, report.take_errors(), err);

  Ledger ledger{"exported"};
  std::string yaml;
  if (options.mesh == Mesh::istio) {
    for (const json::object& document : export_istio(*loaded.config, ledger))
      yaml.append(yaml.empty() ? "" : "---\n").append(to_yaml(document));
  } else {
    yaml = to_yaml(export_envoy(*loaded.config, ledger));
  }
  account_for_sections(*loaded.config, *root, ledger);
  print(out, gaps_as_comments(ledger) + yaml);
  tell(options, ledger, err);
  return done;
}

void add_interop(CLI::App& app, int& exit_code, const config::OwnSections& sections) {
  const auto add = [&](CLI::App* parent, const char* name, const char* help, Mesh mesh) {
    const auto options = std::make_shared<InteropOptions>();
    options->mesh = mesh;
    options->sections = sections;
    CLI::App* command = parent->add_subcommand(name, help);
    const bool imports = parent->get_name() == "import";
    if (imports) {
      command->add_option("FILE", options->file, "YAML or JSON; -: standard input")->required();
    } else {
      command->add_option("--config", options->file, "The policy file")->type_name("FILE")->required();
    }
    command->add_flag("--json", options->json, "Print the report as one JSON object");
    const auto run = imports ? run_import : run_export;
    command->callback([options, run, &exit_code] { exit_code = run(*options, stdout, stderr); });
  };
  CLI::App* import = app.add_subcommand(
      "import", "Turn the configuration of Istio or Envoy into a policy file, and say what of it");
  import->require_subcommand(1);
  add(import, "istio", "VirtualServices, DestinationRules and ServiceEntries", Mesh::istio);
  add(import, "envoy", "Clusters and route configurations, or a bootstrap", Mesh::envoy);
  CLI::App* out = app.add_subcommand("export", "Turn a policy file into the configuration of Istio or Envoy");
  out->require_subcommand(1);
  add(out, "istio", "VirtualServices, DestinationRules, ServiceEntries and a Gateway", Mesh::istio);
  add(out, "envoy", "A bootstrap with a listener, routes and clusters", Mesh::envoy);
}

}  // namespace switchgear::interop
