// The services of a scenario as servers on loopback, in a thread of their own, each instance with its script.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/chaos/observations.hpp"
#include "app/chaos/scenario.hpp"

namespace switchgear::chaos {

/// Threads: the one that made it.
class PlayedServices {
 public:
  /// Listens at once. Throws boost::system::system_error for a port that cannot be had.
  explicit PlayedServices(const Scenario& scenario);
  PlayedServices(const PlayedServices&) = delete;
  PlayedServices& operator=(const PlayedServices&) = delete;
  ~PlayedServices();

  /// Where each service listens, in the order of its instances.
  [[nodiscard]] std::map<std::string, std::vector<std::uint16_t>> ports() const;

  /// The run begins at `start`: until then every day is an ordinary one.
  void begin(std::chrono::steady_clock::time_point start);

  /// Throws stage::Broken when a service could not go on.
  void check_alive() const;

  /// Stops; returns when each request arrived, by service and instance. Those before the run are left out.
  std::map<std::string, std::vector<std::vector<Duration>>> stop();

 private:
  class Instance;
  struct Loop;

  std::unique_ptr<Loop> loop_;
  std::map<std::string, std::vector<std::unique_ptr<Instance>>> instances_;  // gone before the loop is
  std::atomic<bool> ended_ = false;                                          ///< by itself, which is wrong
  std::string problem_;                                                      ///< set before that
  std::thread thread_;
};

}  // namespace switchgear::chaos
