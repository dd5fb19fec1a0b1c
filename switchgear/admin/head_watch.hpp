// What Beast's parser takes of a request's head, and the admin server does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchgear::admin {

/// Sees every byte of a head before Beast does, which counts the request line and the fields apart, and makes
/// one line of a folded field: a proxy in front that does not could have checked another Authorization than
/// this server reads (RFC 9112, 5.2).
class HeadWatch {
 public:
  enum class Fault : std::uint8_t { none, too_large, folded };

  explicit HeadWatch(std::size_t most) noexcept : left_(most) {}

  /// What has come since the last call. Bytes behind the head are of no concern.
  [[nodiscard]] Fault take(std::string_view bytes) noexcept {
    for (const char c : bytes) {
      if (whole_) break;
      if (left_ == 0) return Fault::too_large;
      --left_;
      if (c == '\n') {
        whole_ = empty_line_;
        empty_line_ = behind_a_line_ = true;
      } else if (c != '\r') {
        if (empty_line_ && behind_a_line_ && (c == ' ' || c == '\t')) return Fault::folded;
        empty_line_ = false;
      }
    }
    return Fault::none;
  }

 private:
  std::size_t left_;
  bool empty_line_ = true;  ///< the line at hand, so far
  bool behind_a_line_ = false;
  bool whole_ = false;
};

}  // namespace switchgear::admin
