// app/history: the past of every circuit: samples, transitions with their evidence, instances, commands, in
// SQLite on a thread of its own, for pages, reports and alerts to read. Never here: the path of a call, which
// waits for nothing of this; what a reader makes of the past.
#pragma once

#include <spdlog/logger.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/history/history_section.hpp"
#include "app/history/recorder.hpp"
#include "app/history/sampler.hpp"
#include "app/history/store.hpp"
#include "app/history/stretch_clock.hpp"
#include "app/history/upkeep.hpp"
#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/observe/event_queue.hpp"

namespace switchgear::history {

/// The history's thread did not answer in time: most likely the disk hangs.
class Busy final : public std::runtime_error {
  using runtime_error::runtime_error;
};

struct HistoryCounts {
  std::uint64_t written = 0;   ///< transactions
  std::uint64_t failures = 0;  ///< likewise
  std::uint64_t lost = 0;      ///< lines: events that came too fast, or waited too long for the disk
  std::uint64_t bytes = 0;     ///< of the pages in use
  bool in_memory = false;
};

/// Of `GET /status`.
struct HistoryStanding {
  std::string file;         ///< as configured; empty: the history is to be in memory
  std::string problem;      ///< why the file is not in use; empty: it is
  std::string not_written;  ///< why what is new waits in memory; empty: it is written
};

/// When a history opens its file: while another process has it, that one must close it first.
enum class Opening : std::uint8_t { at_once, when_told };

/// Records from construction to destruction.
///
///     History history{options, {policies, durations}, events, {}, log};
///     …
///     const CircuitHistory day = history.read("payment", now - 24h, now, 5min);
///
/// Threads: every method from any. Reads wait for the history's thread, at most `patience`; after one that
/// waited in vain, others fail at once until the thread is back. Lifetime: what it borrows outlives it.
class History {
 public:
  static constexpr std::chrono::seconds patience{2};
  static constexpr std::chrono::seconds patience_at_end{5};
  static constexpr std::uint64_t most_refusals = 100;  ///< commands that were refused, a minute
  static constexpr std::size_t most_instances = 1000;  ///< lines about them, of one answer
  static constexpr std::size_t most_commands = 1000;   ///< of one answer

  /// `tables`: statements that make the tables of others in the same file, each `CREATE … IF NOT EXISTS`; run
  /// whenever a file is opened.
  History(const HistoryOptions& options, Sources sources, std::shared_ptr<EventQueue> events,
          std::vector<std::string> tables, spdlog::logger& log, Opening opening = Opening::at_once);
  History(const History&) = delete;
  History& operator=(const History&) = delete;
  /// As finish(). If the disk takes nothing for patience_at_end, this ends the process: the thread, which
  /// hangs in a system call, cannot be ended, and uses all of this.
  ~History();

  /// Opens the file, if that waits for it. Events since the construction are in it then.
  void open_now() noexcept;

  /// Writes what it has, the sample under way too, and ends recording. False: not yet, after `at_most`; the
  /// thread goes on trying.
  [[nodiscard]] bool finish(Duration at_most);

  /// What was recorded of a circuit from `from` to before `to`, up to the last event and the last full
  /// sample. `step`: samples are added up to stretches of this length that begin at multiples of it; 0: as
  /// they are kept. A circuit that is not known has an empty history. Throws Busy, or std::exception when the
  /// file cannot be read.
  [[nodiscard]] CircuitHistory read(std::string_view circuit, WallAnchor::Wall from, WallAnchor::Wall to,
                                    std::chrono::seconds step = std::chrono::seconds{0});
  /// Every circuit that has a history, sorted. Throws likewise.
  [[nodiscard]] std::vector<std::string> circuits();
  /// What happened to the instances of a service: the last most_instances of the span, oldest first. Throws
  /// likewise.
  [[nodiscard]] std::vector<LoggedInstance> instances(std::string_view service, WallAnchor::Wall from,
                                                      WallAnchor::Wall to);
  /// What operators and programs commanded: the last most_commands of the span, oldest first. `circuit`: only
  /// what was commanded of it. Throws likewise.
  [[nodiscard]] std::vector<TimedCommand> commands(const std::optional<std::string>& circuit,
                                                   WallAnchor::Wall from, WallAnchor::Wall to);

  /// Runs `job` on the history's thread, in a transaction: when the future is ready, all that it wrote is on
  /// the disk; when the future throws, nothing is. Jobs run in the order in which they were given. Without a
  /// file that can be used it works on memory. For the tables of others; the future of a job that the end of
  /// the history has overtaken throws std::future_error.
  [[nodiscard]] std::future<void> run(Store::Job job);

  [[nodiscard]] HistoryCounts counts() const noexcept;
  [[nodiscard]] HistoryStanding standing() const;

 private:
  void work();
  void open();
  void on_events();
  void take_events();
  [[nodiscard]] bool is_kept(const LoggedCommand& command);
  void tick();
  void wait_for_tick();
  void flush();
  void publish_counts();
  void publish_problem();
  void try_file(TimePoint now);
  template <class Result>
  [[nodiscard]] Result ask(std::function<Result()> question);

  const HistoryOptions options_;
  const Opening opening_;
  const WallAnchor anchor_;
  const std::vector<std::string> further_tables_;
  spdlog::logger& log_;
  boost::asio::io_context loop_{1};
  boost::asio::steady_timer tick_{loop_};
  boost::asio::steady_timer soon_{loop_};
  bool soon_is_set_ = false;

  // Of the thread, once it runs.
  Sampler sampler_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Upkeep> upkeep_;
  std::unique_ptr<StretchClock> clock_;
  TimePoint tries_file_{};  ///< if memory stands in for it
  Duration between_tries_ = std::chrono::seconds{1};
  std::uint64_t events_lost_ = 0;
  TimePoint refusals_since_{};
  std::uint64_t refusals_ = 0;

  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<bool> in_memory_{false};
  mutable std::mutex problem_mutex_;
  std::string problem_;      ///< of the store; guarded by problem_mutex_
  std::string not_written_;  ///< likewise, of the recorder
  std::atomic<bool> late_{false};
  std::atomic<bool> may_open_{opening_ == Opening::at_once};
  std::atomic<bool> ending_{false};

  std::promise<void> ended_;  // of the thread
  std::shared_future<void> end_{ended_.get_future()};

  EventQueue::Reader events_;  // wakes as soon as it is there
  std::jthread thread_;        // last: it uses all of the above
};

}  // namespace switchgear::history
