// A comparison for people, as a table of one column a policy, as text or as a page; and for programs.
#pragma once

#include <ostream>
#include <string>

#include "app/lab/compare/comparison.hpp"

namespace switchgear::lab {

void print_text(const Comparison& comparison, std::ostream& out);
/// A whole page with the chart, in one file that needs no other. `calls`: those that were compared.
[[nodiscard]] std::string comparison_html(const Comparison& comparison, const Calls& calls);
/// One object on one line.
void print_json(const Comparison& comparison, std::ostream& out);

}  // namespace switchgear::lab
