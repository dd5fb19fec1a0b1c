// The dashboard's files, compiled into the binary from switchgear/admin/assets/ (EmbedAssets.cmake).
#pragma once

#include <span>
#include <string_view>

namespace switchgear::admin {

struct Asset {
  std::string_view name;  ///< of the file
  std::string_view content_type;
  std::string_view etag;  ///< with its quotes
  std::string_view content;
};

[[nodiscard]] std::span<const Asset> assets() noexcept;

/// Null when there is none of that name.
[[nodiscard]] inline const Asset* find_asset(std::string_view name) noexcept {
  for (const Asset& each : assets()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

}  // namespace switchgear::admin
