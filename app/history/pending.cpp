#include "app/history/pending.hpp"

#include <utility>

#include "app/history/sample_numbers.hpp"

namespace switchgear::history {

void Pending::add(const Stretch& stretch, Samples samples) {
  stretches_.push_back({stretch, std::move(samples)});
  while (stretches_.size() > most_stretches || this->samples() > most_samples) {
    const std::size_t before = stretches_.size();
    fold();
    if (stretches_.size() < before) continue;
    lost_ += stretches_.front().samples.size();  // gaps between all of them, or too many circuits
    stretches_.pop_front();
  }
}

std::size_t Pending::samples() const noexcept {
  std::size_t sum = 0;
  for (const OfStretch& each : stretches_) sum += each.samples.size();
  return sum;
}

/// Adds each second stretch to the one before it, where that is its neighbour.
void Pending::fold() {
  std::deque<OfStretch> folded;
  bool last_is_pair = true;
  for (OfStretch& each : stretches_) {
    const bool neighbour = !folded.empty() && folded.back().stretch.end() == each.stretch.from;
    if (last_is_pair || !neighbour) {
      folded.push_back(std::move(each));
      last_is_pair = false;
      continue;
    }
    OfStretch& sum = folded.back();
    sum.stretch.length += each.stretch.length;
    for (auto& [circuit, sample] : each.samples) history::add(sum.samples[circuit], sample);
    last_is_pair = true;
  }
  stretches_ = std::move(folded);
}

template <class Line>
void Pending::keep(std::deque<Line>& lines, Line line, std::size_t most) {
  lines.push_back(std::move(line));
  if (lines.size() <= most) return;
  lines.pop_front();
  ++lost_;
}

void Pending::add(LoggedTransition transition) {
  keep(transitions_, std::move(transition), most_transitions);
}

void Pending::add(LoggedInstance instance) { keep(instances_, std::move(instance), most_instances); }

void Pending::add(TimedLevel level) { keep(levels_, std::move(level), most_levels); }

void Pending::add(TimedCommand command) { keep(commands_, std::move(command), most_commands); }

void Pending::write_to(Tables& tables) const {
  for (const OfStretch& each : stretches_) tables.write(each.stretch, each.samples);
  for (const LoggedTransition& each : transitions_) tables.write(each);
  for (const LoggedInstance& each : instances_) tables.write(each);
  for (const TimedCommand& each : commands_) tables.write(each);
  for (const TimedLevel& each : levels_) tables.write(each);
}

void Pending::clear() {
  stretches_.clear();
  transitions_.clear();
  instances_.clear();
  commands_.clear();
  levels_.clear();
}

void Pending::add_to(CircuitHistory& history, WallAnchor::Wall from, WallAnchor::Wall to) const {
  for (const OfStretch& each : stretches_) {
    const auto found = each.samples.find(history.circuit);
    if (found == each.samples.end() || each.stretch.end() <= from || each.stretch.from >= to) continue;
    history.samples.push_back(found->second);
    history.samples.back().from = each.stretch.from;
    history.samples.back().length = each.stretch.length;
  }
  for (const LoggedTransition& each : transitions_) {
    if (each.breaker == history.circuit && each.wall >= from && each.wall < to)
      history.transitions.push_back(each);
  }
  for (const TimedLevel& each : levels_) {
    if (each.level.breaker != history.circuit || each.at >= to) continue;
    if (each.at < from) {
      history.level_at_start = each.level.change.to;
    } else {
      history.levels.push_back({each.at, each.level.change});
    }
  }
}

void Pending::add_to(std::vector<LoggedInstance>& instances, std::string_view service, WallAnchor::Wall from,
                     WallAnchor::Wall to) const {
  for (const LoggedInstance& each : instances_) {
    if (each.service == service && each.wall >= from && each.wall < to) instances.push_back(each);
  }
}

void Pending::add_to(std::vector<TimedCommand>& commands, const std::optional<std::string>& circuit,
                     WallAnchor::Wall from, WallAnchor::Wall to) const {
  for (const TimedCommand& each : commands_) {
    if (circuit && each.command.circuit != *circuit) continue;
    if (each.at >= from && each.at < to) commands.push_back(each);
  }
}

std::uint64_t Pending::take_lost() noexcept { return std::exchange(lost_, 0); }

}  // namespace switchgear::history
