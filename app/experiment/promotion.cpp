#include "app/experiment/promotion.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "app/experiment/unified_diff.hpp"
#include "switchgear/config/document.hpp"

namespace switchgear::experiment {

namespace {

using config::Entry;
using config::Node;

/// Thrown where the file is written in a way that is not understood here.
struct NotUnderstood {};

/// Places of the tree in its text.
class Places {
 public:
  explicit Places(std::string_view text) : text_(text) {}

  /// A column counts characters.
  [[nodiscard]] std::size_t at(const config::Mark& mark) const {
    std::size_t offset = 0;
    for (std::size_t line = 1; line < mark.line; ++line) {
      offset = text_.find('\n', offset);
      if (offset++ == std::string_view::npos) throw NotUnderstood{};
    }
    for (std::size_t column = 1; column < mark.column; ++column) {
      do ++offset;
      while (offset < text_.size() && (static_cast<unsigned char>(text_[offset]) & 0xC0U) == 0x80U);
    }
    if (offset > text_.size()) throw NotUnderstood{};
    return offset;
  }
  [[nodiscard]] bool is_flow(const Node& node) const {
    const std::size_t begin = at(node.at);
    return begin < text_.size() && (text_[begin] == '{' || text_[begin] == '[');
  }
  /// Behind its last character.
  [[nodiscard]] std::size_t end_of(const Node& node) const {
    const std::size_t begin = at(node.at);
    if (node.kind == Node::Kind::scalar) return end_of_scalar(begin, node.text);
    std::size_t end = begin + 1;
    if (!node.entries.empty()) end = end_of(node.entries.back().value);
    if (!node.items.empty()) end = end_of(node.items.back());
    if (!is_flow(node)) return end;
    for (; end < text_.size() && text_[end] != '}' && text_[end] != ']'; ++end) {
      if (text_[end] == '#') end = std::min(text_.find('\n', end), text_.size() - 1);
    }
    return end + 1;
  }
  [[nodiscard]] std::size_t end_of_scalar(std::size_t begin, std::string_view value) const {
    const char quote = begin < text_.size() ? text_[begin] : '\0';
    if (quote != '"' && quote != '\'') {
      if (text_.substr(begin, value.size()) != value) throw NotUnderstood{};
      return begin + value.size();
    }
    for (std::size_t i = begin + 1; i < text_.size(); ++i) {
      if (quote == '"' && text_[i] == '\\') {
        ++i;
      } else if (text_[i] == quote) {
        if (quote == '"' || i + 1 == text_.size() || text_[i + 1] != quote) return i + 1;
        ++i;
      }
    }
    throw NotUnderstood{};
  }
  [[nodiscard]] std::string as_written(const Entry& entry) const {
    const std::size_t begin = at(entry.at);
    return std::string{text_.substr(begin, end_of_scalar(begin, entry.key) - begin)};
  }

  /// What takes an entry out of its mapping.
  [[nodiscard]] Edit without(const Node& mapping, const Entry& entry) const {
    const std::size_t begin = at(entry.at), end = end_of(entry.value);
    return is_flow(mapping) ? without_comma(begin, end) : whole_lines(begin, end);
  }

 private:
  static bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\r'; }

  /// With a comment that stands behind it.
  [[nodiscard]] Edit whole_lines(std::size_t begin, std::size_t end) const {
    while (begin > 0 && text_[begin - 1] != '\n') {
      if (!is_blank(text_[--begin])) throw NotUnderstood{};
    }
    while (end < text_.size() && is_blank(text_[end])) ++end;
    if (end < text_.size() && text_[end] != '\n' && text_[end] != '#') throw NotUnderstood{};
    const std::size_t line_end = text_.find('\n', end);
    return {begin, line_end == std::string_view::npos ? text_.size() : line_end + 1, {}};
  }

  [[nodiscard]] Edit without_comma(std::size_t begin, std::size_t end) const {
    std::size_t next = end;
    while (next < text_.size() && (is_blank(text_[next]) || text_[next] == '\n')) ++next;
    if (next == text_.size() || text_[next] == '#') throw NotUnderstood{};
    if (text_[next] == ',') return alone_on_lines(begin, next + 1);
    while (begin > 0 && (is_blank(text_[begin - 1]) || text_[begin - 1] == '\n')) --begin;
    if (begin == 0 || text_[begin - 1] != ',') throw NotUnderstood{};
    return {begin - 1, end, {}};
  }
  /// Leaves no empty line behind, and no second blank.
  [[nodiscard]] Edit alone_on_lines(std::size_t begin, std::size_t end) const {
    std::size_t first = begin, last = end;
    while (first > 0 && is_blank(text_[first - 1])) --first;
    while (last < text_.size() && is_blank(text_[last])) ++last;
    const bool begins_line = first == 0 || text_[first - 1] == '\n';
    if (last < text_.size() && text_[last] == '\n')
      return {begins_line ? first : begin, begins_line ? last + 1 : end, {}};
    return {begin, last, {}};
  }

