// A batch against a dependency that fails half-way: none lost, none doubled.
//
// A hundred items are processed in batches of 40. When the breaker opens, the rest of the batch is skipped
// instead of failing item by item; whatever was not processed is kept, and tried again in smaller batches,
// not before the breaker says that it is worth coming back.
#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "examples/tiny_http.hpp"
#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/sync/call.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;

constexpr std::size_t largest_batch = 40;
constexpr std::size_t smallest_batch = 5;

struct BatchEnd {
  std::size_t done = 0;
  std::size_t failed = 0;               ///< were tried, and are kept
  std::size_t skipped = 0;              ///< were not tried
  std::optional<Duration> come_back{};  ///< set when the breaker refused
};

class Importer {
 public:
  explicit Importer(std::uint16_t port) : port_(port) {
    for (int item = 1; item <= 100; ++item) open_.push_back(item);
  }

  /// One batch: the first `size` items that are still open. What is not done stays open, in its order.
  BatchEnd run_batch(std::size_t size) {
    BatchEnd end;
    std::deque<int> kept;
    for (size = std::min(size, open_.size()); size > 0; --size) {
      const int item = open_.front();
      if (end.come_back) {
        ++end.skipped;
      } else {
        auto reply = try_call(guard_, [&](const Attempt& attempt) {
          return example::post(port_, "/import", std::to_string(item), attempt.deadline);
        });
        if (reply && reply->status == 200) {
          ++end.done;
          open_.pop_front();
          continue;
        }
        if (reply) {
          ++end.failed;
        } else {
          ++end.skipped;
          end.come_back = reply.rejection().retry_after.value_or(10ms);
        }
      }
      kept.push_back(item);
      open_.pop_front();
    }
    open_.insert(open_.begin(), kept.begin(), kept.end());
    return end;
  }

  [[nodiscard]] std::size_t open() const noexcept { return open_.size(); }

 private:
  static CircuitBreakerOptions careful() {
    CircuitBreakerOptions options;
    options.consecutive_failures = 3;
    options.open_duration = 1s;
    options.half_open.permitted_calls = 1;
    return options;
  }

  const std::uint16_t port_;
  std::deque<int> open_;
  CircuitBreaker breaker_{"import", careful()};
  Timeout second_{"import", 1s};
  const Pipeline<CircuitBreaker, Timeout> guard_{breaker_, second_};
};

}  // namespace

int main() {
  std::map<int, int> imported;  // how often each item was accepted
  int requests = 0;
  example::Server dependency{[&](const std::string&, const std::string& body) {
    ++requests;
    const bool away = requests > 55 && requests <= 60;  // the 56th to the 60th request fail
    if (away) return example::Reply{503, "out of order"};
    ++imported[std::stoi(body)];
    return example::Reply{200, "imported"};
  }};

  Importer importer{dependency.port()};
  std::size_t size = largest_batch;
  for (int batch = 1; importer.open() > 0 && batch <= 100; ++batch) {
    const BatchEnd end = importer.run_batch(size);
    std::printf("batch %d of %zu: %zu done, %zu failed, %zu skipped; %zu left\n", batch, size, end.done,
                end.failed, end.skipped, importer.open());
    if (end.come_back) {
      size = std::max(size / 2, smallest_batch);
      std::this_thread::sleep_for(*end.come_back);
    } else {
      size = std::min(size * 2, largest_batch);
    }
  }

  dependency.stop();
  const bool once =
      std::all_of(imported.begin(), imported.end(), [](const auto& item) { return item.second == 1; });
  std::printf("imported: %zu of 100, each once: %s, requests: %d\n", imported.size(), once ? "yes" : "no",
              requests);
  return imported.size() == 100 && once ? 0 : 1;
}
