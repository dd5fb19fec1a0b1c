// An io_context with a thread of its own, for tests.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <thread>
#include <utility>

#include "switchgear/redis/connection.hpp"

namespace switchgear::redis {

class IoThread {
 public:
  IoThread() : work_(context_.get_executor()), thread_([this] { context_.run(); }) {}
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;
  ~IoThread() {
    work_.reset();
    context_.stop();
    thread_.join();
  }

  [[nodiscard]] auto executor() { return context_.get_executor(); }

  /// Runs `f` on the thread and waits for it.
  template <class F>
  auto on(F f) {
    std::packaged_task<std::invoke_result_t<F>()> task(std::move(f));
    auto result = task.get_future();
    boost::asio::post(context_, [&task] { task(); });
    return result.get();
  }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

struct Answer {
  std::error_code error;
  Reply reply;
};

/// Hands `ask` a Done on the thread, and waits for what it is called with.
template <class Ask>
Answer answer_of(IoThread& io, Ask ask) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  io.on([&] {
    ask([promise](std::error_code error, Reply reply) { promise->set_value({error, std::move(reply)}); });
  });
  if (future.wait_for(std::chrono::seconds{20}) != std::future_status::ready)
    return {std::make_error_code(std::errc::timed_out), {}};
  return future.get();
}

}  // namespace switchgear::redis
