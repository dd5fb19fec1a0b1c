// Who is at the other end of a client's connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/gateway/connection/incoming_request.hpp"
#include "app/gateway/heads/provenance.hpp"
#include "app/gateway/service/worker_state.hpp"
#include "switchgear/http/stream.hpp"

namespace switchgear::gateway {

/// The address that the connection was made from, or, with `proxy_protocol`, the one that a trusted proxy
/// names in its PROXY header. Whether it is trusted is decided once: a reload changes it for connections that
/// are made from then on. Threads: its loop's.
class Peer {
 public:
  /// `worker` is borrowed. `descriptor`: the connection's; `address`: of its other end.
  Peer(WorkerState& worker, int descriptor, std::string address);

  /// A trusted proxy, which says first whom it speaks for: see take_header().
  [[nodiscard]] bool announces() const noexcept {
    return worker_.trust.proxy_protocol && claims_ == Claims::believed;
  }
  /// Of a connection whose first bytes are a PROXY header; nothing behind that is taken. `over`: they are
  /// not.
  [[nodiscard]] Progress take_header(http::Stream& client);
  /// Its header has not come in time.
  void note_late();

  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  /// `scheme`: by which it sends requests.
  [[nodiscard]] Arrival arrival(std::string_view scheme) const noexcept {
    return {address_, scheme, port_, claims_};
  }

 private:
  [[nodiscard]] Claims claims_of(std::string_view address) const noexcept;

  WorkerState& worker_;
  std::string address_;
  std::uint16_t port_ = 0;
  Claims claims_;
};

}  // namespace switchgear::gateway
