#include "app/demo/teller.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace switchgear::demo {
namespace {

constexpr const char* reset = "\x1b[0m";
constexpr const char* dim = "\x1b[2m";
constexpr const char* green = "\x1b[32m";
constexpr const char* red = "\x1b[31m";
constexpr const char* yellow = "\x1b[33m";

/// Columns of the terminal; a block whose lines wrap could not be erased again.
std::size_t columns(std::FILE* out) {
  winsize size{};
  if (::ioctl(::fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

Mood mood_of(const std::string& state) {
  if (state == "closed") return Mood::good;
  if (state == "half_open") return Mood::waiting;
  return state.empty() ? Mood::plain : Mood::bad;
}

/// State by shape, for readers who cannot see the colour.
const char* shape_of(const std::string& state) {
  if (state == "closed") return "●";
  if (state == "half_open") return "◐";
  return "○";
}

}  // namespace

Teller::Teller(std::FILE* out) : out_(out), terminal_(::isatty(::fileno(out)) == 1) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  if (kind != nullptr && std::string{kind} == "dumb") terminal_ = false;
  colours_ = terminal_ && (no_colour == nullptr || *no_colour == '\0');
  if (terminal_) std::fputs("\x1b[?25l", out_);
}

Teller::~Teller() {
  erase_block();
  if (terminal_) std::fputs("\x1b[?25h", out_);
  std::fflush(out_);
}

const char* Teller::colour(Mood mood) const noexcept {
  if (!colours_) return "";
  if (mood == Mood::good) return green;
  if (mood == Mood::bad) return red;
  return mood == Mood::waiting ? yellow : "";
}

void Teller::tell(Mood mood, const std::string& step, const std::string& text) {
  erase_block();
  const std::chrono::duration<double> age = std::chrono::steady_clock::now() - born_;
  const std::string line =
      fmt::format("{}{:6.1f}s{}  {}{:<10}{} {}\n", colours_ ? dim : "", age.count(), colours_ ? reset : "",
                  colour(mood), step, colours_ ? reset : "", text);
  std::fputs(line.c_str(), out_);
  draw_block();
}

void Teller::say(const std::string& label, const std::string& text) {
  erase_block();
  std::fputs(fmt::format("{:<10} {}\n", label, text).c_str(), out_);
  draw_block();
}

void Teller::show(const std::vector<ServiceLine>& services) {
  if (!terminal_) return;
  services_ = services;
  erase_block();
  draw_block();
}

void Teller::erase_block() {
  if (block_lines_ == 0) return;
  std::fputs(fmt::format("\x1b[{}A\r\x1b[J", block_lines_).c_str(), out_);
  block_lines_ = 0;
}

void Teller::draw_block() {
  if (terminal_ && !services_.empty()) {
    const std::size_t width = columns(out_);
    std::fputs("\n", out_);
    for (const ServiceLine& service : services_) {
      std::string text = fmt::format("{:<14} {:<9} {:>3.0f}% fail {:>4.0f}/s {:>5} rejected  {}",
                                     service.name, service.state, service.failure_rate * 100,
                                     service.calls_per_second, service.rejected, service.felt);
      text.resize(std::min(text.size(), width > 5 ? width - 5 : 0));
      // Never half of a multi-byte character at the cut.
      while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80U) != 0) text.pop_back();
      std::fputs(fmt::format("  {}{}{} {}\n", colour(mood_of(service.state)), shape_of(service.state),
                             colours_ ? reset : "", text)
                     .c_str(),
                 out_);
    }
    block_lines_ = services_.size() + 1;
  }
  std::fflush(out_);
}

}  // namespace switchgear::demo
