// The terminal itself, by ncursesw: cells out, keys in. Decides nothing.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>

#include "app/top/canvas.hpp"
#include "app/top/key.hpp"

struct screen;  // ncurses' SCREEN

namespace switchgear::top {

/// Takes the terminal of standard output over, and gives it back as it was when it is destroyed. At most one
/// at a time. Threads: one.
class Terminal {
 public:
  /// Throws std::runtime_error that says why without a terminal, or with one that cannot be drawn on. Colours
  /// are used if the terminal has them and NO_COLOR is not set.
  Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();

  /// Asks the terminal, and from then on draws in that size.
  Size measure();
  void show(const Canvas& canvas);
  /// The next show() draws every cell, whatever is on the terminal.
  void forget();

  /// Never waits.
  [[nodiscard]] std::optional<KeyPress> key();
  /// Readable when key() may have one. An open file of its own: what is set on it does not reach the programs
  /// that share standard input.
  [[nodiscard]] int descriptor() const;
  /// The other side of the terminal is gone.
  [[nodiscard]] bool hung_up() const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> input_;
  screen* screen_ = nullptr;
  bool in_utf8_ = false;
  bool coloured_ = false;
};

}  // namespace switchgear::top
