// An opening that outlives its process.
//
// A program calls a service that fails, its breaker opens, and the program ends (here: a child process). When
// it is started again, it reads what it has saved, and goes on refusing for the rest of the time.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "switchgear/switchgear.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

WallAnchor both_clocks() { return {SteadyTime::now(), std::chrono::system_clock::now()}; }

/// As a whole or not at all: a process that dies while it writes, or a full disk, leaves the file of before.
void save(const BreakerRegistry& registry, const fs::path& file) {
  const fs::path next = file.string() + ".next";
  std::ofstream out{next};
  out << to_text(registry.save(both_clocks()));
  out.close();
  if (!out) return std::printf("nothing saved: %s cannot be written\n", next.c_str()), void();
  fs::rename(next, file);
}

void restore(BreakerRegistry& registry, const fs::path& file) {
  std::ifstream in{file};
  if (!in) return std::puts("nothing is saved yet"), void();
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  const SavedBreakersRead saved = read_saved_breakers(text);
  if (!saved.problem.empty()) return std::printf("nothing restored: %s\n", saved.problem.c_str()), void();
  registry.restore(saved.breakers, both_clocks());
}

/// The program: makes its breakers, restores them, works, saves.
void run(const fs::path& file) {
  BreakerRegistry registry{both_clocks(), /*seed*/ 7};
  CircuitBreakerOptions options;
  options.consecutive_failures = 3;
  options.open_duration = 1min;
  const auto stock = registry.get_or_create("stock", options, SteadyTime::now());
  restore(registry, file);

  int made = 0;
  int failed = 0;
  for (int i = 0; i < 5; ++i) {
    try {
      static_cast<void>(try_call(*stock, [&]() -> int {
        ++made;
        throw std::runtime_error{"out of order"};
      }));
    } catch (const std::runtime_error&) {
      ++failed;
    }
  }
  const std::string state{to_string(stock->state())};
  std::printf("of 5 calls %d were made, %d failed; the breaker is %s\n", made, failed, state.c_str());
  save(registry, file);
}

}  // namespace

int main() {
  const fs::path file = fs::temp_directory_path() / ("switchgear-example-" + std::to_string(::getpid()));
  std::puts("the first start:");
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    run(file);
    std::fflush(stdout);
    ::_exit(0);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) return 1;
  std::puts("the second start:");
  run(file);
  fs::remove(file);
  return 0;
}
