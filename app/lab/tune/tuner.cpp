#include "app/lab/tune/tuner.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "app/lab/tune/search_space.hpp"
#include "switchgear/core/random.hpp"

namespace switchgear::lab {

namespace {

constexpr double searched_share = 0.7;
constexpr std::size_t spread_points = 256;
constexpr std::size_t refined_points = 6;
constexpr double first_step = 0.2, last_step = 0.02;
constexpr std::size_t chosen_from = 24;
constexpr double neighbour = 0.04;

/// How long the first `count` calls are being made: of a longer time without any, `most` counts.
Duration length_of(const Calls& calls, std::size_t count, Duration most) {
  Duration length{};
  for (std::size_t i = 1; i < count; ++i) length += std::min(calls[i].at - calls[i - 1].at, most);
  return length;
}

/// Ten seconds, or less of a short trace.
Duration block_length(const Calls& calls) {
  const Duration length = length_of(calls, calls.size(), outage_span);
  return std::clamp<Duration>(length / 200, std::chrono::milliseconds{1}, std::chrono::seconds{10});
}

/// Points of which each has, in each dimension, a slice of its own.
std::vector<Point> spread(std::size_t count, Random& random) {
  std::vector<Point> points(count);
  std::vector<std::size_t> slices(count);
  for (std::size_t dimension = 0; dimension < dimensions; ++dimension) {
    std::iota(slices.begin(), slices.end(), std::size_t{0});
    for (std::size_t i = count - 1; i > 0; --i)
      std::swap(slices[i], slices[static_cast<std::size_t>(random.uniform() * static_cast<double>(i + 1))]);
    for (std::size_t i = 0; i < count; ++i)
      points[i][dimension] = (static_cast<double>(slices[i]) + random.uniform()) / static_cast<double>(count);
  }
  return points;
}

class Tuner {
 public:
  Tuner(const CircuitBreakerOptions& current, const Calls& calls, const TuneSettings& settings,
        Progress& progress)
      : base_(current),
        settings_(settings),
        progress_(progress),
        guesses_(guesses(calls)),
        runner_(calls, block_length(calls)),
        searched_(static_cast<std::size_t>(static_cast<double>(runner_.blocks()) * searched_share)),
        most_doubtful_(most_doubtful(calls)),
        until_(Clock::now() + settings.budget) {}

  Tuning run() {
    result_.current = try_options(base_);
    result_.best = result_.current;
    search();
    judge_held_out();
    keep_front();
    return std::move(result_);
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Tried {
    Point point{};
    double cost = 0;
    std::size_t trial = 0;  ///< index in all_
  };

  static std::vector<Unknown> guesses(const Calls& calls) {
    const bool known =
        std::all_of(calls.begin(), calls.end(), [](const RecordedCall& call) { return call.known; });
    return known ? std::vector{Unknown::succeeds} : std::vector{Unknown::succeeds, Unknown::fails};
  }
  [[nodiscard]] double most_doubtful(const Calls& calls) const {
    if (!settings_.doubtful_per_day) return std::numeric_limits<double>::infinity();
    // A day without calls is one in which no breaker opens, and counts; a month is a hole in the trace.
    constexpr std::chrono::hours day{24};
    const Duration length = length_of(calls, runner_.calls_in(searched_), day) + runner_.block();
    return *settings_.doubtful_per_day * (std::chrono::duration<double>{length} / day);
  }

  /// The mean over the guesses about unknown calls.
  Trial try_options(const CircuitBreakerOptions& options) {
    Trial trial{options, {}, 0};
    for (const Unknown guess : guesses_) {
      for (const Tally& tally : runner_.run(options, settings_.seed, guess, searched_))
        trial.searched += tally;
    }
    const auto count = static_cast<double>(guesses_.size());
    Tally& mean = trial.searched;
    mean = {mean.bad_let_through / count, mean.good_refused / count, mean.undetected / count,
            mean.doubtful / count};
    trial.cost = settings_.costs.of(mean);
    if (mean.doubtful > most_doubtful_) trial.cost = std::numeric_limits<double>::infinity();
    ++result_.trials;
    progress_.look(result_.trials);
    return trial;
  }

  double try_point(const Point& point) {
    all_.push_back(try_options(at(point, base_)));
    tried_.push_back({point, all_.back().cost, all_.size() - 1});
    return all_.back().cost;
  }

  [[nodiscard]] bool over() {
    if (Clock::now() >= until_) result_.budget_used_up = true;
    return result_.budget_used_up;
  }

  void search() {
    progress_.begin("policies tried", 0);
    Random random(settings_.seed);
    for (const Point& point : usual_points()) try_unless_over(point);
    for (const Point& point : spread(spread_points, random)) try_unless_over(point);
    sort_tried();
    const std::vector<Tried> begun(tried_.begin(), tried_.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                        refined_points, tried_.size())));
    for (const Tried& each : begun) refine(each);
    choose();
  }

  void try_unless_over(const Point& point) {
    if (!over()) try_point(point);
  }

