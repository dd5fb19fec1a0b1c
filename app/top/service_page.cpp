#include "app/top/service_page.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"
#include "app/top/figures.hpp"
#include "app/top/pairs.hpp"
#include "app/top/table.hpp"

namespace switchgear::top {
namespace json = boost::json;
using control::number_in;
using control::number_of;
using control::object_of;
using control::text_of;

namespace {

std::string title_of(std::string_view key) {
  std::string title = control::printable(key);
  for (char& each : title)
    each = each == '_' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(each)));
  return title;
}

std::string count_text(double count) { return fmt::format("{:.0f}", count); }

struct InstanceCells {
  std::string name, standing, calls, failures, in_flight, ejections;
  std::string evidence;
  bool usable = true;
};

InstanceCells cells_of(const json::object& instance) {
  InstanceCells cells{.name = text_of(instance, "name"),
                      .standing = "usable",
                      .calls = count_text(number_of(instance, "calls")),
                      .failures = count_text(number_of(instance, "failures")),
                      .in_flight = count_text(number_of(instance, "in_flight")),
                      .ejections = count_text(number_of(instance, "ejections")),
                      .evidence = {},
                      .usable = control::is_true(instance, "usable")};
  if (cells.usable) return cells;
  const json::object& ejected = object_of(instance, "ejected");
  cells.standing = "left out";
  cells.evidence = text_of(instance, "why");
  if (cells.evidence.empty())  // of an older gateway
    cells.evidence = ejected.empty() ? "its health check is bad" : text_of(ejected, "evidence");
  if (const auto left = number_in(ejected, "for")) cells.standing += " for " + length_text(*left);
  return cells;
}

void add_instances(Lines& lines, const Service& service, std::size_t columns) {
  const json::array& all = control::array_of(service.document, "instances");
  if (all.empty()) return;
  const auto table = laid_out({{"INSTANCE", 0},
                               {"STATE", 20},
                               {"CALLS", 8, Align::right},
                               {"FAILED", 8, Align::right},
                               {"IN FLIGHT", 9, Align::right},
                               {"EJECTIONS", 9, Align::right}},
                              columns, 40);
  lines.push_back(head_of(table));
  for (const json::value& each : all) {
    if (!each.is_object()) continue;
    const InstanceCells cells = cells_of(each.get_object());
    lines.push_back(row_of(table,
                           {{cells.name, {Tone::normal, true}},
                            {cells.standing, {cells.usable ? Tone::good : Tone::bad}},
                            {cells.calls, plain},
                            {cells.failures, plain},
                            {cells.in_flight, plain},
                            {cells.ejections, plain}},
                           false));
    if (!cells.evidence.empty()) lines.push_back({{"    " + cells.evidence, quiet}});
  }
  lines.push_back({});
}

/// Values whose breaker is not closed.
void add_opened_values(Lines& lines, const json::object& by) {
  const json::array& opened = control::array_of(by, "opened");
  if (opened.empty()) return;
  lines.push_back({{" VALUES NOT CLOSED", heading}});
  for (const json::value& each : opened) {
    if (!each.is_object()) continue;
    const json::object& value = each.get_object();
    std::string text = text_of(value, "circuit") + "  " + text_of(value, "state");
    if (const auto left = number_in(value, "retry_after")) text += ", retry in " + length_text(*left);
    lines.push_back({{"  " + text, plain}});
  }
  lines.push_back({});
}

/// A section for each member that is an object.
void add_sections(Lines& lines, const json::object& document, std::size_t columns) {
  for (const auto& [key, value] : document) {
    if (!value.is_object()) continue;
    const json::object& section = value.get_object();
    if (key == "route_policies") {
      for (const auto& [policy, of] : section) {
        if (of.is_object())
          add_pairs(lines, "ROUTES WITH " + control::printable(std::string_view{policy}),
                    pairs_of(of.get_object()), columns);
      }
      continue;
    }
    json::object shown = section;
    if (key == "by") shown.erase("opened");
    add_pairs(lines, key == "by" ? "BREAKERS BY VALUE" : title_of(std::string_view{key}), pairs_of(shown),
              columns);
    if (key == "by") add_opened_values(lines, section);
  }
}

std::string rate_or_dash(const std::optional<double>& rate) { return rate ? rate_text(*rate) : "-"; }

}  // namespace

Lines service_page(const Service& service, std::size_t columns) {
  Lines lines;
  lines.push_back({{" requests/s ", quiet},
                   {rate_or_dash(service.requests), plain},
                   {"   5xx/s ", quiet},
                   {rate_or_dash(service.server_errors), plain},
                   {"   mean of a call ", quiet},
                   {mean_text(service), plain}});
  lines.push_back({});
  add_instances(lines, service, columns);
  json::object alone;  // members that are not sections of their own
  for (const auto& [key, value] : service.document) {
    if (!value.is_object() && !value.is_array() && !value.is_null()) alone[key] = value;
  }
  add_pairs(lines, "SERVICE", pairs_of(alone), columns);
  add_sections(lines, service.document, columns);
  return lines;
}

std::string bulkhead_text(const Service& service) {
  const json::object& bulkhead = object_of(service.document, "bulkhead");
  if (bulkhead.empty()) return {};
  std::string text =
      count_text(number_of(bulkhead, "in_use")) + "/" + count_text(number_of(bulkhead, "max_concurrent"));
  if (const double waiting = number_of(bulkhead, "waiting"); waiting > 0) text += " +" + count_text(waiting);
  return text;
}

std::string limit_text(const Service& service) {
  if (const json::object& limit = object_of(service.document, "adaptive_limit"); !limit.empty())
    return count_text(number_of(limit, "in_flight")) + "/" + count_text(number_of(limit, "limit"));
  if (const json::object& limit = object_of(service.document, "rate_limiter"); !limit.empty())
    return count_text(number_of(limit, "available")) + " left";
  return {};
}

std::string pool_text(const Service& service) {
  const json::object& pool = object_of(service.document, "connections");
  if (pool.empty()) return {};
  const double busy = number_of(pool, "busy");
  std::string text = count_text(busy) + "/" + count_text(busy + number_of(pool, "idle"));
  if (const double waiting = number_of(pool, "waiting"); waiting > 0) text += " +" + count_text(waiting);
  return text;
}

std::string retries_text(const Service& service) {
  const json::object& retry = object_of(service.document, "retry");
  return retry.empty() ? std::string{} : count_text(number_of(retry, "retries"));
}

std::string mean_text(const Service& service) {
  const auto mean = number_in(object_of(object_of(service.document, "calls"), "success"), "mean");
  if (!mean) return "-";
  return *mean < 0.9995 ? fmt::format("{:.{}f}ms", *mean * 1e3, *mean < 0.00995 ? 1 : 0)
                        : fmt::format("{:.1f}s", *mean);
}

}  // namespace switchgear::top
