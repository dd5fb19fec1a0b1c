// The terms of a guarded function's calls: which answers are the same, and how long each call may take.
#pragma once

#include <concepts>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "switchgear/core/time.hpp"
#include "switchgear/pipeline/call.hpp"

namespace switchgear::detail {

/// Calls that say nothing of themselves have no key: their answers are neither remembered nor shared.
struct NoKey {};

template <class T>
concept KeyText = std::convertible_to<const T&, std::string_view>;

/// A key as text. Owns what it was handed, so that a view of it stays good.
template <class T>
class KeyHolder {
 public:
  explicit KeyHolder(T key) : key_(std::move(key)) {}
  [[nodiscard]] std::string_view view() const noexcept { return key_; }

 private:
  static_assert(KeyText<T>, "a key is text or a whole number: write the others as text");
  T key_;
};
template <std::integral T>
class KeyHolder<T> : public KeyHolder<std::string> {
 public:
  explicit KeyHolder(T key) : KeyHolder<std::string>(std::to_string(key)) {}
};

/// What guard(…).deadline(…).stop(…).report(…) has been told.
struct CommonTerms {
  TimePoint deadline = TimePoint::max();
  Duration within = Duration::max();  ///< max(): no limit of its own
  std::stop_token stop{};
  std::function<void(const CallReport&)> report{};
};

/// The same, and .key(…). `Key`: NoKey, std::string, or a function of the call's arguments.
template <class Key = NoKey>
struct CallTerms : CommonTerms {
  CallTerms() = default;
  CallTerms(CommonTerms common, Key of_calls) : CommonTerms(std::move(common)), key(std::move(of_calls)) {}

  Key key{};

  template <class... Arguments>
  [[nodiscard]] auto key_of(const Arguments&... arguments) const {
    if constexpr (std::is_same_v<Key, NoKey>) {
      return KeyHolder{std::string_view{}};
    } else if constexpr (std::is_same_v<Key, std::string>) {
      return KeyHolder{std::string_view{key}};
    } else {
      static_assert(
          std::invocable<const Key&, const Arguments&...>,
          "key() takes text, or a function of the arguments that the guarded function is called with");
      return KeyHolder{std::invoke(key, arguments...)};
    }
  }

  /// `text` stays the holder's.
  template <class Time>
  [[nodiscard]] CallOptions options(std::string_view text, Time& time) const {
    CallOptions options;
    options.key = text;
    options.deadline = deadline;
    if (within != Duration::max()) options.end_at(saturating_add(time.now(), within));
    options.stop = stop;
    return options;
  }
};

}  // namespace switchgear::detail
