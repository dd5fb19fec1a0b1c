#include "tests/house/option_tables.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <regex>
#include <utility>

namespace switchgear::house {
namespace {

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

std::vector<std::string> split(const std::string& text, const std::string& at) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t end = text.find(at); end != std::string::npos; end = text.find(at, from)) {
    parts.push_back(trimmed(text.substr(from, end - from)));
    from = end + at.size();
  }
  parts.push_back(trimmed(text.substr(from)));
  return parts;
}

/// The cells of a line of a table, without those outside of the outer bars.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> all = split(line, "|");
  if (all.size() < 3) return {};
  return {all.begin() + 1, all.end() - 1};
}

/// Pages of policies write the range behind the meaning: `calls that run at once; 1 … 1,000,000`.
std::string range_within(const std::string& meaning) {
  std::smatch found;
  const std::regex range("; (\\d[\\d,.e-]* … \\d[\\d,.e]*)(;|$)");
  return std::regex_search(meaning, found, range) ? found[1].str() : "";
}

std::string plain(std::string text) {
  text = std::regex_replace(text, std::regex("`"), "");
  return std::regex_replace(text, std::regex("(\\d),(\\d{3})"), "$1$2");
}

/// A number or a duration as a range writes it: `1,000,000`, `10^9`, `1 KiB`, `24h`. Empty for anything else.
std::optional<std::string> bound(const std::string& text) {
  std::smatch found;
  std::string value = plain(text);
  if (std::regex_match(value, found, std::regex("(\\d+)\\^(\\d+)"))) {
    return std::to_string(std::llround(std::pow(std::stod(found[1]), std::stod(found[2]))));
  }
  if (std::regex_match(value, found, std::regex("(\\d+) ([KMGT])iB"))) {
    const auto power = std::string{"BKMGT"}.find(found[2].str());
    return std::to_string(std::stoll(found[1]) << (10 * power));
  }
  if (std::regex_match(value, std::regex("\\d+(\\.\\d+)?(e-?\\d+)?(ns|us|ms|s|m|h)?"))) return value;
  return std::nullopt;
}

bool is_duration(const std::string& value) {
  return std::isdigit(static_cast<unsigned char>(value.back())) == 0;
}

std::string below(const std::string& value) {
  if (is_duration(value)) return std::stod(value) == 0 ? "-1s" : "0s";
  return std::stod(value) < 1 ? "-1" : std::to_string(std::llround(std::stod(value)) - 1);
}

std::string above(const std::string& value) {
  if (is_duration(value))
    return std::to_string(std::stoll(value) + 1) + value.substr(value.find_first_not_of("0123456789"));
  return std::to_string(std::llround(std::stod(value)) + 1);
}

}  // namespace

std::vector<OptionRow> option_rows(const std::string& page, const std::string& from, const std::string& to,
                                   const std::string& prefix) {
  std::ifstream file(page);
  std::vector<OptionRow> rows;
  std::vector<std::string> columns;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(file, line); ++number) {
    if (!inside) {
      inside = line.starts_with(from);
      continue;
    }
    if (line.starts_with("#") || (!to.empty() && line.starts_with(to))) break;
    const std::vector<std::string> row = cells(line);
    if (row.empty()) {
      columns.clear();
    } else if (columns.empty()) {
      columns = row;
    } else if (row.size() == columns.size() && !row[0].starts_with("---")) {
      const auto cell = [&](const std::string& name) {
        const auto at = std::find(columns.begin(), columns.end(), name);
        return at == columns.end() ? std::string{} : row[static_cast<std::size_t>(at - columns.begin())];
      };
      const std::vector<std::string> keys = split(row[0], ", ");
      const std::vector<std::string> values = split(cell("default"), ", ");
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const std::string value = keys.size() == values.size() ? values[i]
                                  : keys.size() == 1           ? cell("default")
                                                               : "";
        const std::string place = page.substr(page.find("docs/")) + ":" + std::to_string(number + 1);
        const std::string range = cell("range").empty() ? range_within(cell("meaning")) : cell("range");
        rows.push_back({place, prefix + plain(keys[i]), plain(value), range});
      }
    }
  }
  return rows;
}

std::optional<Samples> samples_of(const std::string& range) {
  if (range == "above 0, to 1") return Samples{{"0.001", "1"}, {"0", "1.01", "-0.1"}};
  if (range == "0 to below 1") return Samples{{"0", "0.99"}, {"1", "-0.1"}};
  if (range == "longer than 0s") return Samples{{"1ms", "24h"}, {"0s", "-1s"}};
  if (range == "0s or longer") return Samples{{"0s", "24h"}, {"-1s"}};
  if (std::regex_search(range, std::regex("^`[^`]+`, .*`$"))) {
    Samples words;
    for (const std::string& word : split(plain(range), ", ")) words.taken.push_back(word);
    words.refused = {"elsewhere"};
    return words;
  }
  const std::vector<std::string> ends = split(range.substr(0, range.find(';')), " … ");
  if (ends.size() != 2) return std::nullopt;
  Samples samples;
  if (const auto least = bound(ends[0])) {
    samples.taken.push_back(*least);
    samples.refused.push_back(below(*least));
  }
  if (const auto most = bound(ends[1])) {
    samples.taken.push_back(*most);
    samples.refused.push_back(above(*most));
  }
  if (samples.taken.empty()) return std::nullopt;
  return samples;
}

bool is_value(const std::string& text) {
  return std::regex_match(text, std::regex("-?\\d+(\\.\\d+)?(ns|us|ms|s|m|h|[KMGT]iB)?|true|false|[a-z_]+"));
}

}  // namespace switchgear::house
