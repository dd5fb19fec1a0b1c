// `switchgear import istio|envoy FILE` and `switchgear export istio|envoy --config FILE`: the mesh's own
// configuration in and out. Here: the commands, files and streams. Never here: what a field means.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "switchgear/config/own_sections.hpp"

namespace CLI {
class App;
}

namespace switchgear::interop {

enum class Mesh : std::uint8_t { istio, envoy };

struct InteropOptions {
  Mesh mesh = Mesh::istio;
  std::string file;                ///< `-`: standard input
  bool json = false;               ///< the report as one JSON object
  config::OwnSections sections{};  ///< of the program, which an export's policy file may have
};

/// YAML goes to `out`, the report or the errors to `err`. Returns the exit code: 0 done, 1 the input is
/// wrong.
int run_import(const InteropOptions& options, std::FILE* out, std::FILE* err);
/// The same; the file is read once for its values and once for its sections, so that it cannot be a pipe.
int run_export(const InteropOptions& options, std::FILE* out, std::FILE* err);

/// Adds the subcommands; once parsed, one runs and leaves its exit code in `exit_code`.
void add_interop(CLI::App& app, int& exit_code, const config::OwnSections& sections);

}  // namespace switchgear::interop
