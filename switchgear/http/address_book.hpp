// Where one upstream is: the addresses of its name, in the order to try them, and when to look the name up
// again.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "switchgear/core/time.hpp"

namespace switchgear::http {

/// Of TCP, or of a Unix socket.
using Address = boost::asio::generic::stream_protocol::endpoint;
using Addresses = std::vector<Address>;

[[nodiscard]] Addresses addresses_of(const boost::asio::ip::tcp::resolver::results_type& found);

/// Decides only: it calls no resolver and opens no socket. Its user does, and reports the result:
///
///     if (book.due(now)) {
///       book.begin_lookup();
///       resolve(host, [&](Addresses found) { book.end_lookup(found, now); });
///     }
///     for (const auto& address : book.addresses()) {
///       if (connect(address)) return;
///       book.try_last(address);
///     }
///     book.doubt();      // none of them took the connection
///
/// Threads: one. Never allocates but in end_lookup().
class AddressBook {
 public:
  /// How long addresses are good for while they work.
  static constexpr Duration good_for = std::chrono::seconds{10};
  /// The least time between two lookups once no address has taken a connection: the service may have moved.
  static constexpr Duration doubted_for = std::chrono::seconds{1};

  /// `host` is a name; or an IP address or a Unix socket, which are never looked up.
  AddressBook(const std::string& host, std::uint16_t port);

  /// Whether the name must be looked up now. False while it is being looked up.
  [[nodiscard]] bool due(TimePoint now) const noexcept;
  void begin_lookup() noexcept { looking_up_ = true; }
  /// `found` is empty if the lookup failed: addresses that were good before are better than none.
  void end_lookup(Addresses found, TimePoint now);

  /// No address took the connection.
  void doubt() noexcept { doubted_ = true; }
  /// This address did not take a connection: the others are tried before it.
  void try_last(const Address& address) noexcept;

  [[nodiscard]] const Addresses& addresses() const noexcept { return addresses_; }
  [[nodiscard]] bool empty() const noexcept { return addresses_.empty(); }

 private:
  Addresses addresses_;
  TimePoint looked_up_at_{};
  bool named_ = false;
  bool looking_up_ = false;
  bool doubted_ = false;
};

}  // namespace switchgear::http
