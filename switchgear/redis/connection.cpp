#include "switchgear/redis/connection.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <utility>

#include "switchgear/redis/error.hpp"

namespace switchgear::redis {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

asio::ssl::context adopt(const tls::ClientContext& context) {
  ::SSL_CTX_up_ref(context.native());
  return asio::ssl::context(context.native());
}

}  // namespace

class Connection::Link : public std::enable_shared_from_this<Connection::Link> {
 public:
  Link(asio::any_io_executor executor, Address address, std::optional<tls::ClientContext> context,
       const ConnectionLimits& limits)
      : executor_(std::move(executor)),
        address_(std::move(address)),
        context_(std::move(context)),
        limits_(limits),
        resolver_(executor_),
        socket_(executor_),
        deadline_(executor_),
        reader_(limits.reply) {}

  void open(Duration limit, std::function<void(std::error_code, std::string)> opened) {
    opened_ = std::move(opened);
    opening_until_ = std::chrono::steady_clock::now() + limit;
    watch(*opening_until_);
    resolver_.async_resolve(
        address_.host, std::to_string(address_.port),
        [self = shared_from_this()](error_code error, const tcp::resolver::results_type& found) {
          self->connect(error, found);
        });
  }

  void send(std::string command, Duration limit, Done done, std::string before) {
    if (!ready_ || failed_) return answer_later(std::move(done), failed_ ? Errc::lost : Errc::not_connected);
    if (out_.size() + before.size() + command.size() > limits_.unsent_bytes ||
        waiting_.size() + (before.empty() ? 0 : 1) >= limits_.unanswered)
      return answer_later(std::move(done), Errc::too_much);
    if (!before.empty()) push(std::move(before), limit, [](std::error_code, const Reply&) {});
    push(std::move(command), limit, std::move(done));
  }

  void fail(std::error_code why, const std::string& words = {}) {
    if (std::exchange(failed_, true)) return;
    resolver_.cancel();
    deadline_.cancel();
    error_code ignored;
    socket_.close(ignored);
    // Moved out first: a handler may drop the connection, or ask another one.
    const auto waiting = std::exchange(waiting_, {});
    const auto opened = std::exchange(opened_, nullptr);
    const auto lost = std::exchange(lost_, nullptr);
    heard_ = nullptr;
    for (const Waiting& each : waiting) each.done(why, {});
    if (opened) opened(why, words);
    if (lost && ready_) lost(why);
  }

  void close() {
    lost_ = nullptr;
    opened_ = nullptr;
    fail(Errc::lost);
  }

  [[nodiscard]] bool is_open() const noexcept { return ready_ && !failed_; }
  void on_push(std::function<void(Reply)> heard) { heard_ = std::move(heard); }
  void on_lost(std::function<void(std::error_code)> lost) { lost_ = std::move(lost); }

 private:
  struct Waiting {
    TimePoint until;
    Done done;
  };

  void answer_later(Done done, Errc why) const {
    asio::post(executor_, [done = std::move(done), why] { done(why, {}); });
  }

  void connect(error_code error, const tcp::resolver::results_type& found) {
    if (failed_) return;
    if (error) return fail(error);
    asio::async_connect(socket_, found,
                        [self = shared_from_this()](error_code failure, const tcp::endpoint&) {
                          if (self->failed_) return;
                          if (failure) return self->fail(failure);
                          error_code ignored;
                          self->socket_.set_option(tcp::no_delay(true), ignored);
                          self->address_.tls ? self->shake_hands() : self->greet();
                        });
  }

