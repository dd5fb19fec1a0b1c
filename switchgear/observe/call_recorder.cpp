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

/// As a string of JSON.
std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (const char each : name) {
    const auto code = static_cast<unsigned char>(each);
    if (code < 0x20) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(code));
      text += escaped.data();
      continue;
    }
    if (each == '"' || each == '\\') text += '\\';
    text += each;
  }
  return text + '"';
}

CallRecord record_of(const CallEvent& call) {
  return {call.at - call.latency, call.latency, call.verdict, call.type, false};
}
CallRecord record_of(const RejectionEvent& rejection) {
  return {rejection.at, {}, Verdict::ignored, FailureType::exception, true};
}

/// Threads that are gone are forgotten when so many have told of calls.
constexpr std::size_t most_threads = 4096;

}  // namespace

class RouteSink final : public EventSink {
 public:
  RouteSink(std::shared_ptr<CallRecorder> recorder, std::string_view policy)
      : recorder_(std::move(recorder)), route_(recorder_->add_route(policy)) {}

  void on_call(const CallEvent& call) override {
    if (call.at <= recorder_->options_.until) recorder_->keep(record_of(call), Teller::of_route, route_);
  }
  void on_rejection(const RejectionEvent& rejection) override {
    if (rejection.at <= recorder_->options_.until)
      recorder_->keep(record_of(rejection), Teller::of_route, route_);
  }

 private:
  using Teller = CallRecorder::Teller;
  const std::shared_ptr<CallRecorder> recorder_;
  const CallRecorder::Route route_;
};

std::shared_ptr<EventSink> route_sink(std::shared_ptr<CallRecorder> recorder, std::string_view policy) {
  return std::make_shared<RouteSink>(std::move(recorder), policy);
}

CallRecorder::CallRecorder(const RecorderOptions& options) : options_(options), random_(options.seed) {}

void CallRecorder::on_call(const CallEvent& call) {
  if (call.at > options_.until) return;
  keep(record_of(call), Teller::around);
}

void CallRecorder::on_rejection(const RejectionEvent& rejection) {
  if (rejection.at > options_.until) return;
  keep(record_of(rejection), Teller::around);
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
  detail::quietly([&] { keep(record, Teller::of_value); });
}

CallRecorder::Route CallRecorder::add_route(std::string_view policy) {
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(policies_, policy);
  const auto place = static_cast<std::size_t>(known - policies_.begin());
  if (known == policies_.end()) policies_.emplace_back(policy);
  return static_cast<Route>(place + 1);
}

void CallRecorder::keep(const CallRecord& call, Teller teller, Route route) {
  if (call.at < options_.from) return;
  const std::lock_guard lock(mutex_);
  Told* told = nullptr;
  if (!policies_.empty()) {
    told = &told_of(call, teller);
    const bool known = told->by != 0;
    told->by |= static_cast<unsigned>(teller);
    if (known) {
      if (told->place) mark(*told->place, call, route);
      return;
    }
  }
  if (options_.sample < 1 && random_.uniform() >= options_.sample) return;
  if (kept_.size() >= options_.most_calls) {
    ++counts_.left_out;
    return;
  }
  if (told != nullptr) told->place = kept_.size();
  kept_.push_back(packed(call));
  mark(kept_.size() - 1, call, route);
  ++counts_.calls;
  if (call.refused) ++counts_.refused;
}

CallRecorder::Told& CallRecorder::told_of(const CallRecord& call, Teller teller) {
  if (told_.size() > most_threads) told_.clear();
  Told& last = told_[std::this_thread::get_id()];
  const bool dropped = call.verdict == Verdict::ignored && call.latency == Duration::zero();
  const bool as_before = (last.at == call.at && last.latency == call.latency) || (last.dropped && dropped);
  const bool is_new = (last.by & static_cast<unsigned>(teller)) != 0;
  if (last.by == 0 || is_new || !as_before) last = {call.at, call.latency, dropped, 0, std::nullopt};
  return last;
}

void CallRecorder::mark(std::size_t place, const CallRecord& call, Route route) {
  if (call.value) {
    if (values_.size() <= place) values_.resize(place + 1);
    values_[place] = *call.value;
  }
  if (route != 0) {
    if (routes_.size() <= place) routes_.resize(place + 1);
    routes_[place] = route;
  }
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
  std::vector<Route> routes;
  {
    const std::lock_guard lock(mutex_);
    kept = kept_;
    values = values_;
    routes = routes_;
  }
  std::vector<CallRecord> calls;
  calls.reserve(kept.size());
  for (const Packed& each : kept) calls.push_back(unpacked(each));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != 0) calls[i].value = values[i];
  }
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i] != 0) calls[i].route_policy = policies_[routes[i] - 1U];
  }
  std::stable_sort(calls.begin(), calls.end(),
                   [](const CallRecord& a, const CallRecord& b) { return a.at < b.at; });
  return calls;
}

void write_trace(std::ostream& out, const std::vector<CallRecord>& calls, TimePoint zero) {
  for (const CallRecord& call : calls) {
    out << "{\"at\":" << seconds_text(call.at - zero);
    if (call.value) out << ",\"value\":\"" << value_text(*call.value) << '"';
    if (!call.route_policy.empty()) out << ",\"route_policy\":" << quoted(call.route_policy);
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
