#include "switchgear/http/address_book.hpp"

#include <algorithm>
#include <utility>

#include "switchgear/http/unix_socket.hpp"

namespace switchgear::http {

Addresses addresses_of(const boost::asio::ip::tcp::resolver::results_type& found) {
  Addresses all;
  for (const auto& each : found) all.emplace_back(each.endpoint());
  return all;
}

AddressBook::AddressBook(const std::string& host, std::uint16_t port) {
  if (is_unix(host)) {
    addresses_.push_back(unix_address(host));
    return;
  }
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  named_ = static_cast<bool>(error);
  if (!named_) addresses_.emplace_back(boost::asio::ip::tcp::endpoint{address, port});
}

bool AddressBook::due(TimePoint now) const noexcept {
  if (!named_ || looking_up_) return false;
  return addresses_.empty() || now - looked_up_at_ >= (doubted_ ? doubted_for : good_for);
}

void AddressBook::end_lookup(Addresses found, TimePoint now) {
  looking_up_ = doubted_ = false;
  looked_up_at_ = now;
  if (!found.empty()) addresses_ = std::move(found);
}

void AddressBook::try_last(const Address& address) noexcept {
  const auto place = std::find(addresses_.begin(), addresses_.end(), address);
  if (place != addresses_.end()) std::rotate(place, place + 1, addresses_.end());
}

}  // namespace switchgear::http
