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

/// Differences of 48-bit counts, right across their wrap; a reader overtaken by a new generation sees 0, not
/// nonsense.
std::uint64_t since(std::uint64_t now, std::uint64_t then) noexcept {
  const std::uint64_t difference = (now - then) & TaggedCount::mask;
  return difference > TaggedCount::mask / 2 ? 0 : difference;
}

WindowCounts since(const WindowCounts& now, const WindowCounts& then) noexcept {
  return {since(now.calls, then.calls), since(now.failures, then.failures), since(now.slow, then.slow),
          since(now.high, then.high)};
}

}  // namespace

// --- CountWindow

CountWindow::CountWindow(const CountWindowOptions& options, bool keeps_latency)
    : size_(options.size),
      keeps_latency_(keeps_latency),
      slots_(std::make_unique<std::atomic<std::uint32_t>[]>(options.size)) {}

void CountWindow::start(std::uint64_t generation) noexcept {
  constexpr std::uint32_t tag_bits = 32 - tag_shift;
  if (generation >> tag_bits != started_ >> tag_bits) {
    // The slots' short tags are about to repeat: sweep them, or calls of 524,288 generations ago would come
    // back.
    for (std::uint64_t i = 0; i < size_; ++i) slots_[i].store(0, std::memory_order_relaxed);
  }
  started_ = generation;
  base_.store(cursor_.load(std::memory_order_relaxed), std::memory_order_relaxed);
  for (TaggedCount* sum : {&failures_, &slow_, &high_}) sum->start(generation);
}

WindowCounts CountWindow::counts(std::uint64_t generation) const noexcept {
  WindowCounts counts;
  counts.failures = failures_.get(generation);
  counts.slow = slow_.get(generation);
  counts.high = high_.get(generation);
  const std::uint64_t added = cursor_.load(std::memory_order_seq_cst) - base_.load(std::memory_order_relaxed);
  counts.calls = std::min(added, size_);
  return counts;
}

Duration CountWindow::quantile(std::uint64_t generation, double quantile) const noexcept {
  CodeCounts codes{};
  const std::uint32_t tag = slot_bits(generation, 0) >> tag_shift;
  for (std::uint64_t i = 0; i < size_; ++i) {
    const std::uint32_t slot = slots_[i].load(std::memory_order_relaxed);
    if (slot >> tag_shift == tag) ++codes[(slot >> code_shift) & (latency_codes - 1)];
  }
  return quantile_of(codes, quantile);
}

// --- TimeWindow

TimeWindow::TimeWindow(const TimeWindowOptions& options, bool keeps_latency, std::uint64_t minimum_calls,
                       CallCells& cells)
    : duration_(options.duration),
      buckets_(options.buckets),
      minimum_calls_(minimum_calls),
      cells_(cells),
      began_(std::make_unique<WindowCounts[]>(options.buckets)),
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

WindowCounts& TimeWindow::began(std::int64_t bucket) const noexcept {
  const std::int64_t slot = bucket % buckets_;
  return began_[static_cast<std::size_t>(slot < 0 ? slot + buckets_ : slot)];
}

WindowCounts TimeWindow::sum_cells(std::uint64_t generation) const noexcept {
  WindowCounts sum;
  for (const CallCell& cell : cells_) {
    // The bad ones first: a call is added to `calls` before it is added to these, so a rate never exceeds 1.
    sum.failures += cell.window_failures.get(generation);
    sum.slow += cell.window_slow.get(generation);
    sum.high += cell.window_high.get(generation);
    sum.calls += cell.window_calls.get(generation);
  }
  return sum;
}

void TimeWindow::publish(const WindowCounts& forgotten, std::int64_t bucket) noexcept {
  const std::uint64_t sequence = sequence_.load(std::memory_order_relaxed);
  sequence_.store(sequence + 1, std::memory_order_relaxed);
  forgotten_calls_.store(forgotten.calls, std::memory_order_release);
  forgotten_failures_.store(forgotten.failures, std::memory_order_release);
  forgotten_slow_.store(forgotten.slow, std::memory_order_release);
  forgotten_high_.store(forgotten.high, std::memory_order_release);
  bucket_.store(bucket, std::memory_order_release);
  sequence_.store(sequence + 2, std::memory_order_release);
  bucket_end_.store(end_of(bucket).time_since_epoch().count(), std::memory_order_release);
}

