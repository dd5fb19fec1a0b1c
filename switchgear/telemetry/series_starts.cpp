#include "switchgear/telemetry/series_starts.hpp"

#include <algorithm>
#include <variant>

namespace switchgear::telemetry {

namespace {

double counted(const MetricSample& sample) {
  const auto* histogram = std::get_if<Histogram>(&sample.value);
  return histogram != nullptr ? static_cast<double>(histogram->count) : std::get<double>(sample.value);
}

}  // namespace

/// The wall clock may have been set back; a start is never after its point.
void SeriesStarts::begin(Wall now) noexcept {
  before_ = std::min(now_, now);
  now_ = now;
  ++collection_;
}

SeriesStarts::Wall SeriesStarts::start_of(std::string_view name, const MetricSample& sample) {
  key_.assign(name);
  for (const Label& label : sample.labels)
    key_.append(1, '\0').append(label.name).append(1, '\0').append(label.value);
  const double value = counted(sample);
  const auto [at, is_new] = series_.try_emplace(key_, Series{value, before_, collection_});
  Series& series = at->second;
  if (!is_new && value < series.value) series.start = before_;
  series.value = value;
  series.seen = collection_;
  return std::min(series.start, now_);
}

void SeriesStarts::end() {
  std::erase_if(series_, [this](const auto& each) { return each.second.seen != collection_; });
}

}  // namespace switchgear::telemetry
