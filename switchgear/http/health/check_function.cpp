#include "switchgear/http/health/check_function.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

namespace switchgear::http {

namespace asio = boost::asio;

namespace {

struct Blocking {
  asio::any_io_executor worker;
  std::function<health::CheckResult()> check;
};

// Each keeps what it uses: its caller may have gone when the check comes back.
asio::awaitable<health::CheckResult> there(std::shared_ptr<Blocking> blocking) {
  co_return blocking->check();
}

/// Without a slot for cancellation: what Asio keeps in it for a coroutine on another thread would be used by
/// both, and still after the end. A check that is under way cannot be stopped anyway.
asio::awaitable<health::CheckResult> from_here(std::shared_ptr<Blocking> blocking) {
  health::CheckResult result =
      co_await asio::co_spawn(blocking->worker, there(blocking),
                              asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::use_awaitable));
  co_return result;
}

}  // namespace

CheckFunction blocking_check(asio::any_io_executor worker, std::function<health::CheckResult()> check) {
  auto blocking = std::make_shared<Blocking>(Blocking{std::move(worker), std::move(check)});
  return [blocking] { return from_here(blocking); };
}

}  // namespace switchgear::http
