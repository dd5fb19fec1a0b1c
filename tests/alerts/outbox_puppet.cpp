// The engine, the backlog, the couriers and an outbox in SQLite as a small process that a test can kill at
// any instant, and whose disk can be full. Time and deliveries are the test's: a command a line on stdin, the
// answer on stdout.
//
//   change T CIRCUIT STATE      ok
//   look T CIRCUIT STATE …      ok
//   disk T full|free            ok
//   next T                      a line `CHANNEL MESSAGE TELLING INCIDENT …` for each message to send, and ok
//   ended T CHANNEL END         ok; END: delivered, failed, refused
//
// T is in milliseconds and does not run backwards, also from one process to the next.
#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

#include "app/alert/incident/engine.hpp"
#include "app/alert/outbox/backlog.hpp"
#include "app/alert/outbox/courier.hpp"
#include "app/alert/outbox/sqlite_outbox.hpp"

namespace switchgear::alert {
namespace {

AlertPlan plan_of(Duration group_wait) {
  AlertPlan plan;
  AlertRule opened;
  opened.name = "opened";
  opened.when.opened = true;
  opened.notify = {"a", "b", "c"};
  AlertRule long_open = opened;
  long_open.name = "long";
  long_open.when = {};
  long_open.when.states = {State::open};
  long_open.hold = std::chrono::seconds{3};
  plan.rules = {opened, long_open};
  for (const char* channel : {"a", "b", "c"}) plan.channels[channel] = {};
  plan.channels["b"].alerts_per_message = 1;
  plan.group_wait = group_wait;
  return plan;
}

State state_of(const std::string& name) {
  return *std::ranges::find_if(states, [&](State state) { return to_string(state) == name; });
}

class Puppet {
 public:
  Puppet(const std::string& file, Duration group_wait)
      : database_(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
    database_.exec("PRAGMA journal_mode = WAL");
    for (const std::string& statement : SqliteOutbox::tables()) database_.exec(statement);
    for (const char* channel : {"a", "b", "c"})
      couriers_.emplace(channel, std::make_unique<Courier>(channel, CourierOptions{}, 1));
    engine_.configure(plan_of(group_wait), Moment{});
  }

  void run(std::istream& words) {
    std::string command;
    std::int64_t milliseconds = 0;
    words >> command >> milliseconds;
    now_ = std::chrono::milliseconds{milliseconds};
    if (!std::exchange(restored_, true)) restore();
    if (command == "disk") {
      words >> command;
      full_ = command == "full";
    }
    if (command == "change") change(words);
    if (command == "look") look(words);
    if (command == "next") next();
    if (command == "ended") ended(words);
    std::cout << "ok\n" << std::flush;
  }

 private:
  void restore() {
    OutboxStore::Kept kept = outbox_.load();
    engine_.restore(std::move(kept.incidents), std::move(kept.silences), wall());
    for (Message& message : kept.messages) (void)couriers_.at(message.channel)->add(std::move(message));
  }
  [[nodiscard]] Moment wall() const { return Moment{now_}; }
  [[nodiscard]] TimePoint steady() const { return TimePoint{now_}; }

  void change(std::istream& words) {
    std::string circuit;
    std::string state;
    words >> circuit >> state;
    engine_.changed({circuit, state_of(state), wall(), {}}, {});
    settle();
  }
  void look(std::istream& words) {
    std::vector<Sighting> seen;
    std::string circuit;
    std::string state;
    while (words >> circuit >> state) seen.push_back({circuit, state_of(state), {}, {}});
    engine_.look(seen, wall());
    settle();
  }
  void settle() {
    backlog_.add(engine_.take(wall()));
    write_backlog();
    for (Message& message : backlog_.take_ready())
      (void)couriers_.at(message.channel)->add(std::move(message));
  }
  void write_backlog() {
    const auto batch = backlog_.next();
    if (!batch) return;
    try {
      outbox_.commit(*batch);
      backlog_.ended(true);
    } catch (const std::exception&) {
      backlog_.ended(false);
    }
  }
  void next() {
    for (const auto& [channel, courier] : couriers_) {
      const Message* const message = courier->next(steady());
      if (message == nullptr) continue;
      std::cout << channel << ' ' << message->id << ' ' << to_string(message->telling);
      for (const Alert& alert : message->alerts)
        std::cout << ' ' << alert.rule << '/' << alert.circuit << '/' << alert.incident;
      std::cout << '\n';
    }
  }
  void ended(std::istream& words) {
    std::string channel;
    std::string end;
    words >> channel >> end;
    Delivery delivery;
    if (end == "failed") delivery.end = Delivery::End::failed;
    if (end == "refused") delivery.end = Delivery::End::refused;
    if (const auto done = couriers_.at(channel)->ended(delivery, steady())) backlog_.finished(done->id);
    write_backlog();
  }

  SQLite::Database database_;
  SqliteOutbox outbox_{[this](const SqliteOutbox::Job& job) {
    SQLite::Transaction transaction{database_};
    job(database_);
    if (full_) throw std::runtime_error{"database or disk is full"};
    transaction.commit();
  }};
  Engine engine_;
  Backlog backlog_;
  bool restored_ = false;
  bool full_ = false;
  std::map<std::string, std::unique_ptr<Courier>> couriers_;
  Duration now_{};
};

}  // namespace
}  // namespace switchgear::alert

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  switchgear::alert::Puppet puppet{argv[1], std::chrono::seconds{std::stoi(argv[2])}};
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words{line};
    puppet.run(words);
  }
}
