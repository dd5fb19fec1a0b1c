#include "switchgear/striped/exchanged.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace switchgear {
namespace {

/// Wide enough to be torn.
struct Wide {
  std::uint64_t first = 0;
  std::uint64_t others[6] = {};
  std::uint32_t last = 0;
};

Wide all_of(std::uint64_t number) {
  Wide made{number, {}, static_cast<std::uint32_t>(number)};
  for (std::uint64_t& each : made.others) each = number;
  return made;
}

TEST(Exchanged, IsReadWholeAndNeverAsAnEarlierValue) {
  Exchanged<Wide> shared{all_of(0)};
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::atomic<int> backwards{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      std::uint64_t latest = 0;
      while (!stop) {
        const Wide seen = shared.get();
        for (const std::uint64_t each : seen.others) torn += each != seen.first ? 1 : 0;
        torn += seen.last != static_cast<std::uint32_t>(seen.first) ? 1 : 0;
        backwards += seen.first < latest ? 1 : 0;
        latest = seen.first;
      }
    });
  }
  for (std::uint64_t number = 1; number <= 100'000; ++number) shared.set(all_of(number));
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(backwards, 0);
  EXPECT_EQ(shared.get().first, 100'000U);
}

}  // namespace
}  // namespace switchgear
