// The process of the shop: policies, store, cache, mail, HTTP server and admin server on one thread.
#pragma once

#include <cstdint>
#include <string>

#include "switchgear/core/time.hpp"

namespace switchgear::shop {

struct ShopProcessOptions {
  std::string policies;   ///< the policy file
  std::string database;   ///< a connection string; or `sqlite:FILE`, the stand-in
  std::string redis;      ///< `redis://…`; empty: no cache
  std::string smtp;       ///< `smtp://127.0.0.1:2525`
  std::string inventory;  ///< URLs; empty: those of the policy file
  std::string payment;
  std::string accounts;
  std::string risk;           ///< of the agent; empty here and there: orders are made without advice
  std::uint16_t port = 8000;  ///< 0: the system chooses
  std::uint16_t admin_port = 9090;
  std::string order_time = "3s";  ///< for all steps of an order together
  std::uint64_t seed = 1;
};

/// Serves on loopback until SIGTERM or SIGINT; returns the exit code. Prints `shop ready port=N admin=N` when
/// it takes orders: the database may come later than the shop.
int run_shop_process(const ShopProcessOptions& options);

}  // namespace switchgear::shop
