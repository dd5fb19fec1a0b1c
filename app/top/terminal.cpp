#include "app/top/terminal.hpp"

#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <clocale>
#include <cstdlib>
#include <cwchar>
#include <stdexcept>
#include <string>
#include <string_view>

namespace switchgear::top {
namespace {

constexpr int escape_delay_ms = 25;  // how long an Esc may be the begin of a longer key

bool wants_no_colour() {
  const char* set = std::getenv("NO_COLOR");  // https://no-color.org: when it is not empty
  return set != nullptr && *set != '\0';
}

std::string term() {
  const char* set = std::getenv("TERM");
  return set == nullptr ? "" : set;
}

void define_colours() {
  ::start_color();
  ::use_default_colors();
  constexpr std::array<short, 6> colours{-1,        COLOR_GREEN, COLOR_YELLOW,
                                         COLOR_RED, -1,          COLOR_CYAN};  // by Tone
  for (short tone = 0; tone < static_cast<short>(colours.size()); ++tone)
    ::init_pair(static_cast<short>(tone + 1), colours[static_cast<std::size_t>(tone)], -1);
}

attr_t attributes_of(const Style& style) {
  attr_t attributes = A_NORMAL;
  if (style.bold) attributes |= A_BOLD;
  if (style.reverse) attributes |= A_REVERSE;
  if (style.tone == Tone::quiet && !style.reverse) attributes |= A_DIM;
  return attributes;
}

std::string utf8_of(wint_t letter) {
  std::array<char, MB_LEN_MAX> bytes{};
  std::mbstate_t begin{};
  const std::size_t size = std::wcrtomb(bytes.data(), static_cast<wchar_t>(letter), &begin);
  return size == static_cast<std::size_t>(-1) ? std::string{} : std::string(bytes.data(), size);
}

KeyPress key_of_code(wint_t code) {
  switch (code) {
    case KEY_UP:
      return {Key::up};
    case KEY_DOWN:
      return {Key::down};
    case KEY_LEFT:
      return {Key::left};
    case KEY_RIGHT:
      return {Key::right};
    case KEY_PPAGE:
      return {Key::page_up};
    case KEY_NPAGE:
      return {Key::page_down};
    case KEY_HOME:
      return {Key::home};
    case KEY_END:
      return {Key::end};
    case KEY_ENTER:
      return {Key::enter};
    case KEY_BACKSPACE:
      return {Key::backspace};
    case KEY_BTAB:
      return {Key::back_tab};
    default:
      return {Key::other};
  }
}

KeyPress key_of_letter(wint_t letter) {
  switch (letter) {
    case '\r':
    case '\n':
      return {Key::enter};
    case '\t':
      return {Key::tab};
    case 0x0c:
      return {Key::redraw};
    case 0x08:
    case 0x7f:
      return {Key::backspace};
    case 0x1b:
      return {Key::escape};
    default:
      return letter < 0x20 ? KeyPress{Key::other} : KeyPress{Key::text, utf8_of(letter)};
  }
}

}  // namespace

Terminal::Terminal() {
  if (::isatty(STDOUT_FILENO) == 0) throw std::runtime_error("standard output is not a terminal");
  const int own = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (own < 0) throw std::runtime_error("this process has no terminal to read keys from");
  input_.reset(::fdopen(own, "r"));
  std::setlocale(LC_CTYPE, "");
  in_utf8_ = std::string_view{::nl_langinfo(CODESET)} == "UTF-8";
  ::use_tioctl(TRUE);  // the size is the terminal's, not that of LINES and COLUMNS
  screen_ = ::newterm(nullptr, stdout, input_.get());
  if (screen_ == nullptr)
    throw std::runtime_error("the terminal type '" + term() + "' (TERM) is not known or too simple");
  coloured_ = ::has_colors() && !wants_no_colour();
  if (coloured_) define_colours();
  ::cbreak();
  ::noecho();
  ::nonl();
  ::keypad(stdscr, TRUE);
  ::nodelay(stdscr, TRUE);
  ::set_escdelay(escape_delay_ms);
  ::curs_set(0);
}

Terminal::~Terminal() {
  ::endwin();
  ::delscreen(screen_);
}

Size Terminal::measure() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
    ::resizeterm(size.ws_row, size.ws_col);
  }
  return {LINES, COLS};
}

void Terminal::show(const Canvas& drawn) {
  const Canvas canvas = in_utf8_ ? drawn : drawn.in_ascii();
  ::werase(stdscr);
  for (int row = 0; row < canvas.size().rows; ++row) {
    for (int column = 0; column < canvas.size().columns; ++column) {
      const Canvas::Cell& cell = canvas.at(row, column);
      if (cell.columns == 0) continue;
      const short pair = coloured_ ? static_cast<short>(static_cast<int>(cell.style.tone) + 1) : short{0};
      ::wattr_set(stdscr, attributes_of(cell.style), pair, nullptr);
      ::wmove(stdscr, row, column);
      ::waddnstr(stdscr, cell.text.c_str(), -1);
    }
  }
  ::wrefresh(stdscr);
}

void Terminal::forget() { ::clearok(stdscr, TRUE); }

std::optional<KeyPress> Terminal::key() {
  wint_t letter = 0;
  const int kind = ::wget_wch(stdscr, &letter);
  if (kind == ERR) return std::nullopt;
  return kind == KEY_CODE_YES ? key_of_code(letter) : key_of_letter(letter);
}

int Terminal::descriptor() const { return ::fileno(input_.get()); }

bool Terminal::hung_up() const {
  pollfd input{descriptor(), 0, 0};
  return ::poll(&input, 1, 0) > 0 && (input.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

}  // namespace switchgear::top
