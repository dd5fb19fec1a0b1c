#include "app/interop/retry_on.hpp"

#include <algorithm>
#include <bitset>
#include <charconv>

#include "switchgear/config/report.hpp"

namespace switchgear::interop {

namespace {

using Statuses = std::bitset<600>;

void set_range(Statuses& statuses, unsigned first, unsigned last) {
  for (unsigned status = first; status <= last && status < statuses.size(); ++status) statuses.set(status);
}

/// Of a retry without `status`.
Statuses usual() {
  Statuses statuses;
  set_range(statuses, 500, 599);
  for (const unsigned without : {501U, 505U, 508U}) statuses.reset(without);
  for (const unsigned with : {408U, 425U, 429U}) statuses.set(with);
  return statuses;
}

config::StatusRanges ranges_of(const Statuses& statuses) {
  config::StatusRanges ranges;
  for (unsigned status = 100; status < statuses.size(); ++status) {
    if (!statuses.test(status)) continue;
    if (!ranges.empty() && ranges.back().second + 1 == status) {
      ranges.back().second = status;
    } else {
      ranges.emplace_back(status, status);
    }
  }
  return ranges;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<unsigned> code_of(std::string_view text) {
  unsigned code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (error != std::errc{} || end != text.data() + text.size() || code < 100 || code > 599)
    return std::nullopt;
  return code;
}

/// What a list says, condition by condition.
class Reader {
 public:
  void read(std::string_view condition) {
    if (condition.empty() || condition == "retriable-status-codes") return;
    if (condition == "5xx" || condition == "gateway-error") {
      condition == "5xx" ? set_range(statuses, 500, 599) : set_range(statuses, 502, 504);
      timeouts = true;
    } else if (condition == "reset") {
      timeouts = true;
    } else if (condition == "retriable-4xx") {
      statuses.set(409);
    } else if (const auto code = code_of(condition)) {
      statuses.set(*code);
    } else if (condition != "connect-failure" && condition != "refused-stream" &&
               condition != "reset-before-request") {
      unknown.append(unknown.empty() ? "" : ", ").append(condition);
    }
  }

  Statuses statuses;
  bool timeouts = false;
  std::string unknown;
};

}  // namespace

RetryOn parse_retry_on(std::string_view list, std::span<const unsigned> codes) {
  Reader reader;
  const bool with_codes = list.find("retriable-status-codes") != std::string_view::npos;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    reader.read(trimmed(list.substr(0, end)));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  for (const unsigned code : codes) {
    if (with_codes && code >= 100 && code <= 599) reader.statuses.set(code);
  }
  RetryOn result;
  if (reader.statuses != usual()) result.statuses = ranges_of(reader.statuses);
  if (!reader.timeouts) result.how = "timeouts and broken connections are retried too";
  if (!reader.unknown.empty()) {
    result.how.append(result.how.empty() ? "" : "; ").append("without ");
    result.how += config::printable(reader.unknown);
  }
  return result;
}

WrittenRetryOn written_retry_on(const std::optional<config::StatusRanges>& statuses) {
  Statuses wanted = statuses ? Statuses{} : usual();
  if (statuses) {
    for (const auto& [first, last] : *statuses) set_range(wanted, first, last);
  }
  Statuses all_5xx;
  set_range(all_5xx, 500, 599);
  WrittenRetryOn written{"connect-failure,refused-stream,reset", {}};
  if ((wanted & all_5xx) == all_5xx) {
    written.conditions += ",5xx";
    wanted &= ~all_5xx;
  }
  for (unsigned status = 100; status < wanted.size(); ++status) {
    if (wanted.test(status)) written.codes.push_back(status);
  }
  return written;
}

}  // namespace switchgear::interop
