#include "app/shop/books.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>

#include "app/stage/stop_signal.hpp"
#include "switchgear/http/blocking_client.hpp"

namespace switchgear::shop {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto patience = 30s;
constexpr auto between_looks = 200ms;

Books books_of(const json::value& shop, std::uint64_t& audits) {
  Books books;
  audits = shop.at("audits").to_number<std::uint64_t>();
  const json::object* const seen = shop.at("books").if_object();
  if (seen == nullptr) return books;
  const auto count = [&](const char* name) { return seen->at(name).to_number<std::int64_t>(); };
  books.read = true;
  books.settled = seen->at("settled").as_bool();
  books.confirmed = count("confirmed");
  books.cancelled = count("cancelled");
  books.open = count("open");
  books.waiting = count("waiting");
  books.booked = count("booked");
  books.mails = count("mails");
  return books;
}

}  // namespace

Books settle(std::uint16_t admin, stage::StopSignal& stop, const std::function<void()>& look) {
  http::BlockingClient client{"http://127.0.0.1:" + std::to_string(admin)};
  const auto until = std::chrono::steady_clock::now() + patience;
  Books books;
  std::uint64_t first = 0;
  bool asked = false;
  while (std::chrono::steady_clock::now() < until) {
    look();
    std::uint64_t audits = 0;
    try {
      books = books_of(client.get("/shop").json(), audits);
      if (!asked || audits < first) first = audits;  // fewer: it was started again
      asked = true;
    } catch (const std::exception&) {
      books = {};
    }
    // The audit that ran while this was asked may be from before the end.
    if (books.settled && audits >= first + 2) break;
    if (stop.wait_for(between_looks)) break;
  }
  return books;
}

std::string in_words(const Books& books) {
  return fmt::format("{} orders confirmed, {} cancelled; each booked once, {} mails; none lost, none doubled",
                     books.confirmed, books.cancelled, books.mails);
}

std::string problem_of(const Books& books, const Told& told) {
  if (!books.read) return "the database could not be asked, so it is not known whether orders were lost";
  if (!books.settled)
    return fmt::format(
        "{} orders are open and {} pieces of work wait; {} of {} orders are booked, {} mails are sent",
        books.open, books.waiting, books.booked, books.confirmed, books.mails);
  if (books.confirmed < told.confirmed)
    return fmt::format("callers were told of {} orders, and the database has {}", told.confirmed,
                       books.confirmed);
  if (books.confirmed - told.confirmed > told.unsure)
    return fmt::format("the database has {} orders, and callers asked for {} at most", books.confirmed,
                       told.confirmed + told.unsure);
  return {};
}

}  // namespace switchgear::shop
