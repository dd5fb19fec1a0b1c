#include "app/serve/signals.hpp"

#include <boost/asio/post.hpp>
#include <csignal>
#include <utility>

namespace switchgear::serve {

Signals::Signals(std::function<void()> overdue) : overdue_(std::move(overdue)) {}

Signals::~Signals() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

void Signals::listen(std::function<void(int)> on_signal) {
  on_signal_ = std::move(on_signal);
  set_.add(SIGTERM);
  set_.add(SIGINT);
  wait();
  thread_ = std::thread{[this] { loop_.run(); }};
}

void Signals::wait() {
  set_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    hear(signal);
    wait();
  });
}

void Signals::hear(int signal) {
  if ((signal == SIGTERM || signal == SIGINT) && ++ends_ == 2) limit(patience);
  const std::lock_guard lock{mutex_};
  if (on_signal_) on_signal_(signal);
}

void Signals::forget() {
  const std::lock_guard lock{mutex_};
  on_signal_ = nullptr;
}

void Signals::end_within(Duration at_most) {
  boost::asio::post(loop_, [this, at_most] { limit(at_most); });
}

void Signals::limit(Duration at_most) {
  const TimePoint at = std::chrono::steady_clock::now() + at_most;
  const bool limited = overdue_at_.expiry() != TimePoint{};
  if (limited && overdue_at_.expiry() <= at) return;
  overdue_at_.expires_at(at);
  overdue_at_.async_wait([this](const boost::system::error_code& error) {
    if (!error) overdue_();
  });
}

}  // namespace switchgear::serve
