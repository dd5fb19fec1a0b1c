// What becomes of several calls of which some are enough, whoever makes them.
#pragma once

#include <cstddef>
#include <vector>

#include "switchgear/policy/partial.hpp"

namespace switchgear {

/// What became of a batch. `answers` holds those that succeeded, with the index of their call, in the order
/// in which they came.
template <class T>
struct PartialAnswers {
  struct Item {
    std::size_t index;
    T value;
  };
  Partial::Decision decision = Partial::Decision::undecided;
  std::vector<Item> answers;
  std::size_t made = 0;  ///< calls made or refused before the decision was certain
};

}  // namespace switchgear
