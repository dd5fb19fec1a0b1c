#include "switchgear/policy/window.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace switchgear {

std::uint64_t nearest_rank(double quantile, std::uint64_t n) noexcept {
  const double rank = std::ceil(quantile * static_cast<double>(n) - 1e-9);
  return std::clamp<std::uint64_t>(rank < 1 ? 1 : static_cast<std::uint64_t>(rank), 1,
                                   std::max<std::uint64_t>(n, 1));
}

namespace {

__extension__ using Int128 = __int128;

using CodeCounts = std::array<std::uint64_t, latency_codes>;

Duration quantile_of(const CodeCounts& codes, double quantile) noexcept {
  std::uint64_t calls = 0;
  for (const std::uint64_t n : codes) calls += n;
  if (calls == 0) return Duration::zero();
  const std::uint64_t rank = nearest_rank(quantile, calls);
  std::uint64_t seen = 0;
  for (std::uint32_t code = 0; code < latency_codes; ++code) {
    seen += codes[code];
    if (seen >= rank) return latency_of_code(code);
  }
  return latency_of_code(latency_codes - 1);
}

}  // namespace

// --- CountWindow

CountWindow::CountWindow(const CountWindowOptions& options, bool keeps_latency)
    : ring_(options.size),
      codes_(keeps_latency ? std::make_unique<std::atomic<std::uint16_t>[]>(options.size) : nullptr) {}

void CountWindow::start() noexcept {
  ring_.clear();
  filled_ = 0;
  if (!codes_) return;
  for (std::uint64_t i = 0; i < ring_.size(); ++i) codes_[i].store(0, std::memory_order_relaxed);
}

void CountWindow::fill(const CallMarks& marks) noexcept {
  if (codes_) keep_latency(cursor_.fetch_add(1, std::memory_order_relaxed), marks.latency);
  ring_.put(marks);
  ++filled_;
  if (full()) next_ = cursor_.load(std::memory_order_relaxed);
}

WindowCounts CountWindow::counts() noexcept {
  if (full()) {
    const std::uint64_t cursor = cursor_.load(std::memory_order_relaxed);
    ring_.skip(cursor - next_);
    next_ = cursor;
  }
  return seen();
}

Duration CountWindow::quantile(double quantile) const noexcept {
  CodeCounts codes{};
  for (std::uint64_t i = 0; i < ring_.size(); ++i) {
    const std::uint16_t code = codes_[i].load(std::memory_order_relaxed);
    if (code != 0) ++codes[code - 1U];
  }
  return quantile_of(codes, quantile);
}

std::size_t CountWindow::memory_bytes() const noexcept {
  return ring_.memory_bytes() + (codes_ ? ring_.size() * sizeof(std::atomic<std::uint16_t>) : 0);
}

// --- TimeWindow

TimeWindow::TimeWindow(const TimeWindowOptions& options, bool keeps_latency, CallCells& cells)
    : duration_(options.duration),
      buckets_(options.buckets),
      cells_(cells),
      ring_(std::make_unique<Bucket[]>(options.buckets)),
      codes_(keeps_latency ? std::make_unique<std::atomic<std::uint32_t>[]>(std::size_t{options.buckets} *
                                                                            latency_codes)
                           : nullptr) {}

std::int64_t TimeWindow::bucket_of(TimePoint now) const noexcept {
  // floor(now · buckets / duration), exactly: a rounded bucket width would drift away from the clock.
  const auto scaled = static_cast<Int128>(now.time_since_epoch().count()) * buckets_;
  const auto length = static_cast<Int128>(duration_.count());
  const Int128 quotient = scaled / length;
  return static_cast<std::int64_t>(scaled % length < 0 ? quotient - 1 : quotient);
}

TimePoint TimeWindow::end_of(std::int64_t bucket) const noexcept {
  // The first nanosecond of the next bucket: ceil((bucket + 1) · duration / buckets).
  const Int128 scaled = (static_cast<Int128>(bucket) + 1) * duration_.count();
  const Int128 quotient = scaled / buckets_;
  const Int128 end = scaled % buckets_ > 0 ? quotient + 1 : quotient;
  if (end > TimePoint::max().time_since_epoch().count()) return TimePoint::max();
  return TimePoint{Duration{static_cast<Duration::rep>(end)}};
}

TimeWindow::Bucket& TimeWindow::at(std::int64_t bucket) const noexcept {
  const std::int64_t slot = bucket % buckets_;
  return ring_[static_cast<std::size_t>(slot < 0 ? slot + buckets_ : slot)];
}

