#include "switchgear/config/sent_path.hpp"

#include <algorithm>
#include <cstddef>

namespace switchgear::config {

namespace {

/// A byte as it stands in a path, maybe percent-encoded.
struct Spelled {
  char value = 0;  ///< '/' also for a backslash
  std::size_t size = 1;
};

/// Precondition: valid percent-encoding.
[[nodiscard]] Spelled spelled_at(std::string_view path, std::size_t at) noexcept {
  const auto hex = [](char digit) { return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10; };
  if (path[at] != '%') return {path[at], 1};
  const char value = static_cast<char>(hex(path[at + 1]) * 16 + hex(path[at + 2]));
  return {value == '\\' ? '/' : value, 3};
}

/// How many dots the segment is made of; 0 if it holds anything else.
[[nodiscard]] std::size_t dots_of(std::string_view segment) noexcept {
  std::size_t dots = 0;
  for (std::size_t at = 0; at < segment.size(); ++dots) {
    const Spelled one = spelled_at(segment, at);
    if (one.value != '.') return 0;
    at += one.size;
  }
  return dots;
}

/// As TargetPath does it, but percent-encoding stays. A valid path has no dot segments beside encoded
/// slashes.
void append_resolved(std::string& out, std::string_view path) {
  const std::size_t root = out.size();
  bool directory = path.ends_with('/');
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    const std::size_t dots = dots_of(segment);
    if (dots == 2) {
      out.resize(std::max(root, std::min(out.rfind('/'), out.size())));
    } else if (!segment.empty() && dots != 1) {
      out.append("/").append(segment);
    }
    if (end == path.size()) directory = dots == 1 || dots == 2;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  if (directory || out.size() == root) out += '/';
}

/// Where a prefix of `length` bytes, as routes count them, ends.
[[nodiscard]] std::size_t end_of_prefix(std::string_view path, std::size_t length) noexcept {
  std::size_t at = 0;
  bool slash = false;
  for (std::size_t seen = 0; seen < length && at < path.size();) {
    const Spelled one = spelled_at(path, at);
    if (one.value != '/' || !slash) ++seen;
    slash = one.value == '/';
    at += one.size;
  }
  return at;
}

[[nodiscard]] std::size_t end_of_slashes(std::string_view path, std::size_t at) noexcept {
  while (at < path.size() && spelled_at(path, at).value == '/') at += spelled_at(path, at).size;
  return at;
}

}  // namespace

void write_sent_path(std::string& out, const Route& route, std::string_view target, const TargetPath& path) {
  const std::size_t end = std::min(target.find('?'), target.size());
  out.clear();
  if (route.rewrite) out.append(route.rewrite->to);
  if (!route.rewrite || route.rewrite->keeps_path) {
    const std::size_t begin = out.size();
    if (path.plain()) {
      out.append(target.substr(0, end));
    } else {
      append_resolved(out, target.substr(0, end));
    }
    if (route.strip_prefix) {
      const std::size_t length = route.path.size() - (route.path.ends_with('/') ? 1 : 0);
      const std::string_view whole = std::string_view{out}.substr(begin);
      const std::size_t prefix = end_of_prefix(whole, length);
      const std::size_t rest = end_of_slashes(whole, prefix);
      const bool alone = rest == prefix;  // nothing follows, as prefixes are whole segments
      out.erase(begin, rest);
      if (!alone || out.empty()) out.insert(begin, 1, '/');
    }
  }
  out.append(target.substr(end));
}

}  // namespace switchgear::config
