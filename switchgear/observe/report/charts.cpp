#include "switchgear/observe/report/charts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>

#include "switchgear/observe/diagnosis/words.hpp"

namespace switchgear::charts {

namespace {

constexpr double width = 1000;
constexpr double height = 200;

std::string coordinate(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string point(double at, double value, double top) {
  return coordinate(at * width) + "," + coordinate(height - std::clamp(value / top, 0.0, 1.0) * height);
}

/// The picture is stretched to its place on the page; its lines keep their width.
std::string opened(std::string_view style, std::string_view label, double high = height) {
  return std::string("<svg class=\"").append(style).append("\" viewBox=\"0 0 1000 ") + coordinate(high) +
         "\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"" + escaped(label) + "\">";
}

std::string grid() {
  std::string made;
  for (const double y : {0.0, height / 2, height}) {
    made += "<line class=\"grid\" x1=\"0\" x2=\"1000\" y1=\"" + coordinate(y) + "\" y2=\"" + coordinate(y) +
            "\"/>";
  }
  return made;
}

std::string path(std::string_view style, const std::string& d) {
  return std::string("<path class=\"").append(style).append("\" d=\"") + d + "\"/>";
}

}  // namespace

std::string stacked(const std::vector<double>& at, const std::vector<Curve>& curves, double top,
                    std::string_view label) {
  std::string made = opened("chart", label) + grid();
  std::vector<double> below(at.size(), 0);
  for (const Curve& curve : curves) {
    std::string d;
    for (std::size_t i = 0; i < at.size(); ++i)
      d += (i == 0 ? "M" : "L") + point(at[i], below[i] + curve.values[i].value_or(0), top);
    for (std::size_t i = at.size(); i > 0; --i) d += "L" + point(at[i - 1], below[i - 1], top);
    if (!at.empty()) made += path("area " + std::string{curve.style}, d + "Z");
    for (std::size_t i = 0; i < at.size(); ++i) below[i] += curve.values[i].value_or(0);
  }
  return made + "</svg>";
}

std::string lines(const std::vector<double>& at, const std::vector<Curve>& curves, double top,
                  std::string_view label) {
  std::string made = opened("chart", label) + grid();
  for (const Curve& curve : curves) {
    std::string d;
    bool gap = true;
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (curve.values[i]) {
        d += (gap ? "M" : "L") + point(at[i], *curve.values[i], top);
        if (gap) d += "l0.1,0";  // a lone value is a dot
      }
      gap = !curve.values[i];
    }
    if (!d.empty()) made += path("line " + std::string{curve.style}, d);
  }
  return made + "</svg>";
}

std::string band(const std::vector<StateStretch>& states, const figures::Span& span, std::string_view label) {
  const double whole = std::max(to_seconds(span.length()), 1e-9);
  std::string made = opened("band", label, 20);
  for (const StateStretch& each : states) {
    const double from =
        std::clamp(to_seconds(WallAnchor::between(span.from, each.span.from)) / whole, 0.0, 1.0);
    const double to = std::clamp(to_seconds(WallAnchor::between(span.from, each.span.to)) / whole, from, 1.0);
    made += std::string("<rect class=\"s-").append(to_string(each.state)).append("\" x=\"") +
            coordinate(from * width) + "\" y=\"0\" height=\"20\" width=\"" +
            coordinate(std::max((to - from) * width, 0.5)) + "\"><title>" +
            std::string{to_string(each.state)} + " from " + words::instant(each.span.from) + " UTC for " +
            words::length(each.span.length()) + "</title></rect>";
  }
  return made + "</svg>";
}

double round_top(double value) noexcept {
  if (!(value > 0)) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0, 10.0}) {
    if (value <= step * power * (1 + 1e-9)) return step * power;
  }
  return 10 * power;
}

std::string escaped(std::string_view text) {
  std::string made;
  for (const char each : words::plain(text)) {
    switch (each) {
      case '&':
        made += "&amp;";
        break;
      case '<':
        made += "&lt;";
        break;
      case '>':
        made += "&gt;";
        break;
      case '"':
        made += "&quot;";
        break;
      case '\'':
        made += "&#39;";
        break;
      default:
        made += each;
    }
  }
  return made;
}

}  // namespace switchgear::charts
