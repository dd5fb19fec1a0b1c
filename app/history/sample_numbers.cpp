#include "app/history/sample_numbers.hpp"

namespace switchgear::history {

namespace {

/// Calls `each` with every count of a sample, always in the same order.
template <class Sample, class Each>
void each_count(Sample& sample, Each each) {
  each(sample.successes);
  for (auto& count : sample.failures) each(count);
  each(sample.ignored);
  each(sample.slow);
  each(sample.rejected);
  each(sample.fallbacks_answered);
  each(sample.fallbacks_queued);
  each(sample.fallbacks_failed);
  for (auto& count : sample.successes_took) each(count);
  for (auto& count : sample.failures_took) each(count);
}

void append(std::string& bytes, std::uint64_t number) {  // LEB128
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(number | 0x80);
  bytes += static_cast<char>(number);
}

[[nodiscard]] std::optional<std::uint64_t> take(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

}  // namespace

SampleNumbers numbers_of(const CircuitSample& sample) {
  SampleNumbers numbers{};
  std::size_t at = 0;
  each_count(sample, [&](const std::uint64_t& count) { numbers[at++] = count; });
  numbers[at++] = static_cast<std::uint64_t>(sample.success_time.count());
  numbers[at] = static_cast<std::uint64_t>(sample.failure_time.count());
  return numbers;
}

void set_numbers(CircuitSample& sample, const SampleNumbers& numbers) {
  std::size_t at = 0;
  each_count(sample, [&](std::uint64_t& count) { count = numbers[at++]; });
  sample.success_time = Duration{static_cast<Duration::rep>(numbers[at++])};
  sample.failure_time = Duration{static_cast<Duration::rep>(numbers[at])};
}

void add(CircuitSample& sum, const CircuitSample& later) {
  SampleNumbers numbers = numbers_of(sum);
  const SampleNumbers more = numbers_of(later);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] += more[i];
  set_numbers(sum, numbers);
  sum.length += later.length;
  sum.state = later.state;
}

/// The state; a word that says which numbers are not 0; those numbers.
std::string packed(const CircuitSample& sample) {
  const SampleNumbers numbers = numbers_of(sample);
  std::uint64_t present = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] != 0) present |= std::uint64_t{1} << i;
  }
  std::string bytes(1, static_cast<char>(sample.state));
  if (present != 0) append(bytes, present);
  for (const std::uint64_t number : numbers) {
    if (number != 0) append(bytes, number);
  }
  return bytes;
}

std::optional<CircuitSample> unpacked(std::string_view bytes) {
  if (bytes.empty() || static_cast<unsigned char>(bytes.front()) >= states.size()) return std::nullopt;
  CircuitSample sample;
  sample.state = states[static_cast<unsigned char>(bytes.front())];
  bytes.remove_prefix(1);
  if (bytes.empty()) return sample;
  const auto present = take(bytes);
  if (!present || *present >> sample_numbers != 0) return std::nullopt;
  SampleNumbers numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if ((*present >> i & 1) == 0) continue;
    const auto number = take(bytes);
    if (!number) return std::nullopt;
    numbers[i] = *number;
  }
  if (!bytes.empty()) return std::nullopt;
  set_numbers(sample, numbers);
  return sample;
}

}  // namespace switchgear::history
