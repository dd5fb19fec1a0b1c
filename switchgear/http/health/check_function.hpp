// http/health/: makes active checks on an executor and tells what came of them. Whether a dependency is
// healthy is decided in health/; never here: thresholds, schedules, a breaker.
//
// This header: one check, as a function.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>

#include "switchgear/health/check_result.hpp"

namespace switchgear::http {

/// Makes one check. Awaited on the checker's executor, which it must not block. It is cancelled (terminal)
/// when its time limit is over; one that goes on all the same is not begun again before it has come back.
/// What it throws is a bad result, CheckEnd::checker_failed.
using CheckFunction = std::function<boost::asio::awaitable<health::CheckResult>()>;

/// A check that blocks, such as a query to a database, run on `worker`: a thread pool of its own, so that one
/// that hangs holds up nothing else. It cannot be stopped; a hung one is told as such, at every interval.
///
///     boost::asio::thread_pool pool{1};
///     auto check = blocking_check(pool.get_executor(), [&] {
///       return database.ping() ? health::CheckResult{}
///                              : health::CheckResult{health::CheckEnd::unexpected, "no pong"};
///     });
[[nodiscard]] CheckFunction blocking_check(boost::asio::any_io_executor worker,
                                           std::function<health::CheckResult()> check);

}  // namespace switchgear::http
