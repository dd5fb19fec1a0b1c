#include "switchgear/config/secret.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "switchgear/config/source_file.hpp"

namespace switchgear::config {

namespace {

constexpr std::size_t largest_secret = std::size_t{64} * 1024;

/// `$TOKEN`, as a shell has it.
bool looks_like_a_variable(const Node& node) {
  return node.style != Node::Style::from_environment && node.text.size() > 1 && node.text[0] == '$' &&
         node.text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", 1) == std::string::npos;
}

}  // namespace

std::optional<std::string> Secret::operator()(const Value& value) const {
  constexpr std::string_view prefix = "file:";
  const Node& node = *value.node;
  if (node.kind != Node::Kind::scalar || node.empty() || node.text.empty()) {
    value.wrong("no secret found; expected text or file:PATH; or leave the key out");
    return std::nullopt;
  }
  std::string secret = node.text;
  if (looks_like_a_variable(node)) {
    value.report->warning(node.at, value.path,
                          "is taken as it stands, with its \"$\"; a variable is written ${VAR}");
  }
  if (node.text.starts_with(prefix)) {
    const std::string path = (std::filesystem::path(directory) / node.text.substr(prefix.size())).string();
    ReadResult file = read_secret(path, largest_secret);
    if (!file.bytes) {
      value.wrong("secret file " + config::quoted(path) + " " + file.problem);
      return std::nullopt;
    }
    secret = std::move(*file.bytes);
  }
  const bool fit =
      std::all_of(secret.begin(), secret.end(), [](char letter) { return letter > 0x20 && letter < 0x7F; });
  if (fit && !secret.empty()) return secret;
  value.wrong(
      "the secret is empty or holds a character that cannot stand in a header; expected visible ASCII "
      "without spaces");
  return std::nullopt;
}

}  // namespace switchgear::config
