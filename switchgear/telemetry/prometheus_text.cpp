#include "switchgear/telemetry/prometheus_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <variant>

#include "switchgear/core/utf8.hpp"
#include "switchgear/registry/policy_registry.hpp"
#include "switchgear/telemetry/breaker_metrics.hpp"
#include "switchgear/telemetry/policy_metrics.hpp"

namespace switchgear::telemetry {
namespace {

std::string_view kind_text(MetricKind kind) {
  constexpr std::array<std::string_view, 3> names{"counter", "gauge", "histogram"};
  return names[static_cast<std::size_t>(kind)];
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

template <class Number>
void append_digits(std::string& out, Number number) {
  std::array<char, 32> digits{};
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

/// In as few digits as give the same number when they are read.
void append_number(std::string& out, double number) {
  if (std::isnan(number)) {
    out.append("NaN");
  } else if (std::isinf(number)) {
    out.append(number > 0 ? "+Inf" : "-Inf");
  } else {
    append_digits(out, number);
  }
}

/// `special`: the characters that a backslash goes before.
void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  for (;;) {
    const std::size_t at = text.find_first_of(special);
    out.append(text.substr(0, at));
    if (at == std::string_view::npos) return;
    out += '\\';
    out += text[at] == '\n' ? 'n' : text[at];
    text.remove_prefix(at + 1);
  }
}

/// `circuit="payment",state="open"`. A value may have come from a client, and the format takes UTF-8 only.
std::string labels_text(const Labels& labels) {
  std::string text;
  for (const Label& label : labels) {
    if (!text.empty()) text += ',';
    text.append(label.name).append("=\"");
    if (is_ascii(label.value)) {
      append_escaped(text, label.value, "\\\n\"");
    } else {
      append_escaped(text, as_utf8(label.value), "\\\n\"");
    }
    text += '"';
  }
  return text;
}

/// `name{labels} `
std::string series_text(std::string_view name, std::string_view suffix, std::string_view labels) {
  std::string text{name};
  text.append(suffix);
  if (!labels.empty()) text.append("{").append(labels).append("}");
  return text += ' ';
}

template <class Number>
void append_line(std::string& out, std::string_view series, Number number) {
  out.append(series);
  if constexpr (std::is_floating_point_v<Number>) {
    append_number(out, number);
  } else {
    append_digits(out, number);
  }
  out += '\n';
}

/// Prometheus' buckets each include those below them.
void append_histogram(std::string& out, std::string_view name, const std::string& labels,
                      const Histogram& histogram) {
  append_line(out, series_text(name, "_count", labels), histogram.count);
  append_line(out, series_text(name, "_sum", labels), histogram.sum);
  std::string bucket{name};
  bucket.append("_bucket{").append(labels).append(labels.empty() ? "le=\"" : ",le=\"");
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < histogram.bounds.size(); ++i) {
    below += histogram.counts[i];
    out.append(bucket);
    append_number(out, histogram.bounds[i]);
    append_line(out, "\"} ", below);
  }
  out.append(bucket);
  append_line(out, "+Inf\"} ", histogram.count);
}

void append_family(std::string& out, const MetricFamily& family) {
  out.append("# HELP ").append(family.name).append(" ");
  append_escaped(out, family.help, "\\\n");
  out.append("\n# TYPE ").append(family.name).append(" ").append(kind_text(family.kind)).append("\n");
  for (const MetricSample& sample : family.samples) {
    const std::string labels = labels_text(sample.labels);
    if (const auto* histogram = std::get_if<Histogram>(&sample.value)) {
      append_histogram(out, family.name, labels, *histogram);
    } else {
      append_line(out, series_text(family.name, "", labels), std::get<double>(sample.value));
    }
  }
}

/// Of the text: about right, so that a long one is not copied while it grows.
std::size_t expected_size(const MetricFamilies& families) {
  constexpr std::size_t rest_of_line = 60;  // labels and number
  std::size_t size = 0;
  for (const MetricFamily& family : families.all()) {
    for (const MetricSample& sample : family.samples) {
      const auto* histogram = std::get_if<Histogram>(&sample.value);
      const std::size_t lines = histogram == nullptr ? 1 : histogram->bounds.size() + 3;
      size += lines * (family.name.size() + rest_of_line);
    }
  }
  return size;
}

}  // namespace

std::string prometheus_text(const MetricFamilies& families) {
  std::string text;
  text.reserve(expected_size(families));
  for (const MetricFamily& family : families.all()) append_family(text, family);
  return text;
}

std::string prometheus_text(const BreakerRegistry& registry, TimePoint now) {
  MetricFamilies families;
  add_breakers(families, registry, now);
  return prometheus_text(families);
}

std::string prometheus_text(const PolicyRegistry& registry, TimePoint now) {
  MetricFamilies families;
  add_breakers(families, registry.breakers(), now);
  add_policies(families, registry, now);
  return prometheus_text(families);
}

std::string prometheus_text(const PolicyRegistry& registry) {
  return prometheus_text(registry, std::chrono::steady_clock::now());
}

std::string prometheus_text(const BreakerRegistry& registry) {
  return prometheus_text(registry, std::chrono::steady_clock::now());
}

}  // namespace switchgear::telemetry
