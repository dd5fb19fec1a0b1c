#include "app/prove/prove_command.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "app/prove/chain.hpp"
#include "app/prove/policy_proof.hpp"
#include "app/prove/report.hpp"
#include "app/shell/checks.hpp"
#include "app/shell/output_file.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/suggest.hpp"

namespace switchgear::prove {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// A name as part of a file's: what could be a folder or is not plain becomes `%2F`.
std::string file_name(std::string_view name) {
  constexpr std::size_t longest = 200;
  std::string plain;
  for (const char each : name) {
    const bool usual = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
                       (each >= '0' && each <= '9') || each == '-' || each == '_' || each == '.';
    std::array<char, 4> hex{};
    std::snprintf(hex.data(), hex.size(), "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(each)));
    plain += usual ? std::string(1, each) : std::string(hex.data());
  }
  if (plain.size() <= longest) return plain;
  return plain.substr(0, longest) + "~" + std::to_string(std::hash<std::string_view>{}(name));
}

class TraceFiles {
 public:
  TraceFiles(std::string directory, std::string policies)
      : directory_(std::move(directory)), policies_(std::move(policies)) {}

  /// Throws std::runtime_error for what cannot be written.
  Files write(const fs::path& below, const std::string& name, const PolicyProof& proof) const {
    Files files;
    if (directory_.empty() || !proof.breaker) return files;
    const fs::path folder = fs::path(directory_) / below;
    std::error_code failed;
    fs::create_directories(folder, failed);
    for (const Witness& witness : proof.breaker->witnesses) {
      const fs::path path = folder / (file_name(name) + "." + witness.name + ".jsonl");
      std::ostringstream problem;
      if (!shell::spares_inputs("--traces", path.string(), {{"policy file", policies_}}, problem)) {
        std::string text = problem.str();
        text.pop_back();
        throw std::runtime_error(text);
      }
      std::ofstream file(path, std::ios::binary);
      file << to_lines(witness.trace) << std::flush;
      if (!file) throw std::runtime_error(path.string() + ": cannot be written");
      files[witness.name] = path.string();
    }
    return files;
  }

 private:
  std::string directory_;
  std::string policies_;  ///< the policy file
};

/// The policies that a service uses: its own first.
std::vector<std::string> policies_of(const config::Service& service) {
  std::vector<std::string> policies{service.policy};
  std::set<std::string> others;
  for (const config::Route& route : service.routes) {
    if (!route.policy.empty() && route.policy != service.policy) others.insert(route.policy);
  }
  policies.insert(policies.end(), others.begin(), others.end());
  return policies;
}

class Proofs {
 public:
  Proofs(const ProveOptions& options, const config::Config& config) : options_(options), config_(config) {
    for (const auto& [name, policy] : config.policies) {
      if (asked(name)) policies_.emplace(name, prove_policy(policy, options.rate));
    }
    for (const auto& [name, service] : config.services) {
      for (const std::string& policy : policies_of(service)) {
        const std::string circuit = policy == service.policy ? name : name + "/" + policy;
        services_.emplace(circuit, prove_service(config, service, policy, options.rate));
      }
    }
    chains_ = prove_chains(config, services_);
  }

  /// `tell` is called with a section's name and a circuit's, in order.
  void each(const std::function<void(const char*, const std::string&, const Told&)>& tell) const {
    const TraceFiles traces(options_.traces, options_.config);
    for (const auto& [name, proof] : policies_)
      tell("policies", name, {"policy " + name, &proof, nullptr, traces.write({}, name, proof), nullptr});
    const Chain none;
    for (const auto& [circuit, proof] : services_) {
      if (!asked(proof.policy)) continue;
      const auto chain = chains_.find(circuit);
      tell("services", circuit,
           {"service " + circuit + " (policy " + proof.policy + ")", &proof,
            chain == chains_.end() ? &none : &chain->second, traces.write("services", circuit, proof),
            &policies_.at(proof.policy).findings});
    }
  }

  [[nodiscard]] bool fails() const {
    bool fails = false;
    for (const auto& [name, proof] : policies_) fails |= proof.fails();
    for (const auto& [name, proof] : services_) fails |= asked(proof.policy) && proof.fails();
    return fails;
  }

 private:
  [[nodiscard]] bool asked(const std::string& policy) const {
    return options_.policy.empty() || options_.policy == policy;
  }

  const ProveOptions& options_;
  const config::Config& config_;
  std::map<std::string, PolicyProof> policies_, services_;  ///< services by circuit
  std::map<std::string, Chain> chains_;
};

std::string text_of(const Proofs& proofs) {
  std::string text;
  proofs.each([&](const char* /*section*/, const std::string& /*name*/, const Told& told) {
    text += (text.empty() ? "" : "\n") + to_text(told);
  });
  return text.empty() ? "there are no policies\n" : text;
}

std::string json_of(const Proofs& proofs) {
  json::object sections{{"policies", json::object{}}, {"services", json::object{}}};
  proofs.each([&](const char* section, const std::string& name, const Told& told) {
    sections[section].as_object()[name] = to_json(told);
  });
  return json::serialize(sections) + "\n";
}

bool exists(const ProveOptions& options, const config::Config& config, std::ostream& err) {
  if (options.policy.empty() || config.policies.contains(options.policy)) return true;
  std::vector<std::string_view> names;
  for (const auto& [name, policy] : config.policies) names.push_back(name);
  err << options.config << ": policy \"" << options.policy << "\" does not exist"
      << config::did_you_mean(options.policy, names) << '\n';
  return false;
}

}  // namespace

int run_prove(const ProveOptions& options, std::ostream& out, std::ostream& err) {
  const config::Loaded loaded = config::load_file(options.config, config::FileKind::any, options.sections);
  for (const config::Diagnostic& error : loaded.errors) err << error.text() << '\n';
  const auto& config = loaded.config ? loaded.config : loaded.contradictory;
  if (!config || !exists(options, *config, err)) return 1;
  bool fails = !loaded.config;
  try {
    const Proofs proofs(options, *config);
    out << (options.json ? json_of(proofs) : text_of(proofs)) << std::flush;
    fails |= proofs.fails();
  } catch (const std::runtime_error& error) {
    err << error.what() << '\n';
    return 1;
  }
  return fails ? 1 : 0;
}

void add_prove_command(CLI::App& app, int& exit_code, const config::OwnSections& sections) {
  const auto options = std::make_shared<ProveOptions>();
  options->sections = sections;
  CLI::App* command = app.add_subcommand(
      "prove",
      "Show what can, and what can never, happen under each policy; exit 1 if something cannot that should");
  command->add_option("--config", options->config, "The policy file")->type_name("FILE")->required();
  command->add_option("--policy", options->policy, "Only this policy, and services that use it")
      ->check(shell::not_empty());
  constexpr double least = 1e-6;
  constexpr double most = 1e9;
  command
      ->add_option("--rate", options->rate,
                   "Calls a second that come evenly and all end alike; left out: any, in any pattern")
      ->check(shell::number(least, most));
  command->add_option("--traces", options->traces, "Write the traces that show it into this directory")
      ->type_name("DIR")
      ->check(shell::not_empty());
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, &exit_code] { exit_code = run_prove(*options, std::cout, std::cerr); });
}

}  // namespace switchgear::prove
