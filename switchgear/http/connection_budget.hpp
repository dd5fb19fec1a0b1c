// How many connections the pools of one thread may have open together: descriptors are the process's, not a
// pool's.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <limits>

namespace switchgear::http {

class Connection;

struct RestingTag;
using RestingHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<RestingTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Before a pool opens one more than there may be, the connection that has rested for longest is closed,
/// whichever pool it belongs to. Connections in use are not touched: if all are, the new one is opened all
/// the same. Threads: the loop's. Lifetime: outlives its pools.
class ConnectionBudget {
 public:
  /// From now on; connections that are too many go when the next one is opened.
  void set_most(std::size_t most) noexcept { most_ = most; }
  [[nodiscard]] std::size_t open() const noexcept { return open_; }

  // For the pools.
  void opened() noexcept { ++open_; }
  void closed(std::size_t count = 1) noexcept { open_ -= count; }
  /// Until it is used or destroyed.
  void rests(Connection& connection) { resting_.push_back(connection); }
  /// The connection that has to end before a further one is opened. Null when that may be opened, or when
  /// none rests.
  [[nodiscard]] Connection* surplus() noexcept {
    return open_ < most_ || resting_.empty() ? nullptr : &resting_.front();
  }

 private:
  using Resting = boost::intrusive::list<Connection, boost::intrusive::base_hook<RestingHook>,
                                         boost::intrusive::constant_time_size<false>>;

  std::size_t most_ = std::numeric_limits<std::size_t>::max();
  std::size_t open_ = 0;
  Resting resting_;  ///< the longest first
};

}  // namespace switchgear::http
