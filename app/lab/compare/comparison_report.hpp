// A comparison for people, as a table of one column a policy, and for programs.
#pragma once

#include <ostream>

#include "app/lab/compare/comparison.hpp"

namespace switchgear::lab {

void print_text(const Comparison& comparison, std::ostream& out);
/// One object on one line.
void print_json(const Comparison& comparison, std::ostream& out);

}  // namespace switchgear::lab
