#include "app/top/screen.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <utility>

#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"
#include "app/top/breaker_page.hpp"
#include "app/top/service_page.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::top {
namespace {

using namespace std::chrono_literals;

bool is_list(Page page) { return page == Page::breakers || page == Page::services || page == Page::alerts; }

/// As the server has it; empty if it is not what an admin API sends.
std::string id_of(const boost::json::value& alert) {
  const auto* const object = alert.if_object();
  const auto* const id = object == nullptr ? nullptr : object->if_contains("id");
  const auto* const text = id == nullptr ? nullptr : id->if_string();
  return text == nullptr ? std::string{} : std::string{*text};
}

std::optional<Command> command_of_key(char letter) {
  switch (letter) {
    case 'r':
      return Command::reset;
    case 'o':
      return Command::force_open;
    case 'c':
      return Command::force_close;
    case 'd':
      return Command::disable;
    case 'm':
      return Command::metrics_only;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::size_t Screen::body_rows() const {
  return static_cast<std::size_t>(std::max(1, size.rows - body_row - foot_rows));
}

std::string Screen::selected_name() const {
  if (!is_list(page)) return selected;
  return at < rows.size() ? rows[at] : std::string{};
}

void Screen::settle(TimePoint now) {
  std::size_t length = 0;
  if (page == Page::breaker || page == Page::service) {
    const auto columns = static_cast<std::size_t>(size.columns);
    if (const Circuit* of = page == Page::breaker ? circuit() : nullptr) {
      length = breaker_page(*of, page_answer, columns, now).size();
    } else if (const Service* one = page == Page::service ? service() : nullptr) {
      length = service_page(*one, columns).size();
    }
    first = std::min(first, length - std::min(length, body_rows()));
    return;
  }
  if (page == Page::breakers) rows = ordered(circuits, sort, inverted, filter, now);
  if (page == Page::services) rows = ordered(services, filter);
  if (page == Page::alerts) {
    const auto* body = page_answer.body.if_object();
    rows.clear();
    if (body != nullptr) {
      for (const auto& each : control::array_of(*body, "alerts")) rows.push_back(id_of(each));
    }
  }
  const auto found = std::find(rows.begin(), rows.end(), selected);
  if (selected.empty() && page != Page::alerts) at = 0;
  if (!selected.empty() && found != rows.end()) at = static_cast<std::size_t>(found - rows.begin());
  at = rows.empty() ? 0 : std::min(at, rows.size() - 1);
  first = std::min(first, at);
  if (at >= first + body_rows()) first = at - body_rows() + 1;
  first = std::min(first, rows.size() - std::min(rows.size(), body_rows()));
}

Wish Screen::press(const KeyPress& key, TimePoint now) {
  Wish wish;
  if (key.key == Key::redraw) {
    wish.kind = Wish::Kind::redraw;
  } else if (question) {
    const Question asked = *std::exchange(question, std::nullopt);
    if (key.text == "y" || key.text == "Y") {
      wish = asked.wish;
    } else {
      say("not done", Tone::quiet, now);
    }
  } else if (help) {
    help = false;
    if (key.text == "q") wish.kind = Wish::Kind::quit;
  } else if (typing) {
    type(key);
    if (key.key == Key::up) move(-1, now);
    if (key.key == Key::down) move(1, now);
  } else {
    const auto page_of_rows = static_cast<std::ptrdiff_t>(body_rows());
    switch (key.key) {
      case Key::up:
        move(-1, now);
        break;
      case Key::down:
        move(1, now);
        break;
      case Key::page_up:
        move(-page_of_rows, now);
        break;
      case Key::page_down:
        move(page_of_rows, now);
        break;
      case Key::home:
        move(-1'000'000, now);
        break;
      case Key::end:
        move(1'000'000, now);
        break;
      case Key::tab:
      case Key::back_tab: {
        constexpr std::array order{Page::breakers, Page::services, Page::alerts};
        const std::size_t here = page == Page::services || page == Page::service ? 1
                                 : page == Page::alerts                          ? 2
                                                                                 : 0;
        open(order[(here + (key.key == Key::tab ? 1 : order.size() - 1)) % order.size()]);
        break;
      }
      case Key::enter:
      case Key::right:
        if (page == Page::breakers && !rows.empty()) open(Page::breaker);
        if (page == Page::services && !rows.empty()) open(Page::service);
        break;
      case Key::escape:
      case Key::left:
      case Key::backspace:
        if (page == Page::breaker) {
          open(Page::breakers);
        } else if (page == Page::service) {
          open(Page::services);
        } else if (key.key == Key::escape) {
          filter.clear();
        }
        break;
      case Key::text:
        if (key.text.size() == 1) wish = press_letter(key.text.front(), now);
        break;
      case Key::redraw:
      case Key::other:
        break;
    }
  }
  settle(now);
  return wish;
}

Wish Screen::press_letter(char letter, TimePoint now) {
  if (const auto command = command_of_key(letter)) ask(*command);
  if (letter == 'a') ask_to_acknowledge(now);
  switch (letter) {
    case 'q':
      return {Wish::Kind::quit};
    case '?':
    case 'h':
      help = true;
      break;
    case '1':
      open(Page::breakers);
      break;
    case '2':
      open(Page::services);
      break;
    case '3':
      open(Page::alerts);
      break;
    case 'k':
      move(-1, now);
      break;
    case 'j':
      move(1, now);
      break;
    case 'g':
      move(-1'000'000, now);
      break;
    case 'G':
      move(1'000'000, now);
      break;
    case '/':
      typing = page == Page::breakers || page == Page::services;
      break;
    case 's':
      step_sort(1);
      break;
    case 'S':
      step_sort(sorts - 1);
      break;
    case 'i':
      if (page == Page::breakers) inverted = !inverted;
      break;
    default:
      break;
  }
  return {};
}

void Screen::type(const KeyPress& key) {
  constexpr std::size_t most_bytes = 200;
  const std::string before = filter;
  if (key.key == Key::enter) typing = false;
  if (key.key == Key::escape || (key.key == Key::backspace && filter.empty())) {
    typing = false;
    filter.clear();
  } else if (key.key == Key::backspace) {
    auto glyphs = control::glyphs_of(filter);
    glyphs.pop_back();
    filter.clear();
    for (const auto& glyph : glyphs) filter += glyph.text;
  } else if (key.key == Key::text && filter.size() + key.text.size() <= most_bytes) {
    filter += control::printable(key.text);
  }
  if (filter == before) return;
  selected.clear();  // the first that matches
  at = first = 0;
}

void Screen::open(Page next) {
  if (next == page) return;
  if (next == Page::breaker || next == Page::service) {
    list_selected_ = selected = selected_name();
  } else {
    const bool back = (page == Page::breaker && next == Page::breakers) ||
                      (page == Page::service && next == Page::services);
    selected = back ? list_selected_ : std::string{};
  }
  page = next;
  page_answer = {};
  notice = {};
  answered.reset();
  rows.clear();
  at = first = 0;
  typing = false;
}

void Screen::move(std::ptrdiff_t by, TimePoint now) {
  settle(now);
  if (!is_list(page)) {
    first = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(first) + by));
    return;
  }
  if (rows.empty()) return;
  const auto last = static_cast<std::ptrdiff_t>(rows.size()) - 1;
  at = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(at) + by, 0, last));
  selected = rows[at];
}

