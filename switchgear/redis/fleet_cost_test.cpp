// What a fleet of ten thousand members asks of Redis, measured for each operation: the table of
// docs/fleet.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "switchgear/redis/fleet_store_fixture.hpp"

namespace switchgear::redis {
namespace {

constexpr int members = 10'000;

std::string member(int number) {
  return "gateway-" + std::to_string(number) + "~0123456789abcdef0123456789abcdef";
}

/// Microseconds of Redis's own time for each script, as it counts them.
class Costs {
 public:
  explicit Costs(Circuit& circuit) : circuit_(circuit) {}

  template <class Ask>
  double of(int times, Ask ask) {
    (void)circuit_.raw({"CONFIG", "RESETSTAT"});
    for (int i = 0; i < times; ++i) ask(i);
    const std::string traffic = circuit_.raw({"INFO", "stats"}).text;
    in_ = figure(traffic, "total_net_input_bytes:") / times;
    out_ = figure(traffic, "total_net_output_bytes:") / times;
    const std::string stats = circuit_.raw({"INFO", "commandstats"}).text;
    return figure(stats.substr(stats.find("cmdstat_evalsha:")), "usec_per_call=");
  }
  /// Bytes of the last ones, each.
  [[nodiscard]] double in() const { return in_; }
  [[nodiscard]] double out() const { return out_; }

 private:
  static double figure(const std::string& text, const std::string& name) {
    return std::stod(text.substr(text.find(name) + name.size()));
  }

  Circuit& circuit_;
  double in_ = 0, out_ = 0;
};

TEST(FleetCost, OfEachOperationWithTenThousandMembers) {
  Circuit circuit;
  circuit.by_digest = true;
  Costs costs(circuit);
  int seq = 1;
  const double first = costs.of(members, [&](int i) { (void)circuit.vote(member(i), seq, 'n', 0); });
  const double again = costs.of(members, [&](int i) { (void)circuit.vote(member(i), seq + 1, 'n', 0); });
  std::printf("a vote: %.0f bytes there, %.0f back\n", costs.in(), costs.out());
  const double pull = costs.of(members, [&](int) { (void)circuit.pull(0); });
  std::printf("a pull: %.0f bytes there, %.0f back\n", costs.in(), costs.out());
  const double detail = costs.of(10, [&](int) { (void)circuit.pull(0, true); });  // as for GET /fleet
  const auto bytes = [&](const char* key) {
    return circuit.raw({"MEMORY", "USAGE", key, "SAMPLES", "0"}).integer;
  };
  const std::int64_t votes_bytes = bytes("{sg:t:c}:votes"), fleet_bytes = bytes("{sg:t:c}:fleet");

  // All find it down within a second: each count reads all votes, and none comes within 200 ms of another.
  int open_after = 0;
  const auto began = std::chrono::steady_clock::now();
  const double down = costs.of(1, [&](int) {
    for (int i = 0; i < members && open_after == 0; ++i) {
      if (is_open(circuit.vote(member(i), seq + 2, 'y', 0))) open_after = i + 1;
    }
  });
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(open_after, members / 2);
  std::printf(
      "vote %.1f us (the first %.1f), pull %.1f us, with votes %.0f us, vote for down %.1f us on average\n"
      "votes %lld bytes, circuit %lld bytes, open after %d votes, %lld ms\n",
      again, first, pull, detail, down, static_cast<long long>(votes_bytes),
      static_cast<long long>(fleet_bytes), open_after,
      static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  EXPECT_LT(again, 500) << "microseconds; a vote takes constant time";
  EXPECT_LT(pull, 500);
  EXPECT_LT(down, 1'000) << "counts do not come with each vote";
  EXPECT_LT(votes_bytes / members, 250);
  EXPECT_LT(fleet_bytes, 2'000);
}

}  // namespace
}  // namespace switchgear::redis
