#include "app/history/upkeep.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace switchgear::history {

namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

// Each call does a bounded amount of work, because others wait for the thread.
constexpr std::size_t most_read = 600;    // stretches that could be merged
constexpr std::size_t most_merged = 10;   // minutes
constexpr std::size_t most_erased = 120;  // stretches
constexpr int most_rounds = 20;
constexpr Duration between_messages = 1h;

/// Of `max_size`, for the file; the rest is for the log of transactions that are not yet in it.
[[nodiscard]] std::uint64_t share_of_file(std::uint64_t max_size) {
  return max_size - std::min<std::uint64_t>(max_size / 4, std::uint64_t{16} * 1024 * 1024);
}

}  // namespace

Upkeep::Upkeep(const HistoryOptions& options, Store& store, spdlog::logger& log, TimePoint now)
    : options_(options), store_(store), log_(log) {
  clock_was_set(now);
}

void Upkeep::run(Reading now) {
  const sys_seconds wall = floor<seconds>(now.wall);
  merge(wall);
  if (now.steady >= careful_until_) erase_old(wall);
  keep_size(now.steady);
}

void Upkeep::merge(sys_seconds now) {
  std::vector<Stretch> fine;
  store_.read([&](const Tables& tables) { fine = tables.stretches_to_merge(now - fine_for, most_read); });
  std::vector<Stretch> minute;
  std::size_t merged = 0;
  const auto merge_minute = [&] {
    if (minute.size() > 1) {
      store_.write([&](SQLite::Database&) { store_.tables().merge(minute); });
      ++merged;
    }
    minute.clear();
  };
  for (const Stretch& each : fine) {
    const bool continues = !minute.empty() && minute.back().end() == each.from &&
                           floor<minutes>(minute.back().from) == floor<minutes>(each.from);
    if (!continues) merge_minute();
    if (merged >= most_merged) return;
    minute.push_back(each);
  }
  // The last minute may not be over yet.
  if (!minute.empty() && floor<minutes>(minute.back().end()) > floor<minutes>(minute.back().from))
    merge_minute();
}

void Upkeep::erase_old(sys_seconds now) {
  const sys_seconds end = now - ceil<seconds>(options_.keep);
  const auto oldest = [&] {
    std::optional<sys_seconds> found;
    store_.read([&](const Tables& tables) { found = tables.oldest(); });
    return found;
  };
  for (int round = 0; round < most_rounds; ++round) {
    const auto first = oldest();
    if (!first || *first >= end) return;
    store_.write([&](SQLite::Database&) { store_.tables().erase_before(end, most_erased); });
  }
}

void Upkeep::keep_size(TimePoint now) {
  const std::uint64_t most = share_of_file(options_.max_size);
  for (int round = 0; round < most_rounds; ++round) {
    std::uint64_t used = 0;
    std::optional<sys_seconds> oldest;
    store_.read([&](const Tables& tables) {
      used = tables.used_bytes();
      oldest = tables.oldest();
    });
    if (used <= most || !oldest) break;
    // A minute of the oldest at a time: with many circuits that is a lot already.
    store_.write([&](SQLite::Database&) { store_.tables().erase_before(*oldest + 60s, most_erased); });
    if (said_full_ && now - *said_full_ < between_messages) continue;
    said_full_ = now;
    log_.warn(
        "history: {} has its max_size of {} MiB; the oldest leave before keep, now those from before "
        "{:%FT%TZ}",
        store_.name(), options_.max_size / 1024 / 1024, fmt::gmtime(system_clock::to_time_t(*oldest + 60s)));
  }
  std::uint64_t bytes = 0;
  store_.read([&](const Tables& tables) { bytes = tables.file_bytes(); });
  if (bytes > most) store_.write([&](SQLite::Database&) { store_.tables().shrink(); });
}

}  // namespace switchgear::history
