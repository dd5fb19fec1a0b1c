#include "app/gateway/access/access_line.hpp"

#include <array>
#include <charconv>
#include <cstdint>

#include "app/gateway/access/escaped.hpp"

namespace switchgear::gateway {

namespace {

void append_number(TextBuffer& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

/// `digits` of them, with zeros in front.
void append_padded(TextBuffer& out, std::uint64_t number, std::size_t digits) {
  std::array<char, 20> text{};
  for (std::size_t i = digits; i > 0; --i, number /= 10) text[i - 1] = static_cast<char>('0' + number % 10);
  out.append({text.data(), digits});
}

/// Seconds, to the microsecond.
void append_seconds(TextBuffer& out, Duration length) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(length).count();
  const std::uint64_t microseconds = count < 0 ? 0 : static_cast<std::uint64_t>(count);
  append_number(out, microseconds / 1'000'000);
  out.append('.');
  append_padded(out, microseconds % 1'000'000, 6);
}

[[nodiscard]] std::string_view protocol_of(unsigned version) noexcept {
  if (version == 0) return {};
  return version == 10 ? "HTTP/1.0" : "HTTP/1.1";
}

}  // namespace

AccessLine::AccessLine(const AccessOptions& options) : format_(options.format), fields_(options.fields) {
  for (const std::string& name : options.headers) {
    header_keys_.push_back(format_ == AccessOptions::Format::json ? ",\"header:" + name + "\":"
                                                                  : " header:" + name + "=");
  }
}

void AccessLine::write(TextBuffer& out, const AccessEntry& entry, const timespec& at, Duration took) {
  if (at.tv_sec != second_) note_second(at.tv_sec);
  if (format_ == AccessOptions::Format::json) {
    write_json(out, entry, at, took);
  } else {
    write_text(out, entry, took);
  }
  out.append('\n');
}

void AccessLine::note_second(std::time_t second) {
  std::tm utc{};
  ::gmtime_r(&second, &utc);
  std::array<char, 40> text{};
  const char* const pattern =
      format_ == AccessOptions::Format::json ? "%Y-%m-%dT%H:%M:%S" : "[%d/%b/%Y:%H:%M:%S +0000]";
  stamp_.assign(text.data(), std::strftime(text.data(), text.size(), pattern, &utc));
  second_ = second;
}

void AccessLine::add_json(TextBuffer& out, const AccessEntry& entry, AccessField field,
                          std::string_view key) const {
  const std::string_view text = entry.get(field);
  if (text.empty() || !fields_.has(field)) return;
  out.append(key);
  append_json(out, text);
}

void AccessLine::write_json(TextBuffer& out, const AccessEntry& entry, const timespec& at,
                            Duration took) const {
  using enum AccessField;
  const std::size_t begin = out.size();
  if (fields_.has(time)) {
    out.append(",\"time\":\"").append(stamp_).append(".");
    append_padded(out, static_cast<std::uint64_t>(at.tv_nsec) / 1'000'000, 3);
    out.append("Z\"");
  }
  add_json(out, entry, client, ",\"client\":");
  add_json(out, entry, method, ",\"method\":");
  add_json(out, entry, host, ",\"host\":");
  add_json(out, entry, path, ",\"path\":");
  add_json(out, entry, query, ",\"query\":");
  if (fields_.has(protocol) && entry.version != 0)
    out.append(",\"protocol\":\"").append(protocol_of(entry.version)).append("\"");
  if (fields_.has(status) && entry.status != 0) {
    out.append(",\"status\":");
    append_number(out, entry.status);
  }
  if (fields_.has(bytes)) {
    out.append(",\"bytes\":");
    append_number(out, entry.bytes);
  }
  if (fields_.has(duration)) {
    out.append(",\"duration\":");
    append_seconds(out, took);
  }
  add_json(out, entry, service, ",\"service\":");
  add_json(out, entry, upstream, ",\"upstream\":");
  if (fields_.has(attempts) && !entry.get(service).empty()) {
    out.append(",\"attempts\":");
    append_number(out, entry.attempts);
  }
  add_json(out, entry, arm, ",\"arm\":");
  add_json(out, entry, source, ",\"source\":");
  add_json(out, entry, reason, ",\"reason\":");
  add_json(out, entry, detail, ",\"detail\":");
  add_json(out, entry, request_id, ",\"request_id\":");
  add_json(out, entry, trace_id, ",\"trace_id\":");
  add_json(out, entry, user_agent, ",\"user_agent\":");
  add_json(out, entry, referer, ",\"referer\":");
  for (std::size_t i = 0; i < entry.headers() && i < header_keys_.size(); ++i) {
    if (entry.header(i).empty()) continue;
    out.append(header_keys_[i]);
    append_json(out, entry.header(i));
  }
  if (out.size() == begin) out.append('{');
  out[begin] = '{';  // in place of the first comma
  out.append('}');
}

void AccessLine::add_word(TextBuffer& out, const AccessEntry& entry, AccessField field,
                          std::string_view key) const {
  const std::string_view text = entry.get(field);
  if (!text.empty() && fields_.has(field)) out.append(key).append(text);
}

void AccessLine::add_quoted(TextBuffer& out, const AccessEntry& entry, AccessField field,
                            std::string_view key) const {
  const std::string_view text = entry.get(field);
  if (text.empty() || !fields_.has(field)) return;
  out.append(key);
  append_quoted(out, text);
}

/// A part of the request line, which stands in quotes already.
void AccessLine::add_column(TextBuffer& out, const AccessEntry& entry, AccessField field) const {
  const std::string_view text = entry.get(field);
  if (text.empty() || !fields_.has(field)) {
    out.append('-');
    return;
  }
  append_escaped(out, text);
}

void AccessLine::write_text(TextBuffer& out, const AccessEntry& entry, Duration took) const {
  using enum AccessField;
  add_column(out, entry, client);
  out.append(" - - ").append(fields_.has(time) ? std::string_view{stamp_} : "[-]");
  if (entry.version == 0) {
    out.append(" \"-\" ");
  } else {
    out.append(" \"");
    add_column(out, entry, method);
    out.append(' ');
    add_column(out, entry, path);
    if (fields_.has(query) && !entry.get(query).empty()) {
      out.append('?');
      add_column(out, entry, query);
    }
    out.append(" ").append(fields_.has(protocol) ? protocol_of(entry.version) : "-").append("\" ");
  }
  if (fields_.has(status) && entry.status != 0) {
    append_number(out, entry.status);
  } else {
    out.append('-');
  }
  out.append(' ');
  if (fields_.has(bytes)) {
    append_number(out, entry.bytes);
  } else {
    out.append('-');
  }
  add_quoted(out, entry, host, " host=");
  if (fields_.has(duration)) {
    out.append(" duration=");
    append_seconds(out, took);
  }
  add_quoted(out, entry, service, " service=");
  add_quoted(out, entry, upstream, " upstream=");
  if (fields_.has(attempts) && !entry.get(service).empty()) {
    out.append(" attempts=");
    append_number(out, entry.attempts);
  }
  add_word(out, entry, arm, " arm=");
  add_word(out, entry, source, " source=");
  add_word(out, entry, reason, " reason=");
  add_quoted(out, entry, detail, " detail=");
  add_quoted(out, entry, request_id, " request_id=");
  add_quoted(out, entry, trace_id, " trace_id=");
  add_quoted(out, entry, user_agent, " user_agent=");
  add_quoted(out, entry, referer, " referer=");
  for (std::size_t i = 0; i < entry.headers() && i < header_keys_.size(); ++i) {
    if (entry.header(i).empty()) continue;
    out.append(header_keys_[i]);
    append_quoted(out, entry.header(i));
  }
}

}  // namespace switchgear::gateway