  void shake_hands() {
    if (!context_) return fail(std::make_error_code(std::errc::protocol_not_supported));
    ssl_context_.emplace(adopt(*context_));
    tls_.emplace(socket_, *ssl_context_);
    if (!tls::expect_name(*tls_->native_handle(), address_.host))
      return fail(std::make_error_code(std::errc::invalid_argument));
    tls_->async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](error_code error) {
      if (self->failed_) return;
      if (error) return self->fail(error, "TLS handshake: " + error.message());
      self->greet();
    });
  }

  void greet() {
    read();
    greetings_left_ = 0;
    if (!address_.password.empty()) {
      greet_with(address_.user.empty() ? command({"AUTH", address_.password})
                                       : command({"AUTH", address_.user, address_.password}));
    }
    if (address_.database != 0) greet_with(command({"SELECT", std::to_string(address_.database)}));
    greet_with(command({"PING"}));  // so that a server that wants a password, or is loading, is found out now
  }

  void greet_with(std::string text) {
    ++greetings_left_;
    push(std::move(text), *opening_until_ - std::chrono::steady_clock::now(),
         [self = shared_from_this()](std::error_code error, const Reply& reply) {
           if (error || self->failed_) return;
           if (reply.is_error()) return self->fail(Errc::refused, reply.text);
           if (--self->greetings_left_ > 0) return;
           self->ready_ = true;
           self->opening_until_.reset();
           if (const auto opened = std::exchange(self->opened_, nullptr)) opened({}, {});
         });
  }

  void push(const std::string& text, Duration limit, Done done) {
    waiting_.push_back({std::chrono::steady_clock::now() + limit, std::move(done)});
    const TimePoint until = waiting_.back().until;
    if (!watched_until_ || until < *watched_until_) watch(until);
    out_ += text;
    if (!writing_) write();
  }

  /// The timer is not set once for each command: when it is due it looks for the next one.
  void watch(TimePoint until) {
    watched_until_ = until;
    deadline_.expires_at(until);
    deadline_.async_wait([self = shared_from_this()](error_code error) {
      if (error || self->failed_) return;
      self->watched_until_.reset();
      std::optional<TimePoint> next = self->opening_until_;
      for (const Waiting& each : self->waiting_) next = std::min(next.value_or(each.until), each.until);
      if (!next) return;
      if (*next <= std::chrono::steady_clock::now()) return self->fail(Errc::timed_out);
      self->watch(*next);
    });
  }

  void write() {
    writing_ = true;
    sending_.clear();
    std::swap(sending_, out_);
    const auto done = [self = shared_from_this()](error_code error, std::size_t) {
      self->writing_ = false;
      if (self->failed_) return;
      if (error) return self->fail(Errc::lost);
      if (!self->out_.empty()) self->write();
    };
    tls_ ? asio::async_write(*tls_, asio::buffer(sending_), done)
         : asio::async_write(socket_, asio::buffer(sending_), done);
  }

  void read() {
    const auto done = [self = shared_from_this()](error_code error, std::size_t bytes) {
      if (self->failed_) return;
      if (error) return self->fail(Errc::lost);
      if (!self->reader_.feed({self->in_.data(), bytes})) return self->fail(Errc::malformed);
      self->deliver();
      if (!self->failed_) self->read();
    };
    tls_ ? tls_->async_read_some(asio::buffer(in_), done) : socket_.async_read_some(asio::buffer(in_), done);
  }

  void deliver() {
    while (!failed_) {
      std::optional<Reply> reply = reader_.next();
      if (!reply) break;
      if (waiting_.empty()) {
        if (heard_) heard_(std::move(*reply));
        continue;
      }
      const Done done = std::move(waiting_.front().done);
      waiting_.pop_front();
      done({}, std::move(*reply));
    }
    if (reader_.failed()) fail(Errc::malformed);
  }

  const asio::any_io_executor executor_;
  const Address address_;
  const std::optional<tls::ClientContext> context_;
  const ConnectionLimits limits_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  std::optional<asio::ssl::context> ssl_context_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  asio::steady_timer deadline_;
  ReplyReader reader_;
  std::function<void(std::error_code, std::string)> opened_;
  std::function<void(Reply)> heard_;
  std::function<void(std::error_code)> lost_;
  std::optional<TimePoint> opening_until_, watched_until_;
  std::deque<Waiting> waiting_;  ///< in the order of their replies
  std::string out_, sending_;
  std::array<char, 16 * 1024> in_{};
  int greetings_left_ = 0;
  bool ready_ = false, failed_ = false, writing_ = false;
};

Connection::Connection(asio::any_io_executor executor, Address address, std::optional<tls::ClientContext> tls,
                       const ConnectionLimits& limits)
    : link_(std::make_shared<Link>(std::move(executor), std::move(address), std::move(tls), limits)) {}

Connection::~Connection() { link_->close(); }

void Connection::open(Duration limit, std::function<void(std::error_code, std::string)> opened) {
  link_->open(limit, std::move(opened));
}
void Connection::send(std::string command, Duration limit, Done done, std::string before) {
  link_->send(std::move(command), limit, std::move(done), std::move(before));
}
void Connection::on_push(std::function<void(Reply)> heard) { link_->on_push(std::move(heard)); }
void Connection::on_lost(std::function<void(std::error_code)> lost) { link_->on_lost(std::move(lost)); }
bool Connection::is_open() const noexcept { return link_->is_open(); }
void Connection::close() { link_->close(); }

}  // namespace switchgear::redis
