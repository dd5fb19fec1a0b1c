#include "app/lab/trace_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

#include "app/lab/line_fields.hpp"
#include "app/lab/seconds.hpp"
#include "switchgear/config/suggest.hpp"
#include "switchgear/core/command.hpp"

namespace switchgear::lab {

namespace {

/// The words of `op`: of one call, then of a health check and of an operator.
constexpr std::array<std::string_view, 3> call_ops{"acquire", "record", "abandon"};
constexpr std::array<TraceEntry::Kind, 3> call_kinds{TraceEntry::Kind::acquire, TraceEntry::Kind::record,
                                                     TraceEntry::Kind::abandon};
constexpr std::size_t check_op = call_ops.size();
constexpr std::size_t first_command = check_op + 1;
constexpr auto ops = [] {
  std::array<std::string_view, first_command + commands.size()> words{};
  std::copy(call_ops.begin(), call_ops.end(), words.begin());
  words[check_op] = "check";
  std::transform(commands.begin(), commands.end(), words.begin() + first_command,
                 [](Command command) { return to_string(command); });
  return words;
}();

/// Thrown and caught within this file: a line has many ways to be wrong and one way to say so.
struct Malformed {
  std::string message;
};

[[noreturn]] void malformed(std::string message) { throw Malformed{std::move(message)}; }

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

Duration seconds(const FieldValue& value, std::string_view name) {
  if (value.kind != FieldValue::Kind::number) malformed(quoted(name) + " must be a number of seconds");
  const auto length = parse_seconds(value.text);
  if (!length)
    malformed(quoted(name) + " is " + value.text + "; expected seconds, 0 or more and less than 292 years");
  return *length;
}

const std::string& text(const FieldValue& value, std::string_view name) {
  if (value.kind != FieldValue::Kind::string) malformed(quoted(name) + " must be a string");
  return value.text;
}

const FieldValue& required(const LineFields& fields, std::string_view name, std::string_view of) {
  const auto& value = fields[name];
  if (!value) malformed(std::string(of) + " needs " + quoted(name));
  return *value;
}

/// The index of the field's word among `words`.
template <std::size_t N>
std::size_t word(const FieldValue& value, std::string_view name,
                 const std::array<std::string_view, N>& words) {
  const std::string& found = text(value, name);
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i] == found) return i;
  }
  malformed("unknown " + std::string(name) + " " + quoted(found) + "; expected " + config::one_of(words) +
            config::did_you_mean(found, words));
}

template <std::size_t N, class Name>
constexpr auto names_of(const std::array<Name, N>& all) {
  std::array<std::string_view, N> names{};
  for (std::size_t i = 0; i < N; ++i) {
    names[i] = to_string(all[i]);
  }
  return names;
}

constexpr std::array verdicts{Verdict::success, Verdict::failure, Verdict::ignored};
/// Of a whole call that something refused while the trace was recorded.
constexpr std::string_view refused_word = "refused";
constexpr std::array<std::string_view, 4> endings{to_string(verdicts[0]), to_string(verdicts[1]),
                                                  to_string(verdicts[2]), refused_word};

/// `found`: the index of the verdict's word.
TraceResult result(const LineFields& fields, std::size_t found) {
  TraceResult result;
  result.verdict = verdicts[found];
  if (const auto& type = fields["type"])
    result.type = failure_types[word(*type, "type", names_of(failure_types))];
  if (const auto& latency = fields["latency"]) result.latency = seconds(*latency, "latency");
  if (const auto& wait = fields["retry_after"]) result.retry_after = seconds(*wait, "retry_after");
  return result;
}

/// How many answers in a row; as in the policy file.
std::uint32_t row(const LineFields& fields, std::string_view name, std::uint32_t otherwise) {
  constexpr std::uint32_t most = 1'000;
  const auto& value = fields[name];
  if (!value) return otherwise;
  std::uint32_t count = 0;
  const char* const end = value->text.data() + value->text.size();
  const auto read = std::from_chars(value->text.data(), end, count);
  const bool whole = value->kind == FieldValue::Kind::number && read.ec == std::errc{} && read.ptr == end;
  if (!whole || count < 1 || count > most) malformed(quoted(name) + " must be a whole number from 1 to 1000");
  return count;
}

void read_call(const LineFields& fields, TraceEntry& entry) {
  if (!fields["verdict"]) required(fields, "latency", "a whole call");
  const std::size_t found = word(required(fields, "verdict", "a whole call"), "verdict", endings);
  // A log may have a field of that name that is something else.
  if (const auto& left = fields["deadline"]; left && left->kind == FieldValue::Kind::number)
    entry.deadline = seconds(*left, "deadline");
  entry.refused = found == verdicts.size();
  if (entry.refused) return;
  required(fields, "latency", "a whole call");
  entry.result = result(fields, found);
}

void read_check(const LineFields& fields, TraceEntry& entry) {
  constexpr std::array<std::string_view, 2> answers{"good", "bad"};
  entry.kind = TraceEntry::Kind::check;
  const std::size_t found = word(required(fields, "answer", "check"), "answer", answers);
  entry.answer = found == 0 ? CheckAnswer::good : CheckAnswer::bad;
  entry.rows.unhealthy = row(fields, "unhealthy", entry.rows.unhealthy);
  entry.rows.healthy = row(fields, "healthy", entry.rows.healthy);
}

TraceEntry entry(const LineFields& fields) {
  TraceEntry entry;
  entry.at = TimePoint{seconds(required(fields, "at", "a line"), "at")};
  if (const auto& id = fields["id"]) entry.id = text(*id, "id");
  // A log may have a field of that name that is something else.
  if (const auto& value = fields["value"]; value && value->kind != FieldValue::Kind::other)
    entry.value = value->text;
  if (const auto& policy = fields["route_policy"]; policy && policy->kind == FieldValue::Kind::string)
    entry.route_policy = policy->text;
  const auto& op = fields["op"];
  if (!op) {
    read_call(fields, entry);
    return entry;
  }
  const std::size_t found = word(*op, "op", ops);
  if (found >= first_command) {
    entry.kind = TraceEntry::Kind::command;
    entry.command = commands[found - first_command];
    return entry;
  }
  if (found == check_op) {
    read_check(fields, entry);
    return entry;
  }
  entry.kind = call_kinds[found];
  required(fields, "id", call_ops[found]);
  if (entry.kind == TraceEntry::Kind::record)
    entry.result = result(fields, word(required(fields, "verdict", "record"), "verdict", names_of(verdicts)));
  return entry;
}

}  // namespace

std::variant<TraceEntry, TraceProblem> parse_trace_line(std::string_view line) {
  auto fields = read_fields(line);
  if (auto* const problem = std::get_if<std::string>(&fields)) return TraceProblem{std::move(*problem)};
  try {
    return entry(std::get<LineFields>(fields));
  } catch (Malformed& problem) {
    return TraceProblem{std::move(problem.message)};
  }
}

}  // namespace switchgear::lab
