#include "app/gateway/access/access_recorder.hpp"

#include <cmath>
#include <ctime>
#include <limits>
#include <utility>

#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

namespace {

/// Of `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01` (W3C Trace Context); empty if malformed.
[[nodiscard]] std::string_view trace_id_of(std::string_view traceparent) noexcept {
  constexpr std::size_t begin = 3;
  constexpr std::size_t size = 32;
  if (traceparent.size() < 55 || traceparent[2] != '-' || traceparent[begin + size] != '-') return {};
  const std::string_view id = traceparent.substr(begin, size);
  return http::detail::all(id, http::detail::hex_char) ? id : std::string_view{};
}

/// The value of the only line of that name, or all of them after each other.
void put_header(AccessEntry& entry, const http::FieldList& fields, std::string_view name) {
  const http::Field* found = nullptr;
  std::string joined;
  for (const http::Field& field : fields) {
    if (!http::equals_lower(field.name, name)) continue;
    if (found == nullptr) {
      found = &field;
      continue;
    }
    if (joined.empty()) joined = found->value;
    joined.append(", ").append(field.value);
  }
  entry.put_header(found == nullptr ? std::string_view{} : joined.empty() ? found->value : joined);
}

}  // namespace

void AccessRecorder::use(std::shared_ptr<const AccessLog> log, std::size_t thread) {
  ++version_;
  if (log == nullptr || log->options().off()) {
    log_ = nullptr;
    ring_ = nullptr;
    line_.reset();
    return;
  }
  const AccessOptions& options = log->options();
  ring_ = log->ring(thread).get();
  line_.emplace(options);
  below_ = options.sample >= 1 ? std::numeric_limits<std::uint64_t>::max()
                               : static_cast<std::uint64_t>(std::ldexp(options.sample, 64));
  log_ = std::move(log);
}

/// Xorshift; never 0, so that a share of 1 is all.
bool AccessRecorder::is_sampled() noexcept {
  if (below_ == std::numeric_limits<std::uint64_t>::max()) return true;
  chance_ ^= chance_ << 13U;
  chance_ ^= chance_ >> 7U;
  chance_ ^= chance_ << 17U;
  return chance_ <= below_;
}

AccessEntry* AccessRecorder::take(TimePoint began) {
  if (free_.empty()) free_.push_back(std::make_unique<AccessEntry>());
  AccessEntry* const entry = free_.back().release();
  free_.pop_back();
  entry->began = began;
  entry->options = version_;
  return entry;
}

void AccessRecorder::note_request(AccessEntry& entry, const http::Head& head,
                                  const http::FieldList& fields) const {
  using enum AccessField;
  const AccessOptions& options = log_->options();
  const std::size_t question = head.path.find('?');
  entry.version = head.version;
  entry.put(method, head.method);
  entry.put(host, head.authority);
  entry.put(path, head.path.substr(0, question));
  if (options.fields.has(query) && question != std::string_view::npos)
    entry.put(query, head.path.substr(question + 1));
  for (const http::Field& field : fields) {
    if (field.id == http::FieldId::user_agent) {
      if (options.fields.has(user_agent)) entry.put(user_agent, field.value);
    } else if (field.id == http::FieldId::referer) {
      if (options.fields.has(referer)) entry.put(referer, field.value);
    } else if (field.id == http::FieldId::unknown) {
      if (options.fields.has(request_id) && http::equals_lower(field.name, "x-request-id"))
        entry.put(request_id, field.value);
      if (options.fields.has(trace_id) && http::equals_lower(field.name, "traceparent"))
        entry.put(trace_id, trace_id_of(field.value));
    }
  }
  for (const std::string& name : options.headers) put_header(entry, fields, name);
}

void AccessRecorder::write(AccessEntry& entry, TimePoint now) {
  std::unique_ptr<AccessEntry> owned{&entry};
  if (log_ != nullptr) {
    // Names of fields that were asked for before a reload are not those of the line.
    if (entry.options != version_) entry.forget_headers();
    timespec wall{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &wall);
    text_.clear();
    line_->write(text_, entry, wall, now - entry.began);
    (void)ring_->push(text_.view());
  }
  if (free_.size() >= kept) return;
  entry.clear();
  free_.push_back(std::move(owned));
}

}  // namespace switchgear::gateway
