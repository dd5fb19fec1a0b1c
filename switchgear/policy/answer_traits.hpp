// What an answer says about itself to a policy that stores it. Both may be written beside a type of one's
// own, where they are found by its namespace:
//
//     std::size_t bytes_of(const Page& page) { return sizeof page + page.text.size(); }
//     Duration usable_for(const Page& page) { return page.max_age; }
#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <type_traits>

#include "switchgear/core/time.hpp"

namespace switchgear::detail {

template <class T>
concept SaysItsBytes = requires(const T& answer) {
  { bytes_of(answer) } -> std::convertible_to<std::size_t>;
};
template <class T>
concept SaysItsUse = requires(const T& answer) {
  { usable_for(answer) } -> std::convertible_to<Duration>;
};
/// A string, a vector, a map. Not what is made of its own kind, such as a JSON value: nothing tells where
/// that ends.
template <class T>
concept Container = requires(const T& answer) {
  std::begin(answer) != std::end(answer);
  { std::size(answer) } -> std::convertible_to<std::size_t>;
  requires !std::same_as<std::remove_cvref_t<decltype(*std::begin(answer))>, T>;
};

/// The memory that an answer takes: by bytes_of() where its type has one, by its elements where it is a
/// container, and else its own size without what it points to.
template <class T>
[[nodiscard]] std::size_t answer_bytes(const T& answer) {
  if constexpr (SaysItsBytes<T>) {
    return bytes_of(answer);
  } else if constexpr (Container<T>) {
    using Item = std::remove_cvref_t<decltype(*std::begin(answer))>;
    if constexpr (std::is_trivially_copyable_v<Item>) {
      return sizeof(T) + std::size(answer) * sizeof(Item);
    } else {
      std::size_t sum = sizeof(T);
      for (const Item& item : answer) sum += answer_bytes(item);
      return sum;
    }
  } else {
    return sizeof(T);
  }
}

/// How long after it came an answer may be given in place of a failure: by usable_for() where its type has
/// one; else for as long as the fallback is told.
template <class T>
[[nodiscard]] Duration longest_use(const T& answer) {
  if constexpr (SaysItsUse<T>) {
    return usable_for(answer);
  } else {
    return Duration::max();
  }
}

}  // namespace switchgear::detail
