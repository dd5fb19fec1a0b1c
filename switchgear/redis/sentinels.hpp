// Asks Redis Sentinels which server is the master. Each is asked in turn until one knows: they may disagree
// for a moment, which is why a client also asks the server itself for its role.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/core/time.hpp"
#include "switchgear/redis/address.hpp"
#include "switchgear/redis/connection.hpp"
#include "switchgear/tls/context.hpp"

namespace switchgear::redis {

/// Threads: those of its executor, one at a time. Lifetime: nothing is called after its destruction.
class Sentinels {
 public:
  /// `where` has the host and the port; without it, `why_not` is for people.
  using Found = std::function<void(std::optional<Address> where, std::string why_not)>;

  /// `master`: the name of the group in the Sentinels' configuration.
  /// `tls`: for those whose address has it.
  Sentinels(boost::asio::any_io_executor executor, std::vector<Address> sentinels,
            std::optional<tls::ClientContext> tls, std::string master);
  Sentinels(const Sentinels&) = delete;
  Sentinels& operator=(const Sentinels&) = delete;
  ~Sentinels();

  /// `limit`: of each Sentinel. A search that is going on is given up, and its `found` not called.
  void find_master(Duration limit, Found found);

 private:
  void ask_next(std::size_t tried, std::string why_not);
  void take(const Reply& reply, std::size_t tried);
  void end(std::optional<Address> where, std::string why_not);
  [[nodiscard]] std::string here() const { return to_string(sentinels_[next_ % sentinels_.size()]); }

  const boost::asio::any_io_executor executor_;
  const std::vector<Address> sentinels_;
  const std::optional<tls::ClientContext> tls_;
  const std::string master_;
  std::size_t next_ = 0;  ///< the one that answered last is asked first
  std::uint64_t search_ = 0;
  Duration limit_{};
  Found found_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace switchgear::redis
