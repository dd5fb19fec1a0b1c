#include "app/gateway/attempt.hpp"

#include <utility>

namespace switchgear::gateway {

namespace {
constexpr http::HeadLimits response_limits{std::size_t{64} * 1024, 200, 0};
}

Attempt::Attempt() : exchange(response_limits) {}

void Attempt::begin(CallOwner& owner, unsigned number, TimePoint now, TimePoint limit) noexcept {
  owner_ = &owner;
  phase = Phase::connecting;
  branch = number;
  started = since = now;
  until = limit;
  body_sent = 0;
  sent = deaf = waited_for = false;
  first_byte.reset();
  interims = 0;
  error.reset();
}

void Attempt::abandon(http::ConnectionPool& pool) noexcept {
  pool.forget(*this);
  lease.drop();
  exchange.abandon();
  error.reset();
  phase = Phase::idle;
}

void Attempt::discard_response() noexcept {
  phase = Phase::idle;
  http::ReadBuffer& buffer = exchange.stream().buffer();
  exchange.accept_head();
  for (;;) {
    switch (exchange.body().next(buffer, exchange.stream().ended())) {
      case http::BodyReader::State::content:
        exchange.body().used(buffer, exchange.body().content());
        continue;
      case http::BodyReader::State::done:
        exchange.finish(sent);
        return;
      case http::BodyReader::State::more:
      case http::BodyReader::State::truncated:
      case http::BodyReader::State::broken:
        // To wait for the rest would cost more than a new connection does.
        exchange.abandon();
        return;
    }
  }
}

void Attempt::on_connection(http::Lease given) {
  lease = std::move(given);
  owner_->on_call_event();
}

void Attempt::on_connect_error(http::ConnectError why) {
  error = why;
  owner_->on_call_event();
}

}  // namespace switchgear::gateway
