#include "switchgear/observe/call_recorder.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

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

void CallRecorder::keep(const CallRecord& call) {
  if (call.at < options_.from) return;
  const std::lock_guard lock(mutex_);
  if (options_.sample < 1 && random_.uniform() >= options_.sample) return;
  if (kept_.size() >= options_.most_calls) {
    ++counts_.left_out;
    return;
  }
  kept_.push_back(packed(call));
  ++counts_.calls;
  if (call.refused) ++counts_.refused;
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
  {
    const std::lock_guard lock(mutex_);
    kept = kept_;
  }
  std::stable_sort(kept.begin(), kept.end(), [](const Packed& a, const Packed& b) { return a.at < b.at; });
  std::vector<CallRecord> calls;
  calls.reserve(kept.size());
  for (const Packed& each : kept) calls.push_back(unpacked(each));
  return calls;
}

void write_trace(std::ostream& out, const std::vector<CallRecord>& calls, TimePoint zero) {
  for (const CallRecord& call : calls) {
    out << "{\"at\":" << seconds_text(call.at - zero);
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
