// ${VAR} in values. After parsing, so that no variable's content can become a key, a comment or a new line of
// YAML.
#include <cstdlib>
#include <string>

#include "switchgear/config/document.hpp"
#include "switchgear/config/source_file.hpp"

namespace switchgear::config {

namespace {

constexpr std::size_t longest_value = std::size_t{64} * 1024;
constexpr std::size_t most_added =
    std::size_t{4} * 1024 * 1024;  // a file of ${BIG}${BIG}… must not fill the memory

bool name_letter(char letter, bool first) noexcept {
  if (letter == '_' || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z')) return true;
  return !first && letter >= '0' && letter <= '9';
}

bool is_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!name_letter(name[i], i == 0)) return false;
  }
  return !name.empty();
}

class Expander {
 public:
  explicit Expander(Report& report) : report_(report) {}

  void expand(Node& node) {
    if (node.kind == Node::Kind::scalar) return scalar(node);
    const std::size_t length = path_.size();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      path_.append("[" + std::to_string(i) + "]");
      expand(node.items[i]);
      path_.resize(length);
    }
    for (Entry& entry : node.entries) {
      if (length > 0) path_ += '.';
      path_.append(entry.key);
      if (entry.key.find("${") != std::string::npos)
        report_.error(entry.at, path_, "variables are filled in in values only; write the name itself");
      expand(entry.value);
      path_.resize(length);
    }
  }

 private:
  void scalar(Node& node) {
    std::string_view rest = node.text;
    if (rest.find("${") == std::string_view::npos) return;
    std::string result;
    std::string problem;
    while (problem.empty()) {
      const std::size_t at = rest.find("${");
      result.append(rest.substr(0, at));
      if (at == std::string_view::npos) break;
      if (at > 0 && rest[at - 1] == '$') {  // $${ is an escaped ${
        result.pop_back();
        result.append("${");
        rest.remove_prefix(at + 2);
        continue;
      }
      const std::size_t end = rest.find('}', at);
      if (end == std::string_view::npos) {
        problem =
            "\"${\" is not closed; write ${VAR} or ${VAR:-default}, or $${ for the characters themselves";
        break;
      }
      problem = variable(rest.substr(at + 2, end - at - 2), result);
      rest.remove_prefix(end + 1);
      if (result.size() > longest_value) problem = "is longer than 65536 bytes with its variables";
    }
    added_ += result.size();
    if (problem.empty() && added_ > most_added)
      problem = "the file is too large with its variables; expected at most 4194304 bytes";
    if (problem.empty()) {
      if (const auto bad = find_bad_text(result))
        problem = "a variable holds " + std::string(bad->problem) + "; expected text";
    }
    if (!problem.empty()) report_.error(node.at, path_, problem);
    node.broken = !problem.empty();
    node.text = std::move(result);
    node.style = Node::Style::from_environment;
  }

  std::string variable(std::string_view inside, std::string& result) {
    const std::size_t colon = inside.find(":-");
    const std::string name(inside.substr(0, colon));
    if (!is_name(name)) return "\"${…}\" holds no name of a variable; write ${VAR} or ${VAR:-default}";
    const char* value = std::getenv(name.c_str());
    const bool has_default = colon != std::string_view::npos;
    if (value == nullptr && !has_default) {
      return "the environment has no variable " + quoted(name) + "; set it or write ${" + name + ":-default}";
    }
    const bool takes_default = has_default && (value == nullptr || *value == '\0');
    result.append(takes_default ? inside.substr(colon + 2) : std::string_view(value));
    return {};
  }

  Report& report_;
  std::string path_;  ///< of the value at hand; grown and cut back, not copied
  std::size_t added_ = 0;
};

}  // namespace

void expand_environment(Node& root, Report& report) { Expander(report).expand(root); }

}  // namespace switchgear::config
