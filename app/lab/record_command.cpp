#include "app/lab/record_command.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "app/lab/input.hpp"
#include "app/lab/seconds.hpp"
#include "app/shell/checks.hpp"
#include "app/shell/output_file.hpp"

namespace switchgear::lab {

namespace {

constexpr std::size_t longest_line = std::size_t{1} << 20U;
/// A longer one is not a line of a log: it may have no end.
constexpr std::size_t longest_left_out = std::size_t{64} << 20U;
/// Unreadable lines are told of one by one up to here.
constexpr std::uint64_t most_told = 5;

/// A call as it is kept: a log may have millions.
struct Call {
  WallAnchor::Wall began;
  Duration latency;
  Verdict verdict;
  FailureType type;
  bool to_the_second;
};

/// Calls that ended within the same second, as far as their log knows, are spread over it in the log's order.
void spread(std::vector<Call>& calls) {
  const auto ended = [](const Call& call) { return call.began + call.latency; };
  for (auto first = calls.begin(); first != calls.end();) {
    const auto second = ended(*first);
    const auto last = std::find_if(
        first, calls.end(), [&](const Call& call) { return !call.to_the_second || ended(call) != second; });
    const auto many = last - first;
    for (auto each = first; each != last; ++each)
      each->began += Duration{std::chrono::seconds{1}} * (each - first) / many;
    first = std::max(last, first + 1);
  }
}

class Recording {
 public:
  Recording(const RecordOptions& options, std::string name, std::ostream& err)
      : options_(options), name_(std::move(name)), err_(err) {}

  /// False: too many calls, or the rest cannot be read.
  bool read(std::istream& input) {
    try {
      return read_lines(input);
    } catch (const InputError& error) {
      err_ << name_ << ": " << error.what() << '\n';
      return false;
    }
  }

  [[nodiscard]] bool empty() const { return calls_.empty(); }

  /// Says why there is no call. Returns the exit code.
  int explain_nothing() {
    err_ << name_ << ": ";
    if (lines_ == 0) {
      err_ << "is empty\n";
    } else if (others_ > 0) {
      err_ << "no call to the service \"" << options_.service << "\"; the log has";
      const char* before = " ";
      for (const auto& [name, count] : seen_)
        err_ << std::exchange(before, ", ") << name << " (" << count << ")";
      err_ << (seen_.empty() ? " no service\n" : "\n");
    } else {
      err_ << "no call in " << lines_ << " lines; is it of the format "
           << log_format_names[static_cast<std::size_t>(options_.format)] << "?\n";
    }
    return 1;
  }

  /// Returns the exit code. Precondition: not empty.
  int write(std::ostream& out) {
    spread(calls_);
    // Logs are written in the order in which calls end.
    std::ranges::stable_sort(calls_, {}, &Call::began);
    const WallAnchor::Wall first = calls_.front().began;
    for (const Call& call : calls_) {
      out << "{\"at\":" << format_seconds(call.began - first)
          << ",\"latency\":" << format_seconds(call.latency) << ",\"verdict\":\"" << to_string(call.verdict)
          << '"';
      if (call.verdict == Verdict::failure) out << ",\"type\":\"" << to_string(call.type) << '"';
      out << "}\n";
    }
    out.flush();
    if (!out) {
      if (options_.out == "-") return 0;  // shell::finish_output() tells
      err_ << options_.out << ": cannot be written\n";
      return 1;
    }
    summarise(first);
    return 0;
  }

 private:
  bool read_lines(std::istream& input) {
    std::string line;
    for (LineRead read{}; (read = read_line(input, line, longest_line)) != LineRead::end;) {
      ++lines_;
      if (read == LineRead::too_long) {
        unreadable("longer than 1 MiB");
        if (!skip_line(input, longest_left_out)) {
          err_ << name_ << ":" << lines_ << ": longer than 64 MiB; expected a log of lines\n";
          return false;
        }
        continue;
      }
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty() && !take(line)) return false;
    }
    return true;
  }

  bool take(std::string_view line) {
    auto read = read_log_line(options_.format, line);
    if (const auto* problem = std::get_if<LogProblem>(&read)) {
      unreadable(problem->message);
      return true;
    }
    if (std::holds_alternative<NoCall>(read)) {
      ++no_calls_;
      return true;
    }
    const LoggedCall& call = std::get<LoggedCall>(read);
    if (!options_.service.empty() && call.service != options_.service) {
      ++others_;
      if (!call.service.empty() && seen_.size() < 100) ++seen_[call.service];
      return true;
    }
    if (calls_.size() == options_.most_calls) {
      err_ << name_ << ":" << lines_ << ": more than " << options_.most_calls
           << " calls; take a part of the log, or raise --max-calls\n";
      return false;
    }
    if (!call.timed) ++untimed_;
    calls_.push_back({call.began, call.latency, call.verdict, call.type, call.to_the_second});
    return true;
  }

