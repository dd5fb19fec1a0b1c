// The open history: a file, or memory in its place, and what happens when it turns out to be broken.
#pragma once

#include <SQLiteCpp/Database.h>
#include <spdlog/logger.h>
#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/history/file.hpp"
#include "app/history/tables.hpp"

namespace switchgear::history {

/// Threads: one. Borrows the log.
class Store {
 public:
  using Job = std::function<void(SQLite::Database&)>;

  /// Opens the file (file.hpp) and logs what is wrong with it.
  Store(std::string file, std::vector<std::string> tables, WallAnchor anchor, spdlog::logger& log);

  enum class Lasting : std::uint8_t {
    past_the_process,  ///< the end of the process loses nothing; that of the machine may lose the last
                       ///< seconds
    past_the_machine,  ///< waits for the disk
  };
  /// Runs `job` in a transaction: all that it wrote is kept, or nothing. Throws what the job throws, and
  /// SQLite::Exception. When the file turns out to be broken it is replaced, as by open_file(), and the job
  /// has failed. When another program has removed or replaced it, what stands at its path is opened first.
  void write(const Job& job, Lasting lasting = Lasting::past_the_process);
  /// Runs `job`, which only reads. Throws likewise.
  void read(const std::function<void(const Tables&)>& job);

  /// Why memory stands in for the file; empty: it does not.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  /// If memory stands in for the file, tries once to open the file, without waiting for another process, and
  /// brings into it what is in memory. Logs that it works, and another problem than before. True: the file is
  /// in use from here on.
  bool try_file();

  /// For jobs of write().
  [[nodiscard]] Tables& tables() noexcept { return *tables_; }
  [[nodiscard]] bool in_memory() const noexcept { return in_memory_; }
  /// For messages: the path, or where else the history is.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  /// Which file a path leads to; 0, 0: none.
  struct Identity {
    dev_t device = 0;
    ino_t number = 0;
    friend bool operator==(const Identity&, const Identity&) = default;
  };

  void open();
  void use(OpenedFile opened);
  void follow_path();
  [[nodiscard]] static Identity identity_of(const std::string& path);
  template <class Run>
  void watched(Run run);

  const std::string file_;
  const std::vector<std::string> further_tables_;
  const WallAnchor anchor_;
  spdlog::logger& log_;
  std::string name_;
  bool in_memory_ = false;
  std::string problem_;
  Identity opened_;
  Identity wal_;  ///< its write-ahead log
  std::unique_ptr<SQLite::Database> database_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace switchgear::history
