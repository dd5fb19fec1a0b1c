// One service of the checkout shop: a small HTTP server whose faults are switched on and off over a second
// port. A process of its own, so that what it does to the gateway is done through real sockets.
#pragma once

#include <cstdint>
#include <string>

namespace switchgear::demo {

struct DemoServiceOptions {
  std::string name = "payment";
  std::uint16_t port = 0;          ///< 0: the system chooses
  std::uint16_t control_port = 0;  ///< 0: the system chooses
  std::uint64_t seed = 1;          ///< of the few milliseconds that ordinary work takes
};

/// Serves on loopback until SIGTERM or SIGINT; returns the exit code.
///
/// Prints `ready name=NAME port=N control=N` when both ports listen. On `port`, every request is work: it is
/// counted, then answered as the fault has it. On the control port: `POST /_fault {"mode": "errors",
/// "delay_ms": 250}` and `GET /_stats` → `{"name", "mode", "calls"}`, where `calls` is how many requests have
/// arrived at `port`.
int run_demo_service(const DemoServiceOptions& options);

}  // namespace switchgear::demo
