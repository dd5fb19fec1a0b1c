// Right uses of Asio's awaitables and, one at a time, wrong ones: see CMakeLists.txt.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <utility>

#include "switchgear/async/async_call.hpp"
#include "switchgear/sync/call.hpp"

namespace {

using namespace switchgear;
namespace asio = boost::asio;

asio::awaitable<int> charge();
asio::awaitable<std::future<int>> charge_later();

[[maybe_unused]] asio::awaitable<void> use(CircuitBreaker& breaker) {
  const Pipeline pipeline{breaker};
#if defined(CALL_OF_AN_AWAITABLE)
  call(breaker, charge);
#elif defined(ASYNC_CALL_OF_A_FUTURE)
  co_await async_call<std::future<int>>(pipeline, charge_later, asio::use_awaitable);
#endif
  co_await async_call<int>(pipeline, charge, asio::use_awaitable);
}

}  // namespace
