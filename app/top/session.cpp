#include "app/top/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <exception>
#include <utility>

#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"
#include "app/top/draw.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::top {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;

constexpr auto between_tries = 1s;
constexpr auto between_ticks = 200ms;
constexpr auto between_page_requests = 2s;
constexpr auto most_for_a_request = 5s;

TimePoint now() { return std::chrono::steady_clock::now(); }

}  // namespace

Session::Session(const control::AdminServer& server)
    : server_(server),
      source_(io_.get_executor(), server),
      client_(io_.get_executor(), server.url, control::client_options(server, "application/json")),
      signals_(io_, SIGINT, SIGTERM, SIGHUP),
      reconnect_(io_),
      clock_(io_),
      page_due_(io_) {
  signals_.add(SIGWINCH);
  signals_.add(SIGCONT);
  screen_.url = server.url;
  terminal_.emplace();
  // Of its own, and closed by it; the file behind it is the terminal's.
  keys_.emplace(io_, ::dup(terminal_->descriptor()));
  screen_.size = terminal_->measure();
}

void Session::run() {
  asio::co_spawn(io_, follow(), asio::detached);
  asio::co_spawn(io_, ask_for_pages(), asio::detached);
  listen_to_signals();
  listen_to_keys();
  tick();
  io_.run();
}

asio::awaitable<void> Session::follow() {
  for (;;) {
    std::string why;
    try {
      co_await source_.open();
      for (;;) {
        const control::ServerEvent event = co_await source_.next();
        screen_.circuits.apply(event, now());
        if (event.type != "snapshot") continue;
        screen_.connection = {true, true, {}, source_.heard()};
        page_due_.cancel();
      }
    } catch (const control::StreamLost& lost) {
      why = lost.what();
    } catch (const std::exception&) {  // of the JSON document
      why = "it did not answer as an admin API does";
    }
    screen_.connection.live = false;
    screen_.connection.why = control::printable(why);
    reconnect_.expires_after(between_tries);
    co_await reconnect_.async_wait(asio::use_awaitable);
  }
}

/// What the page shows besides the stream: at once when it is opened, and again every two seconds.
asio::awaitable<void> Session::ask_for_pages() {
  for (;;) {
    asked_ = screen_.wanted();
    if (!asked_.empty()) {
      const std::string path = asked_;
      Answer answer = co_await request("GET", path);
      if (path != screen_.wanted()) continue;  // the user has gone on to another page
      screen_.receive(std::move(answer), now());
      paint();
    }
    page_due_.expires_after(between_page_requests);
    boost::system::error_code cancelled;  // then it is due now
    co_await page_due_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
}

asio::awaitable<void> Session::send(Wish wish) {
  const bool is_command = wish.kind == Wish::Kind::command;
  const std::string word{is_command ? word_of(wish.command) : "acknowledge"};
  const std::string path =
      (is_command ? "/circuit-breakers/" : "/alerts/") + http::url_encoded(wish.name) + "/" + word;
  const std::string what =
      fmt::format("{}{}{}", word, is_command ? " of " : ": ", control::printable(wish.about));
  screen_.say(what + " …", Tone::quiet, now());
  const Answer answer = co_await request("POST", path);
  if (answer.status == 200) {
    screen_.say(what + ": done", Tone::good, now());
  } else if (answer.status == 401) {
    screen_.say(what + " " + control::token_problem(server_, control::Access::change), Tone::bad, now());
  } else {
    std::string why = answer.error;
    if (const auto* problem = answer.body.if_object()) why = control::text_of(*problem, "detail");
    screen_.say(
        fmt::format("{}: {}{}", what, answer.status == 0 ? "" : fmt::format("{} ", answer.status), why),
        Tone::bad, now());
  }
  page_due_.cancel();
  paint();
}

asio::awaitable<Answer> Session::request(std::string method, std::string path) {
  Answer answer;
  http::Request request{path};
  request.timeout(most_for_a_request);
  try {
    const http::Response response = co_await client_.request(std::move(method), std::move(request));
    answer.status = response.status;
    answer.body = response.json();
  } catch (const http::Error& failed) {
    answer.error = control::told(failed);
  } catch (const std::exception&) {  // Rejected: the time was over
    answer.error = "it did not answer in time";
  }
  co_return answer;
}

void Session::listen_to_signals() {
  signals_.async_wait([this](const boost::system::error_code& cancelled, int signal) {
    if (cancelled) return;
    if (signal != SIGWINCH && signal != SIGCONT) return io_.stop();
    screen_.size = terminal_->measure();
    if (signal == SIGCONT) terminal_->forget();
    paint();
    listen_to_signals();
  });
}

void Session::listen_to_keys() {
  keys_->async_wait(asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& cancelled) {
                      if (cancelled) return;
                      bool any = false;
                      while (const auto key = terminal_->key()) {
                        any = true;
                        obey(screen_.press(*key, now()));
                        if (io_.stopped()) return;
                      }
                      if (!any && terminal_->hung_up()) return io_.stop();
                      if (screen_.wanted() != asked_) page_due_.cancel();
                      paint();
                      listen_to_keys();
                    });
}

void Session::obey(const Wish& wish) {
  switch (wish.kind) {
    case Wish::Kind::nothing:
      break;
    case Wish::Kind::quit:
      io_.stop();
      break;
    case Wish::Kind::redraw:
      terminal_->forget();
      break;
    case Wish::Kind::command:
    case Wish::Kind::acknowledge:
      asio::co_spawn(io_, send(wish), asio::detached);
      break;
  }
}

void Session::tick() {
  if (screen_.connection.live) screen_.connection.heard = source_.heard();
  screen_.circuits.sample(now(), screen_.connection.live ? Circuits::Data::live : Circuits::Data::stale);
  paint();
  clock_.expires_after(between_ticks);
  clock_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) tick();
  });
}

void Session::paint() {
  screen_.settle(now());
  terminal_->show(draw(screen_, now()));
}

}  // namespace switchgear::top
