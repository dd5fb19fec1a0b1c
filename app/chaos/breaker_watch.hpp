// The breakers of the target, as its admin API shows them: asked again and again during a run.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/chaos/observations.hpp"
#include "app/control/admin_server.hpp"

namespace switchgear::http {
class BlockingClient;
}

namespace switchgear::chaos {

/// The target does not answer, or not as a gateway's admin server does.
struct Unreachable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Threads: one.
class BreakerWatch {
 public:
  /// Asks once, for the states at the beginning. Throws Unreachable, and http::Error for a URL that cannot be
  /// called.
  explicit BreakerWatch(const control::AdminServer& server);
  BreakerWatch(const BreakerWatch&) = delete;
  BreakerWatch& operator=(const BreakerWatch&) = delete;
  ~BreakerWatch();

  /// Times count from here.
  void begin(std::chrono::steady_clock::time_point start);

  /// Asks; returns the transitions since it last did, in order of time, those of one breaker as they followed
  /// each other. A breaker that was not closed when the target was started again is closed by rule `restart`.
  /// Throws Unreachable.
  std::vector<Transition> look();

  [[nodiscard]] const std::map<std::string, std::string>& initially() const noexcept { return initially_; }
  [[nodiscard]] const std::set<std::string>& names() const noexcept { return names_; }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] boost::json::object ask(const std::string& target);
  void add_new(const std::string& name, std::uint64_t after, std::vector<Transition>& found);

  const control::AdminServer server_;
  std::string url_;
  std::unique_ptr<http::BlockingClient> client_;
  std::map<std::string, std::uint64_t> generations_;
  std::map<std::string, std::string> initially_, states_;
  std::set<std::string> names_;
  Clock::time_point start_{};
  std::chrono::system_clock::time_point wall_start_{};
  Duration looked_{};
};

}  // namespace switchgear::chaos
