// Reading a mapping key by key. Asking for a key is what makes it known, so the schema is the code that reads
// it and there is no second list of keys to keep in step. Findings go to the Report with their place; reading
// goes on after each.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "switchgear/config/document.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::config {

/// One value of the file with its name. Borrows the tree and the report.
struct Value {
  const Node* node = nullptr;
  Mark key;  ///< where its key is written
  std::string path;
  Report* report = nullptr;

  void wrong(std::string_view message) const {
    node->broken ? report->met_again() : report->error(node->at, path, message);
  }
};

/// What the value is, for "what was found": `"5"`, `a list`, `nothing`.
[[nodiscard]] std::string found(const Node& node);
/// The same for what may hold a secret: `text`, `a number`, `true`, `a list`, `nothing`.
[[nodiscard]] std::string found_unquoted(const Node& node);

// Readers: each takes a Value and returns what it says, or reports what is wrong and returns nothing.

struct Whole {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  [[nodiscard]] std::optional<std::uint64_t> operator()(const Value& value) const;
};

// Their ranges are checked elsewhere, so no message names one.
inline constexpr Whole any_whole{};
/// Any number that 32 bits can hold.
inline constexpr Whole small_whole{0, std::numeric_limits<std::uint32_t>::max()};

struct Number {
  double least;
  double most;
  [[nodiscard]] std::optional<double> operator()(const Value& value) const;
};

/// Any finite number: its range is checked elsewhere.
inline constexpr Number any_number{-std::numeric_limits<double>::max(), std::numeric_limits<double>::max()};

struct Length {
  Duration least = Duration::zero();
  Duration most = Duration::max();
  [[nodiscard]] std::optional<Duration> operator()(const Value& value) const;
};

/// An amount of memory in bytes. Its range is checked elsewhere.
struct Size {
  [[nodiscard]] std::optional<std::uint64_t> operator()(const Value& value) const;
};

struct Truth {
  [[nodiscard]] std::optional<bool> operator()(const Value& value) const;
};

/// Any text but an empty one; a number counts as the text it was written as.
struct Text {
  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const;
};

/// One of some words; returns its index.
struct OneOf {
  std::span<const std::string_view> words;
  [[nodiscard]] std::optional<std::size_t> operator()(const Value& value) const;
};

/// One of some words, which stand for the values of an enumeration in its order.
template <class Enum>
struct Named {
  std::span<const std::string_view> words;
  [[nodiscard]] std::optional<Enum> operator()(const Value& value) const {
    const auto index = OneOf{words}(value);
    return index ? std::optional(static_cast<Enum>(*index)) : std::nullopt;
  }
};

/// The items of a list, each with its index in the path.
[[nodiscard]] std::vector<Value> items(const Value& list, std::string_view wanted);

/// One mapping.
class Section {
 public:
  /// Reports a value that is not a mapping (nothing at all is an empty one) and every repeated key.
  explicit Section(const Value& mapping);

  /// The value of a key, if it is there. Makes the key known.
  [[nodiscard]] std::optional<Value> find(std::string_view key);

  /// Reads a key that may be absent into `out`, which keeps what it held if the key is absent or wrong.
  template <class T, class Reader>
  void read(std::string_view key, T& out, const Reader& reader) {
    if (const auto value = find(key)) {
      if (auto got = reader(*value)) assign(out, std::move(*got));
    }
  }

  /// The same for a key that must be there.
  template <class T, class Reader>
  void require(std::string_view key, T& out, const Reader& reader, std::string_view example) {
    const auto value = find(key);
    if (!value) return missing(key, example);
    if (auto got = reader(*value)) assign(out, std::move(*got));
  }

  /// Every entry once, all known: for mappings whose keys are names.
  [[nodiscard]] std::vector<std::pair<std::string_view, Value>> entries();

  void missing(std::string_view key, std::string_view example) const;
  /// A finding about the mapping as a whole, placed at its key.
  void wrong(std::string_view message) const { self_.report->error(self_.key, self_.path, message); }

  /// Reports every key that was not read. Call last.
  void finish();

  [[nodiscard]] const Value& self() const noexcept { return self_; }
  [[nodiscard]] bool is_mapping() const noexcept { return is_mapping_; }

 private:
  template <class T, class V>
  static void assign(T& out, V&& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      out = static_cast<T>(value);
    } else {
      out = std::forward<V>(value);
    }
  }
  template <class T, class V>
  requires std::is_arithmetic_v<T>
  static void assign(std::optional<T>& out, V&& value) { out = static_cast<T>(value); }

  [[nodiscard]] Value value_of(const Entry& entry) const;

  Value self_;
  bool is_mapping_ = false;
  std::unordered_map<std::string_view, const Entry*> by_key_;
  std::vector<std::string_view> known_;
};

}  // namespace switchgear::config
