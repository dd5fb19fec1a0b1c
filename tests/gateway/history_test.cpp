// What an operator may rely on to find in the history after a crash, on a bad disk, in a wrong file.
#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json/parse.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

/// Removed, and unmounted, at the end.
class Place {
 public:
  Place() {
    std::string made = (std::filesystem::temp_directory_path() / "switchgear-history-XXXXXX").string();
    if (::mkdtemp(made.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
    path_ = made;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    ::chmod(path_.c_str(), S_IRWXU);
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  /// A disk of its own; false where this process may not mount one.
  [[nodiscard]] bool mount(const char* options) {
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, options) == 0;
    return mounted_;
  }
  [[nodiscard]] std::string file(const std::string& name = "history.db") const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

std::string content_of(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

class GatewayHistory : public testing::Test {
 protected:
  [[nodiscard]] std::string config(const std::string& file) const {
    return config_text({{"shop", upstream.port(), "/", "guarded"}},
                       "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 3, open_duration: "
                       "60s}}\n") +
           "history: {resolution: 1s, max_size: 8MiB" + (file.empty() ? "" : ", file: \"" + file + "\"") +
           "}\n";
  }
  /// Opens the breaker by hand, or closes it.
  static void turn(const GatewayProcess& gateway, bool open) {
    (void)gateway.admin("POST", std::string{"/circuit-breakers/shop/"} + (open ? "force-open" : "reset"));
  }
  static json::value past_of(const GatewayProcess& gateway, const std::string& query = "name=shop") {
    Message answer;
    EXPECT_TRUE(eventually([&] {  // a busy machine may hold the history's thread up
      answer = gateway.admin("GET", "/history?" + query);
      return answer.status() != 503;
    }));
    return json::parse(answer.body);
  }
  /// When each transition of the last hour was.
  static std::multiset<std::string> transitions(const GatewayProcess& gateway) {
    std::multiset<std::string> found;
    const json::value past = past_of(gateway);
    const json::value* all = past.as_object().if_contains("transitions");
    if (all == nullptr) return found;  // no circuit of that name yet
    for (const json::value& each : all->as_array())
      found.insert(std::string{each.at("at").as_string()} + " " + std::string{each.at("to").as_string()});
    return found;
  }
  static std::uint64_t calls(const GatewayProcess& gateway) {
    std::uint64_t sum = 0;
    const json::value past = past_of(gateway);
    const json::value* all = past.as_object().if_contains("samples");
    if (all == nullptr) return 0;
    for (const json::value& each : all->as_array())
      sum += each.at("successes").to_number<std::uint64_t>() + each.at("failures").to_number<std::uint64_t>();
    return sum;
  }

  std::atomic<unsigned> status{200};
  Upstream upstream{Upstream::answering([this](const Message&) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n";
  })};
  Place place;
};

TEST_F(GatewayHistory, ShowsWhatCallsDidAndWhyTheBreakerOpened) {
  const GatewayProcess gateway{config("")};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(gateway.get("/").status(), 200U);
  status = 503;
  for (int i = 0; i < 4; ++i) (void)gateway.get("/");
  const json::value past = past_of(gateway);
  ASSERT_EQ(past.at("transitions").as_array().size(), 1U) << "at once";
  EXPECT_EQ(past.at("transitions").as_array()[0].at("rule"), "consecutive_failures");
  EXPECT_EQ(past.at("transitions").as_array()[0].at("value"), 3);
  EXPECT_TRUE(eventually([&] { return calls(gateway) == 8; })) << "with the next sample";
  std::uint64_t rejected = 0;
  const json::value later = past_of(gateway);
  for (const json::value& each : later.at("samples").as_array())
    rejected += each.at("rejected").to_number<std::uint64_t>();
  EXPECT_EQ(rejected, 1U);
  turn(gateway, false);
  json::value commands;
  ASSERT_TRUE(eventually([&] {
    commands = past_of(gateway).at("commands");
    return commands.as_array().size() == 1;
  }));
  EXPECT_EQ(commands.at(0).at("command"), "reset");
  EXPECT_EQ(commands.at(0).at("client"), "127.0.0.1");
  EXPECT_EQ(commands.at(0).at("result"), "done");
  EXPECT_EQ(past_of(gateway, "").at("circuits"), json::array{"shop"});
  EXPECT_EQ(gateway.admin("GET", "/history?name=shop&from=yesterday").status(), 400U);
  EXPECT_EQ(gateway.admin("GET", "/history?nmae=shop").status(), 400U);
  EXPECT_NE(gateway.admin("GET", "/metrics").body.find("switchgear_history_in_memory 1\n"),
            std::string::npos);
}

TEST_F(GatewayHistory, CountsEachArmOfASplitByItselfWithABreakerOrWithout) {
  const GatewayProcess gateway{
      config_text({{"shop", upstream.port(), "/", "plain",
                    ", experiment: {split: {guarded: 0.5, by: {header: x-user}}}"},
                   {"cart", upstream.port(), "/cart/", "guarded",
                    ", experiment: {split: {plain: 0.5, by: {header: x-user}}}"}},
                  "  guarded: {timeout: 60s, circuit_breaker: {consecutive_failures: 1000}}\n") +
      "history: {resolution: 1s, max_size: 8MiB}\n"};
  const auto ask = [&](const char* path) {
    for (int i = 0; i < 20; ++i) {
      status = i % 4 == 0 ? 503 : 200;
      (void)gateway.get(path, "x-user: user-" + std::to_string(i) + "\r\n");
    }
  };
  ask("/");
  ask("/cart/");
  const auto counted = [&](const std::string& name, std::uint64_t& failures) {
    std::uint64_t calls = 0, timed = 0;
    failures = 0;
    const json::value past = past_of(gateway, "name=" + name);
    const json::value* all = past.as_object().if_contains("samples");
    if (all == nullptr) return std::uint64_t{0};
    for (const json::value& each : all->as_array()) {
      const auto failed = each.at("failures").to_number<std::uint64_t>();
      failures += failed;
      calls += failed + each.at("successes").to_number<std::uint64_t>();
      timed += each.at("latency").is_null() ? 0U : 1U;
    }
    EXPECT_TRUE(calls == 0 || timed != 0) << name;
    return calls;
  };
  for (const auto& [current, candidate] :
       {std::pair{"shop", "shop%2Fguarded"}, std::pair{"cart", "cart%2Fplain"}}) {
    std::uint64_t failed = 0, others_failed = 0;
    EXPECT_TRUE(eventually([&, current = current, candidate = candidate] {
      const std::uint64_t calls = counted(current, failed), others = counted(candidate, others_failed);
      return calls != 0 && others != 0 && calls + others == 20 && failed + others_failed == 5;
    })) << current;
  }
}

TEST_F(GatewayHistory, IsThereAfterARestart) {
  {
    GatewayProcess gateway{config(place.file())};
    for (int i = 0; i < 7; ++i) (void)gateway.get("/");
    turn(gateway, true);
    ASSERT_TRUE(eventually([&] { return calls(gateway) == 7; }));
    gateway.signal(SIGTERM);
    EXPECT_EQ(gateway.wait_for_exit(), 0);
  }
  const GatewayProcess gateway{config(place.file())};
  EXPECT_EQ(transitions(gateway).size(), 1U);
  EXPECT_EQ(calls(gateway), 7U);
}

TEST_F(GatewayHistory, LosesNothingThatItHasShownThoughItIsKilledAtAnyInstant) {
  std::mt19937 random{20260301};
  std::multiset<std::string> shown;
  for (int round = 0; round < 15; ++round) {
    GatewayProcess gateway{config(place.file())};
    std::atomic<bool> stop{false};
    std::thread operating{[&] {
      for (int i = 0; !stop; ++i) turn(gateway, i % 2 == 0);
    }};
    const auto seen = transitions(gateway);
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), shown.begin(), shown.end())) << "round " << round;
    EXPECT_TRUE(eventually([&] {
      shown = transitions(gateway);
      return shown.size() > seen.size();
    }));
    for (unsigned looks = random() % 8; looks > 0; --looks) shown = transitions(gateway);
    gateway.signal(SIGKILL);
    stop = true;
    operating.join();
    EXPECT_EQ(gateway.wait_for_exit(), -SIGKILL);
    EXPECT_EQ(gateway.log().find("history"), std::string::npos) << "nothing to complain of";
  }
  EXPECT_GT(shown.size(), 10U);
  SQLite::Database database{place.file(), SQLite::OPEN_READWRITE};
  EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
}

