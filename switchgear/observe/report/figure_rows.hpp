// The figures of a report as rows of a table: the same in text and in HTML.
#pragma once

#include <string>
#include <vector>

#include "switchgear/observe/report/report.hpp"

namespace switchgear {

struct FigureRow {
  std::string name;    ///< `time saved`
  std::string value;   ///< `20 min 3 s`, or `no data`
  std::string remark;  ///< how it is to be read; may be empty
};

[[nodiscard]] std::vector<FigureRow> figure_rows(const Report& report);

/// An opening and what became of it, for each in the span, newest first: instant, evidence, outcome.
struct OpeningRow {
  std::string at, evidence, outcome;
};
[[nodiscard]] std::vector<OpeningRow> opening_rows(const Report& report);

}  // namespace switchgear
