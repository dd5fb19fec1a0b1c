// A Lua script, and its SHA-1, by which a server that knows it is asked for it.
#pragma once

#include <string>
#include <string_view>

namespace switchgear::redis {

class Script {
 public:
  explicit Script(std::string text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// In lower-case hexadecimal.
  [[nodiscard]] const std::string& digest() const noexcept { return digest_; }

 private:
  std::string text_;
  std::string digest_;
};

}  // namespace switchgear::redis
