// Files compiled into the binary (EmbedAssets.cmake): the dashboard's, from switchgear/admin/assets/, the
// description of the API, and the runbooks.
#pragma once

#include <span>
#include <string_view>

namespace switchgear::admin {

struct Asset {
  std::string_view name;  ///< of the file; of a runbook `docs/runbooks/NAME.md`
  std::string_view content_type;
  std::string_view etag;  ///< with its quotes
  std::string_view content;
};

[[nodiscard]] std::span<const Asset> assets() noexcept;

/// Of the description of the API. It and the runbooks are not a part of the dashboard.
inline constexpr std::string_view openapi_document = "openapi.json";
inline constexpr std::string_view runbook_folder = "docs/runbooks/";

/// Null when there is none of that name.
[[nodiscard]] inline const Asset* find_asset(std::string_view name) noexcept {
  for (const Asset& each : assets()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

}  // namespace switchgear::admin
