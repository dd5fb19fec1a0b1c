#include "switchgear/http/client/client_core.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "switchgear/http/answer_key.hpp"
#include "switchgear/http/ascii.hpp"
#include "switchgear/http/client/client_pool.hpp"
#include "switchgear/http/client/round_trip.hpp"
#include "switchgear/http/deadline_field.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/method_override.hpp"
#include "switchgear/policy/time_limit.hpp"

namespace switchgear::http {

namespace asio = boost::asio;

namespace {

// Absolute URLs and redirects may lead anywhere: beyond this number of pools, every 64th new one closes the
// stale connections of the others, and pools without a connection are forgotten.
constexpr std::size_t many_pools = 256;
constexpr std::size_t new_between_sweeps = 64;
constexpr std::string_view end_of_head = "\r\n";

[[nodiscard]] std::string key_of(const ClientCall& call) {
  if (call.request.key()) return *call.request.key();
  const bool plain = call.method == "GET" && !call.request.body() && !call.overrides &&
                     !is_answered_by_itself(call.request.headers(), call.first.headers);
  return plain ? call.url_key : std::string();
}

/// The client's own headers included.
[[nodiscard]] bool overrides_its_method(const Headers& headers) noexcept {
  return std::any_of(headers.begin(), headers.end(),
                     [](const auto& header) { return overrides_method(header.first); });
}

/// Any type of cancellation ends an attempt for good: its connection is closed.
struct AllIsTerminal {
  asio::cancellation_type_t operator()(asio::cancellation_type_t type) const noexcept {
    return type == asio::cancellation_type::none ? type : asio::cancellation_type::terminal;
  }
};

}  // namespace

ClientCall::ClientCall(std::string verb, Request asked, const Url& base, const ClientOptions& options)
    : method(std::move(verb)),
      request(std::move(asked)),
      url(base.join(request.target(), request.query())),
      first(Hop::first(method, request, url, base, options)),
      url_key(answer_key(url, options.headers)),
      overrides(overrides_its_method(first.headers)),
      key(key_of(*this)),
      redirects(request.redirects().value_or(options.redirects)) {
  if (!is_token(method))
    throw std::invalid_argument("'" + method + "' is not a method; write, for example, GET or PURGE");
  refuse_framing_headers(request.headers());
  const bool safe_to_repeat =
      (is_idempotent(method) && !overrides) || request.headers().has("Idempotency-Key");
  repeatable =
      request.repeatable().value_or(safe_to_repeat ? Repeatable::yes : Repeatable::no) == Repeatable::yes;
  const Duration limit =
      request.timeout().value_or(time_classes[static_cast<std::size_t>(request.request_class())].length);
  about.deadline = request.deadline();
  about.end_at(saturating_add(std::chrono::steady_clock::now(), limit));
  about.key = key;
  about.repeatable = repeatable ? Repeatable::yes : Repeatable::no;
  about.full_report = &report;
}

ClientCore::ClientCore(const asio::any_io_executor& executor, std::string_view base_url,
                       ClientOptions options)
    : executor_(executor),
      base_(Url::parse(base_url)),
      options_(std::move(options)),
      blocks_(std::make_shared<BlockPool>()) {
  if (options_.pool.max == 0)
    throw std::invalid_argument("pool.max: 0 connections can carry no request; use 1 or more");
  if (base_.target().find('?') != std::string::npos)
    throw Error(Errc::bad_url, "'" + std::string(base_url) +
                                   "' has a query; give the base URL without it, and each request its own");
  refuse_framing_headers(options_.headers);
  // Read here, so that a file that cannot be used is told at once; without one, when it is first needed.
  if (base_.tls() || options_.tls != TlsOptions{}) tls_ = tls_context(options_.tls);
}

asio::awaitable<Response> ClientCore::attempt(std::shared_ptr<ClientCall> call, const AsyncAttempt& made) {
  const AllIsTerminal filter;
  co_await asio::this_coro::reset_cancellation_state(filter, filter);
  const std::shared_ptr<ClientCore> self = shared_from_this();
  Hop hop = call->first;
  for (unsigned followed = 0;; ++followed) {
    Response response = co_await send(hop, *call, made);
    if (call->redirects == 0) co_return response;
    std::optional<Hop> next = hop.next(response);
    if (!next) co_return response;
    if (followed == call->redirects) {
      throw Error(Errc::too_many_redirects, call->url.origin() + ": more than " + std::to_string(followed) +
                                                " redirects, the last one from " + hop.url.text());
    }
    hop = std::move(*next);
  }
}

asio::awaitable<Response> ClientCore::send(const Hop& hop, const ClientCall& call, const AsyncAttempt& made) {
  Wire wire = hop.wire(options_);
  const bool tells = options_.tell_deadline == TellDeadline::yes && made.deadline != TimePoint::max() &&
                     !hop.headers.has(deadline_field);
  const std::size_t fields = wire.head.size() - end_of_head.size();
  const std::shared_ptr<ClientPool> connections = pool(hop.url, call.request.request_class());
  ClientPool::Reuse reuse = ClientPool::Reuse::allowed;
  for (;;) {
    ClientLease lease = co_await connections->acquire(reuse, made);
    if (tells) {  // behind the wait for a connection
      wire.head.resize(fields);
      std::array<char, longest_deadline_line> line{};
      const Duration left = saturating_sub(made.deadline, std::chrono::steady_clock::now());
      wire.head.append(write_deadline(line, left)).append(end_of_head);
    }
    RoundTrip trip(std::move(lease), wire);
    try {
      Response response = co_await trip.run();
      response.method = support_of(hop.method);
      co_return response;
    } catch (const Error& failed) {
      if (!trip.was_stale() || failed.code() != Errc::closed) throw;
      if (!call.repeatable && !call.is_safe(hop.method)) {
        if (!trip.ended_at_once()) throw;
        const std::error_code code = Errc::kept_closed;
        throw Error(code, hop.url.origin() + ": " + code.message());
      }
    }
    reuse = ClientPool::Reuse::never;
  }
}

asio::awaitable<ResponseStream> ClientCore::open(std::shared_ptr<ClientCall> call) {
  const std::shared_ptr<ClientCore> self = shared_from_this();
  const AllIsTerminal filter;
  co_await asio::this_coro::reset_cancellation_state(filter, filter);
  const AsyncAttempt alone;
  const std::shared_ptr<ClientPool> connections = pool(call->url, call->request.request_class());
  ClientPool::Reuse reuse = ClientPool::Reuse::allowed;
  for (;;) {
    auto wire = std::make_unique<Wire>(call->first.wire(options_));
    ClientLease lease = co_await connections->acquire(reuse, alone);
    auto trip = std::make_unique<RoundTrip>(std::move(lease), *wire);
    try {
      Response head = co_await trip->begin();
      head.method = support_of(call->method);
      co_return ResponseStream(std::move(wire), std::move(trip), std::move(head));
    } catch (const Error& failed) {
      if (!trip->was_stale() || failed.code() != Errc::closed) throw;
      if (!call->repeatable && !call->is_safe(call->method)) {
        if (!trip->ended_at_once()) throw;
        const std::error_code code = Errc::kept_closed;
        throw Error(code, call->url.origin() + ": " + code.message());
      }
    }
    reuse = ClientPool::Reuse::never;
  }
}

std::shared_ptr<ClientPool> ClientCore::pool(const Url& url, RequestClass which) {
  const PoolKey key{url.tls(), url.host(), url.port(), which};
  const auto known = pools_.find(key);
  if (known != pools_.end()) return known->second;
  if (url.tls() && !tls_) tls_ = tls_context(options_.tls);
  const bool named = !options_.tls.name.empty() && url.origin() == base_.origin();
  auto made = std::make_shared<ClientPool>(
      executor_, blocks_, Security{tls_, named ? options_.tls.name : url.host()}, url, which, options_.pool);
  if (retired_) made->retire();
  const bool crowded = pools_.size() >= many_pools && ++new_since_sweep_ >= new_between_sweeps;
  if (crowded) {
    new_since_sweep_ = 0;
    sweep();
  }
  const std::lock_guard lock(pools_mutex_);
  if (crowded)
    std::erase_if(pools_,
                  [](const auto& each) { return each.second.use_count() == 1 && each.second->empty(); });
  pools_.emplace(key, made);
  return made;
}

void ClientCore::sweep() noexcept {
  for (const auto& [key, pool] : pools_) pool->sweep();
}

void ClientCore::retire() noexcept {
  retired_ = true;
  for (const auto& [key, pool] : pools_) pool->retire();
}

std::vector<PoolFigures> ClientCore::figures() const {
  const std::lock_guard lock(pools_mutex_);
  std::vector<PoolFigures> all;
  for (const auto& [key, pool] : pools_) all.push_back(pool->figures());
  return all;
}

}  // namespace switchgear::http
