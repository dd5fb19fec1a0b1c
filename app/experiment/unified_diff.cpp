#include "app/experiment/unified_diff.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace switchgear::experiment {

namespace {

constexpr std::size_t context = 3;

/// Each with its end.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t size = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

/// Lines [begin, end) of the text before, and what stands there after.
struct Change {
  std::size_t begin, end;
  std::string after;
};

/// Whole lines that the edits touch, those of several edits together.
class Changes {
 public:
  explicit Changes(std::string_view text) : text_(text), lines_(lines_of(text)) {
    std::size_t at = 0;
    for (const std::string_view line : lines_) {
      starts_.push_back(at);
      at += line.size();
    }
    starts_.push_back(at);
  }

  std::vector<Change> of(const std::vector<Edit>& edits) const {
    std::vector<Change> changes;
    for (std::size_t i = 0; i < edits.size();) {
      const std::size_t begin = line_at(edits[i].begin);
      std::size_t end = end_of(edits[i]);
      std::size_t next = i + 1;
      while (next < edits.size() && line_at(edits[next].begin) < end)
        end = std::max(end, end_of(edits[next++]));
      std::vector<Edit> within(edits.begin() + static_cast<std::ptrdiff_t>(i),
                               edits.begin() + static_cast<std::ptrdiff_t>(next));
      for (Edit& each : within) {
        each.begin -= starts_[begin];
        each.end -= starts_[begin];
      }
      changes.push_back(
          {begin, end, edited(text_.substr(starts_[begin], starts_[end] - starts_[begin]), within)});
      i = next;
    }
    return changes;
  }
  const std::vector<std::string_view>& lines() const noexcept { return lines_; }

 private:
  std::size_t line_at(std::size_t offset) const {
    const auto after = std::ranges::upper_bound(starts_.begin(), starts_.end() - 1, offset);
    return static_cast<std::size_t>(after - starts_.begin()) - 1;
  }
  /// The line after the last that it touches.
  std::size_t end_of(const Edit& edit) const {
    return line_at(edit.end > edit.begin ? edit.end - 1 : edit.end) + 1;
  }

  std::string_view text_;
  std::vector<std::string_view> lines_;
  std::vector<std::size_t> starts_;
};

void put(std::string& out, char sign, std::string_view line) {
  out += sign;
  out += line;
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

std::string range_of(std::size_t begin, std::size_t count) {
  return count == 1 ? fmt::format("{}", begin + 1)
                    : fmt::format("{},{}", count == 0 ? begin : begin + 1, count);
}

/// As GNU diff writes it, so that `patch` and `git apply` find the file: in quotes with escapes where it has
/// a control character, a quote or a backslash; with a tab behind it where a blank would end it.
std::string header_name(std::string_view name) {
  constexpr std::string_view special = "\a\b\t\n\v\f\r\"\\", letters = "abtnvfr\"\\";
  std::string quoted;
  bool plain = !name.ends_with(' ');  // patch takes a blank before the tab for a part of what separates
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (const auto found = special.find(c); found != std::string_view::npos) {
      quoted += {'\\', letters[found]};
    } else if (byte < 0x20U || byte == 0x7fU) {
      quoted += fmt::format("\\{:03o}", byte);
    } else {
      quoted += c;
      continue;
    }
    plain = false;
  }
  if (!plain) return '"' + quoted + '"';
  return name.find(' ') == std::string_view::npos ? quoted : quoted + '\t';
}

}  // namespace

std::string edited(std::string_view text, const std::vector<Edit>& edits) {
  std::string made;
  std::size_t at = 0;
  for (const Edit& edit : edits) {
    made.append(text.substr(at, edit.begin - at)).append(edit.text);
    at = edit.end;
  }
  return made.append(text.substr(at));
}

std::string unified_diff(std::string_view file, std::string_view text, const std::vector<Edit>& edits) {
  const Changes whole(text);
  const std::vector<std::string_view>& lines = whole.lines();
  const std::vector<Change> changes = whole.of(edits);
  std::string out = fmt::format("--- {}\n+++ {}\n", header_name(fmt::format("a/{}", file)),
                                header_name(fmt::format("b/{}", file)));
  std::ptrdiff_t moved = 0;  // how much later a line stands after the changes so far
  for (std::size_t i = 0; i < changes.size();) {
    const std::size_t begin = changes[i].begin - std::min(changes[i].begin, context);
    std::size_t next = i + 1;
    while (next < changes.size() && changes[next].begin <= changes[next - 1].end + 2 * context) ++next;
    const std::size_t end = std::min(changes[next - 1].end + context, lines.size());
    std::string hunk;
    std::size_t at = begin, after = 0;
    for (; i < next; ++i) {
      for (; at < changes[i].begin; ++at, ++after) put(hunk, ' ', lines[at]);
      for (; at < changes[i].end; ++at) put(hunk, '-', lines[at]);
      for (const std::string_view line : lines_of(changes[i].after)) {
        put(hunk, '+', line);
        ++after;
      }
    }
    for (; at < end; ++at, ++after) put(hunk, ' ', lines[at]);
    const auto there = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(begin) + moved);
    out += fmt::format("@@ -{} +{} @@\n", range_of(begin, end - begin), range_of(there, after));
    out += hunk;
    moved += static_cast<std::ptrdiff_t>(after) - static_cast<std::ptrdiff_t>(end - begin);
  }
  return out;
}

}  // namespace switchgear::experiment
