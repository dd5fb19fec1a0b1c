// telemetry/: what other programs scrape or receive: metric families in a form of our own, and their text.
// Read from snapshots when a scrape asks. Never here: deciding about a call, counting calls, sockets; a type
// of another library in a header.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/observe/duration_histogram.hpp"

namespace switchgear::telemetry {

struct Label {
  std::string name;
  std::string value;  ///< any text; a serializer escapes it
  friend bool operator==(const Label&, const Label&) = default;
};
using Labels = std::vector<Label>;

enum class MetricKind : std::uint8_t {
  counter,    ///< only grows, as long as the process lives
  gauge,      ///< goes up and down
  histogram,  ///< counts by bucket
};

/// How many values fell into which bucket.
struct Histogram {
  std::vector<double> bounds;         ///< upper bounds, inclusive, rising
  std::vector<std::uint64_t> counts;  ///< each bucket's own; one more than `bounds`: what is above them all
  std::uint64_t count = 0;            ///< of all buckets together
  double sum = 0;                     ///< of the values
};

/// One value, or one histogram, with the labels that tell it from the others of its family.
struct MetricSample {
  Labels labels;
  std::variant<double, Histogram> value;
};

struct MetricFamily {
  std::string name;  ///< as Prometheus takes it: letters, digits and `_`
  std::string help;  ///< one sentence
  MetricKind kind = MetricKind::gauge;
  std::vector<MetricSample> samples;
};

/// Families, filled sample by sample. Samples of one name are grouped, regardless of which part adds them;
/// the first names its help and its kind.
///
///     MetricFamilies families;
///     families.counter("shop_orders_total", "Orders taken.", {{"country", "nz"}}, 12);
///
/// Units are Prometheus': seconds, bytes, ratios from 0 to 1. Threads: one at a time.
class MetricFamilies {
 public:
  void counter(std::string_view name, std::string_view help, Labels labels, double value);
  template <std::integral Count>
  void counter(std::string_view name, std::string_view help, Labels labels, Count value) {
    counter(name, help, std::move(labels), static_cast<double>(value));
  }
  void gauge(std::string_view name, std::string_view help, Labels labels, double value);
  void histogram(std::string_view name, std::string_view help, Labels labels, Histogram value);
  /// In seconds.
  void histogram(std::string_view name, std::string_view help, Labels labels,
                 const DurationHistogramSnapshot& value);

  /// In the order in which they were named first; none is empty.
  [[nodiscard]] const std::vector<MetricFamily>& all() const noexcept { return families_; }

 private:
  void add(std::string_view name, std::string_view help, MetricKind kind, MetricSample sample);
  [[nodiscard]] MetricFamily& family_of(std::string_view name, std::string_view help, MetricKind kind);

  std::vector<MetricFamily> families_;
  std::map<std::string, std::size_t, std::less<>> places_;
  std::size_t last_ = 0;  ///< that was added to
};

/// Adds what a part of a program counts. Called for each scrape.
using MetricSource = std::function<void(MetricFamilies&)>;

}  // namespace switchgear::telemetry
