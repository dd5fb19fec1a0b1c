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
constexpr std::size_t columns = 400;

constexpr std::string_view style =
    "rect{shape-rendering:crispEdges}text{font:12px "
    "system-ui,sans-serif;fill:#16202c}.quiet{fill:#566273}.good{fill:#6b9be8}"
    ".bad{fill:#d3222e}.outage{fill:#d3222e;opacity:.1}.track{fill:#e0e5ec}.open{fill:#bd1622}"
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
      draw_states(arm, y);
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

  void draw_calls(const Calls& calls) {
    std::vector<std::array<std::uint64_t, 2>> bins(columns);
    for (const RecordedCall& call : calls) {
      if (!call.known) continue;
      const double share = (at(call.at) - left) / width;
      const auto bin = std::min(columns - 1, static_cast<std::size_t>(share * static_cast<double>(columns)));
      ++bins[bin][call.verdict == Verdict::failure ? 1 : 0];
    }
    std::uint64_t most = 1;
    for (const auto& bin : bins) most = std::max(most, bin[0] + bin[1]);
    const double step = width / static_cast<double>(columns);
    for (std::size_t i = 0; i < columns; ++i) {
      const double x = left + static_cast<double>(i) * step;
      const double good = height * static_cast<double>(bins[i][0]) / static_cast<double>(most);
      const double bad = height * static_cast<double>(bins[i][1]) / static_cast<double>(most);
      if (bad > 0) text_ += rectangle("bad", x, top + height - bad, step, bad);
      if (good > 0) text_ += rectangle("good", x, top + height - bad - good, step, good);
    }
    const double seconds = std::chrono::duration<double>(length()).count() / static_cast<double>(columns);
    const auto rate = static_cast<std::uint64_t>(static_cast<double>(most) / seconds + 0.5);
    text_ += words(left - 8, top + 10, counted(rate) + " calls/s", "end", "quiet");
    text_ += words(left - 8, top + height, "0", "end", "quiet");
  }

  void draw_states(const Arm& arm, double y) {
    text_ += words(left - 8, y + band - 5, arm.policy, "end", "");
    text_ += rectangle("track", left, y, width, band);
    const std::vector<StateChange>& changes = arm.if_good.course.changes;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const State state = changes[i].to;
      if (state != State::open && state != State::half_open) continue;
      const TimePoint until = i + 1 < changes.size() ? changes[i + 1].at : comparison_.end;
      const double x = at(changes[i].at);
      text_ += rectangle(to_string(state), x, y, std::max(0.5, at(until) - x), band,
                         std::string(to_string(state)) + " at " +
                             format_seconds(changes[i].at - comparison_.begin) + "s for " +
                             format_seconds(until - changes[i].at) + "s");
    }
  }

  double draw_key(double y) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> keys{{{"good", "good calls"},
                                                                                 {"bad", "failed calls"},
                                                                                 {"outage", "outage"},
                                                                                 {"open", "breaker open"},
                                                                                 {"half_open", "half-open"}}};
    double x = left;
    for (const auto& [name, meaning] : keys) {
      text_ += rectangle(name, x, y - 10, 12, 12) + words(x + 18, y, meaning, "start", "quiet");
      x += 130;
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
