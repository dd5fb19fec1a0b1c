#include "switchgear/observe/figures/openings.hpp"

namespace switchgear::figures {

namespace {

/// Takes in one transition after the other.
class OpeningsReader {
 public:
  void take(const LoggedTransition& each) {
    if (each.to == State::open) {
      open(each);
    } else if (each.to == State::half_open) {
      if (lasts_ && !openings_.back().first_look) openings_.back().first_look = each.wall;
    } else if (each.to == State::closed) {
      close(each);
    } else if (each.to == State::disabled) {
      lasts_ = false;
    }
  }
  [[nodiscard]] std::vector<Opening> openings() && { return std::move(openings_); }

 private:
  void open(const LoggedTransition& each) {
    if (each.from == State::half_open) {
      if (!lasts_) return;
      ++openings_.back().relapses;
      openings_.back().last_relapse = each.rule;
    } else if (each.rule != Rule::restored) {  // an opening that was restored began before
      openings_.emplace_back().why = each;
      lasts_ = true;
    }
  }
  void close(const LoggedTransition& each) {
    if (!lasts_) return;
    Opening& last = openings_.back();
    last.closed = each.wall;
    last.well_at_first_look = each.rule == Rule::recovered && last.relapses == 0 && each.value == 0;
    lasts_ = false;
  }

  std::vector<Opening> openings_;
  bool lasts_ = false;  ///< the last of them
};

}  // namespace

std::vector<Opening> openings_of(std::span<const LoggedTransition> transitions) {
  OpeningsReader reader;
  for (const LoggedTransition& each : transitions) reader.take(each);
  return std::move(reader).openings();
}

}  // namespace switchgear::figures