void Screen::ask(Command command) {
  if (page != Page::breakers && page != Page::breaker) return;
  const Circuit* of = circuit();
  if (of != nullptr) question = Question{{Wish::Kind::command, command, of->name, of->shown}};
}

const boost::json::object* Screen::alert() const {
  const auto* body = page == Page::alerts ? page_answer.body.if_object() : nullptr;
  if (body == nullptr) return nullptr;
  const auto& all = control::array_of(*body, "alerts");
  return at < all.size() ? all[at].if_object() : nullptr;
}

void Screen::ask_to_acknowledge(TimePoint now) {
  const auto* const of = alert();
  if (of == nullptr) return;
  const auto& by = control::object_of(*of, "acknowledged");
  if (!by.empty()) {
    say("it was acknowledged by " + control::text_of(by, "by"), Tone::quiet, now);
  } else if (control::text_of(*of, "state") != "firing") {
    say("only an alert that fires can be acknowledged", Tone::quiet, now);
  } else {
    const std::string about = control::text_of(*of, "rule") + " of " + control::text_of(*of, "circuit");
    question = Question{{Wish::Kind::acknowledge, {}, rows.at(at), about}};
  }
}

void Screen::step_sort(std::size_t by) {
  if (page != Page::breakers) return;
  sort = static_cast<Sort>((static_cast<std::size_t>(sort) + by) % sorts);
  inverted = false;
}

std::string Screen::wanted() const {
  switch (page) {
    case Page::breakers:
      return {};
    case Page::services:
    case Page::service:
      return "/status";
    case Page::alerts:
      return "/alerts";
    case Page::breaker:
      return "/circuit-breakers/" + http::url_encoded(selected);
  }
  return {};
}

void Screen::receive(Answer answer, TimePoint now) {
  if (answer.status == 200 && answer.body.is_object() && wanted() == "/status")
    services.apply(answer.body.get_object(), now);
  page_answer = std::move(answer);
  answered = now;
  settle(now);
}

void Screen::say(std::string text, Tone tone, TimePoint now) {
  constexpr Duration shown_for = 8s;
  notice = {std::move(text), tone, now + shown_for};
}

}  // namespace switchgear::top
