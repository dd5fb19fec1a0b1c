#include "switchgear/http/address_book.hpp"

#include <gtest/gtest.h>

namespace switchgear::http {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::make_address;

constexpr TimePoint start{1h};

boost::asio::ip::tcp::endpoint at(const char* address) { return {make_address(address), 80}; }

/// `service.local`, looked up at `start`.
AddressBook book_of(Addresses found) {
  AddressBook book{"service.local", 80};
  EXPECT_TRUE(book.due(start));
  book.begin_lookup();
  book.end_lookup(std::move(found), start);
  return book;
}

TEST(AddressBook, NeverLooksAnAddressUp) {
  AddressBook book{"::1", 80};
  book.doubt();
  EXPECT_FALSE(book.due(start + 24h));
  EXPECT_EQ(book.addresses(), Addresses{at("::1")});
}

TEST(AddressBook, AsksOnceAtATime) {
  AddressBook book{"service.local", 80};
  book.begin_lookup();
  EXPECT_FALSE(book.due(start + 24h));
}

TEST(AddressBook, BelievesAddressesThatWorkForTenSeconds) {
  const AddressBook book = book_of({at("10.0.0.1")});
  EXPECT_FALSE(book.due(start + 9999ms));
  EXPECT_TRUE(book.due(start + 10s));
}

TEST(AddressBook, LooksAgainASecondLaterWhenNobodyIsThereAnyMore) {
  AddressBook book = book_of({at("10.0.0.1")});
  book.doubt();
  EXPECT_FALSE(book.due(start + 999ms)) << "a service that is down must not make the resolver busy";
  EXPECT_TRUE(book.due(start + 1s));
  book.begin_lookup();
  book.end_lookup({at("10.0.0.2")}, start + 1s);
  EXPECT_EQ(book.addresses(), Addresses{at("10.0.0.2")});
  EXPECT_FALSE(book.due(start + 10s)) << "the new address is not in doubt";
}

TEST(AddressBook, KeepsTheAddressesItHasWhenALookupFails) {
  AddressBook book = book_of({at("10.0.0.1")});
  book.begin_lookup();
  book.end_lookup({}, start + 10s);
  EXPECT_EQ(book.addresses(), Addresses{at("10.0.0.1")});
  EXPECT_FALSE(book.due(start + 19s));
}

TEST(AddressBook, TriesAnAddressThatFailedAfterTheOthers) {
  AddressBook book = book_of({at("10.0.0.1"), at("10.0.0.2"), at("10.0.0.3")});
  book.try_last(at("10.0.0.1"));
  EXPECT_EQ(book.addresses(), (Addresses{at("10.0.0.2"), at("10.0.0.3"), at("10.0.0.1")}));
  book.try_last(at("10.9.9.9"));
  EXPECT_EQ(book.addresses().size(), 3U);
}

}  // namespace
}  // namespace switchgear::http
