// A random case as the files `switchgear replay` reads, and what the model expects it to print.
// Writes text only; never runs anything.
#pragma once

#include <string>
#include <vector>

#include "tests/model/random_case.hpp"

namespace switchgear::model {

/// A policy file with one policy per case, named `p0`, `p1`, …
[[nodiscard]] std::string policy_file(const std::vector<Case>& cases);

/// The case's steps as JSON lines.
[[nodiscard]] std::string trace_file(const Case& given);

/// The lines of `replay --json` for the case, by the model.
[[nodiscard]] std::vector<std::string> expected_lines(const Case& given);

}  // namespace switchgear::model
