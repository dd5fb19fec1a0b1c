// The figures of a comparison as text, for a table of any kind.
#pragma once

#include <string>
#include <vector>

#include "app/lab/compare/comparison.hpp"

namespace switchgear::lab {

/// `answered`, and a cell for each policy. Without cells: the head of the rows that follow.
struct ComparisonRow {
  std::string name;
  std::vector<std::string> cells;
};

[[nodiscard]] std::vector<ComparisonRow> rows_of(const Comparison& comparison);

/// What was played: `6,000 calls in 60s, 1,590 failed`, and a line about outages and one about values.
[[nodiscard]] std::vector<std::string> summary_of(const Comparison& comparison);

}  // namespace switchgear::lab
