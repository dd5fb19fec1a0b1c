// connection/: the client's side: heads, content, what is kept open between requests, and how it ends. Never
// here: what becomes of a request that is forwarded.
//
// One request's way in, from behind its head to the end of its content.
#pragma once

#include <cstdint>
#include <optional>

#include "app/gateway/call/call_client.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/http/body_reader.hpp"
#include "switchgear/http/stream.hpp"

namespace switchgear::gateway {

/// How far a step has come.
enum class Progress : std::uint8_t {
  wait,   ///< nothing to do until woken
  pause,  ///< the other connections have their turn; then it goes on
  go,     ///< this part is done
  over,   ///< the connection has no future
};

/// Room in the buffer, which grows to `most` bytes if it must. False: it is full.
[[nodiscard]] bool make_room(http::ReadBuffer& buffer, std::size_t most);
/// Stream::receive(), and once more if an end of the stream may have come with the last bytes.
[[nodiscard]] http::IoStatus receive_or_doubt(http::Stream& client) noexcept;

/// Hands its content on piece by piece, or throws it away. Threads: its loop's.
class IncomingRequest final : public ContentSource {
 public:
  /// Why the rest of the content will not come.
  enum class Fault : std::uint8_t { none, client_left, too_large, malformed, too_slow };

  /// Both are borrowed.
  IncomingRequest(http::Stream& client, const config::GatewayLimits& limits) noexcept
      : client_(client), limits_(limits) {}

  void begin(const http::Head& head) noexcept;
  /// The bytes are not a request, so its end is unknown.
  void begin_unreadable() noexcept;

  // ContentSource
  [[nodiscard]] Piece next_piece(TimePoint now) override;
  void used(std::size_t size) override { body_.used(client_.buffer(), size); }
  void all_used() override;
  [[nodiscard]] bool dawdles(Duration patience, TimePoint now) const noexcept override;
  [[nodiscard]] std::uint64_t moved() const noexcept override { return come(); }
  [[nodiscard]] bool paused(Duration patience) const noexcept override {
    return !whole() && last_pause_ >= patience;
  }
  void give_up() noexcept override { fault_ = Fault::too_slow; }

  /// Takes what has come, and throws it away. `go`: that was all of it. `over`: the rest will not come, or
  /// cannot be told from what follows it.
  [[nodiscard]] Progress drop(TimePoint now);
  /// The same with whatever comes, to the end of the stream: `over`.
  [[nodiscard]] Progress drop_everything(TimePoint now);
  /// From here on the client is only waited for: see patience().
  void begin_dropping(TimePoint now) noexcept;
  /// Until when it is. As nginx: so long in all, and so long for each pause.
  [[nodiscard]] TimePoint patience() const noexcept;

  /// The client has been told 100, or has moved bytes the other way: its time begins anew.
  void go_ahead(TimePoint now) noexcept;
  void note_progress(TimePoint now) noexcept;
  [[nodiscard]] TimePoint progress() const noexcept { return progress_; }
  /// A look at both sides begins.
  void begin_look() noexcept { due_ = TimePoint::max(); }
  /// When content that was asked for in this look must have come.
  [[nodiscard]] TimePoint due() const noexcept { return due_; }

  [[nodiscard]] bool whole() const noexcept { return state_ == State::whole; }
  /// The rest of it is in the client's buffer.
  [[nodiscard]] bool all_here() const noexcept;
  /// The client waits for 100 before it sends the content.
  [[nodiscard]] bool held_back() const noexcept { return state_ == State::held_back; }
  /// Reading the rest costs less than a new connection does.
  [[nodiscard]] bool cheap_to_drop() const noexcept;
  [[nodiscard]] Fault fault() const noexcept { return fault_; }

 private:
  enum class State : std::uint8_t { held_back, coming, whole };

  [[nodiscard]] Piece lose(Fault fault) noexcept;
  void wait_for_client(TimePoint now) noexcept;
  void end_wait(TimePoint now) noexcept;
  [[nodiscard]] std::uint64_t come() const noexcept;
  [[nodiscard]] Duration worth(std::uint64_t bytes) const noexcept;
  [[nodiscard]] Duration pause(TimePoint now) const noexcept;
  [[nodiscard]] Progress receive_to_drop(TimePoint now, std::uint32_t& reads);

  http::Stream& client_;
  const config::GatewayLimits& limits_;
  http::BodyReader body_;
  State state_ = State::whole;
  Fault fault_ = Fault::none;
  TimePoint progress_{};  ///< of the client, in either direction; zero: nothing has been asked of it
  TimePoint due_ = TimePoint::max();
  std::optional<TimePoint> waits_since_;  ///< for content that was asked for
  Duration behind_{};                     ///< before that: how far the client was behind the least rate
  Duration last_pause_{};                 ///< before the latest bytes
  std::uint64_t counted_ = 0;             ///< bytes, in behind_
  TimePoint heard_at_{};                  ///< of content that is dropped
  TimePoint drop_until_{};
};

}  // namespace switchgear::gateway
