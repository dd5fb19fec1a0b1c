// The new process: asks the one that runs for its listening sockets.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/takeover/message.hpp"
#include "switchgear/http/descriptor.hpp"

namespace switchgear::takeover {

/// The other process does not hand over; the text says why, for an operator.
class Refused final : public std::runtime_error {
  using runtime_error::runtime_error;
};

///     auto successor = Successor::of(path);                 // empty: no process is there
///     … successor->sockets() …                              // what can fail
///     … serving …
///     successor->ready();
///
/// Dropped before ready(), it leaves the other process as it was. Threads: one.
class Successor {
 public:
  /// Asks the process that listens at `path`; waits for its answer. Empty: none is there. Throws Refused if
  /// it is another user's, or does not answer as it must.
  [[nodiscard]] static std::optional<Successor> of(const std::string& path);

  /// Once.
  [[nodiscard]] std::vector<Handed> take_sockets() noexcept { return std::move(sockets_); }
  /// Once: the one that the other process listens at for the next. Empty: it has handed none.
  [[nodiscard]] http::Descriptor take_listening() noexcept { return std::move(listening_); }
  /// Of the process that hands over.
  [[nodiscard]] pid_t predecessor() const noexcept { return predecessor_; }

  /// This process serves. Returns when the other one accepts no further client and has closed its files;
  /// false: it has not said so in time. Throws Refused if it goes on serving.
  [[nodiscard]] bool ready();

 private:
  Successor(http::Descriptor connection, pid_t predecessor) noexcept
      : connection_(std::move(connection)), predecessor_(predecessor) {}
  void receive_sockets();
  void take(Message message);

  http::Descriptor connection_;
  pid_t predecessor_;
  std::vector<Handed> sockets_;
  http::Descriptor listening_;
};

}  // namespace switchgear::takeover
