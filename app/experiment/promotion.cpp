#include "app/experiment/promotion.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "app/experiment/unified_diff.hpp"
#include "switchgear/config/document.hpp"
#include "switchgear/config/report.hpp"

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

  /// What takes an entry out of its mapping, or an item out of its sequence.
  [[nodiscard]] Edit without(const Node& mapping, const Entry& entry) const {
    const std::size_t begin = at(entry.at), end = end_of(entry.value);
    return is_flow(mapping) ? without_comma(begin, end) : whole_lines(begin, end);
  }
  [[nodiscard]] Edit without(const Node& sequence, const Node& item) const {
    std::size_t begin = at(item.at);
    const std::size_t end = end_of(item);
    if (is_flow(sequence)) return without_comma(begin, end);
    while (begin > 0 && is_blank(text_[begin - 1])) --begin;
    if (begin == 0 || text_[begin - 1] != '-') throw NotUnderstood{};
    return whole_lines(begin - 1, end);
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

/// The tree as it is written, whose places count, and with the values of `${VAR}`, which are what it means.
struct Tree {
  Node written, meant;
};

[[nodiscard]] const Node& settings_of(const Node& root, const std::string& service) {
  return entry_of(entry_of(root, "services").value, service).value;
}

/// What takes the split out of the service's `experiment`, and the candidate out of the shadows, where the
/// policy in force may not be. Nothing empty is left.
void take_out(const Places& places, const Tree& tree, const SplitSubject& subject, std::vector<Edit>& edits) {
  const Node& settings = settings_of(tree.written, subject.service);
  const Entry& experiment = entry_of(settings, "experiment");
  std::vector<const Entry*> gone{&entry_of(experiment.value, "split")};
  if (const Entry* const shadow = find(experiment.value, "shadow")) {
    const Node& meant = entry_of(settings_of(tree.meant, subject.service), "experiment").value;
    const std::vector<Node>& names = entry_of(meant, "shadow").value.items;
    const auto candidate = std::ranges::find(names, subject.options.candidate, &Node::text);
    if (candidate != names.end() && names.size() == 1) {
      gone.push_back(shadow);
    } else if (candidate != names.end()) {
      const auto item = static_cast<std::size_t>(candidate - names.begin());
      edits.push_back(places.without(shadow->value, shadow->value.items[item]));
    }
  }
  if (gone.size() == experiment.value.entries.size()) {
    edits.push_back(places.without(settings, experiment));
  } else {
    for (const Entry* const each : gone) edits.push_back(places.without(experiment.value, *each));
  }
}

[[nodiscard]] std::vector<Edit> edits_of(const Tree& tree, std::string_view text,
                                         const SplitSubject& subject) {
  const Places places(text);
  const Node& settings = settings_of(tree.written, subject.service);
  const Entry& policy = entry_of(settings, "policy");
  const Entry& split = entry_of(entry_of(settings, "experiment").value, "split");
  const std::string name = places.as_written(entry_of(split.value, subject.options.candidate));
  std::vector<Edit> edits{{places.at(policy.value.at), places.end_of(policy.value), name}};
  take_out(places, tree, subject, edits);
  std::ranges::sort(edits, {}, &Edit::begin);
  for (std::size_t i = 1; i < edits.size(); ++i) {
    if (edits[i - 1].end > edits[i].begin) throw NotUnderstood{};
  }
  return edits;
}

[[nodiscard]] config::Loaded read(const PolicyFile& file, const std::string& text) {
  const std::filesystem::path path{file.path};
  return config::load_text(text, file.path, path.parent_path().string(), file.sections);
}

/// Empty: the file still has what was compared.
[[nodiscard]] std::string what_has_changed(const config::Config& now, const SplitSubject& subject) {
  const std::string& candidate = subject.options.candidate;
  const std::string service = "service " + config::quoted(subject.service);
  const auto found = now.services.find(subject.service);
  if (found == now.services.end() || !found->second.split || found->second.split->candidate != candidate)
    return service + " has no split with candidate " + config::quoted(candidate) + " there";
  if (found->second.policy != subject.policy)
    return service + " has the policy " + config::quoted(found->second.policy) + " there, and not " +
           config::quoted(subject.policy);
  if (now.policies.at(subject.policy) != subject.current)
    return "policy " + config::quoted(subject.policy) + " has other options there";
  if (now.policies.at(candidate) != subject.candidate)
    return "policy " + config::quoted(candidate) + " has other options there";
  return {};
}

/// A route that names the service's policy keeps it: from now on it is a policy of the route's own.
[[nodiscard]] config::Service promoted(const config::Service& before, const Tree& tree,
                                       const SplitSubject& subject) {
  config::Service after = before;
  after.policy = subject.options.candidate;
  after.split.reset();
  std::erase(after.shadows, subject.options.candidate);
  const Entry* const routes = find(settings_of(tree.meant, subject.service), "routes");
  for (std::size_t i = 0; i < after.routes.size(); ++i) {
    if (routes == nullptr || i >= routes->value.items.size()) throw NotUnderstood{};
    const Entry* const policy = find(routes->value.items[i], "policy");
    if (policy != nullptr && policy->value.text == before.policy) after.routes[i].policy = before.policy;
  }
  return after;
}

/// What the operator is to do, and why it is not done here.
[[nodiscard]] CannotPromote by_hand(const std::string& why, const config::Service& before,
                                    const SplitSubject& subject) {
  const std::string& candidate = subject.options.candidate;
  const std::string at = "services." + subject.service;
  const auto others =
      std::ranges::count_if(before.shadows, [&](const std::string& each) { return each != candidate; });
  std::string hint = why + "; change it by hand: " + at + ".policy to " + config::quoted(candidate) +
                     ", and take out " + at + ".experiment.split";
  if (others == 0) {
    if (!before.shadows.empty()) hint += " and " + at + ".experiment.shadow";
  } else if (!subject.candidate.circuit_breaker) {
    hint += " and " + at + ".experiment.shadow, because " + config::quoted(candidate) +
            " has no circuit_breaker, whose calls the shadows are told of";
  } else if (static_cast<std::size_t>(others) != before.shadows.size()) {
    hint += " and " + config::quoted(candidate) + " in " + at + ".experiment.shadow";
  }
  return {std::move(hint)};
}

/// Of a file that has what was compared. Throws NotUnderstood.
[[nodiscard]] std::variant<std::string, CannotPromote> patch_of(const PolicyFile& file,
                                                                const config::Config& now, const Tree& tree,
                                                                const SplitSubject& subject) {
  const config::Service& before = now.services.at(subject.service);
  const std::vector<Edit> edits = edits_of(tree, file.text, subject);
  const config::Loaded changed = read(file, edited(file.text, edits));
  if (!changed.config) {
    return by_hand("with this change the file would not be valid: " + changed.errors.front().text(), before,
                   subject);
  }
  config::Config expected = now;
  expected.services.at(subject.service) = promoted(before, tree, subject);
  if (changed.config->services != expected.services || changed.config->policies != expected.policies ||
      changed.config->gateway != expected.gateway)
    throw NotUnderstood{};
  return unified_diff(std::filesystem::path{file.path}.filename().string(), file.text, edits);
}

}  // namespace

std::variant<std::string, CannotPromote> promotion(const PolicyFile& file, const SplitSubject& subject) {
  const config::Loaded now = read(file, file.text);
  if (!now.config) return CannotPromote{"the policy file has an error: " + now.errors.front().text()};
  if (const std::string changed = what_has_changed(*now.config, subject); !changed.empty())
    return CannotPromote{"the policy file has changed since it was read: " + changed + "; reload it first"};
  config::Report report(file.path);
  std::optional<Node> root = config::parse_document(file.text, report);
  if (!root) return CannotPromote{"the policy file cannot be read"};
  Tree tree{*root, *std::move(root)};
  config::expand_environment(tree.meant, report);
  try {
    return patch_of(file, *now.config, tree, subject);
  } catch (const NotUnderstood&) {
    return by_hand("the file is written in a way that cannot be changed safely here",
                   now.config->services.at(subject.service), subject);
  }
}

}  // namespace switchgear::experiment
