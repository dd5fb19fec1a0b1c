#include "app/gateway/service/uri_versions.hpp"

#include <algorithm>
#include <functional>

#include "switchgear/config/target_path.hpp"

namespace switchgear::gateway {

std::size_t UriVersions::place_of(std::string_view target) {
  const std::string_view query = target.substr(std::min(target.find('?'), target.size()));
  const config::TargetPath path{target};
  constexpr std::hash<std::string_view> hash;
  const std::uint64_t mixed = (hash(path.view()) ^ (hash(query) << 1U)) * 0x9e3779b97f4a7c15U;
  return (mixed >> 32U) % places;
}

}  // namespace switchgear::gateway
