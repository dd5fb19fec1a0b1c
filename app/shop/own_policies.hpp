// The policies that the shop comes with: examples/shop/shop.yaml, in the binary.
#pragma once

#include <string_view>

namespace switchgear::shop {

[[nodiscard]] std::string_view own_policies();

}  // namespace switchgear::shop
