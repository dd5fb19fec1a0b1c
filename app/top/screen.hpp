// The dashboard's state: which page, which row, what is known, what was asked. No terminal and no network
// here: keys and answers come in as values, and what must be done goes out as one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/top/answer.hpp"
#include "app/top/canvas.hpp"
#include "app/top/circuits.hpp"
#include "app/top/key.hpp"
#include "app/top/order.hpp"
#include "app/top/services.hpp"
#include "switchgear/core/command.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::top {

enum class Page : std::uint8_t { breakers, services, alerts, breaker, service };

/// Rows of the frame: title, tabs, and from here the titles of columns; the body; a notice, and the keys.
inline constexpr int head_row = 2;
inline constexpr int body_row = 3;
inline constexpr int foot_rows = 2;

/// The terminal must have at least this size.
inline constexpr Size least_size{24, 80};

struct Connection {
  bool live = false;
  bool ever = false;  ///< there is data, of `heard`
  std::string why;    ///< it is not live: a clause
  TimePoint heard{};  ///< when something came last
};

struct Notice {
  std::string text;
  Tone tone = Tone::normal;
  TimePoint until{};
};

/// What a key asks the session to do.
struct Wish {
  enum class Kind : std::uint8_t { nothing, quit, redraw, command, acknowledge };
  Kind kind = Kind::nothing;
  Command command = Command::reset;
  std::string name{};   ///< of the breaker; of an alert: its id
  std::string about{};  ///< the same for people
};

/// A wish that is to be confirmed.
struct Question {
  Wish wish;
};

struct Screen {
  std::string url;
  Size size = least_size;
  Connection connection{};
  Circuits circuits{};
  Services services{};
  Answer page_answer{};                 ///< of the page's own request: alerts, transitions, services
  std::optional<TimePoint> answered{};  ///< when it came

  Page page = Page::breakers;
  bool help = false;
  std::optional<Question> question{};
  Notice notice{};

  Sort sort = Sort::worst;
  bool inverted = false;
  std::string filter{};
  bool typing = false;  ///< the filter

  /// Of the list on the page; also the name whose page is open. Names of rows (of alerts: ids) that the user
  /// has moved to: the row stays selected while the list is sorted anew. Empty: the first row of the order as
  /// it is.
  std::string selected{};
  std::vector<std::string> rows{};  ///< names, filtered and sorted
  std::size_t at = 0;               ///< of `selected` in `rows`
  std::size_t first = 0;            ///< row at the top, or line of a breaker's page

  /// Sorts and filters anew, and keeps the selected row within the list and on the screen. After every change
  /// of what is known.
  void settle(TimePoint now);

  [[nodiscard]] Wish press(const KeyPress& key, TimePoint now);

  /// What the page must be given besides the stream: a path of the admin API, or empty.
  [[nodiscard]] std::string wanted() const;
  /// The answer to it. An answer that a later page did not ask for is not passed here.
  void receive(Answer answer, TimePoint now);

  void say(std::string text, Tone tone, TimePoint now);

  /// Rows between the head and the foot.
  [[nodiscard]] std::size_t body_rows() const;
  [[nodiscard]] const Circuit* circuit() const { return circuits.find(selected_name()); }
  [[nodiscard]] const Service* service() const { return services.find(selected_name()); }
  [[nodiscard]] std::string selected_name() const;
  /// The selected one of the page of alerts; null: none is.
  [[nodiscard]] const boost::json::object* alert() const;

 private:
  void open(Page next);
  void move(std::ptrdiff_t by, TimePoint now);
  void type(const KeyPress& key);
  [[nodiscard]] Wish press_letter(char letter, TimePoint now);
  void ask(Command command);
  void ask_to_acknowledge(TimePoint now);
  void step_sort(std::size_t by);

  std::string list_selected_{};  ///< what was selected in the list behind an opened page
};

}  // namespace switchgear::top
