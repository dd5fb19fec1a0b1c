// The result of validate() of every policy's options.
#pragma once

#include <string>

namespace switchgear {

/// One thing wrong with a set of options: the key in configuration's words (`half_open.max_concurrent`), and
/// why.
struct OptionProblem {
  std::string key;
  std::string message;  ///< what was found and what is expected

  friend bool operator==(const OptionProblem&, const OptionProblem&) = default;
};

}  // namespace switchgear
