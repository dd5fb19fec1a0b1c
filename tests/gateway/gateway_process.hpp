// The real binary, serving a file of the test's.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/gateway/wire.hpp"

namespace switchgear::wire {

struct ServiceText {
  std::string name;
  std::uint16_t port = 0;
  std::string prefix = "/";
  std::string policy = "plain";
  std::string more = "";  ///< further keys of the service, `, key: value`
};

/// A policy file: `policies` in YAML, indented by two; the policy `plain` has no breaker and a timeout that
/// no test comes near. So should every limit that a test is not about.
[[nodiscard]] std::string config_text(const std::vector<ServiceText>& services,
                                      const std::string& policies = "", const std::string& gateway = "");

/// `switchgear serve` with ports of the system's choice. Ended, by its pid, with the test.
class GatewayProcess {
 public:
  /// Throws std::runtime_error when it does not start. `port` 0: of the system's choice. `open_files`: the
  /// soft and the hard limit of descriptors that it is started with; default: the test's own. `errors`: its
  /// stderr, in place of the file of log().
  explicit GatewayProcess(const std::string& config, std::uint16_t port = 0,
                          std::optional<rlimit> open_files = std::nullopt,
                          std::optional<int> errors = std::nullopt);
  GatewayProcess(const GatewayProcess&) = delete;
  GatewayProcess& operator=(const GatewayProcess&) = delete;
  ~GatewayProcess();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint16_t admin_port() const { return admin_port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

  void rewrite(const std::string& config) const;  ///< at once, as a deployment does: by a rename
  void replace_file_by_pipe() const;
  /// What it has written to stderr: not yet what it has logged just now.
  [[nodiscard]] std::string log() const;
  /// Whether the log has `text`, now or soon.
  [[nodiscard]] bool logs(const std::string& text) const;
  /// The next line that it writes to standard output, after the one with its addresses; without its end.
  [[nodiscard]] std::string read_line();
  void signal(int number) const;
  /// Stops it where it is, as a busy machine may. Returns when none of its threads runs; it goes on with
  /// SIGCONT.
  void hold_up() const;
  /// Its exit code, once it has ended by itself; empty when it does not.
  [[nodiscard]] std::optional<int> wait_for_exit();
  [[nodiscard]] std::size_t resident_bytes() const;

  /// One request on a connection of its own.
  [[nodiscard]] Message get(const std::string& target, const std::string& fields = "") const;
  [[nodiscard]] Message admin(const std::string& method, const std::string& target) const;
  /// `GET /circuit-breakers/{name}`.
  [[nodiscard]] boost::json::value breaker(const std::string& name) const;
  [[nodiscard]] std::string state(const std::string& name) const;

 private:
  void end();

  std::string directory_;
  pid_t pid_ = -1;
  int output_ = -1;
  std::string read_;  ///< of output_, and not given yet
  std::uint16_t port_ = 0;
  std::uint16_t admin_port_ = 0;
};

/// How a `switchgear serve` ended that is expected to end by itself, and all that it wrote.
struct Ended {
  int exit_code = -1;
  std::string output;
};
/// `flags`: as on a command line, behind `--config`. `open_files`: its limit of descriptors.
[[nodiscard]] Ended serve_to_its_end(const std::string& config, const std::string& flags = "",
                                     std::optional<unsigned> open_files = std::nullopt);

/// A `switchgear serve` that reads `config` out of a pipe, and is sent `early` while it waits for it. Ended
/// by SIGTERM when it has written `last`.
[[nodiscard]] Ended serve_from_pipe(const std::string& config, const std::vector<int>& early,
                                    const std::string& last);

/// Checks again and again, with a real request in between as the only delay, until it is so. False when
/// patience ends.
[[nodiscard]] bool eventually(const std::function<bool()>& so);

/// Waits until nothing moves any more: until `count` has stayed as it is for fifty turns of the gateway's
/// loop. For what must have come to rest before a test can say that it went no further. False when patience
/// ends.
[[nodiscard]] bool comes_to_rest(const GatewayProcess& gateway, const std::function<std::uint64_t()>& count);

}  // namespace switchgear::wire
