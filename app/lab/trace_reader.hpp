// A trace, line by line: bounded lines, time that never runs backwards, every error with its file and line.
#pragma once

#include <cstddef>
#include <istream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "app/lab/trace.hpp"

namespace switchgear::lab {

inline constexpr std::size_t max_trace_line = std::size_t{1} << 20U;  ///< bytes, the line's end not counted

/// `FILE:LINE: message`.
class TraceError : public std::runtime_error {
 public:
  TraceError(std::string_view file, std::size_t line, std::string_view message);
};

/// Holds one line at a time, however long the trace is.
class TraceReader {
 public:
  /// `name` stands for the input in messages. `input` is borrowed.
  TraceReader(std::istream& input, std::string name) : input_(input), name_(std::move(name)) {}

  /// The next entry, or nothing at the end. Blank lines are skipped. Throws TraceError.
  [[nodiscard]] std::optional<TraceEntry> next();

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] bool read_line();

  std::istream& input_;
  const std::string name_;
  std::string text_;
  std::size_t line_ = 0;
  TimePoint latest_{};
};

}  // namespace switchgear::lab
