#include "app/chaos/happenings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "switchgear/core/duration_text.hpp"

namespace switchgear::chaos {
namespace {

std::string percent(double share) { return fmt::format("{:.3g}%", share * 100); }
std::string length(double seconds) { return format_duration(from_seconds(seconds)); }
std::string number(double value) { return fmt::format("{:.4g}", value); }

void add(std::string& text, const char* what, const std::optional<Ramp>& ramp, std::string (*say)(double)) {
  if (!ramp) return;
  text += (text.empty() ? "" : ", ") + std::string(what) + " " + say(ramp->from);
  if (ramp->to != ramp->from) text += " → " + say(ramp->to);
}

std::string whom(const Phase& phase) {
  std::string text = phase.service;
  if (phase.instance) text += " " + std::to_string(*phase.instance);
  if (!phase.path.empty()) text += " " + phase.path;
  return text;
}

std::string what(const Phase& phase) {
  std::string text;
  add(text, "errors", phase.errors, percent);
  if (phase.errors && phase.status != 500) text += " (" + std::to_string(phase.status) + ")";
  add(text, "hang", phase.hang, percent);
  add(text, "reset", phase.reset, percent);
  add(text, "latency", phase.latency, length);
  add(text, "capacity", phase.capacity, number);
  if (phase.refuse) text += text.empty() ? "refuses connections" : ", refuses connections";
  if (phase.share < 1) text += " for " + percent(phase.share) + " of the requests";
  if (phase.flapping > Duration::zero()) text += ", on and off each " + format_duration(phase.flapping);
  return text;
}

}  // namespace

std::vector<Happening> happenings(const std::vector<Phase>& phases) {
  std::vector<Happening> all;
  for (const Phase& phase : phases) {
    all.push_back({phase.at, whom(phase) + ": " + what(phase)});
    all.push_back({phase.at + phase.length, whom(phase) + ": end of " + what(phase)});
  }
  std::ranges::stable_sort(all, {}, &Happening::at);
  return all;
}

}  // namespace switchgear::chaos
