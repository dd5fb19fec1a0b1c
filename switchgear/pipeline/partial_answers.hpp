// The results of several calls of which some are enough, for every driver.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/policy/partial.hpp"

namespace switchgear {

/// The result of a batch. `answers` holds those that succeeded, with the index of their call, in the order in
/// which they came.
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

namespace detail {
/// The calls of one batch have different answers: with the batch's own key, a cache would give all of them
/// the answer to the first. Empty when the batch has no key.
[[nodiscard]] inline std::string key_in_batch(std::string_view key, std::size_t index) {
  if (key.empty()) return {};
  return std::string(key).append(1, '\0').append(std::to_string(index));
}
}  // namespace detail

}  // namespace switchgear
