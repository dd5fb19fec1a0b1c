// One run of the shop: the servers behind it, its process, its callers, a scenario; at the end its books.
#pragma once

#include <cstdint>
#include <string>

#include "app/shop/backing.hpp"

namespace switchgear::shop {

struct ShopOptions {
  std::string policies;  ///< empty: those that the shop comes with
  std::string scenario;  ///< empty: nothing fails
  std::string length;    ///< empty: until Ctrl-C, or as long as the scenario
  double rate = 10;      ///< calls a second without a scenario; 0: none
  std::uint16_t port = 0;
  std::uint16_t admin_port = 0;
  std::uint64_t seed = 1;
  bool seed_given = false;  ///< then it takes the place of the scenario's
  Behind behind = Behind::installed;
};

/// Returns the exit code: 0 if every expectation holds and the books are right.
int run_shop(const ShopOptions& options);

}  // namespace switchgear::shop
