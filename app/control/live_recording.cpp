#include "app/control/live_recording.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "app/control/admin_errors.hpp"
#include "app/control/control_client.hpp"
#include "app/control/json_fields.hpp"
#include "app/shell/output.hpp"
#include "app/shell/output_file.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::control {

namespace json = boost::json;

namespace {

/// A page of a trace is megabytes.
constexpr std::chrono::seconds patience{60};

/// Keeps SIGINT and SIGTERM from ending the program while it lives: they end the recording.
class StopRequest {
 public:
  StopRequest() {
    ::sigemptyset(&signals_);
    ::sigaddset(&signals_, SIGINT);
    ::sigaddset(&signals_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;
  ~StopRequest() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  /// Waits half a second at most; true when one has come.
  [[nodiscard]] bool wait() {
    constexpr timespec half_a_second{0, 500'000'000};
    return ::sigtimedwait(&signals_, nullptr, &half_a_second) > 0;
  }

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

std::uint64_t count_in(const json::object& seen, std::string_view key) {
  return understood([&] { return seen.at(key).to_number<std::uint64_t>(); });
}

class Live {
 public:
  explicit Live(const LiveRecording& wanted)
      : wanted_(wanted), path_("/traces/" + http::url_encoded(wanted.service)) {}

  int run() {
    // Before the recording, which may take hours.
    const AdminServer& server = wanted_.server;
    if (!shell::spares_inputs(
            "--out", wanted_.out,
            {{"file of --ca", server.ca}, {"file of --cert", server.cert}, {"file of --key", server.key}},
            std::cerr))
      return input_is_wrong;
    if (wanted_.out != "-" && !std::ofstream{wanted_.out, std::ios::binary | std::ios::app})
      return not_written();
    StopRequest stop;
    if (const int code = begin(); code != done) return code;
    while (!over()) {
      if (stop.wait()) {
        if (const int code = ask("POST", path_ + "/stop"); code != done) return code;
        break;
      }
      if (const int code = look(); code != done) return code;
    }
    clear_line();
    return write();
  }

 private:
  int ask(std::string_view method, const std::string& path) {
    const Access access = method == "GET" ? Access::read : Access::change;
    const ControlReply reply = control_request(wanted_.server, method, path);
    if (reply.status < 200 || reply.status > 299 || !reply.body.is_object()) {
      clear_line();
      return complain(wanted_.server, access, wanted_.service, reply);
    }
    seen_ = reply.body.as_object();
    return done;
  }

  int begin() {
    return ask("POST",
               fmt::format("/traces?name={}&for={}&sample={}&most={}", http::url_encoded(wanted_.service),
                           http::url_encoded(wanted_.length), wanted_.sample, wanted_.most));
  }

  int look() {
    if (const int code = ask("GET", "/traces"); code != done) return code;
    seen_ = ours();
    if (!seen_.empty()) {
      if (watched_) {
        const std::string line =
            fmt::format("\r\033[Krecording {}: {} calls, until {}; Ctrl-C ends it", wanted_.service,
                        count_in(seen_, "calls"), text_of(seen_, "until"));
        (void)std::fputs(line.c_str(), stderr);
      }
      return done;
    }
    clear_line();
    shell::complain(wanted_.service + ": the recording is gone; was the gateway started anew?");
    return input_is_wrong;
  }

  [[nodiscard]] bool is(std::string_view key) const {
    return understood([&] { return seen_.at(key).as_bool(); });
  }
  [[nodiscard]] bool over() const { return is("over") || is("full"); }

  /// Of the document of all recordings, ours; empty if it is not there.
  [[nodiscard]] json::object ours() const {
    return understood([&] {
      for (const json::value& each : seen_.at("traces").as_array()) {
        if (each.at("circuit").as_string() == wanted_.service) return each.as_object();
      }
      return json::object{};
    });
  }

  int write() {
    // One that is full runs on and keeps nothing.
    if (!is("over")) {
      if (const int code = ask("POST", path_ + "/stop"); code != done) return code;
    }
    if (count_in(seen_, "calls") == 0) {
      shell::complain(wanted_.service + ": no call came");
      return input_is_wrong;
    }
    return copy();
  }

  int copy() {
    const bool to_file = wanted_.out != "-";
    std::ofstream file;
    std::ostream& out = to_file ? file : std::cout;
    const std::uint64_t calls = count_in(seen_, "calls");
    for (std::uint64_t line = 0; line < calls;) {
      const ControlReply reply =
          control_text(wanted_.server, fmt::format("{}?after={}", path_, line), patience);
      if (reply.status != 200) return complain(wanted_.server, Access::read, wanted_.service, reply);
      const auto lines = static_cast<std::uint64_t>(std::count(reply.text.begin(), reply.text.end(), '\n'));
      if (lines == 0) break;
      // Not before there is something to write: that empties a file that is there.
      if (to_file && line == 0) file.open(wanted_.out, std::ios::binary | std::ios::trunc);
      line += lines;
      out << reply.text;
    }
    out.flush();
    if (!out) return to_file ? not_written() : done;  // shell::finish_output() tells
    const std::uint64_t left_out = count_in(seen_, "left_out");
    const std::string more =
        left_out == 0 ? "" : fmt::format("; {} more came when there was no room left", left_out);
    shell::complain(fmt::format("{} calls, {} of them refused{}", calls, count_in(seen_, "refused"), more));
    return done;
  }

  [[nodiscard]] int not_written() const {
    shell::complain(wanted_.out + ": cannot be written");
    return input_is_wrong;
  }
  void clear_line() const {
    if (watched_) (void)std::fputs("\r\033[K", stderr);
  }

  const LiveRecording& wanted_;
  const std::string path_;
  const bool watched_ = ::isatty(STDERR_FILENO) == 1;
  json::object seen_;
};

}  // namespace

int record_live(const LiveRecording& recording) {
  return with_errors_said(recording.server.url, [&] { return Live(recording).run(); });
}

}  // namespace switchgear::control
