// Alerts at work, on a disk that hangs or is full, and what they tell in the log.
#include "app/alert/alerts.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ringbuffer_sink.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "app/alert/outbox/sqlite_outbox.hpp"

namespace switchgear::alert {
namespace {

using namespace std::chrono_literals;

bool eventually(const std::function<bool()>& holds) {
  for (const auto end = std::chrono::steady_clock::now() + 30s; std::chrono::steady_clock::now() < end;) {
    if (holds()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

/// A database that outlives the alerts, on a disk that does as a test says.
class Disk {
 public:
  enum class Does : std::uint8_t { work, fail, hang };

  Disk() {
    for (const std::string& statement : SqliteOutbox::tables()) database_.exec(statement);
  }
  void now(Does does) {
    const std::lock_guard lock{mutex_};
    does_ = does;
    changed_.notify_all();
  }
  /// Until a write hangs.
  void wait_for_a_write() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return hanging_; });
  }
  [[nodiscard]] std::unique_ptr<OutboxStore> store() {
    return std::make_unique<SqliteOutbox>([this](const SqliteOutbox::Job& job) { run(job); });
  }

 private:
  void run(const SqliteOutbox::Job& job) {
    std::unique_lock lock{mutex_};
    hanging_ = does_ == Does::hang;
    changed_.notify_all();
    changed_.wait(lock, [this] { return does_ != Does::hang; });
    hanging_ = false;
    if (does_ == Does::fail) throw std::runtime_error{"database or disk is full"};
    SQLite::Transaction transaction{database_};
    job(database_);
    transaction.commit();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Does does_ = Does::work;
  bool hanging_ = false;
  SQLite::Database database_{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
};

AlertRule opened() {
  AlertRule rule;
  rule.name = "opened";
  rule.when.opened = true;
  rule.notify = {"mine"};
  return rule;
}

/// Every opening is told in the log.
AlertOptions options() {
  AlertOptions options;
  ChannelOptions mine;
  mine.name = "mine";
  options.channels = {mine};
  options.rules = {opened()};
  options.inhibitions.clear();
  return options;
}

class AlertsTest : public testing::Test {
 protected:
  /// A process: breakers, and alerts about them.
  struct Running {
    Running(Disk& disk, spdlog::logger& log, std::size_t capacity = 1024,
            std::function<Labels(const std::string&)> labels = {})
        : events(std::make_shared<EventQueue>(capacity)),
          alerts(options(), {registry, events, log, std::move(labels), {}, [this] { return wall(); }},
                 disk.store()) {
      registry.events().subscribe(events);
      alerts.start();
    }
    void open(const std::string& circuit) { command(circuit, Command::force_open); }
    void command(const std::string& circuit, Command command) {
      const TimePoint now = std::chrono::steady_clock::now();
      registry.get_or_create(circuit, {.consecutive_failures = 3}, now)->command(command, now);
    }
    [[nodiscard]] std::vector<std::string> stages() const {
      std::vector<std::string> stages;
      const auto status = alerts.status();
      for (const Alerts::Shown& each : status->incidents)
        stages.push_back(each.incident.circuit + " " + std::string{to_string(each.incident.stage)});
      return stages;
    }

    [[nodiscard]] Moment wall() const { return Moment{std::chrono::system_clock::now()} + set.load(); }

    std::atomic<Duration> set{Duration{}};  ///< how much later the wall clock is than the machine's
    BreakerRegistry registry{{std::chrono::steady_clock::now(), std::chrono::system_clock::now()}, 1};
    std::shared_ptr<EventQueue> events;
    Alerts alerts;
  };

  [[nodiscard]] std::size_t logged(const std::string& part) const {
    const auto lines = lines_->last_formatted();
    return static_cast<std::size_t>(std::ranges::count_if(
        lines, [&](const std::string& line) { return line.find(part) != std::string::npos; }));
  }

  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> lines_ =
      std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(1'000);
  spdlog::logger log_{"test", lines_};
  Disk disk_;
};

TEST_F(AlertsTest, AnswerAndTakeCommandsWhileTheDiskHangs) {
  Running gateway{disk_, log_};
  disk_.now(Disk::Does::hang);
  gateway.open("payment");
  disk_.wait_for_a_write();
  EXPECT_TRUE(eventually([&] { return gateway.stages() == std::vector<std::string>{"payment firing"}; }));
  Silence silence;
  silence.circuit = "search";
  silence.until = std::chrono::system_clock::now() + 1h;
  EXPECT_FALSE(gateway.alerts.silence(silence).empty());
  EXPECT_EQ(gateway.alerts.status()->silences.size(), 1U);
  gateway.alerts.prepare(options())();
  EXPECT_EQ(logged("alert opened"), 0U) << "what is not kept is not told, unless the disk gives up";
  disk_.now(Disk::Does::work);
  EXPECT_TRUE(eventually([&] { return logged("alert opened warning firing: opened: payment") == 1; }));
}

TEST_F(AlertsTest, AreToldWhileTheDiskIsFullAndKeptOnceItIsNot) {
  disk_.now(Disk::Does::fail);
  {
    Running gateway{disk_, log_};
    gateway.open("payment");
    ASSERT_TRUE(eventually([&] { return logged("alert opened warning firing: opened: payment") == 1; }));
    ASSERT_TRUE(eventually([&] { return logged("they cannot be kept for now") == 1; }));
    EXPECT_TRUE(eventually([&] { return gateway.alerts.status()->store_errors >= 1; }));
    EXPECT_EQ(logged("kept again"), 0U);
    disk_.now(Disk::Does::work);
    ASSERT_TRUE(eventually([&] { return logged("they are kept again") == 1; }));
  }
  const Running next{disk_, log_};
  EXPECT_TRUE(eventually([&] { return next.stages() == std::vector<std::string>{"payment resolved"}; }))
      << "its breaker begins closed";
  EXPECT_TRUE(eventually([&] { return logged("alert opened warning resolved: opened: payment") == 1; }));
  EXPECT_EQ(logged("alert opened warning firing"), 1U) << "once";
}

TEST_F(AlertsTest, KeepAtTheEndWhatTheDiskHasNotTakenYet) {
  {
    Running gateway{disk_, log_};
    disk_.now(Disk::Does::hang);
    gateway.open("payment");
    disk_.wait_for_a_write();
    gateway.open("search");
    ASSERT_TRUE(eventually([&] { return gateway.stages().size() == 2; }));
    disk_.now(Disk::Does::work);
  }
  const Running next{disk_, log_};
  EXPECT_EQ(next.stages().size(), 2U);
}

TEST_F(AlertsTest, SayHowManyEventsCameTooFast) {
  std::mutex busy;
  Running gateway{disk_, log_, 4, [&](const std::string&) {
                    const std::lock_guard lock{busy};
                    return Labels{};
                  }};
  {
    const std::lock_guard lock{busy};  // an event holds up the alerts
    for (int i = 0; i < 20; ++i)
      gateway.command("payment", i % 2 == 0 ? Command::force_open : Command::reset);
  }
  EXPECT_TRUE(eventually([&] { return logged("events came too fast") >= 1; }));
  EXPECT_TRUE(eventually([&] { return gateway.alerts.status()->events_lost >= 10; }));
}

TEST_F(AlertsTest, GoByTheWallClockAlsoWhenItIsSet) {
  for (const Duration set : {Duration{-2h}, Duration{2h}}) {
    Disk disk;
    Running gateway{disk, log_};
    gateway.open("payment");
    ASSERT_TRUE(eventually([&] { return gateway.stages().size() == 1; }));
    gateway.set = set;
    gateway.alerts.prepare(options())();  // looks at once
    gateway.open("search");
    ASSERT_TRUE(eventually([&] { return gateway.stages().size() == 2; }));
    const auto status = gateway.alerts.status();
    EXPECT_LT(std::chrono::abs(gateway.wall() - status->at), 1min);
    for (const Alerts::Shown& each : status->incidents)
      EXPECT_LT(std::chrono::abs(gateway.wall() - each.incident.since), 1min) << each.incident.circuit;
    EXPECT_EQ(gateway.stages(), (std::vector<std::string>{"payment firing", "search firing"}));
  }
}

TEST_F(AlertsTest, ChangeNothingWhenAChannelCannotBeMade) {
  Running gateway{disk_, log_};
  AlertOptions wrong = options();
  wrong.channels[0].kind = WebhookOptions{"http://127.0.0.1:9/", ""};
  ChannelOptions hook = wrong.channels[0];
  hook.name = "hook";
  hook.ca_file = "/missing.pem";
  wrong.channels.push_back(hook);
  wrong.rules.clear();
  try {
    (void)gateway.alerts.prepare(wrong);
    FAIL() << "it has no authorities";
  } catch (const std::exception& error) {
    EXPECT_TRUE(std::string{error.what()}.starts_with("alerts.channels.hook: ")) << error.what();
  }
  gateway.open("payment");
  EXPECT_TRUE(eventually([&] { return logged("alert opened warning firing: opened: payment") == 1; }));
}

}  // namespace
}  // namespace switchgear::alert
