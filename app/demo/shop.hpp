// The stage of the demo as processes: the shop of app/shop with all that is behind it, the services that it
// calls, and the gateway before it, on ports the system chose. Here: starting, asking and ending them. Never
// here: what the story makes of their answers.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/demo/fault.hpp"
#include "app/demo/json_client.hpp"
#include "app/shop/backing.hpp"
#include "app/shop/kept_server.hpp"
#include "app/shop/kept_shop.hpp"
#include "app/stage/kept_process.hpp"
#include "app/stage/workplace.hpp"

namespace switchgear::demo {

struct ShopOptions {
  std::uint64_t seed = 1;
  std::uint16_t port = 0;        ///< of the gateway; 0: the system chooses
  std::uint16_t admin_port = 0;  ///< of the shop's dashboard; 0: the system chooses
  shop::Behind behind = shop::Behind::installed;
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

/// One breaker, as the shop's admin API shows it.
struct SeenBreaker {
  std::string name;
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

/// The services that the shop calls over HTTP. The story is about the first one.
inline constexpr std::array<const char*, 3> service_names{"payment", "inventory", "accounts"};

/// The probes that decide in the demo's policy: the story says them.
inline constexpr unsigned probes = 5;

/// The shop's own policies, with a breaker for payment that follows the story's pace.
[[nodiscard]] std::string policies_yaml(const ShopOptions& options);
/// The gateway's configuration, for a shop at `url`.
[[nodiscard]] std::string gateway_yaml(const ShopOptions& options, const std::string& url);

/// Threads: the one that made it. Its files live in a temporary directory, which goes with it.
class Shop {
 public:
  /// Starts everything and waits until it answers, or until it is told to stop. Throws stage::Broken.
  Shop(const ShopOptions& options, stage::StopSignal& stop);
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;
  ~Shop();  ///< ends every process it started

  [[nodiscard]] std::uint16_t gateway_port() const noexcept { return gateway_port_; }
  [[nodiscard]] std::string gateway_dashboard() const;
  [[nodiscard]] std::string dashboard() const;
  [[nodiscard]] std::uint16_t admin_port() const { return shop_->admin_port(); }
  /// A line for each server or stand-in behind the shop, for people.
  [[nodiscard]] const std::vector<std::string>& what_runs() const noexcept { return backing_.what_runs(); }

  // These four throw NoAnswer, also while a process is being started again.

  /// Payment's.
  [[nodiscard]] SeenBreaker breaker();
  [[nodiscard]] std::vector<SeenBreaker> breakers();

  /// How many requests have arrived at payment, by its own count, which begins anew with its process.
  [[nodiscard]] std::uint64_t arrived();
  void set_fault(const Fault& fault);

  /// Well again. If payment does not answer, that is not told: the story and the books show it.
  void heal() noexcept;

  /// Call it often. Processes that have ended are started again: says which, and how they ended. Throws
  /// stage::Broken for one that does not start again.
  std::vector<shop::Happened> keep_running();
  /// How often one was started again on which the story depends: the shop, payment or the gateway.
  [[nodiscard]] unsigned restarts() const noexcept;
  /// A process ended by itself, and not because somebody ended it.
  [[nodiscard]] bool has_failed() const noexcept;
  /// The books can still be read: the shop runs, or is about to be started again.
  [[nodiscard]] bool has_books() const noexcept { return !shop_->given_up(); }

  /// Leaves the logs on disk and says where.
  std::filesystem::path keep_logs() noexcept;

 private:
  struct Member {
    std::optional<stage::KeptProcess> process;
    std::unique_ptr<JsonClient> control;
  };

  std::uint16_t start_service(std::size_t service);
  void start_gateway();

  ShopOptions options_;
  stage::Workplace workplace_{"demo"};
  shop::Backing backing_;
  std::array<Member, service_names.size()> services_;
  std::optional<shop::KeptShop> shop_;
  std::optional<stage::KeptProcess> gateway_;
  std::unique_ptr<JsonClient> admin_;
  std::uint16_t gateway_port_ = 0, gateway_admin_port_ = 0;
  Fault fault_;  ///< of payment; one that is started again gets it again
};

}  // namespace switchgear::demo
