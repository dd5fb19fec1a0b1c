#include "switchgear/config/target_path.hpp"

#include <vector>

namespace switchgear::config {

namespace {

[[nodiscard]] bool is_plain(std::string_view path) noexcept {
  char before = 0;
  for (const char c : path) {
    if (c == '%' || (before == '/' && (c == '/' || c == '.'))) return false;
    before = c;
  }
  return true;
}

/// -1: not a hexadecimal digit.
[[nodiscard]] int hex(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const int low = c | 0x20;
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// Calls `see` with each segment between slashes of a path, an empty first one included.
template <class See>
void for_each_segment(std::string_view path, See see) {
  for (;;) {
    const std::size_t end = path.find('/');
    see(path.substr(0, end));
    if (end == std::string_view::npos) return;
    path.remove_prefix(end + 1);
  }
}

/// Servlet containers cut the parameters off a segment before they resolve dots: to them `..;x` is `..`, and
/// `/;x` is one of two slashes, so that a `..` behind it takes back the segment before. Others see names.
[[nodiscard]] bool hides_dots(std::string_view path) noexcept {
  bool climbs = false;
  bool is_bare = false;
  bool hides = false;
  for_each_segment(path, [&](std::string_view segment) {
    const std::string_view name = segment.substr(0, segment.find(';'));
    const bool has_parameters = name.size() != segment.size();
    if (name == "." || name == "..") hides |= has_parameters;
    climbs |= segment == "..";
    is_bare |= has_parameters && name.empty();
  });
  return hides || (climbs && is_bare);
}

}  // namespace

TargetPath::TargetPath(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (is_plain(path)) {
    view_ = path;
    plain_ = true;
    return;
  }
  valid_ = decode(path) && !hides_dots(own_) && resolve_dots();
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

}  // namespace switchgear::config