void TimeWindow::start(std::uint64_t generation, TimePoint now) noexcept {
  while (rolling_.exchange(true, std::memory_order_acquire)) {
  }
  generation_ = generation;
  for (CallCell& cell : cells_) {
    for (TaggedCount* count :
         {&cell.window_calls, &cell.window_failures, &cell.window_slow, &cell.window_high}) {
      count->start(generation);
    }
  }
  std::fill_n(began_.get(), buckets_, WindowCounts{});
  if (codes_) {
    for (std::size_t i = 0; i < std::size_t{buckets_} * latency_codes; ++i)
      codes_[i].store(0, std::memory_order_relaxed);
  }
  attentive_.store(0, std::memory_order_relaxed);
  publish(WindowCounts{}, bucket_of(now));
  rolling_.store(false, std::memory_order_release);
}

bool TimeWindow::roll(std::uint64_t generation, TimePoint now) noexcept {
  // One thread rolls; the others go on and are booked on one side of the border or the other.
  if (rolling_.exchange(true, std::memory_order_acquire)) return false;
  const std::int64_t bucket = bucket_of(now);
  const std::int64_t current = bucket_.load(std::memory_order_relaxed);
  const bool due = generation_ == generation && bucket > current;
  if (due) {
    const WindowCounts sums = sum_cells(generation);
    const std::int64_t begun = std::min<std::int64_t>(bucket - current, buckets_);
    for (std::int64_t b = bucket - begun + 1; b <= bucket; ++b) {
      began(b) = sums;
      if (codes_) {
        std::atomic<std::uint32_t>* codes =
            &codes_[static_cast<std::size_t>(&began(b) - began_.get()) * latency_codes];
        for (std::uint32_t code = 0; code < latency_codes; ++code)
          codes[code].store(0, std::memory_order_relaxed);
      }
    }
    publish(began(bucket - buckets_ + 1), bucket);
  }
  rolling_.store(false, std::memory_order_release);
  return due;
}

WindowCounts TimeWindow::counts(std::uint64_t generation) noexcept {
  WindowCounts counts;
  std::uint64_t sequence = 0;
  do {
    sequence = sequence_.load(std::memory_order_acquire);
    const WindowCounts forgotten{
        forgotten_calls_.load(std::memory_order_acquire), forgotten_failures_.load(std::memory_order_acquire),
        forgotten_slow_.load(std::memory_order_acquire), forgotten_high_.load(std::memory_order_acquire)};
    counts = since(sum_cells(generation), forgotten);
  } while ((sequence & 1U) != 0 || sequence_.load(std::memory_order_relaxed) != sequence);
  const bool bad = counts.failures != 0 || counts.slow != 0 || counts.high != 0;
  if (bad && counts.calls < minimum_calls_) {
    attentive_.store(generation, std::memory_order_relaxed);
  } else {
    std::uint64_t own =
        generation;  // only ever take back one's own: a straggler must not silence a later generation
    attentive_.compare_exchange_strong(own, 0, std::memory_order_relaxed);
  }
  return counts;
}

WindowCounts TimeWindow::counts_at(std::uint64_t generation, TimePoint now) const noexcept {
  while (rolling_.exchange(true, std::memory_order_acquire)) {
  }
  const std::int64_t current = bucket_.load(std::memory_order_relaxed);
  const std::int64_t bucket = std::max(bucket_of(now), current);
  WindowCounts counts;
  if (generation_ == generation && bucket - current < buckets_) {
    // began() of a bucket after the current one does not exist yet, and the oldest in the window is never
    // after it.
    counts = since(sum_cells(generation), began(bucket - buckets_ + 1));
  }
  rolling_.store(false, std::memory_order_release);
  return counts;
}

void TimeWindow::count_code(Duration latency) noexcept {
  const WindowCounts& bucket = began(bucket_.load(std::memory_order_relaxed));
  const auto index = static_cast<std::size_t>(&bucket - began_.get()) * latency_codes + latency_code(latency);
  codes_[index].fetch_add(1, std::memory_order_relaxed);
}

Duration TimeWindow::quantile(double quantile) const noexcept {
  if (!codes_) return Duration::zero();
  CodeCounts codes{};
  for (std::size_t i = 0; i < std::size_t{buckets_} * latency_codes; ++i) {
    codes[i % latency_codes] += codes_[i].load(std::memory_order_relaxed);
  }
  return quantile_of(codes, quantile);
}

std::size_t TimeWindow::memory_bytes() const noexcept {
  return buckets_ * sizeof(WindowCounts) +
         (codes_ ? std::size_t{buckets_} * latency_codes * sizeof(std::atomic<std::uint32_t>) : 0);
}

}  // namespace switchgear
