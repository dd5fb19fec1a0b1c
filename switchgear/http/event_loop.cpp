#include "switchgear/http/event_loop.hpp"

#include <ctime>

#include "switchgear/http/http_date.hpp"

namespace switchgear::http {

std::unique_ptr<char[]> BlockPool::take(std::size_t size) {
  if (size == block_size && !free_.empty()) {
    std::unique_ptr<char[]> block = std::move(free_.back());
    free_.pop_back();
    return block;
  }
  return std::make_unique_for_overwrite<char[]>(size);
}

void BlockPool::give_back(std::unique_ptr<char[]> block, std::size_t size) {
  if (size == block_size && free_.size() < kept) free_.push_back(std::move(block));
}

// UNSAFE_IO: one thread runs the loop, so its sockets need no locks; posting to it from other threads still
// may.
EventLoop::EventLoop() : context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO), alarm_(context_), wheel_(now()) {
  scratch_.reserve(4096);
}

void EventLoop::arm(Timer& timer, TimePoint due) {
  wheel_.arm(timer, due);
  if (due < planned_) plan_wake();
}

void EventLoop::plan_wake() {
  const std::optional<TimePoint> next = wheel_.next();
  if (!next) {
    planned_ = TimePoint::max();
    return;
  }
  if (*next >= planned_) return;
  planned_ = *next;
  alarm_.expires_at(planned_);  // cancels the wait before
  alarm_.async_wait([this](const boost::system::error_code& error) {
    if (!error) on_wake();
  });
}

void EventLoop::on_wake() {
  planned_ = TimePoint::max();
  wheel_.advance(now());
  plan_wake();
}

const std::string& EventLoop::http_date() {
  timespec wall{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &wall);
  if (wall.tv_sec != date_second_) {
    date_second_ = wall.tv_sec;
    date_ = format_http_date(std::chrono::system_clock::from_time_t(wall.tv_sec));
  }
  return date_;
}

}  // namespace switchgear::http