/// Operates the breaker until the log has the text. False when patience ends.
class DiskTest : public GatewayHistory {
 protected:
  bool operate_until_log_has(const GatewayProcess& gateway, const std::string& text) {
    return eventually([&] {
      turn(gateway, changes_++ % 2 == 0);
      return gateway.log().find(text) != std::string::npos;
    });
  }
  /// The disk of `gateway` takes nothing more from here on.
  void expect_that_it_serves_on_and_loses_nothing(GatewayProcess& gateway,
                                                  const std::function<void()>& make_room) {
    ASSERT_TRUE(operate_until_log_has(gateway, "cannot be written"));
    EXPECT_EQ(gateway.admin("GET", "/livez").status(), 200U);
    turn(gateway, false);
    EXPECT_EQ(gateway.get("/").status(), 200U);
    const auto shown = transitions(gateway);
    EXPECT_GT(shown.size(), 0U) << "what is only in memory too";
    make_room();
    ASSERT_TRUE(operate_until_log_has(gateway, "can be written again; 0 lines were lost"));
    EXPECT_EQ(gateway.log().find("cannot be written"), gateway.log().rfind("cannot be written"))
        << "said once";
    const auto all = transitions(gateway);
    EXPECT_TRUE(std::includes(all.begin(), all.end(), shown.begin(), shown.end()));
    gateway.signal(SIGKILL);
    (void)gateway.wait_for_exit();
    const GatewayProcess again{config(place.file())};
    const auto kept = transitions(again);
    EXPECT_TRUE(std::includes(kept.begin(), kept.end(), all.begin(), all.end()));
  }

