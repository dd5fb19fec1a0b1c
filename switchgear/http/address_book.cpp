#include "switchgear/http/address_book.hpp"

#include <algorithm>
#include <utility>

namespace switchgear::http {

AddressBook::AddressBook(const std::string& host, std::uint16_t port) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  named_ = static_cast<bool>(error);
  if (!named_) addresses_.emplace_back(address, port);
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

void AddressBook::try_last(const boost::asio::ip::tcp::endpoint& address) noexcept {
  const auto place = std::find(addresses_.begin(), addresses_.end(), address);
  if (place != addresses_.end()) std::rotate(place, place + 1, addresses_.end());
}

}  // namespace switchgear::http
