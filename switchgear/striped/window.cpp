#include "switchgear/striped/window.hpp"

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

/// The calls between two sums; right across the wrap of the cells' counts.
WindowCounts since(const WindowCounts& now, const WindowCounts& before) noexcept {
  return {TaggedCount::difference(now.calls, before.calls), now.failures - before.failures,
          now.slow - before.slow, now.high - before.high, now.extra - before.extra};
}

}  // namespace

// --- CountWindow

CountWindow::CountWindow(const CountWindowOptions& options, Keeps keeps, std::uint32_t stripes)
    : size_(options.size),
      stripes_(stripes),
      codes_(keeps.latency ? std::make_unique<std::atomic<std::uint16_t>[]>(options.size) : nullptr),
      extras_(keeps.weights ? std::make_unique<std::uint8_t[]>(std::size_t{options.size} * stripes)
                            : nullptr) {
  for (Stripe& stripe : stripes_) stripe.ring = MarkRing{options.size};
}

void CountWindow::start() noexcept {
  filled_ = 0;
  const std::uint64_t cursor = cursor_.load(std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < stripes_.size(); ++i) {
    stripes_[i].ring.clear(extras_of(i));
    stripes_[i].next = cursor;
  }
  if (!codes_) return;
  for (std::uint32_t i = 0; i < size_; ++i) codes_[i].store(0, std::memory_order_relaxed);
}

WindowCounts CountWindow::seen() const noexcept {
  WindowCounts counts;
  counts.calls = filled_;
  for (const Stripe& stripe : stripes_) {
    counts.failures += stripe.ring.failures();
    counts.slow += stripe.ring.slow();
    counts.high += stripe.ring.high();
    counts.extra += stripe.ring.extra();
  }
  return counts;
}

WindowCounts CountWindow::counts() noexcept {
  if (full()) pass(cursor_.load(std::memory_order_relaxed));
  return seen();
}

Duration CountWindow::quantile(double quantile) const noexcept {
  CodeCounts codes{};
  for (std::uint32_t i = 0; i < size_; ++i) {
    const std::uint16_t code = codes_[i].load(std::memory_order_relaxed);
    if (code != 0) ++codes[code - 1U];
  }
  return quantile_of(codes, quantile);
}

std::size_t CountWindow::memory_bytes() const noexcept {
  std::size_t bytes = codes_ ? size_ * sizeof(std::atomic<std::uint16_t>) : 0;
  if (extras_) bytes += size_ * stripes_.size();
  for (const Stripe& stripe : stripes_) bytes += sizeof(Stripe) + stripe.ring.memory_bytes();
  return bytes;
}

// --- TimeWindow

TimeWindow::TimeWindow(const TimeWindowOptions& options, bool keeps_latency, CallCells& cells,
                       std::uint32_t stripes)
    : duration_(options.duration),
      buckets_(options.buckets),
      cells_(cells),
      stripes_(stripes),
      before_(std::make_unique<WindowCounts[]>(options.buckets)),
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

WindowCounts& TimeWindow::before(std::int64_t bucket) const noexcept {
  const std::int64_t slot = bucket % buckets_;
  return before_[static_cast<std::size_t>(slot < 0 ? slot + buckets_ : slot)];
}

WindowCounts TimeWindow::total() const noexcept {
  WindowCounts total;
  for (const Stripe& stripe : stripes_) total.add(stripe.marked);
  for (const CallCell& cell : cells_) {
    detail::pause_point();
    total.calls += cell.window_successes.get(generation_);
  }
  return total;
}

void TimeWindow::start(std::uint64_t generation, TimePoint now) noexcept {
  generation_ = generation;
  for (CallCell& cell : cells_) cell.window_successes.start(generation);
  std::fill_n(before_.get(), buckets_, WindowCounts{});
  if (codes_) {
    for (std::size_t i = 0; i < std::size_t{buckets_} * latency_codes; ++i)
      codes_[i].store(0, std::memory_order_relaxed);
  }
  for (Stripe& stripe : stripes_) stripe.marked = {};
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
  const WindowCounts so_far = total();
  const std::int64_t begun = std::min<std::int64_t>(bucket - current, buckets_);
  for (std::int64_t b = bucket - begun + 1; b <= bucket; ++b) {
    before(b) = so_far;
    if (!codes_) continue;
    std::atomic<std::uint32_t>* codes = &codes_[codes_of(b)];
    for (std::uint32_t code = 0; code < latency_codes; ++code)
      codes[code].store(0, std::memory_order_relaxed);
  }
  begin(bucket);
}

void TimeWindow::add(CallCell& cell, std::uint32_t stripe, const CallMarks& marks, TimePoint now) noexcept {
  if (must_roll(now)) roll(now);
  if (codes_) count_code(marks.latency);
  if (marks.plain()) {
    cell.window_successes.add_owned(generation_);  // a shared cell is written while quiescent only
  } else {
    stripes_[stripe].marked.add(marks);
  }
}

WindowCounts TimeWindow::counts() const noexcept {
  return since(total(), before(bucket_.load(std::memory_order_relaxed) - buckets_ + 1));
}

WindowCounts TimeWindow::counts_at(TimePoint now) const noexcept {
  const std::int64_t current = bucket_.load(std::memory_order_relaxed);
  const std::int64_t bucket = std::max(bucket_of(now), current);
  if (bucket - current >= buckets_) return {};
  // Buckets after the current one have not begun, so the oldest one in the window is never after it.
  return since(total(), before(bucket - buckets_ + 1));
}

std::size_t TimeWindow::codes_of(std::int64_t bucket) const noexcept {
  return static_cast<std::size_t>(&before(bucket) - before_.get()) * latency_codes;
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
  return stripes_.size() * sizeof(Stripe) + buckets_ * sizeof(WindowCounts) +
         (codes_ ? std::size_t{buckets_} * latency_codes * sizeof(std::atomic<std::uint32_t>) : 0);
}

}  // namespace switchgear
