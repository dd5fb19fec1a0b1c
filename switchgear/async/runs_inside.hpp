// Whether the calling thread is one that runs an executor's work.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <concepts>

namespace switchgear::detail {

/// False also when that cannot be determined; the caller then posts, which is correct and a little slower.
template <class Executor>
[[nodiscard]] bool runs_inside(const Executor& executor) noexcept {
  if constexpr (requires {
                  { executor.running_in_this_thread() } -> std::same_as<bool>;
                }) {
    return executor.running_in_this_thread();
  } else {
    return false;
  }
}

/// dispatch() would do, but any_io_executor allocates for that even when it runs the function at once.
[[nodiscard]] inline bool runs_inside(const boost::asio::any_io_executor& executor) noexcept {
  using Context = boost::asio::io_context::executor_type;
  if (const auto* plain = executor.target<Context>()) return plain->running_in_this_thread();
  if (const auto* strand = executor.target<boost::asio::strand<Context>>())
    return strand->running_in_this_thread();
  if (const auto* strand = executor.target<boost::asio::strand<boost::asio::any_io_executor>>())
    return strand->running_in_this_thread();
  return false;
}

}  // namespace switchgear::detail