  std::string_view text_;
};

[[nodiscard]] const Entry* find(const Node& mapping, std::string_view key) {
  const auto found = std::ranges::find(mapping.entries, key, &Entry::key);
  return found == mapping.entries.end() ? nullptr : &*found;
}

/// Throws NotUnderstood where something is not there.
[[nodiscard]] const Entry& entry_of(const Node& mapping, std::string_view key) {
  const Entry* const found = find(mapping, key);
  if (found == nullptr) throw NotUnderstood{};
  return *found;
}

[[nodiscard]] std::vector<Edit> edits_of(const Node& root, std::string_view text, const std::string& service,
                                         const std::string& candidate) {
  const Places places(text);
  const Node& settings = entry_of(entry_of(root, "services").value, service).value;
  const Entry& policy = entry_of(settings, "policy");
  const Entry& experiment = entry_of(settings, "experiment");
  const Entry& split = entry_of(experiment.value, "split");
  const std::size_t begin = places.at(policy.value.at);
  std::vector<Edit> edits{
      {begin, places.end_of(policy.value), places.as_written(entry_of(split.value, candidate))}};
  edits.push_back(experiment.value.entries.size() == 1 ? places.without(settings, experiment)
                                                       : places.without(experiment.value, split));
  std::ranges::sort(edits, {}, &Edit::begin);
  if (edits[0].end > edits[1].begin) throw NotUnderstood{};
  return edits;
}

[[nodiscard]] config::Loaded read(const PolicyFile& file, const std::string& text) {
  const std::filesystem::path path{file.path};
  return config::load_text(text, file.path, path.parent_path().string(), file.sections);
}

/// Empty: it is what was meant.
[[nodiscard]] std::string what_is_wrong(const config::Loaded& changed, const config::Config& before,
                                        const std::string& service, const std::string& candidate) {
  if (!changed.config) return "the file would not be valid: " + changed.errors.front().text();
  config::Config expected = before;
  expected.services.at(service).policy = candidate;
  expected.services.at(service).split.reset();
  const bool same = changed.config->services == expected.services &&
                    changed.config->policies == expected.policies &&
                    changed.config->gateway == expected.gateway;
  return same ? std::string{} : "the file is written in a way that cannot be changed safely here";
}

[[nodiscard]] CannotPromote by_hand(const std::string& why, const std::string& service,
                                    const std::string& candidate) {
  return {why + "; change it by hand: services." + service + ".policy to \"" + candidate +
          "\", and take services." + service + ".experiment.split out"};
}

}  // namespace

std::variant<std::string, CannotPromote> promotion(const PolicyFile& file, const std::string& service,
                                                   const config::SplitOptions& split) {
  const config::Loaded now = read(file, file.text);
  if (!now.config) return CannotPromote{"the policy file has an error: " + now.errors.front().text()};
  const auto found = now.config->services.find(service);
  if (found == now.config->services.end() || !found->second.split ||
      found->second.split->candidate != split.candidate) {
    return CannotPromote{"the policy file has changed since it was read: service \"" + service +
                         "\" has no split with candidate \"" + split.candidate + "\" there; reload it first"};
  }
  config::Report report(file.path);
  const std::optional<Node> root = config::parse_document(file.text, report);
  if (!root) return CannotPromote{"the policy file cannot be read"};
  try {
    const std::vector<Edit> edits = edits_of(*root, file.text, service, split.candidate);
    const std::string problem =
        what_is_wrong(read(file, edited(file.text, edits)), *now.config, service, split.candidate);
    if (!problem.empty()) return by_hand(problem, service, split.candidate);
    return unified_diff(std::filesystem::path{file.path}.filename().string(), file.text, edits);
  } catch (const NotUnderstood&) {
    return by_hand("the file is written in a way that cannot be changed safely here", service,
                   split.candidate);
  }
}

}  // namespace switchgear::experiment
