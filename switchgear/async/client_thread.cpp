#include "switchgear/async/client_thread.hpp"

#include <chrono>
#include <utility>

namespace switchgear::detail {

void ClientThread::start(std::function<void()> close_idle) {
  close_idle_ = std::move(close_idle);
  close_idle_later();
  thread_ = std::thread([this] { io_.run(); });
}

void ClientThread::stop() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

void ClientThread::close_idle_later() {
  housekeeping_.expires_after(std::chrono::seconds{1});
  housekeeping_.async_wait([this](const boost::system::error_code& stopped) {
    if (stopped) return;
    close_idle_();
    close_idle_later();
  });
}

}  // namespace switchgear::detail
