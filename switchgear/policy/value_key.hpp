// What a value from a stranger is known by: bounded in length, and safe to show.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/policy/sip_hash.hpp"

namespace switchgear {

/// A value of up to 64 bytes is known by itself; a longer one by its first 48 bytes, `~` and 16 digits of its
/// hash. Borrows a short value. Never allocates.
class ValueKey {
 public:
  static constexpr std::size_t longest_value = 64;

  ValueKey(std::string_view value, const SipKey& secret) noexcept;
  /// The hash of the longer value that is known by `text`; empty when no longer value can be.
  [[nodiscard]] static std::optional<std::uint64_t> hash_in(std::string_view text) noexcept;
  ValueKey(const ValueKey&) = delete;
  ValueKey& operator=(const ValueKey&) = delete;

  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
  [[nodiscard]] std::string_view text() const noexcept { return text_; }

 private:
  static constexpr std::size_t kept_of_long = 48;
  static constexpr std::size_t digits = 16;

  const std::uint64_t hash_;
  /// One byte longer than a short value can be, so that none of these is mistaken for the other.
  std::array<char, kept_of_long + 1 + digits> cut_;
  std::string_view text_;
};

/// The text of a key for names of breakers, logs and events: visible ASCII, every other byte and `%` as
/// `%XX`.
[[nodiscard]] std::string shown_value(std::string_view text);

}  // namespace switchgear
