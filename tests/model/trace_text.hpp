// A random case as the files `switchgear replay` reads, and what the model expects it to print.
// Writes text only; never runs anything.
#pragma once

#include <string>
#include <vector>

#include "tests/model/random_case.hpp"

namespace switchgear::model {

/// A policy file with one policy per case, named `p0`, `p1`, …
[[nodiscard]] std::string policy_file(const std::vector<Case>& cases);

/// A policy file with one service per case, named `s0`, `s1`, … At most one case has routes with policies.
[[nodiscard]] std::string service_file(const std::vector<ValuesCase>& cases);

/// The case's steps as JSON lines, each with its value and its route's policy if there is one.
[[nodiscard]] std::string trace_file(const Case& given, const std::vector<std::string>& values = {},
                                     const std::vector<std::string>& routes = {});

/// The lines of `replay --json` for the case, by the model.
[[nodiscard]] std::vector<std::string> expected_lines(const Case& given);
[[nodiscard]] std::vector<std::string> expected_lines(const ValuesCase& given);

}  // namespace switchgear::model
