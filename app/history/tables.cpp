#include "app/history/tables.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <utility>

#include "app/history/sample_numbers.hpp"

namespace switchgear::history {

namespace {

using namespace std::chrono;
using SQLite::Statement;

[[nodiscard]] std::int64_t seconds_of(sys_seconds at) { return at.time_since_epoch().count(); }
[[nodiscard]] sys_seconds from_seconds_since(std::int64_t at) { return sys_seconds{seconds{at}}; }
[[nodiscard]] std::int64_t nanoseconds_of(WallAnchor::Wall at) { return at.time_since_epoch().count(); }
[[nodiscard]] WallAnchor::Wall from_nanoseconds(std::int64_t at) { return WallAnchor::Wall{nanoseconds{at}}; }

[[nodiscard]] std::int64_t signed_of(std::uint64_t count) { return static_cast<std::int64_t>(count); }

/// The value of an enumeration of which there are `count`, or the last one for a number that has none.
template <class Enum>
[[nodiscard]] Enum enumerated(const SQLite::Column& column, std::size_t count) {
  const auto number = static_cast<std::uint64_t>(column.getInt64());
  return static_cast<Enum>(std::min<std::uint64_t>(number, count - 1));
}

constexpr std::size_t rules = static_cast<std::size_t>(Rule::fleet) + 1;
constexpr std::size_t weights = static_cast<std::size_t>(LoggedInstance::Weight::warning) + 1;
constexpr std::size_t level_causes = static_cast<std::size_t>(LevelCause::restored) + 1;
constexpr std::size_t results = static_cast<std::size_t>(CommandResult::invalid) + 1;

void bind_blob(Statement& statement, int index, std::string_view bytes) {
  statement.bindNoCopy(index, static_cast<const void*>(bytes.data()), static_cast<int>(bytes.size()));
}

[[nodiscard]] std::string_view blob(const SQLite::Column& column) {
  return {static_cast<const char*>(column.getBlob()), static_cast<std::size_t>(column.getBytes())};
}

}  // namespace

std::optional<std::int64_t> Tables::find(std::string_view circuit) const {
  Statement query{database_, "SELECT id FROM circuits WHERE name = ?"};
  query.bind(1, std::string{circuit});
  if (!query.executeStep()) return std::nullopt;
  return query.getColumn(0).getInt64();
}

std::int64_t Tables::id_of(const std::string& circuit, WallAnchor::Wall seen) {
  const std::int64_t hour = floor<hours>(seen).time_since_epoch().count();
  const auto known = ids_.find(circuit);
  if (known != ids_.end() && known->second.seen >= hour) return known->second.id;
  Statement put{database_,
                "INSERT INTO circuits(name, seen) VALUES(?1, ?2) "
                "ON CONFLICT(name) DO UPDATE SET seen = max(seen, ?2) RETURNING id"};
  put.bind(1, circuit);
  put.bind(2, hour);
  put.executeStep();
  const std::int64_t id = put.getColumn(0).getInt64();
  ids_.insert_or_assign(circuit, Known{id, hour});
  return id;
}

/// After the clock was set back: older stretches of the same time go, and one that reaches into it is cut.
void Tables::make_room(const Stretch& stretch) {
  for (const char* sql :
       {"DELETE FROM stretches WHERE at >= ? AND at < ?", "DELETE FROM samples WHERE at >= ? AND at < ?"}) {
    Statement erase{database_, sql};
    erase.bind(1, seconds_of(stretch.from));
    erase.bind(2, seconds_of(stretch.end()));
    erase.exec();
  }
  Statement cut{database_,
                "UPDATE stretches SET length = ?1 - at "
                "WHERE at = (SELECT max(at) FROM stretches WHERE at < ?1) AND at + length > ?1"};
  cut.bind(1, seconds_of(stretch.from));
  cut.exec();
}

void Tables::write(const Stretch& stretch, const Samples& samples) {
  make_room(stretch);
  Statement put_stretch{database_, "INSERT INTO stretches(at, length) VALUES(?, ?)"};
  put_stretch.bind(1, seconds_of(stretch.from));
  put_stretch.bind(2, static_cast<std::int64_t>(stretch.length.count()));
  put_stretch.exec();
  Statement put{database_, "INSERT INTO samples(at, circuit, counts) VALUES(?, ?, ?)"};
  put.bind(1, seconds_of(stretch.from));
  for (const auto& [circuit, sample] : samples) {
    const std::string bytes = packed(sample);
    put.bind(2, id_of(circuit, stretch.from));
    bind_blob(put, 3, bytes);
    put.exec();
    put.reset();
  }
}

void Tables::write(const LoggedTransition& transition) {
  Statement put{database_,
                "INSERT INTO transitions VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  int at = 0;
  put.bind(++at, nanoseconds_of(transition.wall));
  put.bind(++at, id_of(transition.breaker, transition.wall));
  put.bind(++at, signed_of(transition.generation));
  put.bind(++at, static_cast<int>(transition.from));
  put.bind(++at, static_cast<int>(transition.to));
  put.bind(++at, static_cast<int>(transition.rule));
  put.bind(++at, transition.value);
  put.bind(++at, transition.threshold);
  const WindowSnapshot& window = transition.window;
  for (const std::uint64_t count : {window.calls, window.failures, window.slow, window.high,
                                    window.consecutive_failures, window.failure_balance})
    put.bind(++at, signed_of(count));
  if (transition.last_failure) {
    put.bind(++at, static_cast<int>(transition.last_failure->type));
    put.bind(++at,
             nanoseconds_of(WallAnchor{transition.at, transition.wall}.to_wall(transition.last_failure->at)));
  }
  put.exec();
}

void Tables::write(const LoggedInstance& instance) {
  Statement put{database_, "INSERT INTO instances VALUES(NULL, ?, ?, ?, ?, ?, ?)"};
  put.bind(1, nanoseconds_of(instance.wall));
  put.bind(2, instance.service);
  put.bind(3, instance.instance);
  put.bind(4, instance.what);
  put.bind(5, instance.text);
  put.bind(6, static_cast<int>(instance.weight));
  put.exec();
}

void Tables::write(const TimedCommand& command) {
  Statement put{database_, "INSERT INTO commands VALUES(NULL, ?, ?, ?, ?, ?)"};
  put.bind(1, nanoseconds_of(command.at));
  put.bind(2, command.command.command);
  put.bind(3, command.command.circuit.substr(0, most_of_name));
  put.bind(4, command.command.client);
  put.bind(5, static_cast<int>(command.command.result));
  put.exec();
}

void Tables::write(const TimedLevel& level) {
  const LevelChange& change = level.level.change;
  Statement put{database_, "INSERT INTO levels VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  put.bind(1, nanoseconds_of(level.at));
  put.bind(2, level.level.breaker);
  put.bind(3, static_cast<int>(change.from));
  put.bind(4, static_cast<int>(change.to));
  put.bind(5, static_cast<int>(change.cause));
  put.bind(6, signed_of(change.calls));
  put.bind(7, signed_of(change.failed));
  put.bind(8, change.escalate_above);
  put.bind(9, static_cast<std::int64_t>(change.calm.count()));
  put.exec();
}

void Tables::read_levels(WallAnchor::Wall from, WallAnchor::Wall to, CircuitHistory& to_history) const {
  Statement query{database_,
                  "SELECT at, from_level, to_level, cause, calls, failed, escalate_above, calm FROM levels "
                  "WHERE breaker = ?1 AND at >= coalesce((SELECT max(at) FROM levels WHERE breaker = ?1 "
                  "AND at < ?2), ?2) AND at < ?3 ORDER BY at, id"};
  query.bind(1, to_history.circuit);
  query.bind(2, nanoseconds_of(from));
  query.bind(3, nanoseconds_of(to));
  while (query.executeStep()) {
    PastLevel past;
    past.wall = from_nanoseconds(query.getColumn(0).getInt64());
    LevelChange& change = past.change;
    change.from = enumerated<BreakerLevel>(query.getColumn(1), breaker_levels.size());
    change.to = enumerated<BreakerLevel>(query.getColumn(2), breaker_levels.size());
    change.cause = enumerated<LevelCause>(query.getColumn(3), level_causes);
    change.at = anchor_.from_wall(past.wall);
    change.calls = static_cast<std::uint64_t>(query.getColumn(4).getInt64());
    change.failed = static_cast<std::uint64_t>(query.getColumn(5).getInt64());
    change.escalate_above = query.getColumn(6).getDouble();
    change.calm = Duration{query.getColumn(7).getInt64()};
    if (past.wall < from) {
      to_history.level_at_start = change.to;
    } else {
      to_history.levels.push_back(past);
    }
  }
}

std::optional<sys_seconds> Tables::recorded_until() const {
  Statement query{database_, "SELECT at + length FROM stretches ORDER BY at DESC LIMIT 1"};
  if (!query.executeStep()) return std::nullopt;
  return from_seconds_since(query.getColumn(0).getInt64());
}

std::vector<std::string> Tables::circuits() const {
  std::vector<std::string> names;
  Statement query{database_, "SELECT name FROM circuits ORDER BY name"};
  while (query.executeStep()) names.push_back(query.getColumn(0).getString());
  return names;
}

CircuitHistory Tables::read(std::string_view circuit, WallAnchor::Wall from, WallAnchor::Wall to) const {
  CircuitHistory history;
  history.circuit = circuit;
  if (const auto id = find(circuit)) {
    read_samples(*id, from, to, history);
    read_transitions(*id, from, to, history);
    read_levels(from, to, history);
  }
  return history;
}

void Tables::read_samples(std::int64_t circuit, WallAnchor::Wall from, WallAnchor::Wall to,
                          CircuitHistory& to_history) const {
  // CROSS JOIN: by the stretches first, which are few, and then by the samples' own order.
  Statement query{database_,
                  "SELECT s.at, s.length, c.counts FROM stretches s CROSS JOIN samples c "
                  "ON c.at = s.at AND c.circuit = ?1 "
                  "WHERE s.at >= coalesce((SELECT max(at) FROM stretches WHERE at <= ?2), ?2) "
                  "AND s.at + s.length > ?2 AND s.at < ?3 ORDER BY s.at"};
  query.bind(1, circuit);
  query.bind(2, seconds_of(floor<seconds>(from)));
  query.bind(3, seconds_of(ceil<seconds>(to)));
  while (query.executeStep()) {
    auto sample = unpacked(blob(query.getColumn(2)));
    if (!sample) continue;
    sample->from = from_seconds_since(query.getColumn(0).getInt64());
    sample->length = seconds{query.getColumn(1).getInt64()};
    to_history.samples.push_back(*sample);
  }
}

void Tables::read_transitions(std::int64_t circuit, WallAnchor::Wall from, WallAnchor::Wall to,
                              CircuitHistory& to_history) const {
  Statement query{
      database_,
      "SELECT at, generation, from_state, to_state, rule, value, threshold, calls, failures, slow, high, "
      "consecutive_failures, failure_balance, last_failure, last_failure_at FROM transitions "
      "WHERE circuit = ?1 AND at >= ?2 AND at < ?3 ORDER BY at, generation, id"};
  query.bind(1, circuit);
  query.bind(2, nanoseconds_of(from));
  query.bind(3, nanoseconds_of(to));
  while (query.executeStep()) {
    LoggedTransition one;
    const auto count = [&](int column) {
      return static_cast<std::uint64_t>(query.getColumn(column).getInt64());
    };
    one.breaker = to_history.circuit;
    one.wall = from_nanoseconds(query.getColumn(0).getInt64());
    one.at = anchor_.from_wall(one.wall);
    one.generation = count(1);
    one.from = enumerated<State>(query.getColumn(2), states.size());
    one.to = enumerated<State>(query.getColumn(3), states.size());
    one.rule = enumerated<Rule>(query.getColumn(4), rules);
    one.value = query.getColumn(5).getDouble();
    one.threshold = query.getColumn(6).getDouble();
    one.window = {count(7), count(8), count(9), count(10), count(11), count(12)};
    if (!query.isColumnNull(13)) {
      one.last_failure = LastFailure{enumerated<FailureType>(query.getColumn(13), failure_types.size()),
                                     anchor_.from_wall(from_nanoseconds(query.getColumn(14).getInt64()))};
    }
    to_history.transitions.push_back(std::move(one));
  }
}

std::vector<LoggedInstance> Tables::instances(std::string_view service, WallAnchor::Wall from,
                                              WallAnchor::Wall to, std::size_t at_most) const {
  std::vector<LoggedInstance> found;
  Statement query{database_,
                  "SELECT at, instance, what, text, weight FROM instances "
                  "WHERE service = ?1 AND at >= ?2 AND at < ?3 ORDER BY at DESC, id DESC LIMIT ?4"};
  query.bind(1, std::string{service});
  query.bind(2, nanoseconds_of(from));
  query.bind(3, nanoseconds_of(to));
  query.bind(4, static_cast<std::int64_t>(at_most));
  while (query.executeStep()) {
    const WallAnchor::Wall wall = from_nanoseconds(query.getColumn(0).getInt64());
    found.push_back({std::string{service}, query.getColumn(1).getString(), query.getColumn(2).getString(),
                     query.getColumn(3).getString(), anchor_.from_wall(wall), wall,
                     enumerated<LoggedInstance::Weight>(query.getColumn(4), weights)});
  }
  std::ranges::reverse(found);
  return found;
}

std::vector<TimedCommand> Tables::commands(const std::optional<std::string>& circuit, WallAnchor::Wall from,
                                           WallAnchor::Wall to, std::size_t at_most) const {
  std::vector<TimedCommand> found;
  Statement query{database_,
                  "SELECT at, command, circuit, client, result FROM commands "
                  "WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR circuit = ?3) "
                  "ORDER BY at DESC, id DESC LIMIT ?4"};
  query.bind(1, nanoseconds_of(from));
  query.bind(2, nanoseconds_of(to));
  if (circuit) query.bind(3, circuit->substr(0, most_of_name));
  query.bind(4, static_cast<std::int64_t>(at_most));
  while (query.executeStep()) {
    found.push_back(
        {from_nanoseconds(query.getColumn(0).getInt64()),
         {query.getColumn(1).getString(), query.getColumn(2).getString(), query.getColumn(3).getString(),
          enumerated<CommandResult>(query.getColumn(4), results)}});
  }
  std::ranges::reverse(found);
  return found;
}

std::vector<Stretch> Tables::stretches_to_merge(sys_seconds end, std::size_t at_most) const {
  std::vector<Stretch> found;
  // Without the neighbours, short ones around restarts would fill the first `at_most` for good.
  Statement query{database_,
                  "SELECT at, length FROM stretches s WHERE length < 60 AND at + length <= ?1 AND ("
                  "EXISTS(SELECT 1 FROM stretches n WHERE n.at = s.at + s.length AND n.length < 60 "
                  "AND n.at / 60 = s.at / 60) OR "
                  "EXISTS(SELECT 1 FROM stretches n WHERE n.at >= s.at / 60 * 60 AND n.at < s.at "
                  "AND n.at + n.length = s.at)) ORDER BY at LIMIT ?2"};
  query.bind(1, seconds_of(end));
  query.bind(2, static_cast<std::int64_t>(at_most));
  while (query.executeStep())
    found.push_back(
        {from_seconds_since(query.getColumn(0).getInt64()), seconds{query.getColumn(1).getInt64()}});
  return found;
}

void Tables::merge(const std::vector<Stretch>& stretches) {
  const std::int64_t first = seconds_of(stretches.front().from);
  const std::int64_t last = seconds_of(stretches.back().from);
  std::map<std::int64_t, CircuitSample> sums;
  Statement query{database_, "SELECT circuit, counts FROM samples WHERE at BETWEEN ? AND ? ORDER BY at"};
  query.bind(1, first);
  query.bind(2, last);
  while (query.executeStep()) {
    if (const auto sample = unpacked(blob(query.getColumn(1))))
      add(sums[query.getColumn(0).getInt64()], *sample);
  }
  for (const char* sql :
       {"DELETE FROM stretches WHERE at BETWEEN ? AND ?", "DELETE FROM samples WHERE at BETWEEN ? AND ?"}) {
    Statement erase{database_, sql};
    erase.bind(1, first);
    erase.bind(2, last);
    erase.exec();
  }
  Statement put_stretch{database_, "INSERT INTO stretches(at, length) VALUES(?, ?)"};
  put_stretch.bind(1, first);
  put_stretch.bind(2, seconds_of(stretches.back().end()) - first);
  put_stretch.exec();
  Statement put{database_, "INSERT INTO samples(at, circuit, counts) VALUES(?, ?, ?)"};
  put.bind(1, first);
  for (const auto& [circuit, sample] : sums) {
    const std::string bytes = packed(sample);
    put.bind(2, circuit);
    bind_blob(put, 3, bytes);
    put.exec();
    put.reset();
  }
}

std::optional<sys_seconds> Tables::oldest() const {
  Statement query{database_,
                  "SELECT min(at) FROM (SELECT min(at) AS at FROM stretches UNION ALL "
                  "SELECT min(at) / 1000000000 FROM transitions UNION ALL "
                  "SELECT min(at) / 1000000000 FROM instances UNION ALL "
                  "SELECT min(at) / 1000000000 FROM levels UNION ALL "
                  "SELECT min(at) / 1000000000 FROM commands)"};
  if (!query.executeStep() || query.isColumnNull(0)) return std::nullopt;
  return from_seconds_since(query.getColumn(0).getInt64());
}

bool Tables::erase_before(sys_seconds end, std::size_t at_most) {
  Statement border{database_, "SELECT at FROM stretches WHERE at < ? ORDER BY at LIMIT 1 OFFSET ?"};
  border.bind(1, seconds_of(end));
  border.bind(2, static_cast<std::int64_t>(at_most));
  const bool more = border.executeStep();
  if (more) end = from_seconds_since(border.getColumn(0).getInt64());
  for (const char* table : {"samples", "stretches"}) {
    Statement erase{database_, std::string{"DELETE FROM "} + table + " WHERE at < ?"};
    erase.bind(1, seconds_of(end));
    erase.exec();
  }
  for (const char* table : {"transitions", "instances", "levels", "commands"}) {
    Statement erase{database_, std::string{"DELETE FROM "} + table + " WHERE at < ?"};
    erase.bind(1, nanoseconds_of(end));
    erase.exec();
  }
  Statement circuits{database_, "DELETE FROM circuits WHERE seen < ?"};
  circuits.bind(1, static_cast<std::int64_t>(floor<hours>(end).time_since_epoch().count()));
  if (circuits.exec() > 0) ids_.clear();
  return !more;
}

std::uint64_t Tables::pragma(const char* query) const {
  return static_cast<std::uint64_t>(database_.execAndGet(query).getInt64());
}

std::uint64_t Tables::used_bytes() const {
  return (pragma("PRAGMA page_count") - pragma("PRAGMA freelist_count")) * pragma("PRAGMA page_size");
}

std::uint64_t Tables::file_bytes() const { return pragma("PRAGMA page_count") * pragma("PRAGMA page_size"); }

void Tables::shrink() { database_.exec("PRAGMA incremental_vacuum(256)"); }

}  // namespace switchgear::history
