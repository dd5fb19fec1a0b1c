#include "switchgear/observe/call_recorder.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include "switchgear/core/quietly.hpp"
#include "switchgear/policy/sip_hash.hpp"

namespace switchgear {

namespace {

constexpr std::uint64_t refused_mark = 0xFF;
constexpr unsigned mark_bits = 8;
constexpr std::uint64_t longest = (std::uint64_t{1} << (64 - mark_bits)) - 1;  // two years

/// Seconds with nine digits behind the point.
std::string seconds_text(Duration length) {
  constexpr std::int64_t second = 1'000'000'000;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%" PRId64 ".%09" PRId64, length.count() / second,
                length.count() % second);
  return text.data();
}

std::string value_text(std::uint64_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%016" PRIx64, value);
  return text.data();
}

}  // namespace

CallRecorder::CallRecorder(const RecorderOptions& options) : options_(options), random_(options.seed) {}

void CallRecorder::on_call(const CallEvent& call) {
  if (call.at > options_.until) return;
  keep({call.at - call.latency, call.latency, call.verdict, call.type, false});
}

void CallRecorder::on_rejection(const RejectionEvent& rejection) {
  if (rejection.at > options_.until) return;
  keep({rejection.at, {}, Verdict::ignored, FailureType::exception, true});
}

void CallRecorder::on_value_call(const ValueCall& call) noexcept {
  if (call.at > options_.until) return;
  CallRecord record{call.at - call.latency, call.latency, call.verdict, call.type, call.refused};
  if (call.value) {
    // Hashed once more: the same value has another hash in the next recording.
    std::array<char, sizeof(std::uint64_t)> bytes{};
    std::memcpy(bytes.data(), &*call.value, bytes.size());
    record.value = std::max<std::uint64_t>(
        1, sip_hash({options_.value_key, ~options_.value_key}, std::string_view{bytes.data(), bytes.size()}));
  }
  detail::quietly([&] { keep(record); });
}

void CallRecorder::keep(const CallRecord& call) {
  if (call.at < options_.from) return;
  const std::lock_guard lock(mutex_);
  if (options_.sample < 1 && random_.uniform() >= options_.sample) return;
  if (kept_.size() >= options_.most_calls) {
    ++counts_.left_out;
    return;
  }
  if (call.value || !values_.empty()) keep_value(call.value.value_or(0));
  kept_.push_back(packed(call));
  ++counts_.calls;
  if (call.refused) ++counts_.refused;
}

void CallRecorder::keep_value(std::uint64_t value) {
  values_.resize(kept_.size());  // before the first value there were none
  values_.push_back(value);
}

CallRecorder::Packed CallRecorder::packed(const CallRecord& call) const noexcept {
  const std::uint64_t latency =
      std::min(longest, static_cast<std::uint64_t>(std::max<Duration::rep>(0, call.latency.count())));
  const std::uint64_t mark =
      call.refused ? refused_mark
                   : static_cast<std::uint64_t>(call.verdict) << 4U | static_cast<std::uint64_t>(call.type);
  return {(call.at - options_.from).count(), latency << mark_bits | mark};
}

CallRecord CallRecorder::unpacked(const Packed& packed) const noexcept {
  CallRecord call;
  call.at = options_.from + Duration{packed.at};
  call.latency = Duration{static_cast<Duration::rep>(packed.rest >> mark_bits)};
  const std::uint64_t mark = packed.rest & refused_mark;
  call.refused = mark == refused_mark;
  call.verdict = call.refused ? Verdict::ignored : static_cast<Verdict>(mark >> 4U);
  if (!call.refused) call.type = static_cast<FailureType>(mark & 0xFU);
  return call;
}

RecorderCounts CallRecorder::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::vector<CallRecord> CallRecorder::calls() const {
  std::vector<Packed> kept;
  std::vector<std::uint64_t> values;
  {
    const std::lock_guard lock(mutex_);
    kept = kept_;
    values = values_;
  }
  std::vector<CallRecord> calls;
  calls.reserve(kept.size());
  for (const Packed& each : kept) calls.push_back(unpacked(each));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != 0) calls[i].value = values[i];
  }
  std::stable_sort(calls.begin(), calls.end(),
                   [](const CallRecord& a, const CallRecord& b) { return a.at < b.at; });
  return calls;
}

void write_trace(std::ostream& out, const std::vector<CallRecord>& calls, TimePoint zero) {
  for (const CallRecord& call : calls) {
    out << "{\"at\":" << seconds_text(call.at - zero);
    if (call.value) out << ",\"value\":\"" << value_text(*call.value) << '"';
    if (call.refused) {
      out << ",\"verdict\":\"refused\"}\n";
      continue;
    }
    out << ",\"latency\":" << seconds_text(call.latency) << ",\"verdict\":\"" << to_string(call.verdict)
        << '"';
    if (call.verdict == Verdict::failure) out << ",\"type\":\"" << to_string(call.type) << '"';
    out << "}\n";
  }
}

}  // namespace switchgear
