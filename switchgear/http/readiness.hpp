// One descriptor's readiness, edge-triggered, registered once with Asio's reactor.
#pragma once

#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/version.hpp>

namespace switchgear::http {

/// Why not `socket.async_read_some` or `async_wait`: in Boost 1.81 the first tries a read at once, which on a
/// quiet connection only finds EAGAIN, and the second calls epoll_ctl for every wait. Either is a system call
/// for each wait, and a proxied request waits twice: six calls a request instead of four. So this gives the
/// reactor operations of its own that say "exhausted" (reactor_op::done_and_exhausted): the reactor then
/// waits for the next edge without asking the kernel.
///
/// This is the one file that touches boost::asio::detail; the interface is that of Boost 1.74 … 1.81, and
/// another version has to be looked at before the check below is widened.
static_assert(BOOST_VERSION >= 107400 && BOOST_VERSION <= 108100,
              "check readiness.hpp against this Boost's epoll_reactor");

class Readiness {
 public:
  /// Both calls come from the loop's thread. After stop() none comes any more, though keep_alive/let_go still
  /// pair up.
  class Listener {
   public:
    virtual void on_readable() = 0;
    virtual void on_writable() = 0;
    /// The reactor holds on to the listener's memory between these two.
    virtual void keep_alive() noexcept = 0;
    virtual void let_go() noexcept = 0;

   protected:
    ~Listener() = default;
  };

  /// `descriptor` is non-blocking and stays the caller's. Throws boost::system::system_error when it cannot
  /// be registered.
  Readiness(boost::asio::io_context& context, int descriptor, Listener& listener);
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;
  ~Readiness() { stop(); }

  /// One call of on_readable(), at the next edge, or soon when one has come since the last call. Idempotent
  /// while waiting.
  void watch_readable();
  void watch_writable();

  /// Before the descriptor is closed. Idempotent.
  void stop() noexcept;

 private:
  using Reactor = boost::asio::detail::epoll_reactor;

  class Watch final : public boost::asio::detail::reactor_op {
   public:
    using Signal = void (Listener::*)();
    Watch(Readiness& owner, Signal signal)
        : reactor_op({}, &Watch::perform, &Watch::complete), owner_(owner), signal_(signal) {}
    void start(int type);

   private:
    static status perform(reactor_op*) { return done_and_exhausted; }
    static void complete(void* owner, boost::asio::detail::operation* base, const boost::system::error_code&,
                         std::size_t);
    Readiness& owner_;
    Signal signal_;
    bool waiting_ = false;
  };

  Reactor& reactor_;
  Listener& listener_;
  int descriptor_;
  bool stopped_ = false;
  Reactor::per_descriptor_data data_{};
  Watch readable_{*this, &Listener::on_readable};
  Watch writable_{*this, &Listener::on_writable};
};

}  // namespace switchgear::http
