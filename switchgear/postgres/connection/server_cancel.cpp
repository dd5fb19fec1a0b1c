#include "switchgear/postgres/connection/server_cancel.hpp"

#include <fcntl.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <utility>

namespace switchgear::postgres {

namespace {

// A server that cannot be reached holds each of them until the system gives up.
constexpr unsigned most_under_way = 16;

struct FreeCancel {
  void operator()(PGcancel* cancel) const noexcept { PQfreeCancel(cancel); }
};
using Cancel = std::unique_ptr<PGcancel, FreeCancel>;

/// The thread must not take the program's signals, nor be ended by SIGPIPE when the server closes first.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

[[nodiscard]] bool take_one(Cancelling& under_way) noexcept {
  if (under_way.fetch_add(1, std::memory_order_relaxed) < most_under_way) return true;
  under_way.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void send(const Cancel& cancel, int done, Cancelling& under_way) noexcept {
  std::array<char, 256> why{};
  PQcancel(cancel.get(), why.data(), static_cast<int>(why.size()));
  under_way.fetch_sub(1, std::memory_order_relaxed);
  close(done);
}

}  // namespace

std::optional<boost::asio::posix::stream_descriptor> cancel_at_server(
    const boost::asio::any_io_executor& executor, pg_conn* connection,
    const std::shared_ptr<Cancelling>& under_way) {
  Cancel cancel(PQgetCancel(connection));
  std::array<int, 2> ends{};
  if (!cancel || !take_one(*under_way)) return std::nullopt;
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    under_way->fetch_sub(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  boost::asio::posix::stream_descriptor passed_on(executor, ends[0]);
  try {
    const SignalsBlocked blocked;
    std::thread([cancel = std::move(cancel), done = ends[1], under_way] {
      send(cancel, done, *under_way);
    }).detach();
  } catch (const std::system_error&) {
    under_way->fetch_sub(1, std::memory_order_relaxed);
    close(ends[1]);
    return std::nullopt;
  }
  return passed_on;
}

}  // namespace switchgear::postgres
