#include "app/history/store.hpp"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Transaction.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <utility>

#include "app/history/merge.hpp"

namespace switchgear::history {

Store::Store(std::string file, std::vector<std::string> tables, WallAnchor anchor, spdlog::logger& log)
    : file_(std::move(file)), further_tables_(std::move(tables)), anchor_(anchor), log_(log) {
  open();
}

void Store::open() {
  tables_.reset();
  database_.reset();
  use(open_file(file_, further_tables_));
  if (!problem_.empty()) {
    log_.error(
        "history: {} cannot be used: {}; the history is kept in memory, and the file is tried again and "
        "again",
        file_, problem_);
  }
}

void Store::use(OpenedFile opened) {
  tables_.reset();
  database_ = std::move(opened.database);
  tables_ = std::make_unique<Tables>(*database_, anchor_);
  problem_ = std::move(opened.problem);
  in_memory_ = file_.empty() || !problem_.empty();
  name_ = in_memory_ ? "the history in memory" : file_;
  opened_ = identity_of(file_);
  if (!opened.moved_aside.empty())
    log_.error("history: {} was broken; it is now {}, and a new one has begun", file_, opened.moved_aside);
}

bool Store::try_file() {
  if (problem_.empty()) return false;
  std::string problem;
  try {
    OpenedFile opened = open_file(file_, further_tables_, std::chrono::milliseconds{0});
    problem = opened.problem;
    if (problem.empty()) {
      add_kept(*database_, *opened.database);
      use(std::move(opened));
      log_.info("history: {} can be used now; what was kept in memory is in it", file_);
      return true;
    }
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (problem != problem_) log_.error("history: {} still cannot be used: {}", file_, problem);
  problem_ = std::move(problem);
  return false;
}

Store::Identity Store::identity_of(const std::string& path) {
  struct stat found {};
  if (path.empty() || ::stat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino};
}

/// SQLite leaves the write-ahead log of a file that has moved, and would take it for that of the file which
/// stands in its place.
void Store::follow_path() {
  if (in_memory_ || identity_of(file_) == opened_) return;
  log_.error(
      "history: another program has removed or replaced {}; what stands there now is used, or a new file",
      file_);
  tables_.reset();
  database_.reset();
  const std::string wal = file_ + "-wal";
  if (identity_of(wal) == wal_) (void)::unlink(wal.c_str());
  open();
}

template <class Run>
void Store::watched(Run run) {
  try {
    run();
  } catch (const SQLite::Exception& error) {
    if (says_broken(error)) open();
    throw;
  }
}

void Store::write(const Job& job, Lasting lasting) {
  follow_path();
  watched([&] {
    try {
      const bool wait = lasting == Lasting::past_the_machine;
      database_->exec(wait ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
      SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      job(*database_);
      transaction.commit();
      if (!in_memory_) wal_ = identity_of(file_ + "-wal");
    } catch (...) {
      tables_->forget_written();
      throw;
    }
  });
}

void Store::read(const std::function<void(const Tables&)>& job) {
  watched([&] { job(*tables_); });
}

}  // namespace switchgear::history
