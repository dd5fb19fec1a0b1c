#include "app/top/draw_lists.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"
#include "app/top/figures.hpp"
#include "app/top/service_page.hpp"
#include "app/top/table.hpp"
#include "app/top/tones.hpp"

namespace switchgear::top {
namespace json = boost::json;
using control::object_of;
using control::text_of;

namespace {

constexpr std::size_t wide = 120;  // room for the time in a state and the spark of calls
constexpr std::size_t very_wide = 160;

using Table = std::vector<Column>;
using Cells = std::vector<Piece>;

void draw_table(Canvas& canvas, const Screen& screen, const Table& table,
                const std::function<Cells(std::size_t)>& cells_of) {
  canvas.put(head_row, 0, head_of(table));
  for (std::size_t each = 0; each < screen.body_rows() && screen.first + each < screen.rows.size(); ++each) {
    const std::size_t row = screen.first + each;
    const int line = body_row + static_cast<int>(each);
    canvas.put(line, 0, row_of(table, cells_of(row), row == screen.at));
    if (row == screen.at) canvas.highlight(line);
  }
}

/// In place of rows.
void draw_instead(Canvas& canvas, std::string_view text, Style style = quiet) {
  canvas.put(body_row, 2, text, style);
}

/// Longer ones are cut. Not less than in 80 columns, so that few names do not crowd the left.
template <class Named>
std::size_t width_of_names(const Named& named) {
  std::size_t width = 18;
  for (const auto& [name, each] : named.all()) width = std::max(width, control::columns_of(each.shown));
  return std::min<std::size_t>(width, 60);
}

Table breakers_table(const Screen& screen, std::size_t columns) {
  const auto column = [&screen](std::string title, std::size_t width, Align align, Sort sort) {
    return Column{std::move(title), width, align, screen.sort == sort,
                  screen.inverted != (sort == Sort::name || sort == Sort::retry_in)};
  };
  Table table{column("NAME", 0, Align::left, Sort::name),
              {"HEALTH", 8},
              column("STATE", 13, Align::left, Sort::worst)};
  if (columns >= wide) table.push_back({"FOR", 7, Align::right});
  table.push_back(column("CALLS/S", 8, Align::right, Sort::calls));
  if (columns >= wide) table.push_back({"", 20});
  table.push_back(column("FAILED", 7, Align::right, Sort::failure_rate));
  table.push_back(column("REFUSED/S", 10, Align::right, Sort::refusals));
  table.push_back(column("RETRY IN", 9, Align::right, Sort::retry_in));
  if (columns >= very_wide) table.push_back({"LAST TRANSITION", 46});
  return laid_out(std::move(table), columns, width_of_names(screen.circuits));
}

std::string last_transition_text(const Circuit& circuit) {
  const json::object& last = object_of(circuit.document, "last_transition");
  if (last.empty()) return {};
  return fmt::format("{} {} by {}", clock_text(text_of(last, "at")), text_of(last, "to"),
                     text_of(last, "rule"));
}

Cells breaker_cells(const Circuit& circuit, std::size_t columns, TimePoint now) {
  const auto left = circuit.retry_in(now);
  const auto length = circuit.in_state_for(now);
  Cells cells{{circuit.shown, {Tone::normal, true}},
              circuit.health ? Piece{bar_text(*circuit.health, 8), {tone_of(*circuit.health)}} : Piece{},
              {circuit.state_text(), {tone_of(circuit), circuit.state != "closed"}}};
  if (columns >= wide) cells.push_back({length ? length_text(*length) : "", quiet});
  cells.push_back({rate_text(circuit.rates.calls), plain});
  if (columns >= wide) cells.push_back({spark_text(circuit.history.means(0, 20)), {Tone::accent}});
  cells.push_back({percent_text(circuit.failure_rate), {circuit.failure_rate > 0 ? Tone::bad : Tone::quiet}});
  cells.push_back(
      {rate_text(circuit.rates.refusals), {circuit.rates.refusals > 0 ? Tone::warn : Tone::quiet}});
  cells.push_back({left ? length_text(*left) : "", plain});
  if (columns >= very_wide) cells.push_back({last_transition_text(circuit), quiet});
  return cells;
}

Tone tone_of_severity(std::string_view severity) {
  if (severity == "critical" || severity == "high") return Tone::bad;
  return severity == "info" ? Tone::quiet : Tone::warn;
}

/// `acked` and `muted` are firing as well, but nothing is left to do for the reader.
std::string state_of(const json::object& alert) {
  std::string state = text_of(alert, "state");
  if (state != "firing") return state;
  if (!object_of(alert, "acknowledged").empty()) return "acked";
  return text_of(alert, "muted_by").empty() ? state : "muted";
}

Cells alert_cells(const json::object& alert) {
  const std::string severity = text_of(alert, "severity");
  const std::string state = state_of(alert);
  return {{severity, {tone_of_severity(severity), true}},
          {state, {state == "firing" ? Tone::bad : Tone::quiet}},
          {text_of(alert, "circuit"), {Tone::normal, true}},
          {text_of(alert, "rule"), plain},
          {clock_text(text_of(alert, "since")), quiet},
          {text_of(alert, "message"), plain}};
}

/// Why a page has no answer.
std::string problem_text(const Answer& answer, std::string_view path) {
  if (answer.status == 0) return fmt::format("no answer to GET {}: {}", path, answer.error);
  return fmt::format("GET {} was answered with {}", path, answer.status);
}

}  // namespace

void draw_breakers(Canvas& canvas, const Screen& screen, TimePoint now) {
  const auto columns = static_cast<std::size_t>(screen.size.columns);
  draw_table(canvas, screen, breakers_table(screen, columns), [&](std::size_t row) {
    const Circuit* circuit = screen.circuits.find(screen.rows[row]);
    return circuit == nullptr ? Cells{} : breaker_cells(*circuit, columns, now);
  });
  if (!screen.rows.empty() || !screen.connection.ever) return;
  draw_instead(canvas, screen.circuits.all().empty() ? "there are no circuit breakers"
                                                     : "no breaker matches the filter");
}

void draw_services(Canvas& canvas, const Screen& screen) {
  const Table table =
      laid_out({{"NAME", 0},
                {"REQ/S", 8, Align::right},
                {"5XX/S", 7, Align::right},
                {"MEAN", 7, Align::right},
                {"POOL", 10, Align::right},
                {"RETRIES", 8, Align::right},
                {"BULKHEAD", 9, Align::right},
                {"LIMIT", 8, Align::right}},
               static_cast<std::size_t>(screen.size.columns), width_of_names(screen.services));
  draw_table(canvas, screen, table, [&screen](std::size_t row) {
    const Service* service = screen.services.find(screen.rows[row]);
    if (service == nullptr) return Cells{};
    const auto rate = [](const std::optional<double>& value) { return value ? rate_text(*value) : "-"; };
    return Cells{
        {service->shown, {Tone::normal, true}},
        {rate(service->requests), plain},
        {rate(service->server_errors), {service->server_errors.value_or(0) > 0 ? Tone::bad : Tone::quiet}},
        {mean_text(*service), plain},
        {pool_text(*service), plain},
        {retries_text(*service), plain},
        {bulkhead_text(*service), plain},
        {limit_text(*service), plain}};
  });
  if (!screen.rows.empty() || !screen.answered) return;
  if (screen.page_answer.status != 200)
    return draw_instead(canvas, problem_text(screen.page_answer, "/status"), {Tone::warn});
  draw_instead(canvas, screen.services.all().empty() ? "this program has no services: it is not a gateway"
                                                     : "no service matches the filter");
}

void draw_alerts(Canvas& canvas, const Screen& screen) {
  const Answer& answer = screen.page_answer;
  if (!screen.answered) return draw_instead(canvas, "asking");
  if (answer.status == 404) return draw_instead(canvas, "alerts are not configured");
  if (answer.status != 200 || !answer.body.is_object())
    return draw_instead(canvas, problem_text(answer, "/alerts"), {Tone::warn});
  const json::array& alerts = control::array_of(answer.body.get_object(), "alerts");
  if (alerts.empty()) return draw_instead(canvas, "no alerts: all is well", {Tone::good});
  const Table table =
      laid_out({{"SEVERITY", 9}, {"STATE", 9}, {"CIRCUIT", 18}, {"RULE", 16}, {"SINCE", 8}, {"MESSAGE", 0}},
               static_cast<std::size_t>(screen.size.columns), 200);
  draw_table(canvas, screen, table, [&alerts](std::size_t row) {
    return alerts[row].is_object() ? alert_cells(alerts[row].get_object()) : Cells{};
  });
  // In full, for messages that are longer than their column.
  if (const json::object* selected = alerts[screen.at].if_object())
    canvas.put(screen.size.rows - 2, 1, text_of(*selected, "message"), {Tone::accent});
}

}  // namespace switchgear::top
