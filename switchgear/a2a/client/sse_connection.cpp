#include "switchgear/a2a/client/sse_connection.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <memory>

#include "switchgear/a2a/error.hpp"

namespace switchgear::a2a {

namespace asio = boost::asio;

namespace {

/// Closes the stream when its time is over.
class IdleWatch {
 public:
  IdleWatch(const asio::any_io_executor& executor, Duration idle, http::ResponseStream& stream)
      : timer_(executor, idle), watched_(std::make_shared<Watched>(Watched{&stream})) {
    timer_.async_wait([watched = watched_](const boost::system::error_code& stopped) {
      if (stopped || watched->stream == nullptr) return;
      watched->late = true;
      watched->stream->close();
    });
  }
  IdleWatch(const IdleWatch&) = delete;
  IdleWatch& operator=(const IdleWatch&) = delete;
  ~IdleWatch() { watched_->stream = nullptr; }

  [[nodiscard]] bool is_late() const noexcept { return watched_->late; }

 private:
  /// The handler may be on its way when the watch has gone.
  struct Watched {
    http::ResponseStream* stream;
    bool late = false;
  };

  asio::steady_timer timer_;
  std::shared_ptr<Watched> watched_;
};

}  // namespace

asio::awaitable<std::optional<std::string>> SseConnection::next(Duration idle) {
  for (;;) {
    if (std::optional<std::string> data = reader_.next()) co_return data;
    if (reader_.too_large())
      throw Error(Errc::event_too_large, make_error_code(Errc::event_too_large).message());
    IdleWatch watch(executor_, idle, stream_);
    std::string bytes;
    bool more = false;
    try {
      more = co_await stream_.read_some(bytes);
    } catch (const boost::system::system_error&) {
      if (watch.is_late()) throw Error(Errc::stream_idle, make_error_code(Errc::stream_idle).message());
      throw;
    }
    if (!more) co_return std::nullopt;
    reader_.add(bytes);
  }
}

}  // namespace switchgear::a2a
