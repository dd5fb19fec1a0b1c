// Raw sockets for tests: both ends of the gateway are played byte by byte. Every wait ends by itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>

namespace switchgear::wire {

/// The end of every wait. It is long, because a test that passes never comes near it, and a busy machine may.
inline constexpr std::chrono::milliseconds patience{60'000};

/// One HTTP message as it was on the wire. Names of fields are lower case; repeated ones are joined by ", ".
struct Message {
  std::string start_line;
  std::map<std::string, std::string> fields;
  std::string body;
  std::string trailers;   ///< lines, each with its CR LF
  bool whole = false;     ///< it ended where its framing says
  std::string head_text;  ///< all bytes of the head

  [[nodiscard]] unsigned status() const;
  [[nodiscard]] std::string target() const;
  [[nodiscard]] std::string field(const std::string& name) const;
  [[nodiscard]] bool has(const std::string& name) const { return fields.contains(name); }
};

/// A blocking TCP socket that gives up after `patience`.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }

  /// Throws std::runtime_error when the port has no listener. `receive_buffer` > 0: a client that can hold
  /// only that much.
  [[nodiscard]] static Socket connect(std::uint16_t port, int receive_buffer = 0);

  /// To a Unix socket.
  [[nodiscard]] static Socket connect_to(const std::string& path);

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool open() const { return descriptor_ >= 0; }

  /// False when the peer does not take it all.
  bool send(std::string_view bytes);
  /// What is there, at least a byte; empty at the end of the stream, after a reset, and when patience ends
  /// (see timed_out()).
  std::string receive(std::chrono::milliseconds at_most = patience);
  [[nodiscard]] bool timed_out() const { return timed_out_; }
  [[nodiscard]] bool was_reset() const { return reset_; }

  /// The next message; empty when the stream ends before one begins.
  [[nodiscard]] std::optional<Message> read_response(bool to_head = false) {
    return read_message(Kind::response, to_head);
  }
  [[nodiscard]] std::optional<Message> read_request() { return read_message(Kind::request, false); }
  /// Up to and with the empty line; the body stays. Empty when the stream ends first.
  [[nodiscard]] std::string read_head();
  [[nodiscard]] std::string read_exactly(std::size_t size);
  /// True when the peer closes without sending another byte.
  [[nodiscard]] bool ends();
  /// Everything until the peer closes.
  [[nodiscard]] std::string read_all();
  /// Bytes received and not yet read.
  [[nodiscard]] const std::string& pending() const { return pending_; }

  void shut_down_sending();
  void reset();
  void close();

 private:
  enum class Kind { request, response };
  std::optional<Message> read_message(Kind kind, bool to_head);
  bool more(std::chrono::milliseconds at_most = patience);

  int descriptor_ = -1;
  std::string pending_;
  bool timed_out_ = false;
  bool reset_ = false;
};

/// Requests `target` of a gateway whose service waits for `begun` before it breaks off its answer: only once
/// some of that has come here, because until then the gateway may answer otherwise. Whether the answer ends
/// with a reset, so that it does not look whole.
[[nodiscard]] bool is_broken_off(std::uint16_t port, std::counting_semaphore<>& begun,
                                 const std::string& target = "/");

}  // namespace switchgear::wire
