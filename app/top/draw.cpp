#include "app/top/draw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "app/control/terminal_text.hpp"
#include "app/top/breaker_page.hpp"
#include "app/top/draw_lists.hpp"
#include "app/top/figures.hpp"
#include "app/top/service_page.hpp"

namespace switchgear::top {
namespace {

using namespace std::chrono_literals;

/// A stream that is well carries something every 10 s.
constexpr Duration silent_after = 12s;

constexpr int title_row = 0;
constexpr int tabs_row = 1;

void put_right(Canvas& canvas, int row, std::string_view text, Style style) {
  canvas.put(row, canvas.size().columns - static_cast<int>(control::columns_of(text)), text, style);
}

Piece connection_text(const Connection& connection, TimePoint now) {
  const std::string age = length_text(to_seconds(now - connection.heard));
  if (connection.live && now - connection.heard < silent_after) return {" live ", {Tone::good, true}};
  if (connection.live) return {" silent for " + age + " ", {Tone::warn, true}};
  if (!connection.ever && connection.why.empty()) return {" connecting ", {Tone::warn}};
  if (!connection.ever) return {" not connected: " + connection.why + ", trying again ", {Tone::bad, true}};
  return {" LOST, data " + age + " old: " + connection.why + ", trying again ", {Tone::bad, true}};
}

void draw_title(Canvas& canvas, const Screen& screen, TimePoint now) {
  canvas.put(title_row, 0, " switchgear top  ", {Tone::accent, true});
  canvas.put(title_row, 17, screen.url, quiet);
  const Piece connection = connection_text(screen.connection, now);
  const auto most = static_cast<std::size_t>(std::max(0, canvas.size().columns - 16));
  const std::size_t taken = std::min(most, control::columns_of(connection.text));
  put_right(canvas, title_row, control::fitted(connection.text, taken), connection.style);
}

void draw_tabs(Canvas& canvas, const Screen& screen) {
  struct Tab {
    std::string_view text;
    bool here;
  };
  const std::array tabs{Tab{"1 breakers", screen.page == Page::breakers || screen.page == Page::breaker},
                        Tab{"2 services", screen.page == Page::services || screen.page == Page::service},
                        Tab{"3 alerts", screen.page == Page::alerts}};
  int column = 1;
  for (const Tab& tab : tabs) {
    const std::string text = tab.here ? fmt::format("[{}]", tab.text) : fmt::format(" {} ", tab.text);
    column = canvas.put(tabs_row, column, text, tab.here ? Style{Tone::accent, true} : plain) + 1;
  }
  if (screen.circuits.health().empty()) return;
  const std::size_t all = screen.circuits.all().size();
  const std::size_t refusing = screen.circuits.refusing();
  put_right(canvas, tabs_row,
            fmt::format("{} breaker{}, {} refusing, {} ", all, all == 1 ? "" : "s", refusing,
                        screen.circuits.health()),
            {refusing > 0 ? Tone::bad : Tone::good});
}

void draw_page_of_lines(Canvas& canvas, const Screen& screen, std::string_view title, const Lines& lines) {
  canvas.put(head_row, 1, title, {Tone::accent, true});
  const std::size_t below = lines.size() - std::min(lines.size(), screen.first + screen.body_rows());
  if (below > 0)
    put_right(canvas, head_row, fmt::format("↓ {} more line{} ", below, below == 1 ? "" : "s"), quiet);
  for (std::size_t each = 0; each < screen.body_rows() && screen.first + each < lines.size(); ++each)
    canvas.put(body_row + static_cast<int>(each), 0, lines[screen.first + each]);
}

void draw_body(Canvas& canvas, const Screen& screen, TimePoint now) {
  const auto columns = static_cast<std::size_t>(screen.size.columns);
  const std::string name = control::printable(screen.selected);
  switch (screen.page) {
    case Page::breakers:
      draw_breakers(canvas, screen, now);
      break;
    case Page::services:
      draw_services(canvas, screen);
      break;
    case Page::alerts:
      draw_alerts(canvas, screen);
      break;
    case Page::breaker:
      if (const Circuit* of = screen.circuit()) {
        draw_page_of_lines(canvas, screen, name, breaker_page(*of, screen.page_answer, columns, now));
      } else {
        draw_page_of_lines(canvas, screen, name, {{{" this breaker has been removed", {Tone::warn}}}});
      }
      break;
    case Page::service:
      if (const Service* one = screen.service()) {
        draw_page_of_lines(canvas, screen, name, service_page(*one, columns));
      } else {
        draw_page_of_lines(canvas, screen, name, {{{" this service has been removed", {Tone::warn}}}});
      }
      break;
  }
}

void draw_notice(Canvas& canvas, const Screen& screen, TimePoint now) {
  const int row = canvas.size().rows - 2;
  if (screen.typing) {
    const int column = canvas.put(row, 1, "filter: " + screen.filter, {Tone::accent, true});
    const int end = canvas.put(row, column, "_", {Tone::accent, true});
    canvas.put(row, end + 2, "Enter keeps it, Esc clears it", quiet);
  } else if (now < screen.notice.until) {
    const auto room = static_cast<std::size_t>(std::max(1, canvas.size().columns - 1));
    canvas.put(row, 1, control::fitted(screen.notice.text, room), {screen.notice.tone, true});  // alone there
  } else if (!screen.filter.empty() && (screen.page == Page::breakers || screen.page == Page::services)) {
    canvas.put(row, 1, fmt::format("filter: {}   {} shown, Esc clears it", screen.filter, screen.rows.size()),
               {Tone::accent});
  }
}

struct Hint {
  std::string_view key;
  std::string_view does;
  bool if_wide = false;  ///< left out where the others need the room
};

std::vector<Hint> hints_of(const Screen& screen) {
  switch (screen.page) {
    case Page::breakers:
      return {{"Enter", "page"},      {"/", "filter"},
              {"s", "sort"},          {"r", "reset"},
              {"o", "force open"},    {"c", "force close", true},
              {"d", "disable", true}, {"m", "metrics only", true},
              {"Tab", "next"},        {"?", "help"},
              {"q", "quit"}};
    case Page::services:
      return {{"Enter", "page"}, {"/", "filter"}, {"Tab", "next"}, {"?", "help"}, {"q", "quit"}};
    case Page::alerts:
      return {{"a", "acknowledge"}, {"Tab", "next"}, {"?", "help"}, {"q", "quit"}};
    case Page::breaker:
      return {{"Esc", "back"},      {"r", "reset"},   {"o", "force open"},
              {"c", "force close"}, {"d", "disable"}, {"m", "metrics only", true},
              {"?", "help"},        {"q", "quit"}};
    case Page::service:
      return {{"Esc", "back"}, {"?", "help"}, {"q", "quit"}};
  }
  return {};
}

void draw_keys(Canvas& canvas, const Screen& screen) {
  constexpr int wide = 110;
  const int row = canvas.size().rows - 1;
  int column = 1;
  for (const Hint& hint : hints_of(screen)) {
    if (hint.if_wide && canvas.size().columns < wide) continue;
    column = canvas.put(row, column, hint.key, {Tone::accent, true});
    column = canvas.put(row, column + 1, hint.does, quiet) + 2;
  }
}

/// In the middle, over what is there.
void draw_box(Canvas& canvas, const Lines& lines, Tone tone) {
  std::size_t width = 0;
  for (const Line& line : lines) {
    std::size_t taken = 0;
    for (const Piece& piece : line) taken += control::columns_of(piece.text);
    width = std::max(width, taken);
  }
  width = std::min(width, static_cast<std::size_t>(std::max(1, canvas.size().columns - 6)));
  const Style frame{tone, true};
  const int left = (canvas.size().columns - static_cast<int>(width) - 4) / 2;
  int row = std::max(0, (canvas.size().rows - static_cast<int>(lines.size()) - 2) / 2);
  std::string bar;
  for (std::size_t each = 0; each < width + 2; ++each) bar += "─";
  canvas.put(row++, left, "┌" + bar + "┐", frame);
  for (const Line& line : lines) {
    canvas.put(row, left, "│" + std::string(width + 2, ' ') + "│", frame);
    canvas.put(row, left + 2, line);
    canvas.put(row++, left + static_cast<int>(width) + 2, " │", frame);
  }
  canvas.put(row, left, "└" + bar + "┘", frame);
}

void draw_question(Canvas& canvas, const Question& question) {
  constexpr std::size_t most = 60;
  const Wish& wish = question.wish;
  const std::string name = control::printable(wish.about);
  const bool is_command = wish.kind == Wish::Kind::command;
  const std::string_view word = is_command ? word_of(wish.command) : "acknowledge";
  const std::string_view meaning =
      is_command ? meaning_of(wish.command) : "The alert is not repeated any more";
  draw_box(canvas,
           {{{std::string{word}, {Tone::warn, true}}},
            {{control::fitted(name, std::min(most, control::columns_of(name))), {Tone::normal, true}}},
            {},
            {{std::string{meaning} + ".", plain}},
            {},
            {{"y", {Tone::accent, true}},
             {": do it     ", plain},
             {"any other key", {Tone::accent, true}},
             {": leave it", plain}}},
           Tone::warn);
}

void draw_help(Canvas& canvas) {
  constexpr std::array<std::array<std::string_view, 2>, 16> keys{{
      {"1 2 3, Tab", "breakers, services, alerts"},
      {"↑ ↓ j k", "move; PgUp PgDn Home End g G"},
      {"Enter", "the page of a breaker or a service; Esc goes back"},
      {"/", "filter by words of the name and the state, as you type"},
      {"s S", "sort by the next or the previous column"},
      {"i", "turn the order round"},
      {"r", "reset the breaker: close it and forget its window"},
      {"o", "force it open: it refuses every call"},
      {"c", "force it closed: the same as reset"},
      {"d", "disable it: it permits every call and records nothing"},
      {"m", "metrics only: it runs in full but refuses no call"},
      {"a", "acknowledge the alert: it is not repeated any more"},
      {"Ctrl-L", "draw the screen again"},
      {"q, Ctrl-C", "leave"},
      {"", "(m) metrics only   (ramp) (22%) lets through a growing share of calls"},
      {"", "(c) (e) at level critical, at level emergency"},
  }};
  Lines lines{{{"Keys", {Tone::accent, true}}}, {}};
  for (const auto& [key, meaning] : keys)
    lines.push_back({{control::fitted(key, 12), {Tone::accent, true}}, {std::string{meaning}, plain}});
  lines.push_back({});
  lines.push_back({{"Commands ask before they are done. Any key closes this help.", quiet}});
  draw_box(canvas, lines, Tone::accent);
}

Canvas too_small(Size size) {
  Canvas canvas{size};
  canvas.put(0, 0, fmt::format("This terminal has {} x {}", size.columns, size.rows), {Tone::warn, true});
  canvas.put(1, 0, fmt::format("switchgear top needs {} x {}", least_size.columns, least_size.rows));
  canvas.put(2, 0, "Make it larger, or q: quit");
  return canvas;
}

}  // namespace

Canvas draw(const Screen& screen, TimePoint now) {
  if (screen.size.rows < least_size.rows || screen.size.columns < least_size.columns)
    return too_small(screen.size);
  Canvas canvas{screen.size};
  draw_title(canvas, screen, now);
  draw_tabs(canvas, screen);
  draw_body(canvas, screen, now);
  draw_notice(canvas, screen, now);
  draw_keys(canvas, screen);
  if (screen.help) draw_help(canvas);
  if (screen.question) draw_question(canvas, *screen.question);
  return canvas;
}

}  // namespace switchgear::top
