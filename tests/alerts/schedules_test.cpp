// 200 random schedules of breakers, of processes that are killed, of disks that are full for a time, and of
// channels that are dead or lose their answers: every incident is told to every channel once when it fires
// and once when it is resolved. A process is not killed while its disk is full: it then tells of what it
// cannot keep.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "switchgear/core/random.hpp"
#include "tests/gateway/wire.hpp"

namespace switchgear::wire {
namespace {

/// The puppet's process, with its end of the conversation.
class Process {
 public:
  Process(const std::string& file, int group_wait) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw std::runtime_error{"no socket"};
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDIN_FILENO);
      ::dup2(ends[1], STDOUT_FILENO);
      ::execl(ALERT_PUPPET, "alert_puppet", file.c_str(), std::to_string(group_wait).c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    socket_ = Socket{ends[0]};
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() { kill(); }

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  void say(const std::string& command) { (void)socket_.send(command + "\n"); }
  /// The lines before `ok`.
  std::vector<std::string> answer() {
    std::vector<std::string> lines;
    while (true) {
      const std::size_t end = text_.find('\n');
      if (end == std::string::npos) {
        const std::string more = socket_.receive();
        if (more.empty()) throw std::runtime_error{"the process has ended: " + text_};
        text_ += more;
        continue;
      }
      const std::string line = text_.substr(0, end);
      text_.erase(0, end + 1);
      if (line == "ok") return lines;
      lines.push_back(line);
    }
  }

 private:
  pid_t pid_ = -1;
  Socket socket_;
  std::string text_;
};

class Schedule {
 public:
  explicit Schedule(std::uint64_t seed) : random_(seed), group_wait_(seed % 3 == 0 ? 2 : 0) {
    std::string place = (std::filesystem::temp_directory_path() / "switchgear-alerts-XXXXXX").string();
    if (::mkdtemp(place.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
    directory_ = place;
    for (const char* circuit : {"payment", "search", "stock"}) circuits_[circuit] = {};
  }
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;
  ~Schedule() {
    process_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  void run() {
    start();
    for (int step = 0; step < 40; ++step) {
      now_ += 1 + static_cast<std::int64_t>(random_.next() % 3'000);
      if (chance(0.15)) dead_[channel()] = chance(0.5);
      if (chance(0.1)) {
        if (full_) {
          keep_all();
        } else {
          fill_disk();
        }
      }
      if (chance(0.3)) {
        change();
      } else if (chance(0.4)) {
        command(look_text());
      }
      deliver();
      if (chance(0.1)) {
        keep_all();
        restart();
      }
    }
    keep_all();
    settle();
  }

  /// What has come to the channels, against what has happened.
  void check() const {
    for (const auto& [channel, told] : told_) {
      std::map<std::string, int> incidents_of;
      for (const auto& [incident, tellings] : told) {
        EXPECT_EQ(tellings.at("firing").size(), 1U) << channel << ' ' << incident;
        const auto resolved = tellings.find("resolved");
        EXPECT_EQ(resolved == tellings.end() ? 0U : resolved->second.size(), 1U)
            << channel << ' ' << incident;
        if (incident.starts_with("opened/")) ++incidents_of[incident.substr(7, incident.rfind('/') - 7)];
      }
      EXPECT_EQ(told.size(), told_.begin()->second.size()) << channel << " was told of others than a";
      for (const auto& [name, circuit] : circuits_) {
        EXPECT_GE(incidents_of[name], circuit.seen_open) << channel << ' ' << name << ": one is lost";
        EXPECT_LE(incidents_of[name], circuit.opened) << channel << ' ' << name << ": one is double";
      }
    }
    for (const std::string& wrong : wrong_) ADD_FAILURE() << wrong;
  }
  [[nodiscard]] int restarts() const { return restarts_; }
  [[nodiscard]] int full_disks() const { return full_disks_; }
  [[nodiscard]] std::size_t tellings() const { return messages_.size(); }

 private:
  struct Circuit {
    bool open = false;
    bool counted = false;  ///< this opening is among those seen
    int opened = 0;        ///< openings
    int seen_open = 0;     ///< openings that the process has answered to
  };

  [[nodiscard]] bool chance(double probability) { return random_.uniform() < probability; }
  [[nodiscard]] std::string channel() { return std::string(1, static_cast<char>('a' + random_.next() % 3)); }

  void start() {
    process_ = std::make_unique<Process>(directory_ + "/history.db", group_wait_);
    command(look_text());
  }
  void restart() {
    ++restarts_;
    process_->kill();
    start();
  }
  void fill_disk() {
    full_ = true;
    ++full_disks_;
    command("disk " + std::to_string(now_) + " full");
  }
  /// Makes room on the disk, and lets the process keep what it has.
  void keep_all() {
    if (!full_) return;
    command("disk " + std::to_string(now_) + " free");
    command(look_text());
    full_ = false;
  }
  [[nodiscard]] std::string look_text() const {
    std::string text = "look " + std::to_string(now_);
    for (const auto& [name, circuit] : circuits_) text += " " + name + (circuit.open ? " open" : " closed");
    return text;
  }
  void change() {
    auto at = circuits_.begin();
    std::advance(at, random_.next() % circuits_.size());
    auto& [name, circuit] = *at;
    circuit.open = !circuit.open;
    circuit.counted = false;
    if (circuit.open) ++circuit.opened;
    command("change " + std::to_string(now_) + " " + name + (circuit.open ? " open" : " closed"));
  }
  /// Says it, and now and then kills the process before it has answered, at whatever it is doing then.
  void command(const std::string& text) {
    process_->say(text);
    if (!healing_ && !full_ && chance(0.08)) {
      ::poll(nullptr, 0, static_cast<int>(random_.next() % 3));
      return restart();
    }
    (void)process_->answer();
    // It has seen what is open now: a look shows all, and a change its own circuit.
    for (auto& [name, circuit] : circuits_) {
      const bool shown = text.starts_with("look") || text.find(" " + name + " ") != std::string::npos;
      if (!shown || !circuit.open || circuit.counted) continue;
      circuit.counted = true;
      ++circuit.seen_open;
    }
  }
  void deliver() {
    const int restarts_before = restarts_;
    process_->say("next " + std::to_string(now_));
    for (const std::string& line : process_->answer()) {
      std::istringstream words{line};
      std::string channel;
      std::string id;
      std::string telling;
      words >> channel >> id >> telling;
      const bool dead = !healing_ && dead_[channel];
      if (!dead) take(channel, id, telling, line.substr(line.find(telling) + telling.size()));
      // The channel has it, and the process is killed before it hears so.
      if (!healing_ && !full_ && chance(0.05)) return restart();
      command("ended " + std::to_string(now_) + " " + channel + (dead ? " failed" : " delivered"));
      if (restarts_ != restarts_before) return;  // the others are no longer under way
    }
  }
  void take(const std::string& channel, const std::string& id, const std::string& telling,
            const std::string& incidents) {
    const std::string key = channel + " " + id;
    const std::string content = telling + incidents;
    const auto [at, fresh] = messages_.emplace(key, content);
    if (!fresh && at->second != content) wrong_.push_back(key + " was " + at->second + " and is " + content);
    std::istringstream words{incidents};
    for (std::string incident; words >> incident;) {
      auto& tellings = told_[channel][incident];
      if (telling == "resolved" && !tellings.contains("firing"))
        wrong_.push_back(channel + ": " + incident + " is resolved before it fires");
      tellings[telling].insert(id);
    }
  }
  /// All circuits are well again, all channels work, and time passes until all is told.
  void settle() {
    healing_ = true;
    for (auto& [name, circuit] : circuits_) circuit.open = false;
    for (int i = 0; i < 200; ++i) {
      now_ += 10'000;
      command(look_text());
      deliver();
    }
  }

  Random random_;
  const int group_wait_;
  std::string directory_;
  std::unique_ptr<Process> process_;
  std::int64_t now_ = 1'000'000;
  std::map<std::string, Circuit> circuits_;
  std::map<std::string, bool> dead_;
  std::map<std::string, std::string> messages_;  ///< by channel and id
  /// Channel → incident → telling → ids of messages.
  std::map<std::string, std::map<std::string, std::map<std::string, std::set<std::string>>>> told_;
  std::vector<std::string> wrong_;
  bool healing_ = false;
  bool full_ = false;  ///< the disk: the process is not killed
  int full_disks_ = 0;
  int restarts_ = 0;
};

class Schedules : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Schedules, TellEachIncidentOnceToEachChannelWhenItFiresAndWhenItIsResolved) {
  int restarts = 0;
  int full_disks = 0;
  std::size_t tellings = 0;
  for (std::uint64_t seed = GetParam(); seed < GetParam() + 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Schedule schedule{seed};
    schedule.run();
    schedule.check();
    restarts += schedule.restarts();
    full_disks += schedule.full_disks();
    tellings += schedule.tellings();
    if (HasFailure()) return;
  }
  RecordProperty("restarts", restarts);
  EXPECT_GT(restarts, 100) << "they are meant to be killed";
  EXPECT_GT(full_disks, 25);
  EXPECT_GT(tellings, 500U);
}

INSTANTIATE_TEST_SUITE_P(From, Schedules, testing::Values(1, 51, 101, 151));

}  // namespace
}  // namespace switchgear::wire
