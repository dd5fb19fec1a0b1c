// The checkout shop as processes: three demo services, the gateway before them, all on ports the system
// chose. Here: starting, asking and ending them. Never here: what the story makes of their answers.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "app/demo/fault.hpp"
#include "app/demo/json_client.hpp"
#include "app/demo/load.hpp"
#include "app/stage/workplace.hpp"

namespace switchgear::demo {

struct ShopOptions {
  std::uint64_t seed = 1;
  std::uint16_t port = 0;        ///< of the gateway; 0: the system chooses
  std::uint16_t admin_port = 0;  ///< of the dashboard; 0: the system chooses
  std::chrono::milliseconds open_duration{4000};
  std::chrono::milliseconds probe_interval{200};
};

struct SeenTransition {
  std::string from, to, rule;
  double value = 0;
  double threshold = 0;
  std::uint64_t window_calls = 0;
  std::uint64_t window_failures = 0;
  std::uint64_t window_slow = 0;
  std::uint64_t generation = 0;
};

/// One breaker, as the gateway's admin API shows it.
struct SeenBreaker {
  std::string state;
  std::uint64_t generation = 0;
  std::uint64_t calls = 0;
  std::uint64_t rejected = 0;
  std::uint64_t half_opened = 0;
  std::uint64_t closed = 0;
  double failure_rate = 0;
  double calls_per_second = 0;
  std::optional<double> retry_after;  ///< seconds
  std::optional<SeenTransition> last;
};

/// The probes that decide in the demo's policy, and its window: the story says them.
inline constexpr unsigned probes = 5;
inline constexpr unsigned window_size = 30;

/// The gateway's configuration for services that listen on `ports`.
[[nodiscard]] std::string gateway_yaml(const ShopOptions& options,
                                       const std::array<std::uint16_t, service_names.size()>& ports);

/// Threads: the one that made it. Its files live in a temporary directory, which goes with it.
class Shop {
 public:
  /// Starts everything and waits until it listens. Throws stage::Broken.
  explicit Shop(const ShopOptions& options);
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;
  ~Shop();  ///< ends every process it started

  [[nodiscard]] std::uint16_t gateway_port() const noexcept { return gateway_port_; }
  [[nodiscard]] std::string dashboard() const;
  [[nodiscard]] SeenBreaker breaker(std::size_t service);

  /// How many requests have arrived at the service, by its own count.
  [[nodiscard]] std::uint64_t arrived_at(std::size_t service);
  void set_fault(std::size_t service, const Fault& fault);

  /// Throws stage::Broken, naming the process and its log, when one has ended.
  void check_alive();

  /// Leaves the logs on disk and says where.
  std::filesystem::path keep_logs() noexcept;

 private:
  struct Member {
    std::unique_ptr<stage::ChildProcess> process;
    std::unique_ptr<JsonClient> control;
  };

  std::uint16_t start_service(std::size_t service);
  void start_gateway(const std::array<std::uint16_t, service_names.size()>& ports);

  ShopOptions options_;
  stage::Workplace workplace_{"demo"};
  std::array<Member, service_names.size()> services_;
  std::unique_ptr<stage::ChildProcess> gateway_;
  std::unique_ptr<JsonClient> admin_;
  std::uint16_t gateway_port_ = 0;
  std::uint16_t admin_port_ = 0;
};

}  // namespace switchgear::demo
