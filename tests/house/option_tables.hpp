// The tables of options in docs/, as data.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace switchgear::house {

/// One key of a table of options.
struct OptionRow {
  std::string where;  ///< PAGE:LINE
  std::string key;    ///< as in the policy file, from the policy on: `retry.budget.ratio`
  std::string unset;  ///< what stands in the column `default`, without backticks and commas in numbers
  std::string range;  ///< of the column `range`, or behind a semicolon of the column `meaning`; or empty
};

/// Every row of the tables of `page` that have a column `default`; `prefix` stands before their keys. Only
/// tables behind the line that begins with `from`, up to the next heading, or to a line that begins with
/// `to`. A row of several keys is one row for each.
[[nodiscard]] std::vector<OptionRow> option_rows(const std::string& page, const std::string& from,
                                                 const std::string& to, const std::string& prefix);

/// What a range says, as values that must be taken and values that must be refused; empty for prose.
struct Samples {
  std::vector<std::string> taken;
  std::vector<std::string> refused;
};
[[nodiscard]] std::optional<Samples> samples_of(const std::string& range);

/// Whether `text` can stand in a policy file as it is: a number, a duration, a truth or a word in lower case.
[[nodiscard]] bool is_value(const std::string& text);

}  // namespace switchgear::house
