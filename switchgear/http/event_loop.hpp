// One thread's event loop: an Asio io_context, its deadlines, and the memory its connections share.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "switchgear/http/field_list.hpp"
#include "switchgear/http/timer_wheel.hpp"

namespace switchgear::http {

/// Blocks of memory for connections that are busy; a few are kept for the next one. Threads: one.
class BlockPool {
 public:
  static constexpr std::size_t block_size = std::size_t{32} * 1024;

  [[nodiscard]] std::unique_ptr<char[]> take(std::size_t size);
  void give_back(std::unique_ptr<char[]> block, std::size_t size);

 private:
  static constexpr std::size_t kept = 32;
  std::vector<std::unique_ptr<char[]>> free_;
};

/// What a TLS record holds at most (RFC 8446, 5.1): pieces of a message are put together there before they
/// are encrypted.
using RecordSpace = std::array<char, std::size_t{16} * 1024>;

/// Threads: context() may be posted to from any thread; everything else belongs to the thread that runs it.
/// Lifetime: outlives every Stream and Timer that uses it.
class EventLoop {
 public:
  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
  void run() { context_.run(); }

  [[nodiscard]] static TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

  /// O(1) and, but for the first of the nearest deadlines, without a system call: one Asio timer wakes for
  /// all.
  void arm(Timer& timer, TimePoint due);
  void disarm(Timer& timer) noexcept { wheel_.disarm(timer); }

  [[nodiscard]] BlockPool& blocks() noexcept { return blocks_; }

  // Scratch of one step: its user must be done with it before returning to the loop.
  [[nodiscard]] FieldList& fields() noexcept { return fields_; }
  [[nodiscard]] std::string& scratch() noexcept { return scratch_; }
  [[nodiscard]] RecordSpace& record() noexcept { return *record_; }
  /// `Sun, 06 Nov 1994 08:49:37 GMT`, of now; made once a second.
  [[nodiscard]] const std::string& http_date();

 private:
  void plan_wake();
  void on_wake();

  BlockPool blocks_;  // before context_: what still waits in there gives its blocks back
  boost::asio::io_context context_;
  boost::asio::steady_timer alarm_;
  TimerWheel wheel_;
  TimePoint planned_ = TimePoint::max();
  FieldList fields_;
  std::string scratch_;
  std::unique_ptr<RecordSpace> record_ = std::make_unique<RecordSpace>();
  std::string date_;
  std::int64_t date_second_ = -1;
};

}  // namespace switchgear::http
