// `switchgear check FILE`: says whether a policy file is valid, and everything that is wrong with it; with
// --explain also what its policies come to at worst, and with --route which service takes a request.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "app/check/route_question.hpp"
#include "switchgear/config/own_sections.hpp"

namespace CLI {
class App;
}

namespace switchgear::check {

/// Trying out what a valid file describes: the program's own, because this room does not know it.
struct Trial {
  enum class Consent : std::uint8_t { asked, given };
  std::string flag;  ///< `--test-alerts`
  std::string help;
  /// Returns the exit code.
  std::function<int(const config::Config& config, Consent consent, std::FILE* out)> run;
};

struct CheckOptions {
  std::string file;                ///< `-`: standard input
  bool json = false;               ///< one JSON object on `out` instead of lines
  bool explain = false;            ///< of a valid file: worst cases, per policy and service; order of routes
  RouteQuestion route{};           ///< of a valid file: which service takes this request
  config::OwnSections sections{};  ///< of the program, beside those that every file may have
  Trial trial{};
  bool tried = false;  ///< the trial is wanted
  Trial::Consent consent = Trial::Consent::asked;
};

/// Returns the exit code: 0 valid (warnings allowed), 1 not, or the request that was asked about reaches no
/// service. A summary or JSON goes to `out`, findings to
/// `err`.
int run_check(const CheckOptions& options, std::FILE* out, std::FILE* err);

/// Adds the subcommand; once parsed, it runs and leaves its exit code in `exit_code`.
/// `sections`: of the program. `trial`: done with a valid file when its flag is given.
void add_check(CLI::App& app, int& exit_code, const config::OwnSections& sections, const Trial& trial = {});

}  // namespace switchgear::check
