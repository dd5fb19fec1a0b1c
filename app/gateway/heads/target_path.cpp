#include "app/gateway/heads/target_path.hpp"

#include <vector>

#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

namespace {

[[nodiscard]] bool is_plain(std::string_view path) noexcept {
  char before = 0;
  for (const char c : path) {
    if (c == '%' || (before == '/' && (c == '/' || c == '.'))) return false;
    before = c;
  }
  return true;
}

[[nodiscard]] int hex(char c) noexcept {
  if (!http::detail::is(c, http::detail::hex_char)) return -1;
  const char low = http::to_lower(c);
  return low <= '9' ? low - '0' : low - 'a' + 10;
}

}  // namespace

TargetPath::TargetPath(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (is_plain(path)) {
    view_ = path;
    return;
  }
  valid_ = decode(path) && resolve_dots();
  view_ = own_;
}

bool TargetPath::decode(std::string_view path) {
  bool encoded_slash = false;
  own_.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%') {
      if (i + 2 >= path.size()) return false;
      const int high = hex(path[i + 1]);
      const int low = hex(path[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      if (c == 0) return false;
      if (c == '/' || c == '\\') encoded_slash = true;
      i += 2;
    }
    own_ += c == '\\' ? '/' : c;
  }
  if (!encoded_slash) return true;
  const std::string_view all{own_};
  return all.find("/./") == all.npos && all.find("/../") == all.npos && !all.ends_with("/.") &&
         !all.ends_with("/..");
}

bool TargetPath::resolve_dots() {
  const bool directory = own_.ends_with('/') || own_.ends_with("/.") || own_.ends_with("/..");
  std::vector<std::string_view> segments;
  std::string_view rest{own_};
  while (!rest.empty()) {
    const std::size_t end = rest.find('/');
    const std::string_view segment = rest.substr(0, end);
    if (segment == "..") {
      if (segments.empty()) return false;
      segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  std::string resolved;
  for (const std::string_view segment : segments) resolved.append("/").append(segment);
  if (directory || resolved.empty()) resolved += '/';
  own_ = std::move(resolved);
  return true;
}

bool matches_prefix(std::string_view path, std::string_view prefix) noexcept {
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '/';
}

}  // namespace switchgear::gateway
