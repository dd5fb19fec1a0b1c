// One server, which may be found by its Sentinels.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/redis/connection.hpp"
#include "switchgear/redis/error.hpp"
#include "switchgear/redis/sentinels.hpp"
#include "switchgear/redis/session.hpp"

namespace switchgear::redis {

namespace asio = boost::asio;

namespace {

TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

CircuitBreakerOptions breaker_options() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 5;
  options.open_duration = std::chrono::seconds{1};
  options.jitter = 0.2;
  options.half_open.permitted_calls = 1;
  options.half_open.max_wait = std::chrono::seconds{2};
  return options;
}

/// Whether a server that says so cannot do its work now, whatever it is asked.
bool is_failure(const Reply& reply) {
  return reply.is_error("READONLY") || reply.is_error("LOADING") || reply.is_error("MASTERDOWN") ||
         reply.is_error("OOM") || reply.is_error("MISCONF") || reply.is_error("NOREPLICAS") ||
         reply.is_error("CLUSTERDOWN") || reply.is_error("BUSY");
}

std::string eval(std::string_view verb, std::string_view script, const std::vector<std::string>& keys,
                 const std::vector<std::string>& arguments) {
  const std::string count = std::to_string(keys.size());
  std::vector<std::string_view> words{verb, script, count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  return command(words);
}

class ServerSession final : public Session, public std::enable_shared_from_this<ServerSession> {
 public:
  ServerSession(asio::any_io_executor executor, ClientOptions options, std::uint64_t seed)
      : executor_(std::move(executor)),
        options_(std::move(options)),
        random_(seed),
        breaker_("redis", breaker_options(), {nullptr, seed, {}, now()}),
        again_(executor_),
        listen_again_(executor_),
        ask_again_(executor_),
        master_(options_.address) {
    if (!options_.sentinels.empty())
      sentinels_ =
          std::make_unique<Sentinels>(executor_, options_.sentinels, options_.tls, options_.address.host);
  }

  void start(std::function<void()> connected, Heard heard) override {
    connected_ = std::move(connected);
    heard_ = std::move(heard);
    connect();
    if (!options_.channels.empty() && !sentinels_) listen();  // else when the master is known
  }

  void send(std::string text, Done done) override { send(std::move(text), Asking::no, std::move(done)); }

  /// ASKING is for the next command of the connection, whichever that is: it is sent with its own or not at
  /// all.
  void send(std::string text, Asking asking, Done done) {
    if (closed_ || !is_open()) return refuse(std::move(done), Errc::not_connected);
    auto permit = breaker_.try_acquire(now());
    if (!permit) return refuse(std::move(done), Errc::breaker_open);
    ++counts_.sent;
    auto held = std::make_shared<CircuitBreaker::Permit>(std::move(*permit));
    commands_->send(
        std::move(text), options_.timeout,
        [self = shared_from_this(), held, done = std::move(done)](std::error_code error, Reply reply) {
          const bool failed = error || is_failure(reply);
          std::move(*held).record(failed ? Verdict::failure : Verdict::success, now());
          self->note(error, reply);
          if (!self->closed_) done(error, std::move(reply));
        },
        asking == Asking::yes ? command({"ASKING"}) : std::string{});
  }

  void run(const Script& script, std::vector<std::string> keys, std::vector<std::string> arguments, Done done,
           Asking asking) override {
    std::string text = eval("EVALSHA", script.digest(), keys, arguments);
    send(std::move(text), asking,
         [self = shared_from_this(), &script, keys = std::move(keys), arguments = std::move(arguments),
          done = std::move(done), asking](std::error_code error, Reply reply) {
           if (error || !reply.is_error("NOSCRIPT")) return done(error, std::move(reply));
           self->send(eval("EVAL", script.text(), keys, arguments), asking, done);
         });
  }

  void reconnect() override {
    if (closed_) return;
    ready_ = false;
    commands_.reset();
    connect_later();
  }

  void close() override {
    closed_ = true;
    again_.cancel();
    listen_again_.cancel();
    ask_again_.cancel();
    sentinels_.reset();
    connected_ = nullptr;
    heard_ = nullptr;
    commands_.reset();
    channels_.reset();
  }

  [[nodiscard]] bool connected() const noexcept override { return is_open(); }
  [[nodiscard]] std::string trouble() const override { return trouble_; }
  [[nodiscard]] ClientCounts counts() const override { return counts_; }

 private:
  /// An error that is of one command alone is the asker's to show.
  void note(std::error_code error, const Reply& reply) {
    // What mends itself: the script is sent, or the command goes to the node that has the slot.
    const bool mends =
        !error && (reply.is_error("NOSCRIPT") || reply.is_error("MOVED") || reply.is_error("ASK"));
    if (!mends && (error || reply.is_error())) ++counts_.failed;
    if (error || is_failure(reply)) {
      trouble_ = error ? error.message() : reply.text;
    } else if (is_open()) {
      trouble_.clear();
    }
  }
  [[nodiscard]] bool is_open() const noexcept { return ready_ && commands_ && commands_->is_open(); }

  void refuse(Done done, Errc why) {
    ++counts_.refused;
    asio::post(executor_, [self = shared_from_this(), done = std::move(done), why] {
      if (!self->closed_) done(why, {});
    });
  }

  void connect() {
    if (!sentinels_) return connect_to_master();
    sentinels_->find_master(options_.connect_timeout,
                            [this](const std::optional<Address>& where, std::string why_not) {
                              if (where) return use_master(*where);
                              trouble_ = std::move(why_not);
                              connect_later();
                            });
  }

  void use_master(const Address& where) {
    const bool moved = !found_master_ || where.host != master_.host || where.port != master_.port;
    found_master_ = true;
    master_.host = where.host;
    master_.port = where.port;
    connect_to_master();
    if (moved && !options_.channels.empty()) listen();
  }

  /// A server that was a master when the Sentinels were asked says itself whether it still is.
  void check_role() {
    commands_->send(command({"ROLE"}), options_.timeout,
                    [weak = weak_from_this()](std::error_code error, const Reply& reply) {
                      const auto self = weak.lock();
                      if (!self || self->closed_ || error) return;  // a connection that is lost is made again
                      if (!reply.items.empty() && reply.items[0].text == "master")
                        return self->use_connection();
                      self->trouble_ = to_string(self->master_) + " is not a master";
                      self->reconnect();
                    });
  }

  void ask_later() {
    ask_again_.expires_after(options_.sentinel_interval);
    ask_again_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (error || !self || self->closed_ || !self->connected()) return;
      self->sentinels_->find_master(
          self->options_.connect_timeout,
          [self = self.get()](const std::optional<Address>& where, const auto&) {
            if (!self->connected()) return;
            if (where && (where->host != self->master_.host || where->port != self->master_.port))
              return self->reconnect();
            self->ask_later();
          });
    });
  }

