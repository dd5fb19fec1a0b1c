#include "switchgear/postgres/connection/server_report.hpp"

#include <libpq-fe.h>

#include <algorithm>

namespace switchgear::postgres {

namespace {

constexpr std::size_t sqlstate_length = 5;

[[nodiscard]] std::string field(const pg_result* result, int code) {
  const char* const text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

[[nodiscard]] bool is_sqlstate(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

}  // namespace

std::string first_line(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of('\n'), text.size());
  text.remove_prefix(begin);
  return std::string(text.substr(0, text.find('\n')));
}

bool is_fatal(const pg_result* result) {
  const char* const severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity != nullptr &&
         (std::string_view(severity) == "FATAL" || std::string_view(severity) == "PANIC");
}

ServerReport report_of(const pg_result* result) {
  ServerReport report;
  report.sqlstate = field(result, PG_DIAG_SQLSTATE);
  report.message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  report.detail = field(result, PG_DIAG_MESSAGE_DETAIL);
  report.hint = field(result, PG_DIAG_MESSAGE_HINT);
  report.constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
  report.table = field(result, PG_DIAG_TABLE_NAME);
  report.column = field(result, PG_DIAG_COLUMN_NAME);
  report.fatal = is_fatal(result);
  return report;
}

/// The severity may be in any language, so the five characters between colons are looked for.
ServerReport report_of_refusal(std::string_view text) {
  ServerReport report;
  report.message = first_line(text);
  constexpr std::string_view before = ":  ";
  for (std::size_t at = report.message.find(before); at != std::string::npos;
       at = report.message.find(before, at + 1)) {
    const std::size_t code = at + before.size();
    const std::string_view rest = std::string_view(report.message).substr(code);
    if (rest.size() < sqlstate_length + 2 || rest.substr(sqlstate_length, 2) != ": ") continue;
    if (!is_sqlstate(rest.substr(0, sqlstate_length))) continue;
    report.sqlstate = rest.substr(0, sqlstate_length);
    report.fatal = true;
    report.message = std::string(rest.substr(sqlstate_length + 2)) + " (SQLSTATE " + report.sqlstate + ')';
    break;
  }
  constexpr std::string_view failed = " failed: ";
  if (const std::size_t at = report.message.find(failed);
      report.sqlstate.empty() && report.message.starts_with("connection to server") &&
      at != std::string::npos)
    report.message.erase(0, at + failed.size());
  return report;
}

}  // namespace switchgear::postgres
