// Twenty processes with a dying dependency and a real Redis; the clocks of some are an hour off.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <thread>

#include "switchgear/redis/fleet_fixture.hpp"

namespace switchgear::redis {
namespace {

constexpr std::size_t most_members = 20;
constexpr int permitted = 2;
constexpr auto slot_length = 10ms;

/// What the processes share with the test: the dependency, and what each member shows.
struct Stage {
  struct Member {
    std::atomic<bool> calls, bad_path;                // set by the test
    std::atomic<bool> ready, closed, advised, fresh;  // set by the member
    std::atomic<Duration::rep> opened_at;             // 0: never
    std::atomic<std::int64_t> wall;                   // its clock, in seconds
    std::atomic<std::uint64_t> refused_for_fleet, openings;
  };
  std::atomic<bool> works, over;
  std::atomic<Duration::rep> began;
  std::atomic<std::uint64_t> reached, epoch;
  std::atomic<std::uint64_t> voters, down;               // as the store has them
  std::array<std::atomic<std::uint32_t>, 12'000> slots;  // calls that reached the dependency, by when
  std::array<Member, most_members> members;

  void reach() {
    ++reached;
    const auto slot = static_cast<std::size_t>((TestMember::now() - time_of(began)) / slot_length);
    if (slot < slots.size()) ++slots[slot];
  }
  [[nodiscard]] std::size_t slot_now() const {
    return static_cast<std::size_t>((TestMember::now() - time_of(began)) / slot_length);
  }
  /// Calls in `length` slots from there on.
  [[nodiscard]] std::uint64_t calls(std::size_t from, std::size_t length) const {
    std::uint64_t sum = 0;
    for (std::size_t i = from; i < std::min(from + length, slots.size()); ++i) sum += slots[i];
    return sum;
  }
};

/// The stage in a file that the processes map.
class SharedStage {
 public:
  explicit SharedStage(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (::ftruncate(file, sizeof(Stage)) != 0) throw std::runtime_error("no room for the stage");
    void* const at = ::mmap(nullptr, sizeof(Stage), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (at == MAP_FAILED) throw std::runtime_error("no stage");
    stage_ = static_cast<Stage*>(at);
  }
  SharedStage(const SharedStage&) = delete;
  SharedStage& operator=(const SharedStage&) = delete;
  ~SharedStage() { ::munmap(stage_, sizeof(Stage)); }
  Stage* operator->() const { return stage_; }

 private:
  Stage* stage_;
};

CircuitBreakerOptions policy() {
  CircuitBreakerOptions options = test_breaker();
  options.open_duration = 1s;
  options.half_open.permitted_calls = permitted;
  return options;
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// The program of one process: a hundred calls a second, as long as the test wants it to call.
void run_member() {
  const SharedStage stage(variable("FLEET_STAGE"));
  Stage::Member& shown = stage->members.at(std::stoul(variable("FLEET_NUMBER")));
  Address address;
  address.host = "127.0.0.1";
  address.port = static_cast<std::uint16_t>(std::stoul(variable("FLEET_PORT")));
  BreakerRegistry registry({TestMember::now(), std::chrono::system_clock::now()}, 1);
  const auto breaker = registry.get_or_create("payment", policy(), TestMember::now());
  FleetOptions options = test_fleet(address);
  options.fresh = 2s;
  options.interval = 400ms;
  const Fleet fleet(registry, options);
  shown.wall = std::time(nullptr);
  for (int turn = 0; !stage->over; ++turn) {
    const TimePoint now = TestMember::now();
    if (shown.calls) {
      auto permit = breaker->try_acquire(now);
      if (permit) {
        stage->reach();
        std::move(*permit).record(stage->works && !shown.bad_path ? Verdict::success : Verdict::failure, now);
      } else if (permit.rejection().reason == Reason::fleet_open) {
        ++shown.refused_for_fleet;
      }
    }
    const BreakerSnapshot seen = breaker->snapshot(now);
    shown.closed = seen.state == State::closed;
    shown.advised = seen.advised;
    shown.openings = seen.totals.opened;
    if (seen.state != State::closed && shown.opened_at == 0) shown.opened_at = ticks_of(now);
    if (seen.state == State::closed) shown.opened_at = 0;
    if (turn % 5 == 0) {
      const bool first = &shown == &stage->members.front();
      const FleetStatus status = fleet.status(first ? FleetDetail::voters : FleetDetail::circuits);
      if (!status.circuits.empty()) {
        const FleetView& view = status.circuits.front().view;
        shown.fresh = status.circuits.front().fresh;
        if (first) {
          stage->epoch = view.epoch;
          stage->voters = view.voters.size();
          stage->down =
              static_cast<std::uint64_t>(std::ranges::count(view.voters, FleetVote::yes, &FleetVoter::vote));
        }
      }
    }
    shown.ready = true;
    std::this_thread::sleep_for(slot_length);  // no call is made up for
  }
}

/// A process that a test has started runs its program, and no test.
class InPlaceOfTests final : public ::testing::Environment {
  void SetUp() override {
    if (variable("FLEET_STAGE").empty()) return;
    run_member();
    std::_Exit(0);
  }
};
[[maybe_unused]] const auto* const in_place_of_tests =
    ::testing::AddGlobalTestEnvironment(new InPlaceOfTests);

bool has_wrong_clock(std::size_t member) {
  return member % 5 == 4 && std::filesystem::exists("/usr/bin/faketime");
}

class FleetProcesses : public ::testing::Test {
 protected:
  FleetProcesses() {
    std::array<char, 4096> self{};
    const ssize_t size = ::readlink("/proc/self/exe", self.data(), self.size());
    for (std::size_t i = 0; i < most_members; ++i) {
      std::vector<std::string> words{
          "/usr/bin/env", "FLEET_STAGE=" + path, "FLEET_NUMBER=" + std::to_string(i),
          "FLEET_PORT=" + std::to_string(server.port()), "FAKETIME_DONT_FAKE_MONOTONIC=1"};
      if (has_wrong_clock(i))
        words.insert(words.end(), {"/usr/bin/faketime", "-f", i % 2 == 0 ? "+1h" : "-1h"});
      words.emplace_back(self.data(), static_cast<std::size_t>(size));
      words.emplace_back("--gtest_filter=FleetProcesses.*");
      processes.push_back(std::make_unique<house::Program>(words));
    }
  }
  ~FleetProcesses() override {
    stage->over = true;
    for (auto& process : processes) EXPECT_EQ(process->wait(10s), 0) << process->output();
    std::filesystem::remove(path);
  }

  template <class Holds>
  bool all(Holds holds) const {
    return std::all_of(stage->members.begin(), stage->members.end(), holds);
  }
  bool all_closed() const {
    return all([](const Stage::Member& member) { return member.closed && !member.advised; });
  }
  /// When so many members had opened.
  TimePoint opened(std::size_t count) const {
    std::vector<Duration::rep> at;
    for (const auto& member : stage->members) {
      if (member.opened_at != 0) at.push_back(member.opened_at);
    }
    std::sort(at.begin(), at.end());
    return at.size() < count ? TimePoint::max() : time_of(at[count - 1]);
  }

  const std::string path =
      (std::filesystem::temp_directory_path() / ("switchgear-fleet-" + std::to_string(::getpid()))).string();
  const RedisServer server;
  const SharedStage stage{path};
  std::vector<std::unique_ptr<house::Program>> processes;
};

TEST_F(FleetProcesses, TwentyOpenProbeAndRecoverTogether) {
  constexpr std::size_t calling = 12, quorum = calling / 2;
  stage->began = ticks_of(TestMember::now());
  stage->works = true;
  for (std::size_t i = 0; i < calling; ++i) stage->members[i].calls = true;
  ASSERT_TRUE(
      soon([&] { return all([](const auto& member) { return member.ready && member.fresh; }); }, 60s));

  for (std::size_t i = 0; i < most_members; ++i) {
    const auto off = std::abs(stage->members[i].wall - std::time(nullptr));
    EXPECT_EQ(off > 3000, has_wrong_clock(i)) << i << " is " << off << " s off";
  }

  // A process whose own path is broken opens for itself alone.
  stage->members[0].bad_path = true;
  ASSERT_TRUE(soon([&] { return stage->members[0].openings >= 2; }, 20s));
  for (std::size_t i = 1; i < most_members; ++i) EXPECT_EQ(stage->members[i].refused_for_fleet, 0U) << i;
  stage->members[0].bad_path = false;
  ASSERT_TRUE(soon([&] { return all_closed(); }, 20s));
  ASSERT_TRUE(soon([&] { return stage->voters > 0 && stage->down == 0; })) << "its openings are votes still";

  // The dependency dies.
  stage->works = false;
  const auto refuse = [](const Stage::Member& member) { return member.advised || !member.closed; };
  ASSERT_TRUE(soon([&] { return opened(quorum) != TimePoint::max(); }, 20s));
  const TimePoint agreed = opened(quorum);
  ASSERT_TRUE(soon([&] { return all(refuse); }, 20s));
  const Duration opening = TestMember::now() - agreed;
  EXPECT_LT(opening, 2s) << "from a quorum of openings to refusals by all, of which eight have not called";

  // All call it now; only the probes get there.
  for (auto& member : stage->members) member.calls = true;
  ASSERT_TRUE(soon([&] { return stage->epoch > 0; }));
  const std::uint64_t before = stage->reached, epoch = stage->epoch;
  ASSERT_TRUE(soon([&] { return stage->epoch >= epoch + 3; }, 30s));
  const std::uint64_t probes = stage->reached - before, openings = stage->epoch - epoch + 1;
  EXPECT_LE(probes, openings * permitted);

  // It is back.
  const std::size_t back = stage->slot_now();
  const TimePoint up = TestMember::now();
  stage->works = true;
  ASSERT_TRUE(soon([&] { return all_closed(); }, 20s));
  const Duration recovery = TestMember::now() - up;
  EXPECT_LT(recovery, 10s);
  constexpr std::size_t half_second = 50;
  const std::uint64_t then = stage->reached;
  ASSERT_TRUE(soon([&] { return stage->reached >= then + most_members * (200 + 5); }, 30s));
  const std::size_t end = stage->slot_now();
  std::uint64_t peak = 0;
  for (std::size_t at = back; at + half_second < end; ++at)
    peak = std::max(peak, stage->calls(at, half_second));
  // What is usual shows in two seconds in which other programs leave them the processor.
  double steady = 0;
  EXPECT_TRUE(soon(
      [&] {
        steady = static_cast<double>(stage->calls(stage->slot_now() - 201, 200)) / 4;
        return static_cast<double>(peak) <= 1.3 * steady;
      },
      20s))
      << "a herd: " << peak << " calls in half a second, and usually " << steady;
  const auto milliseconds = [](Duration length) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(length).count());
  };
  RecordProperty("open_after_quorum_ms", milliseconds(opening));
  RecordProperty("recovery_ms", milliseconds(recovery));
  RecordProperty("probes_per_opening",
                 std::to_string(static_cast<double>(probes) / static_cast<double>(openings)));
  RecordProperty("peak_to_steady", std::to_string(static_cast<double>(peak) / steady));
}

}  // namespace
}  // namespace switchgear::redis
