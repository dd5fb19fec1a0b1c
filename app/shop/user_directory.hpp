// Users by their number: from the cache, else from the database.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/shop/policies.hpp"
#include "app/shop/store.hpp"
#include "switchgear/redis/client.hpp"

namespace switchgear::shop {

struct FoundUser {
  std::optional<User> user;
  bool cached = false;
};

struct DirectoryCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t cache_failures = 0;  ///< the cache was away, or refused by its policies
};

/// Threads: those of its executor, one at a time. Borrows the store, and the policies of the cache.
class UserDirectory {
 public:
  /// `redis`: `redis://127.0.0.1:6379`; empty: no cache. Throws std::invalid_argument for another text.
  UserDirectory(const boost::asio::any_io_executor& executor, Store& store, const Policies& policies,
                const std::string& redis, std::uint64_t seed);
  UserDirectory(const UserDirectory&) = delete;
  UserDirectory& operator=(const UserDirectory&) = delete;
  ~UserDirectory();

  /// Throws StoreUnavailable when neither has the user.
  [[nodiscard]] boost::asio::awaitable<FoundUser> find(std::int64_t id);
  /// What the cache has of this user is not true any more. Never fails: an entry lives for ten seconds.
  [[nodiscard]] boost::asio::awaitable<void> forget(std::int64_t id);
  [[nodiscard]] const DirectoryCounts& counts() const noexcept { return counts_; }

 private:
  /// Empty: the cache failed, or refuses.
  [[nodiscard]] boost::asio::awaitable<std::optional<redis::Reply>> run(std::string command);

  boost::asio::any_io_executor executor_;
  Store& store_;
  const Policies::Cache& policies_;
  std::unique_ptr<redis::Client> cache_;
  DirectoryCounts counts_;
};

}  // namespace switchgear::shop