  void sort_tried() {
    std::stable_sort(tried_.begin(), tried_.end(),
                     [](const Tried& a, const Tried& b) { return a.cost < b.cost; });
  }

  /// A figure that fits the past by chance is good only at one exact value. So what counts is the mean of a
  /// policy and its neighbours; today's is judged by itself.
  void choose() {
    sort_tried();
    double least = result_.current.cost;
    for (std::size_t i = 0; i < std::min(chosen_from, tried_.size()); ++i) {
      const Tried each = tried_[i];
      double sum = each.cost;
      double count = 1;
      for (std::size_t dimension = 0; dimension < dimensions; ++dimension) {
        for (const double by : {neighbour, -neighbour}) {
          if (over()) break;
          Point point = each.point;
          point[dimension] = std::clamp(point[dimension] + by, 0.0, 1.0);
          if (at(point, base_) == all_[each.trial].options) continue;
          sum += try_options(at(point, base_)).cost;
          count += 1;
        }
      }
      if (sum / count >= least) continue;
      least = sum / count;
      result_.best = all_[each.trial];
    }
  }

  void refine(Tried from) {
    for (double step = first_step; step >= last_step;) {
      bool moved = false;
      for (std::size_t dimension = 0; dimension < dimensions; ++dimension) {
        for (const double by : {step, -step}) {
          if (over()) return;
          Point point = from.point;
          point[dimension] = std::clamp(point[dimension] + by, 0.0, 1.0);
          const double cost = try_point(point);
          if (cost >= from.cost) continue;
          from = {point, cost, 0};
          moved = true;
          break;
        }
      }
      if (!moved) step /= 2;
    }
  }

  /// Cost of each block that the search has not seen.
  std::vector<double> held_out_costs(const CircuitBreakerOptions& options, Unknown guess, Tally& sum) {
    const std::vector<Tally> tallies = runner_.run(options, settings_.seed, guess, runner_.blocks());
    std::vector<double> costs;
    for (std::size_t block = searched_; block < tallies.size(); ++block) {
      costs.push_back(settings_.costs.of(tallies[block]));
      sum += tallies[block];
    }
    return costs;
  }

  void judge_held_out() {
    if (result_.best.options == base_ || searched_ == 0) return;
    HeldOut& held_out = result_.held_out;
    result_.better = true;
    for (const Unknown guess : guesses_) {
      Tally current, proposed;
      std::vector<double> saved = held_out_costs(base_, guess, current);
      const std::vector<double> costs = held_out_costs(result_.best.options, guess, proposed);
      for (std::size_t i = 0; i < saved.size(); ++i) saved[i] -= costs[i];
      const Interval interval = bootstrap(saved, run_length(saved.size()), settings_.seed + 1);
      if (guess == guesses_.front() || interval.low < held_out.interval.low) {
        held_out = {current, proposed, std::accumulate(saved.begin(), saved.end(), 0.0), interval};
      }
      result_.better = result_.better && interval.low > 0;
    }
  }

  /// Blocks that belong together: those of the longest outage.
  [[nodiscard]] std::size_t run_length(std::size_t blocks) const {
    Duration longest{};
    for (const Outage& outage : runner_.outages()) longest = std::max(longest, outage.to - outage.from);
    const auto run = static_cast<std::size_t>(longest / runner_.block()) + 1;
    return std::min(run, std::max<std::size_t>(1, blocks / 10));
  }

  void keep_front() {
    std::stable_sort(all_.begin(), all_.end(), [](const Trial& a, const Trial& b) {
      return std::pair(a.searched.bad_let_through, a.searched.good_refused) <
             std::pair(b.searched.bad_let_through, b.searched.good_refused);
    });
    double least_refused = std::numeric_limits<double>::infinity();
    std::vector<Trial> front;
    for (Trial& trial : all_) {
      if (trial.searched.good_refused >= least_refused) continue;
      least_refused = trial.searched.good_refused;
      front.push_back(std::move(trial));
    }
    constexpr std::size_t most = 10;
    const std::size_t kept = std::min(front.size(), most);
    for (std::size_t i = 0; i < kept; ++i)
      result_.front.push_back(std::move(front[kept < 2 ? 0 : i * (front.size() - 1) / (kept - 1)]));
  }

  const CircuitBreakerOptions base_;
  const TuneSettings& settings_;
  Progress& progress_;
  const std::vector<Unknown> guesses_;
  CourseRunner runner_;
  const std::size_t searched_;  ///< blocks
  const double most_doubtful_;
  const Clock::time_point until_;
  std::vector<Trial> all_;
  std::vector<Tried> tried_;
  Tuning result_;
};

}  // namespace

double Costs::of(const Tally& tally) const noexcept {
  return bad_let_through * tally.bad_let_through + good_refused * tally.good_refused +
         undetected_second * tally.undetected + doubtful_opening * tally.doubtful;
}

Tuning tune(const CircuitBreakerOptions& current, const Calls& calls, const TuneSettings& settings,
            Progress& progress) {
  return Tuner(current, calls, settings, progress).run();
}

}  // namespace switchgear::lab