  void use_connection() {
    ++counts_.connects;
    failed_in_a_row_ = 0;
    ready_ = true;
    trouble_.clear();
    if (sentinels_) ask_later();
    if (connected_) connected_();
  }

  void connect_to_master() {
    ready_ = false;
    commands_ = std::make_unique<Connection>(executor_, master_, options_.tls, options_.limits);
    commands_->on_lost([weak = weak_from_this()](std::error_code why) {
      const auto self = weak.lock();
      if (!self || self->closed_) return;
      self->trouble_ = why.message();
      self->connect_later();
    });
    commands_->open(options_.connect_timeout,
                    [weak = weak_from_this()](std::error_code error, std::string words) {
                      const auto self = weak.lock();
                      if (!self || self->closed_) return;
                      if (error) {
                        self->trouble_ = words.empty() ? error.message() : std::move(words);
                        return self->connect_later();
                      }
                      self->sentinels_ ? self->check_role() : self->use_connection();
                    });
  }

  /// Full jitter: processes that lost the same server do not come back in the same instant.
  Duration wait(std::uint32_t failed_in_a_row) {
    Duration most = options_.retry_base;
    for (std::uint32_t i = 0; i < failed_in_a_row && most < options_.retry_max; ++i) most *= 2;
    return uniform_between(random_, Duration::zero(), std::min(most, options_.retry_max));
  }

  void connect_later() {
    again_.expires_after(wait(failed_in_a_row_++));
    again_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error && !self->closed_) self->connect();
    });
  }

  void listen() {
    channels_ = std::make_unique<Connection>(executor_, master_, options_.tls, options_.limits);
    channels_->on_lost([weak = weak_from_this()](std::error_code) {
      if (const auto self = weak.lock(); self && !self->closed_) self->listen_later();
    });
    channels_->open(options_.connect_timeout,
                    [weak = weak_from_this()](std::error_code error, const std::string&) {
                      const auto self = weak.lock();
                      if (!self || self->closed_) return;
                      if (error) return self->listen_later();
                      self->listen_failed_in_a_row_ = 0;
                      self->subscribe();
                    });
  }

  void subscribe() {
    channels_->on_push([weak = weak_from_this()](const Reply& reply) {
      const auto self = weak.lock();
      if (!self || !self->heard_ || reply.items.size() != 3 || reply.items[0].text != "message") return;
      self->heard_(reply.items[1].text, reply.items[2].text);
    });
    for (const std::string& channel : options_.channels)
      channels_->send(command({"SUBSCRIBE", channel}), options_.connect_timeout,
                      [](std::error_code, const Reply&) {});
  }

  void listen_later() {
    listen_again_.expires_after(wait(listen_failed_in_a_row_++));
    listen_again_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error && !self->closed_) self->listen();
    });
  }

  const asio::any_io_executor executor_;
  const ClientOptions options_;
  Random random_;
  CircuitBreaker breaker_;
  asio::steady_timer again_, listen_again_, ask_again_;
  std::unique_ptr<Sentinels> sentinels_;  ///< null: the address is the server's own
  Address master_;
  bool found_master_ = false, ready_ = false;
  std::unique_ptr<Connection> commands_, channels_;
  std::function<void()> connected_;
  Heard heard_;
  std::string trouble_;
  ClientCounts counts_;
  std::uint32_t failed_in_a_row_ = 0, listen_failed_in_a_row_ = 0;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<Session> make_server_session(asio::any_io_executor executor, ClientOptions options,
                                             std::uint64_t seed) {
  return std::make_shared<ServerSession>(std::move(executor), std::move(options), seed);
}

}  // namespace switchgear::redis