std::uint64_t TimeWindow::successes() const noexcept {
  std::uint64_t sum = 0;
  for (const CallCell& cell : cells_) {
    detail::pause_point();
    sum += cell.window_successes.get(generation_);
  }
  return sum;
}

WindowCounts TimeWindow::with(std::uint64_t successes) const noexcept {
  const Bucket& oldest = at(bucket_.load(std::memory_order_relaxed) - buckets_ + 1);
  WindowCounts counts = marked_;
  counts.calls += TaggedCount::difference(successes, oldest.successes_before);
  return counts;
}

void TimeWindow::start(std::uint64_t generation, TimePoint now) noexcept {
  generation_ = generation;
  for (CallCell& cell : cells_) cell.window_successes.start(generation);
  std::fill_n(ring_.get(), buckets_, Bucket{});
  if (codes_) {
    for (std::size_t i = 0; i < std::size_t{buckets_} * latency_codes; ++i)
      codes_[i].store(0, std::memory_order_relaxed);
  }
  successes_seen_ = 0;
  marked_ = {};
  begin(bucket_of(now));
}

void TimeWindow::begin(std::int64_t bucket) noexcept {
  bucket_.store(bucket, std::memory_order_relaxed);
  bucket_end_.store(ticks_of(end_of(bucket)), std::memory_order_relaxed);
}

void TimeWindow::roll(TimePoint now) noexcept {
  const std::int64_t bucket = bucket_of(now);
  const std::int64_t current = bucket_.load(std::memory_order_relaxed);
  if (bucket <= current) return;
  successes_seen_ = successes();
  const std::int64_t begun = std::min<std::int64_t>(bucket - current, buckets_);
  for (std::int64_t b = bucket - begun + 1; b <= bucket; ++b) {
    marked_.subtract(at(b).marked);
    at(b) = Bucket{successes_seen_, {}};
    if (!codes_) continue;
    std::atomic<std::uint32_t>* codes = &codes_[codes_of(b)];
    for (std::uint32_t code = 0; code < latency_codes; ++code)
      codes[code].store(0, std::memory_order_relaxed);
  }
  begin(bucket);
}

void TimeWindow::add(CallCell& cell, const CallMarks& marks, TimePoint now) noexcept {
  if (ticks_of(now) >= bucket_end_.load(std::memory_order_relaxed)) roll(now);
  if (codes_) count_code(marks.latency);
  if (marks.plain()) {
    cell.window_successes.add_owned(generation_);  // a shared cell is written under the lock alone
    return;
  }
  at(bucket_.load(std::memory_order_relaxed)).marked.add(marks);
  marked_.add(marks);
}

WindowCounts TimeWindow::seen() const noexcept { return with(successes_seen_); }

WindowCounts TimeWindow::counts() noexcept {
  successes_seen_ = successes();
  return seen();
}

WindowCounts TimeWindow::counts_at(TimePoint now) const noexcept {
  const std::int64_t current = bucket_.load(std::memory_order_relaxed);
  const std::int64_t bucket = std::max(bucket_of(now), current);
  if (bucket - current >= buckets_) return {};
  // Buckets after the current one have not begun, so the oldest one in the window is never after it.
  const std::int64_t oldest = bucket - buckets_ + 1;
  WindowCounts counts = marked_;
  for (std::int64_t b = current - buckets_ + 1; b < oldest; ++b) counts.subtract(at(b).marked);
  counts.calls += TaggedCount::difference(successes(), at(oldest).successes_before);
  return counts;
}

std::size_t TimeWindow::codes_of(std::int64_t bucket) const noexcept {
  return static_cast<std::size_t>(&at(bucket) - ring_.get()) * latency_codes;
}

void TimeWindow::count_code(Duration latency) noexcept {
  const std::size_t first = codes_of(bucket_.load(std::memory_order_relaxed));
  codes_[first + latency_code(latency)].fetch_add(1, std::memory_order_relaxed);
}

Duration TimeWindow::quantile(double quantile) const noexcept {
  CodeCounts codes{};
  for (std::size_t i = 0; i < std::size_t{buckets_} * latency_codes; ++i) {
    codes[i % latency_codes] += codes_[i].load(std::memory_order_relaxed);
  }
  return quantile_of(codes, quantile);
}

std::size_t TimeWindow::memory_bytes() const noexcept {
  return buckets_ * sizeof(Bucket) +
         (codes_ ? std::size_t{buckets_} * latency_codes * sizeof(std::atomic<std::uint32_t>) : 0);
}

}  // namespace switchgear