  void unreadable(const std::string& why) {
    if (++unreadable_ <= most_told) err_ << name_ << ":" << lines_ << ": " << why << '\n';
  }

  void summarise(WallAnchor::Wall first) {
    const auto share = [&](Verdict verdict) { return std::ranges::count(calls_, verdict, &Call::verdict); };
    err_ << calls_.size() << (calls_.size() == 1 ? " call in " : " calls in ")
         << format_seconds(std::chrono::floor<std::chrono::milliseconds>(calls_.back().began - first))
         << "s: " << share(Verdict::success) << " successes, " << share(Verdict::failure) << " failures, "
         << share(Verdict::ignored) << " ignored\n";
    const auto left_out = [&](std::uint64_t count, std::string_view what) {
      if (count > 0) err_ << "left out: " << count << ' ' << what << '\n';
    };
    left_out(no_calls_, "lines of requests that were not sent to a service");
    left_out(others_, "calls to other services");
    left_out(unreadable_, "lines that could not be read");
    if (untimed_ > 0) {
      err_ << untimed_
           << " calls have no duration in the log and count as 0s: rules about slow calls and latency see "
           << "nothing of them\n";
    }
  }

  const RecordOptions& options_;
  const std::string name_;
  std::ostream& err_;
  std::vector<Call> calls_;
  std::map<std::string, std::uint64_t, std::less<>> seen_;  ///< services that were not asked for
  std::uint64_t lines_ = 0, no_calls_ = 0, others_ = 0, unreadable_ = 0, untimed_ = 0;
};

int write_to(const RecordOptions& options, Recording& recording, std::ostream& standard_output,
             std::ostream& err) {
  // Before the file is opened, which empties one that is there.
  if (recording.empty()) return recording.explain_nothing();
  if (options.out == "-") return recording.write(standard_output);
  std::ofstream file(options.out, std::ios::binary);
  if (!file) {
    err << options.out << ": cannot be written\n";
    return 1;
  }
  return recording.write(file);
}

}  // namespace

int run_record(const RecordOptions& options, std::istream& standard_input, std::ostream& standard_output,
               std::ostream& err) {
  if (!shell::spares_inputs("--out", options.out, {{"log", options.log}}, err)) return 1;
  Recording recording(options, options.log == "-" ? "<stdin>" : options.log, err);
  if (options.log == "-") {
    if (!recording.read(standard_input)) return 1;
    return write_to(options, recording, standard_output, err);
  }
  auto file = open_input(options.log, err);
  if (!file || !recording.read(*file)) return 1;
  return write_to(options, recording, standard_output, err);
}

void add_record_command(CLI::App& app, int& exit_code, LiveRecorder live) {
  const auto options = std::make_shared<RecordOptions>();
  const auto format = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("record", "Record a trace for `replay`: of a running gateway, or of an access log");
  CLI::Option* const from_log =
      command->add_option("--from-log", *format, "What wrote the log: nginx, haproxy, json or switchgear")
          ->type_name("FORMAT")
          ->check(CLI::IsMember(std::vector<std::string>(log_format_names.begin(), log_format_names.end())));
  CLI::Option* const subject =
      command
          ->add_option("SUBJECT", options->log,
                       "The service to record; with --from-log the log, - or nothing: standard input")
          ->check(shell::not_empty());
  command->add_option("--service", options->service, "Of a log: only the calls to this service or backend")
      ->type_name("NAME")
      ->needs(from_log);
  command->add_option("--out", options->out, "Where the trace goes; - or nothing: standard output")
      ->type_name("FILE")
      ->check(shell::not_empty());
  command->add_option("--max-calls", options->most_calls, "A log with more calls is refused: 40 bytes each")
      ->check(shell::whole_number(1))
      ->capture_default_str()
      ->needs(from_log);
  // A log is read whole: --for with one is a misunderstanding.
  for (CLI::Option* const own : live.add_options(*command)) own->excludes(from_log);
  command->callback([options, format, from_log, subject, live = std::move(live), &exit_code] {
    if (from_log->count() == 0) {
      if (subject->count() == 0) throw CLI::RequiredError("SUBJECT, the service to record, or --from-log");
      exit_code = live.record(options->log, options->out);
      return;
    }
    std::ios::sync_with_stdio(false);
    std::cin.tie(nullptr);
    const auto* const found = std::ranges::find(log_format_names, *format);
    options->format = static_cast<LogFormat>(found - log_format_names.begin());
    exit_code = run_record(*options, std::cin, std::cout, std::cerr);
  });
}

}  // namespace switchgear::lab
