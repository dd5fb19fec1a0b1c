// One client's connection, from accept to close: reads requests, forwards each or answers it, in order.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/gateway/connection/client_exchange.hpp"
#include "switchgear/http/descriptor.hpp"
#include "switchgear/http/head_validator.hpp"
#include "switchgear/http/stream.hpp"
#include "switchgear/http/task.hpp"

namespace switchgear::gateway {

struct ConnectionTag;
using ConnectionHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<ConnectionTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
struct IdleTag;
using IdleHook = boost::intrusive::list_base_hook<boost::intrusive::tag<IdleTag>,
                                                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// The coroutine run() is the connection; everything else are its steps. A step does what can be done without
/// waiting and says how far it has come; what it waits for resumes the coroutine through wake_, and the step
/// looks again. So nothing is ever forgotten when two things happen at once.
///
///   announcing ──▶ securing ──▶ idle ──▶ reading ──▶ forwarding ──▶ answering ──▶ discarding ──▶ idle
///                                                                        └──▶ lingering
///
/// Threads: its worker's. Ends by itself; its owner only asks it to.
class ClientConnection final : public ConnectionHook,
                               public IdleHook,
                               private http::Stream::Owner,
                               private http::Timer,
                               private ClientExchange::Owner {
 public:
  static constexpr std::size_t idle_memory = 2048;

  class Owner {
   public:
    virtual void started(ClientConnection& connection) noexcept = 0;
    /// It waits for a request: if room is needed, it may be ended from now on.
    virtual void became_idle(ClientConnection& connection) = 0;
    /// It has nothing left to do, and is to be deleted.
    virtual void finished(ClientConnection& connection) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  /// Takes over an accepted, non-blocking socket. `tls` null: plain. May end before it returns.
  static void start(Owner& owner, CallPool& calls, http::Descriptor socket, std::string client_address,
                    const tls::ServerContext* tls);

  ClientConnection(Owner& owner, CallPool& calls, http::Descriptor& socket, std::string client_address,
                   const tls::ServerContext* tls);
  ~ClientConnection() override;

  /// The worker is draining: look again.
  void reconsider() { wake(); }
  void kill();
  /// For one that waits for a request. False, and still there, when a request has just come.
  [[nodiscard]] bool end_if_idle();
  [[nodiscard]] TimePoint idle_since() const noexcept { return since_; }

 private:
  enum class Part : std::uint8_t {
    announcing,  ///< a trusted proxy's PROXY header
    securing,    ///< the TLS handshake
    idle,
    reading,     ///< a request's head has begun
    forwarding,  ///< until there is an answer
    answering,   ///< that is sent
    discarding,  ///< the answer is out, the client still sends
    lingering,   ///< the gateway has said its last word on this connection
  };

  http::Detached run();
  [[nodiscard]] http::WakePoint::Awaiter sleep();
  void wake();
  void wait_until(TimePoint due) noexcept { due_ = due < due_ ? due : due_; }
  /// Lets the other connections have their turn; then goes on.
  [[nodiscard]] Progress yield();
  void on_ready(http::Stream& stream) override;
  void on_timer(TimePoint now) override;

  void on_exchange_event() override { wake(); }

  [[nodiscard]] Progress identify();
  [[nodiscard]] Progress secure();
  [[nodiscard]] Progress handshake_failed();

  // Reading a request.
  [[nodiscard]] Progress read_request();
  [[nodiscard]] Progress wait_for_head(TimePoint due);
  [[nodiscard]] Progress head_is_late();
  [[nodiscard]] TimePoint idle_until() const noexcept;
  [[nodiscard]] Progress wait_idle(TimePoint due);

  [[nodiscard]] Progress forward();

  // The end of an exchange, and of the connection.
  [[nodiscard]] Progress finish_answer();
  [[nodiscard]] Progress discard_request();
  [[nodiscard]] Progress linger();
  [[nodiscard]] bool waits_for_rest(Progress dropped);
  [[nodiscard]] Progress next_request();

  Owner& owner_;
  WorkerState& worker_;
  http::StreamPtr client_;
  Peer peer_;
  http::WakePoint wake_;
  std::shared_ptr<ClientConnection*> self_;  ///< for what yield() posts; empty until then
  Part part_ = Part::idle;
  bool killed_ = false;
  unsigned in_turn_ = 0;  ///< requests answered without a pause
  TimePoint now_{};
  TimePoint due_ = TimePoint::max();  ///< when to wake at the latest
  TimePoint since_{};                 ///< idle, or the head's first byte, or the answer's last progress

  std::optional<http::HeadValidator> validator_;  ///< never empty; made anew for each request
  ClientExchange exchange_;
};

}  // namespace switchgear::gateway
