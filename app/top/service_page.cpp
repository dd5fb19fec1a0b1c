#include "app/top/service_page.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cctype>
#include <string_view>
#include <utility>

#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"
#include "app/top/figures.hpp"
#include "app/top/pairs.hpp"

namespace switchgear::top {
namespace json = boost::json;
using control::number_in;
using control::number_of;
using control::object_of;

namespace {

std::string title_of(std::string_view key) {
  std::string title = control::printable(key);
  for (char& each : title)
    each = each == '_' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(each)));
  return title;
}

std::string count_text(double count) { return fmt::format("{:.0f}", count); }

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
  json::object alone;  // members that are not sections of their own
  for (const auto& [key, value] : service.document) {
    if (!value.is_object() && !value.is_null()) alone[key] = value;
  }
  add_pairs(lines, "SERVICE", pairs_of(alone), columns);
  for (const auto& [key, value] : service.document) {
    if (value.is_object())
      add_pairs(lines, title_of(std::string_view{key}), pairs_of(value.get_object()), columns);
  }
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