  int changes_ = 0;
};

TEST_F(DiskTest, AFullDiskIsSaidOnceAndWhatWaitsIsWrittenWhenThereIsRoom) {
  if (!place.mount("size=16m")) GTEST_SKIP() << "this process may not mount a small disk";
  GatewayProcess gateway{config(place.file())};
  std::ofstream ballast{place.file("ballast")};
  ballast << std::string(std::size_t{32} * 1024 * 1024, 'x');
  ballast.close();
  expect_that_it_serves_on_and_loses_nothing(gateway,
                                             [&] { std::filesystem::remove(place.file("ballast")); });
}

TEST_F(DiskTest, AFileThatMayNotGrowIsLikeAFullDiskAndNotTheEndOfTheProcess) {
  GatewayProcess gateway{config(place.file())};
  ASSERT_TRUE(eventually([&] { return !past_of(gateway, "").at("circuits").as_array().empty(); }));
  constexpr rlim_t small = 150'000;
  const rlimit limited{small, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(gateway.pid(), RLIMIT_FSIZE, &limited, nullptr), 0);
  expect_that_it_serves_on_and_loses_nothing(gateway, [&] {
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    EXPECT_EQ(::prlimit(gateway.pid(), RLIMIT_FSIZE, &unlimited, nullptr), 0);
  });
}

TEST_F(DiskTest, AFolderThatCannotBeWrittenIsSaidAndTheHistoryIsKeptInMemory) {
  const std::string file = "/proc/history.db";  // where root cannot write either
  const GatewayProcess gateway{config(file)};
  turn(gateway, true);
  EXPECT_EQ(transitions(gateway).size(), 1U);
  EXPECT_TRUE(gateway.logs("error history: " + file +
                           " cannot be used: unable to open database file; the history is kept in memory, "
                           "and the file is tried again and again\n"))
      << gateway.log();
}

TEST_F(GatewayHistory, AFileOfSomebodyElseIsLeftAsItIs) {
  std::ofstream{place.file()} << "this is a letter, and nobody wants it overwritten\n";
  const std::string letter = content_of(place.file());
  {
    const GatewayProcess gateway{config(place.file())};
    turn(gateway, true);
    EXPECT_EQ(transitions(gateway).size(), 1U) << "in memory";
    EXPECT_TRUE(gateway.logs("cannot be used: it is not a database")) << gateway.log();
    EXPECT_EQ(gateway.get("/").status(), 503U);
  }
  EXPECT_EQ(content_of(place.file()), letter);
}

TEST_F(GatewayHistory, ABrokenFileIsMovedAsideAndANewOneBegun) {
  {
    const GatewayProcess gateway{config(place.file())};
    for (int i = 0; i < 300; ++i) turn(gateway, i % 2 == 0);
    EXPECT_EQ(transitions(gateway).size(), 300U);
  }
  std::string broken = content_of(place.file());
  for (std::size_t at = 4096; at < broken.size(); ++at) broken[at] = static_cast<char>(broken[at] ^ 0x5A);
  std::ofstream{place.file(), std::ios::binary} << broken;
  const GatewayProcess gateway{config(place.file())};
  turn(gateway, true);
  EXPECT_EQ(transitions(gateway).size(), 1U);
  EXPECT_TRUE(gateway.logs("error history: " + place.file() + " was broken; it is now " + place.file() +
                           ".corrupt, and a new one has begun\n"))
      << gateway.log();
  EXPECT_EQ(content_of(place.file("history.db.corrupt")), broken);
}

TEST_F(GatewayHistory, TwoGatewaysDoNotWriteToOneFile) {
  const GatewayProcess first{config(place.file())};
  EXPECT_TRUE(transitions(first).empty());
  const GatewayProcess second{config(place.file())};
  turn(second, true);
  EXPECT_TRUE(eventually([&] { return transitions(second).size() == 1; }));
  EXPECT_TRUE(second.logs("cannot be used: another process uses it")) << second.log();
  EXPECT_TRUE(transitions(first).empty());
}

TEST_F(GatewayHistory, AReloadSaysThatAChangeTakesEffectAfterARestart) {
  const GatewayProcess gateway{config("")};
  gateway.rewrite(config(place.file()));
  EXPECT_NE(
      gateway.admin("POST", "/reload").body.find("history and telemetry.otlp take effect after a restart"),
      std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(place.file()));
}

}  // namespace
}  // namespace switchgear::wire
