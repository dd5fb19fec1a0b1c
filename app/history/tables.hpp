// The tables of a history: samples by stretch, transitions, instances, commands. SQL stands here, in
// file.cpp and in merge.cpp.
#pragma once

#include <SQLiteCpp/Database.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/history/sampler.hpp"
#include "app/history/stretch_clock.hpp"
#include "switchgear/observe/circuit_history.hpp"
#include "switchgear/observe/logged_event.hpp"

namespace switchgear::history {

struct TimedLevel {
  WallAnchor::Wall at{};
  LoggedLevel level;
};

struct TimedCommand {
  WallAnchor::Wall at{};
  LoggedCommand command;
};

/// A client chooses the name of what it commands, which may be as long as a request's head: so much of it is
/// kept.
inline constexpr std::size_t most_of_name = 200;

/// Every method throws SQLite::Exception when the file cannot be read or written. Those that write belong
/// into a transaction of the caller's. Threads: one. Borrows the database.
class Tables {
 public:
  /// `anchor`: of the breakers, for the instants of transitions by their clock.
  Tables(SQLite::Database& database, WallAnchor anchor) : database_(database), anchor_(anchor) {}

  /// In place of what was stored for the same time.
  void write(const Stretch& stretch, const Samples& samples);
  void write(const LoggedTransition& transition);
  void write(const LoggedInstance& instance);
  void write(const TimedCommand& command);
  void write(const TimedLevel& level);
  /// After a transaction that was not committed: forgets what it may have made.
  void forget_written() { ids_.clear(); }

  /// The end of the newest stretch.
  [[nodiscard]] std::optional<std::chrono::sys_seconds> recorded_until() const;
  [[nodiscard]] std::vector<std::string> circuits() const;  ///< sorted
  /// Samples that overlap the span, and transitions and changes of level within it.
  [[nodiscard]] CircuitHistory read(std::string_view circuit, WallAnchor::Wall from,
                                    WallAnchor::Wall to) const;
  /// What happened to the instances of a service: the newest `at_most` within the span, oldest first.
  [[nodiscard]] std::vector<LoggedInstance> instances(std::string_view service, WallAnchor::Wall from,
                                                      WallAnchor::Wall to, std::size_t at_most) const;
  /// The newest `at_most` within the span, oldest first. `circuit`: only what was commanded of it.
  [[nodiscard]] std::vector<TimedCommand> commands(const std::optional<std::string>& circuit,
                                                   WallAnchor::Wall from, WallAnchor::Wall to,
                                                   std::size_t at_most) const;

  /// Stretches of less than a minute that ended before the given time and have a neighbour of that kind in
  /// their minute; oldest first, at most `at_most`.
  [[nodiscard]] std::vector<Stretch> stretches_to_merge(std::chrono::sys_seconds end,
                                                        std::size_t at_most) const;
  /// Makes one of several that follow each other without a gap.
  void merge(const std::vector<Stretch>& stretches);

  /// The time of the oldest line of any kind.
  [[nodiscard]] std::optional<std::chrono::sys_seconds> oldest() const;
  /// Deletes lines from before `end`, oldest stretches first and at most `at_most` of these. False when there
  /// may be more.
  bool erase_before(std::chrono::sys_seconds end, std::size_t at_most);

  /// Bytes of the pages in use, and of the file.
  [[nodiscard]] std::uint64_t used_bytes() const;
  [[nodiscard]] std::uint64_t file_bytes() const;
  /// Gives unused pages at the end of the file back, about a mebibyte at a time.
  void shrink();

 private:
  struct Known {
    std::int64_t id;
    std::int64_t seen;  ///< hour
  };

  [[nodiscard]] std::int64_t id_of(const std::string& circuit, WallAnchor::Wall seen);
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view circuit) const;
  void make_room(const Stretch& stretch);
  void read_samples(std::int64_t circuit, WallAnchor::Wall from, WallAnchor::Wall to,
                    CircuitHistory& to_history) const;
  void read_transitions(std::int64_t circuit, WallAnchor::Wall from, WallAnchor::Wall to,
                        CircuitHistory& to_history) const;
  void read_levels(WallAnchor::Wall from, WallAnchor::Wall to, CircuitHistory& to_history) const;
  [[nodiscard]] std::uint64_t pragma(const char* query) const;

  SQLite::Database& database_;
  const WallAnchor anchor_;
  std::map<std::string, Known, std::less<>> ids_;
};

}  // namespace switchgear::history
