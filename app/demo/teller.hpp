// Where the story is told. On a terminal: coloured lines with a live block of the three services below them.
// Anywhere else: the same lines, plain, one by one.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace switchgear::demo {

/// How a line is meant; only colours follow from it.
enum class Mood { plain, good, bad, waiting };

/// One service in the live block.
struct ServiceLine {
  std::string name;
  std::string state;
  double failure_rate = 0;
  double calls_per_second = 0;
  unsigned long long rejected = 0;
  std::string felt;  ///< what callers feel right now
};

/// Threads: one at a time. Restores the terminal when destroyed.
class Teller {
 public:
  explicit Teller(std::FILE* out);
  Teller(const Teller&) = delete;
  Teller& operator=(const Teller&) = delete;
  ~Teller();

  /// `12.3s  open       breaker 'payment' opened …`; the time counts from the teller's birth.
  void tell(Mood mood, const std::string& step, const std::string& text);

  /// A line without a time, such as an address.
  void say(const std::string& label, const std::string& text);

  /// Redraws the live block; does nothing when there is none.
  void show(const std::vector<ServiceLine>& services);
  [[nodiscard]] bool live() const noexcept { return terminal_; }

 private:
  void erase_block();
  void draw_block();
  [[nodiscard]] const char* colour(Mood mood) const noexcept;

  std::FILE* out_;
  bool terminal_;
  bool colours_;
  std::chrono::steady_clock::time_point born_ = std::chrono::steady_clock::now();
  std::vector<ServiceLine> services_;
  std::size_t block_lines_ = 0;
};

}  // namespace switchgear::demo
