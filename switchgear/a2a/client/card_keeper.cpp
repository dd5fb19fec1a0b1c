#include "switchgear/a2a/client/card_keeper.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "switchgear/a2a/client/no_answer.hpp"
#include "switchgear/a2a/error.hpp"
#include "switchgear/core/rejected.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::a2a {

namespace asio = boost::asio;
using std::chrono::steady_clock;
using std::chrono::system_clock;

/// One request, and those who wait for it.
struct CardKeeper::Flight {
  explicit Flight(const asio::any_io_executor& executor)
      : landed(executor, steady_clock::time_point::max()) {}

  asio::steady_timer landed;  ///< cancelled: it has
  bool over = false;
  Card card;
  std::exception_ptr failed;
};

namespace {

[[nodiscard]] http::ClientOptions card_options(const ClientOptions& options) {
  http::ClientOptions http = options.http;
  http.max_body = options.max_card;
  http.redirects = 0;  // to another host, perhaps
  http.pool.max = 2;
  return http;
}

}  // namespace

CardKeeper::CardKeeper(const asio::any_io_executor& executor, const std::string& base_url,
                       const ClientOptions& options)
    : executor_(executor),
      url_(http::Url::parse(base_url).join(options.card_path).text()),
      timeout_(options.card_timeout),
      options_(options.card),
      http_(std::make_shared<http::Client>(executor, base_url, card_options(options))) {}

asio::awaitable<CardKeeper::Card> CardKeeper::get() {
  const TimePoint now = steady_clock::now();
  if (card_ && now < fresh_.fresh_until) co_return card_;
  if (card_ && now < not_before_ && now < fresh_.usable_until) co_return card_;
  std::exception_ptr failed;
  try {
    Card given = co_await look();
    co_return given;
  } catch (const boost::system::system_error&) {
    throw;  // cancelled
  } catch (...) {
    failed = std::current_exception();
  }
  if (card_ && steady_clock::now() < fresh_.usable_until) co_return card_;
  std::rethrow_exception(failed);
}

asio::awaitable<CardKeeper::Card> CardKeeper::look() {
  if (!flight_) take_off();
  const std::shared_ptr<Flight> flight = flight_;
  boost::system::error_code ignored;
  if (!flight->over) co_await flight->landed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!flight->over) throw boost::system::system_error(asio::error::operation_aborted);
  if (flight->failed) std::rethrow_exception(flight->failed);
  co_return flight->card;
}

/// Whoever waits may go away; the request goes on for the others.
void CardKeeper::take_off() {
  const auto self = shared_from_this();
  const auto flight = std::make_shared<Flight>(executor_);
  flight_ = flight;
  asio::co_spawn(executor_, fetch(), [self, flight](std::exception_ptr failed, Card card) {
    flight->over = true;
    flight->failed = std::move(failed);
    flight->card = std::move(card);
    flight->landed.cancel();
    self->flight_.reset();
    if (flight->failed) self->not_before_ = saturating_add(steady_clock::now(), self->options_.retry_after);
  });
}

http::Request CardKeeper::request() const {
  http::Request request(url_);
  request.timeout(timeout_).key("").header("Accept", "application/json");
  // What an agent of both versions answers with depends on it.
  request.header("A2A-Version", to_string(ProtocolVersion::v1_0));
  if (!fresh_.etag.empty()) request.header("If-None-Match", fresh_.etag);
  if (!fresh_.last_modified.empty()) request.header("If-Modified-Since", fresh_.last_modified);
  return request;
}

asio::awaitable<CardKeeper::Card> CardKeeper::fetch() {
  const auto self = shared_from_this();
  try {
    http::Request asked = request();
    const http::Response response = co_await http_->get(std::move(asked));
    co_return take(response);
  } catch (const http::Error& failed) {
    throw NoAnswer(failed, false);
  } catch (const Rejected&) {
    const std::error_code late = std::make_error_code(std::errc::timed_out);
    throw NoAnswer({late, url_ + ": no card within the time limit"}, false);
  }
}

/// A 304 changes those headers of the stored answer that it has (RFC 9111, 3.2).
CardKeeper::Card CardKeeper::take(const http::Response& response) {
  constexpr unsigned not_modified = 304;
  Card card = card_;
  if (response.status == not_modified && card_) {
    for (const auto& [name, value] : response.headers) headers_.erase(name);
    for (const auto& [name, value] : response.headers) headers_.add(name, value);
  } else if (response.ok()) {
    card = std::make_shared<const AgentCard>(AgentCard::parse(response.body, url_));
    headers_ = response.headers;
  } else {
    throw Error(Errc::http_status, url_ + ": the card is answered with " + std::to_string(response.status),
                {0, response.status, {}, {}, response.retry_after()});
  }
  fresh_ = freshness_of(headers_, options_, steady_clock::now(), system_clock::now());
  card_ = fresh_.may_be_stored ? card : nullptr;
  if (!card_) fresh_ = {};
  return card;
}

}  // namespace switchgear::a2a
