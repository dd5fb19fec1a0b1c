#include "switchgear/observe/diagnosis/onset.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "switchgear/observe/figures/sums.hpp"

namespace switchgear {

namespace {

constexpr std::chrono::minutes looked_back{10};

struct Point {
  figures::Wall from{};
  double bad = 0;
};

std::vector<Point> points_of(const figures::Opening& opening, std::span<const CircuitSample> samples) {
  const bool slow = opening.why.rule == Rule::slow_call || opening.why.rule == Rule::latency;
  std::vector<Point> points;
  for (const CircuitSample& each : samples) {
    const std::uint64_t calls = figures::judged_in(each);
    if (calls == 0 || each.from > opening.why.wall) continue;
    if (figures::end_of(each) <= opening.why.wall - looked_back) continue;
    const std::uint64_t bad = slow ? each.slow : figures::failures_in(each);
    points.push_back({each.from, std::min(1.0, static_cast<double>(bad) / static_cast<double>(calls))});
  }
  return points;
}

}  // namespace

std::optional<Onset> onset_of(const figures::Opening& opening, std::span<const CircuitSample> samples) {
  const std::vector<Point> points = points_of(opening, samples);
  if (points.size() < 3) return std::nullopt;
  const double worst = std::ranges::max(points, {}, &Point::bad).bad;
  if (worst == 0) return std::nullopt;
  std::optional<std::size_t> quiet;
  std::optional<std::size_t> bad;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].bad <= worst / 4 && i + 1 < points.size()) {
      quiet = i;
      bad.reset();
    } else if (quiet && !bad && points[i].bad >= worst * 0.8) {
      bad = i;
    }
  }
  if (!quiet || !bad) return std::nullopt;
  Onset onset;
  onset.kind = *bad - *quiet <= 2 ? Onset::Kind::spike : Onset::Kind::slope;
  onset.began = points[*quiet + 1].from;
  onset.over = WallAnchor::between(points[*quiet].from, points[*bad].from);
  onset.before = points[*quiet].bad;
  onset.after = points[*bad].bad;
  return onset;
}

}  // namespace switchgear
