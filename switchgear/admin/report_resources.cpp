#include "switchgear/admin/report_resources.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "switchgear/admin/report_json.hpp"
#include "switchgear/core/duration_text.hpp"

namespace switchgear::admin {
namespace {

constexpr Duration default_span = std::chrono::hours{24};
constexpr Duration at_least_diagnosed = std::chrono::hours{24};  // what a diagnosis says about today needs it
constexpr Duration longest_span = std::chrono::hours{24 * 3650};

/// The name of a circuit as that of a file.
std::string file_name(std::string_view circuit, std::string_view extension) {
  std::string name;
  for (const char each : circuit.substr(0, 64)) {
    const bool plain = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
                       (each >= '0' && each <= '9') || each == '-' || each == '_';
    name += plain ? each : '_';
  }
  return "report-" + name.append(extension);
}

/// The span and the way to write the answer that a request asks for.
struct Wanted {
  Duration since = default_span;
  std::string format = "json";
};
std::variant<Wanted, Problem> wanted(const ResourceRequest& request,
                                     std::initializer_list<std::string_view> formats) {
  const auto since = since_of(request, default_span);
  if (const auto* problem = std::get_if<Problem>(&since)) return *problem;
  Wanted made{.since = std::get<Duration>(since)};
  if (const std::string* format = request.parameter("format")) {
    if (std::ranges::find(formats, *format) == formats.end())
      return Problem{400, "this resource does not have that format", {{"format", *format}}};
    made.format = *format;
  }
  return made;
}

ResourceAnswer no_such_circuit(const ResourceRequest& request) {
  return Problem{404, "the circuit breaker does not exist", {{"circuit", request.name}}};
}

ResourceAnswer report_answer(const CircuitSource& circuits, const ResourceRequest& request, TimePoint now) {
  const auto asked = wanted(request, {"json", "text", "html"});
  if (const auto* problem = std::get_if<Problem>(&asked)) return *problem;
  const auto& [since, format] = std::get<Wanted>(asked);
  auto seen = circuits.see(std::string{request.name}, since, now);
  if (!seen) return no_such_circuit(request);
  const Report report = make_report(seen->history, seen->span, std::move(seen->present), seen->past);
  if (format == "text") return Text{report_text(report)};
  // A page of this server may not style itself; a file may.
  if (format == "html")
    return Text{report_html(report), "text/html; charset=utf-8", file_name(request.name, ".html")};
  return Json{report_json(report)};
}

ResourceAnswer analysis_answer(const CircuitSource& circuits, const ResourceRequest& request, TimePoint now) {
  const auto asked = wanted(request, {"json", "text"});
  if (const auto* problem = std::get_if<Problem>(&asked)) return *problem;
  const auto& [since, format] = std::get<Wanted>(asked);
  auto seen = circuits.see(std::string{request.name}, std::max(since, at_least_diagnosed), now);
  if (!seen) return no_such_circuit(request);
  const Diagnosis diagnosis = diagnose(seen->history, seen->span, std::move(seen->present), seen->past);
  if (format == "text") return Text{diagnosis_text(diagnosis)};
  return Json{diagnosis_json(diagnosis)};
}

}  // namespace

std::vector<AddedResource> report_resources(const CircuitSource& circuits, std::function<TimePoint()> clock) {
  std::vector<AddedResource> made;
  made.push_back({.method = Method::get,
                  .path = "/reports/{name}",
                  .parameters = {"since", "format"},
                  .handle = [&circuits, clock](const ResourceRequest& request) {
                    return report_answer(circuits, request, clock());
                  }});
  made.push_back({.method = Method::get,
                  .path = "/analysis/{name}",
                  .parameters = {"since", "format"},
                  .handle = [&circuits, clock = std::move(clock)](const ResourceRequest& request) {
                    return analysis_answer(circuits, request, clock());
                  }});
  return made;
}

std::variant<Duration, Problem> since_of(const ResourceRequest& request, Duration otherwise) {
  const std::string* const since = request.parameter("since");
  if (since == nullptr) return otherwise;
  if (const auto span = span_of(*since)) return *span;
  return Problem{
      400, "since is not a length of time; write a number and a unit, such as 24h", {{"since", *since}}};
}

std::optional<Duration> span_of(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number <= 0) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  std::int64_t unit = name == "d" ? 24 * duration_units.front().nanoseconds : 0;
  for (const DurationUnit& each : duration_units) {
    if (each.name == name) unit = each.nanoseconds;
  }
  if (unit == 0 || number > longest_span.count() / unit) return std::nullopt;
  return Duration{number * unit};
}

}  // namespace switchgear::admin
