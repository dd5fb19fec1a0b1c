#include "app/control/watch_command.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <string_view>

#include "app/control/admin_errors.hpp"
#include "app/control/event_source.hpp"
#include "app/control/terminal_text.hpp"
#include "app/shell/output.hpp"
#include "switchgear/admin/breaker_view.hpp"

namespace switchgear::control {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;

constexpr auto between_tries = 1s;
constexpr auto between_looks_at_the_reader = 250ms;

std::string now_in_utc() { return admin::iso8601(std::chrono::system_clock::now()); }

/// Without a buffer: a reader sees each line when it is made. Returns the error of write(), or 0.
int write_line(std::string line) {
  line += '\n';
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {  // another program's doing, on the same open file
      pollfd room{STDOUT_FILENO, POLLOUT, 0};
      ::poll(&room, 1, -1);
      continue;
    }
    if (written <= 0) return written < 0 ? errno : EIO;
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

bool reader_has_gone() {
  pollfd output{STDOUT_FILENO, 0, 0};
  return ::poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

class Watch {
 public:
  explicit Watch(const WatchOptions& options)
      : options_(options),
        source_(io_.get_executor(), options.server),
        lines_(options.name, options.format),
        pause_(io_),
        look_(io_),
        sample_(io_) {}

  int run() {
    asio::co_spawn(io_, follow(), asio::detached);
    look_at_the_reader();
    if (options_.interval) sample_later();
    io_.run();
    return exit_code_;
  }

 private:
  asio::awaitable<void> follow() {
    for (;;) {
      std::string why;
      try {
        co_await source_.open();
        for (;;) {
          const ServerEvent event = co_await source_.next();
          take(event);
        }
      } catch (const StreamRefused& refused) {
        if (!connected_before_) {
          complain(fmt::format("{} {}", options_.server.url, token_problem(options_.server, Access::read)));
          end(input_is_wrong);
          co_return;
        }
        why = refused.what();
      } catch (const StreamLost& lost) {
        why = lost.what();
      } catch (const std::exception&) {  // of the JSON document
        why = "it did not answer as an admin API does";
      }
      if (!connected_before_) {
        complain(fmt::format("no event stream at {}/events: {}", options_.server.url, why));
        end(not_reached);
        co_return;
      }
      if (!lost_) complain(fmt::format("lost {}: {}; trying again", options_.server.url, why));
      lost_ = true;
      pause_.expires_after(between_tries);
      co_await pause_.async_wait(asio::use_awaitable);
    }
  }

  void take(const ServerEvent& event) {
    print(lines_.on(event));
    if (event.type != "snapshot") return;
    if (lost_) complain(fmt::format("connected to {} again", options_.server.url));
    lost_ = false;
    if (!connected_before_ && lines_.misses_its_breaker()) {
      complain(fmt::format("circuit breaker '{}' does not exist at {}", printable(options_.name),
                           options_.server.url));
      end(input_is_wrong);
    }
    connected_before_ = true;
  }

  void print(const StatusWatch::Lines& lines) {
    for (const std::string& line : lines) {
      const int error = write_line(line);
      if (error == EPIPE) return end(done);
      if (error != 0) return end(shell::not_written(done, error));
    }
  }

  void look_at_the_reader() {
    if (reader_has_gone()) return end(done);
    look_.expires_after(between_looks_at_the_reader);
    look_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) look_at_the_reader();
    });
  }

  void sample_later() {
    sample_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(*options_.interval));
    sample_.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      if (!lost_) print(lines_.sample(now_in_utc()));  // what is stale is not told as if it were of now
      sample_later();
    });
  }

  void end(int exit_code) {
    exit_code_ = exit_code;
    io_.stop();
  }

  static void complain(const std::string& text) { shell::complain(text); }

  const WatchOptions& options_;
  asio::io_context io_{1};
  EventSource source_;
  StatusWatch lines_;
  asio::steady_timer pause_;
  asio::steady_timer look_;
  asio::steady_timer sample_;
  bool connected_before_ = false;
  bool lost_ = false;
  int exit_code_ = done;
};

}  // namespace

int run_watch(const WatchOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is the usual end of a watch
  return Watch{options}.run();
}

}  // namespace switchgear::control
