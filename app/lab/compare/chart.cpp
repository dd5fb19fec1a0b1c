#include "app/lab/compare/chart.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "app/lab/counted.hpp"
#include "app/lab/seconds.hpp"
#include "switchgear/observe/report/charts.hpp"

namespace switchgear::lab {

namespace {

constexpr double left = 150, width = 800, right = 20;
constexpr double top = 40, height = 160, band = 18, gap = 14;
constexpr std::size_t most_columns = 400, least_columns = 50;
constexpr std::size_t calls_a_column = 12;

constexpr std::string_view style =
    "rect{shape-rendering:crispEdges}text{font:12px "
    "system-ui,sans-serif;fill:#16202c}.quiet{fill:#566273}.good{fill:#6b9be8}"
    ".bad{fill:#d3222e}.refused{fill:#aab4c0}.outage{fill:#d3222e;opacity:.1}.track{fill:#e0e5ec}.open{fill:#"
    "bd1622}"
    ".half_open{fill:#c98a1b}";

std::string number(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string rectangle(std::string_view style_class, double x, double y, double w, double h,
                      const std::string& title = {}) {
  std::string made = "<rect class=\"" + std::string(style_class) + "\" x=\"" + number(x) + "\" y=\"" +
                     number(y) + "\" width=\"" + number(w) + "\" height=\"" + number(h) + "\"";
  return made + (title.empty() ? "/>" : "><title>" + charts::escaped(title) + "</title></rect>");
}

std::string words(double x, double y, std::string_view text, std::string_view anchor, std::string_view name) {
  return "<text class=\"" + std::string(name) + "\" x=\"" + number(x) + "\" y=\"" + number(y) +
         "\" text-anchor=\"" + std::string(anchor) + "\">" + charts::escaped(text) + "</text>";
}

class Drawing {
 public:
  explicit Drawing(const Comparison& comparison) : comparison_(comparison) {}

  std::string draw(const Calls& calls) {
    text_ += words(left, 20, "Calls and their breakers over " + format_seconds(whole_seconds()) + "s",
                   "start", "");
    draw_outages();
    draw_calls(calls);
    double y = top + height + gap;
    for (const Arm& arm : comparison_.arms) {
      draw_arm(arm, y);
      y += band + gap;
    }
    text_ += words(left, y + 2, "0s", "start", "quiet");
    text_ += words(left + width, y + 2, format_seconds(whole_seconds()) + "s", "end", "quiet");
    y += 24;
    y = draw_key(y);
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(left + width + right) + " " +
           number(y) + "\" role=\"img\"><style>" + std::string(style) +
           "</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>" + text_ + "</svg>\n";
  }

 private:
  [[nodiscard]] Duration length() const { return std::max(comparison_.end - comparison_.begin, Duration{1}); }
  [[nodiscard]] Duration whole_seconds() const { return std::chrono::ceil<std::chrono::seconds>(length()); }
  [[nodiscard]] double at(TimePoint time) const {
    const double share =
        static_cast<double>((time - comparison_.begin).count()) / static_cast<double>(length().count());
    return left + std::clamp(share, 0.0, 1.0) * width;
  }

  void draw_outages() {
    for (const Outage& outage : comparison_.outages) {
      const double x = at(outage.from);
      text_ += rectangle("outage", x, top, std::max(1.0, at(outage.to) - x),
                         height + static_cast<double>(comparison_.arms.size()) * (band + gap));
    }
  }

  /// Few calls in many columns are a comb.
  static std::size_t columns_for(const Calls& calls) {
    return std::clamp(calls.size() / calls_a_column, least_columns, most_columns);
  }

  void draw_calls(const Calls& calls) {
    struct Column {
      std::uint64_t bad = 0, good = 0, refused = 0;
      [[nodiscard]] std::uint64_t all() const { return bad + good + refused; }
    };
    std::vector<Column> columns(columns_for(calls));
    const auto count = static_cast<double>(columns.size());
    for (const RecordedCall& call : calls) {
      const double share = (at(call.at) - left) / width;
      Column& column = columns[std::min(columns.size() - 1, static_cast<std::size_t>(share * count))];
      ++(!call.known ? column.refused : call.verdict == Verdict::failure ? column.bad : column.good);
    }
    const std::uint64_t most =
        std::max<std::uint64_t>(1, std::ranges::max_element(columns, {}, &Column::all)->all());
    const double step = width / count;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      double y = top + height;
      const auto stack = [&](std::string_view name, std::uint64_t calls_of_it) {
        if (calls_of_it == 0) return;
        const double part = height * static_cast<double>(calls_of_it) / static_cast<double>(most);
        y -= part;
        text_ += rectangle(name, left + static_cast<double>(i) * step, y, step, part);
      };
      stack("bad", columns[i].bad);
      stack("good", columns[i].good);
      stack("refused", columns[i].refused);
    }
    const double seconds = std::chrono::duration<double>(length()).count() / count;
    const auto rate = static_cast<std::uint64_t>(static_cast<double>(most) / seconds + 0.5);
    text_ += words(left - 8, top + 10, counted(rate) + " calls/s", "end", "quiet");
    text_ += words(left - 8, top + height, "0", "end", "quiet");
  }

  /// Where calls of unknown end make a difference: above if they had succeeded, below if they had failed.
  void draw_arm(const Arm& arm, double y) {
    text_ += words(left - 8, y + band - 5, arm.policy, "end", "");
    if (!arm.if_bad) return draw_states(arm.if_good, y, band, "");
    draw_states(arm.if_good, y, band / 2 - 1, " if the refused calls had succeeded");
    draw_states(*arm.if_bad, y + band / 2 + 1, band / 2 - 1, " if the refused calls had failed");
  }

  void draw_states(const Judged& judged, double y, double tall, const std::string& guess) {
    text_ += rectangle("track", left, y, width, tall);
    const std::vector<StateChange>& changes = judged.course.changes;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const State state = changes[i].to;
      if (state != State::open && state != State::half_open) continue;
      const TimePoint until = i + 1 < changes.size() ? changes[i + 1].at : comparison_.end;
      const double x = at(changes[i].at);
      text_ += rectangle(to_string(state), x, y, std::max(0.5, at(until) - x), tall,
                         std::string(to_string(state)) + " at " +
                             format_seconds(changes[i].at - comparison_.begin) + "s for " +
                             format_seconds(until - changes[i].at) + "s" + guess);
    }
  }

  double draw_key(double y) {
    std::vector<std::pair<std::string_view, std::string_view>> keys{{"good", "good calls"},
                                                                    {"bad", "failed calls"}};
    if (comparison_.unknown > 0) keys.emplace_back("refused", "refused calls");
    keys.insert(keys.end(), {{"outage", "outage"}, {"open", "breaker open"}, {"half_open", "half-open"}});
    double x = left;
    for (const auto& [name, meaning] : keys) {
      text_ += rectangle(name, x, y - 10, 12, 12) + words(x + 18, y, meaning, "start", "quiet");
      x += 130;
    }
    if (comparison_.unknown > 0) {
      y += 20;
      text_ += words(left, y, "Breakers: above if the refused calls had succeeded, below if they had failed.",
                     "start", "quiet");
    }
    return y + 16;
  }

  const Comparison& comparison_;
  std::string text_;
};

}  // namespace

std::string chart(const Comparison& comparison, const Calls& calls) {
  return Drawing(comparison).draw(calls);
}

}  // namespace switchgear::lab
