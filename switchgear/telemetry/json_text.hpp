// JSON, written straight into one string. OTLP's requests can have tens of thousands of members, of which a
// tree would make as many allocations. Not for reading, nor for anything small: Boost.JSON is for those.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace switchgear::telemetry {

/// Commas are set by themselves; that every object and list is closed is the caller's care.
///
///     JsonText json;
///     json.open('{').key("name").text(name).key("count").decimal(3U).close('}');
///
/// Threads: one.
class JsonText {
 public:
  JsonText& open(char bracket) {
    separate();
    out_ += bracket;
    return *this;
  }
  JsonText& close(char bracket) {
    out_ += bracket;
    return *this;
  }
  /// `name` needs no escapes.
  JsonText& key(std::string_view name) {
    plain(name);
    out_ += ':';
    return *this;
  }
  /// Any text; what is not UTF-8 becomes U+FFFD.
  JsonText& text(std::string_view value);
  /// Text that needs no escapes.
  JsonText& plain(std::string_view value) {
    separate();
    out_.append(1, '"').append(value).append(1, '"');
    return *this;
  }
  JsonText& truth(bool value) {
    separate();
    out_ += value ? "true" : "false";
    return *this;
  }
  JsonText& number(std::integral auto value) {
    separate();
    return digits(value);
  }
  /// The shortest that reads back the same. What JSON does not have is written as protobuf writes it:
  /// "NaN", "Infinity", "-Infinity".
  JsonText& number(double value) {
    if (std::isnan(value)) return plain("NaN");
    if (std::isinf(value)) return plain(value > 0 ? "Infinity" : "-Infinity");
    separate();
    return digits(value);
  }
  /// A whole number as a string, as protobuf writes those of 64 bits.
  JsonText& decimal(std::integral auto value) {
    separate();
    out_ += '"';
    digits(value);
    out_ += '"';
    return *this;
  }

  /// Gives what is written to `sink`, a piece of the whole, and keeps only the last character, which decides
  /// whether a comma follows.
  template <typename Sink>
  void pass_on(Sink&& sink) {
    if (out_.size() < 2) return;
    std::forward<Sink>(sink)(std::string_view{out_}.substr(0, out_.size() - 1));
    out_.erase(0, out_.size() - 1);
  }
  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }
  [[nodiscard]] std::string take() noexcept { return std::exchange(out_, {}); }

 private:
  void separate() {
    if (out_.empty()) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_ += ',';
  }
  JsonText& digits(auto value) {
    char text[32];
    out_.append(text, std::to_chars(text, text + sizeof text, value).ptr);
    return *this;
  }

  std::string out_;
};

}  // namespace switchgear::telemetry
