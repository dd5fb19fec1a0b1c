#include "app/serve/figure_board.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "switchgear/telemetry/figure_metrics.hpp"

namespace switchgear::serve {

namespace {

constexpr int share_of_core = 50;  // one part works, the others rest

[[nodiscard]] TimePoint now() { return std::chrono::steady_clock::now(); }

}  // namespace

FigureBoard::FigureBoard(const BreakerRegistry& registry, admin::Program program)
    : registry_(registry),
      program_(std::move(program)),
      circuits_(registry, program_, std::chrono::system_clock::now()),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

void FigureBoard::add_metrics(telemetry::MetricFamilies& to) const {
  const std::lock_guard lock{mutex_};
  asked_ = now();
  changed_.notify_all();
  for (const auto& [circuit, seen] : seen_) {
    if (*asked_ - seen.at <= too_old) telemetry::add_figures(to, circuit, seen.figures);
  }
}

void FigureBoard::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock{mutex_};
      const auto wanted = [this] { return asked_ && now() - *asked_ <= rests_after; };
      if (!changed_.wait(lock, stop, wanted)) return;
    }
    look_at_all(stop);
  }
}

void FigureBoard::look_at_all(const std::stop_token& stop) {
  std::vector<std::string> names;
  for (const auto& breaker : registry_.all()) names.push_back(breaker->name());
  const TimePoint began = now();
  const auto around = circuits_.surroundings();
  for (const std::string& name : names) {
    const TimePoint before = now();
    look_at(name, around);
    if (!wait(stop, share_of_core * (now() - before))) return;
  }
  {
    const std::lock_guard lock{mutex_};
    std::erase_if(seen_, [&](const auto& each) { return !std::ranges::binary_search(names, each.first); });
  }
  (void)wait(stop, period - (now() - began));
}

void FigureBoard::look_at(const std::string& circuit, const admin::CircuitSource::Surroundings& around) {
  auto found = circuits_.see(circuit, span, now(), around);
  // What is in memory alone has neither the samples nor all transitions that figures of openings need.
  if (!found || found->past != PastFrom::history) return;
  figures::Figures figures = figures::figures_of(found->history, found->span, for_figures(found->present));
  const std::lock_guard lock{mutex_};
  seen_[circuit] = {std::move(figures), now()};
}

bool FigureBoard::wait(const std::stop_token& stop, Duration length) {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, stop, length, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace switchgear::serve
