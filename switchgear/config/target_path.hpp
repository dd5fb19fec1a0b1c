// Which path a request is for, seen so that no spelling of it can dodge a route.
#pragma once

#include <string>
#include <string_view>

namespace switchgear::config {

/// The path of a request target as routes see it: query cut off, percent-encoding undone, `//` merged, dot
/// segments resolved (RFC 3986, 5.2.4). This view only chooses the route; what is forwarded is the target as
/// the client wrote it, or what the route makes of that (sent_path.hpp). Allocates only for a path that is
/// not in its plain form.
class TargetPath {
 public:
  /// `target` is in origin form, begins with '/'.
  explicit TargetPath(std::string_view target);

  /// False: malformed percent-encoding, an encoded NUL, dot segments that climb above the root, dot segments
  /// beside an encoded slash or backslash, or with path parameters (`..;x`), which servers resolve
  /// differently.
  [[nodiscard]] bool valid() const noexcept { return valid_; }
  [[nodiscard]] std::string_view view() const noexcept { return view_; }
  /// The client wrote it just so.
  [[nodiscard]] bool plain() const noexcept { return plain_; }

 private:
  [[nodiscard]] bool decode(std::string_view path);
  [[nodiscard]] bool resolve_dots();

  std::string own_;  ///< used when the path is not in its plain form already
  std::string_view view_;
  bool valid_ = true;
  bool plain_ = false;
};

}  // namespace switchgear::config
