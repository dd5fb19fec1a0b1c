#include "app/takeover/predecessor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "switchgear/http/unix_socket.hpp"

namespace switchgear::takeover {

namespace {

namespace asio = boost::asio;
constexpr unsigned own_user_only = 0600;

[[nodiscard]] http::Descriptor listen_at(const std::string& path, http::SocketFile& file) {
  const auto fail = [&path](int error) {
    throw std::system_error{error, std::system_category(), "cannot listen on " + path};
  };
  const auto address = http::unix_address(std::string{http::unix_scheme}.append(path));
  http::Descriptor socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) fail(errno);
  const auto bind = [&] {
    return ::bind(socket.get(), address.data(), static_cast<socklen_t>(address.size())) == 0;
  };
  if (!bind()) {
    const int error = errno;
    if (!file.remove_if_dead() || !bind()) fail(error);
  }
  file.own();
  if (!file.set_mode(own_user_only) || ::listen(socket.get(), SOMAXCONN) != 0) fail(errno);
  return socket;
}

}  // namespace

Predecessor::Predecessor(asio::io_context& loop, const std::string& path, Program program,
                         spdlog::logger& log, http::Descriptor inherited)
    : program_(std::move(program)),
      log_(log),
      file_(path),
      listening_(loop, (inherited ? adopt(std::move(inherited)) : listen_at(path, file_)).release()),
      connection_(loop),
      overdue_(loop) {
  wait_for_successor();
}

Predecessor::~Predecessor() { close(); }

/// With listen() again, those who connect from here on see this process as their peer.
http::Descriptor Predecessor::adopt(http::Descriptor inherited) {
  file_.own();
  (void)::listen(inherited.get(), SOMAXCONN);
  return inherited;
}

/// Another process may have the socket too. Asio's close() would leave it in the set of epoll then, which
/// would go on telling of its clients.
void Predecessor::stop_listening() {
  if (listening_.is_open()) http::Descriptor{listening_.release()}.close();
}

void Predecessor::close() {
  boost::system::error_code ignored;
  stop_listening();
  connection_.close(ignored);
  overdue_.cancel();
  file_.remove();
}

void Predecessor::wait_for_successor() {
  listening_.async_wait(asio::posix::descriptor_base::wait_read,
                        [this](const boost::system::error_code& error) {
                          if (!error) accept();
                        });
}

void Predecessor::accept() {
  http::Descriptor socket{
      ::accept4(listening_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!socket) return wait_for_successor();
  const std::optional<Peer> peer = peer_of(socket.get());
  if (!peer || peer->user != ::geteuid()) {
    log_.warn("takeover: process {} of user {} was refused: it is not of this process's user",
              peer ? peer->process : 0, peer ? peer->user : 0);
    return wait_for_successor();
  }
  peer_ = *peer;
  connection_.assign(socket.release());
  overdue_.expires_after(patience);
  overdue_.async_wait([this](const boost::system::error_code& error) {
    const bool due = !error && std::chrono::steady_clock::now() >= overdue_.expiry();
    if (due && connection_.is_open()) give_up("it takes too long");
  });
  wait_for_message(&Predecessor::on_greeting);
}

void Predecessor::wait_for_message(void (Predecessor::*next)(const Message&)) {
  connection_.async_wait(asio::posix::descriptor_base::wait_read,
                         [this, next](const boost::system::error_code& error) {
                           if (error) return;
                           const std::optional<Message> message = receive(connection_.native_handle());
                           if (message) return (this->*next)(*message);
                           if (errno == EAGAIN) return wait_for_message(next);
                           give_up("it has ended");
                         });
}

void Predecessor::on_greeting(const Message& message) {
  if (message.text != greeting) return refuse("this process speaks another version of the takeover");
  const int to = connection_.native_handle();
  bool sent = true;
  for (const Handed& each : program_.sockets()) {
    std::span<const http::Descriptor> left{each.sockets};
    while (sent && !left.empty()) {
      const auto part = left.first(std::min(left.size(), most_sockets));
      sent = send(to, std::string{socket_word}.append(each.name), part);
      left = left.subspan(part.size());
    }
  }
  if (!sent || !hand_over_listening() || !send(to, end_word))
    return give_up(std::generic_category().message(errno));
  log_.info("takeover: process {} has the listeners too; this one serves until it is ready", peer_.process);
  wait_for_message(&Predecessor::on_ready);
}

bool Predecessor::hand_over_listening() {
  const std::array<http::Descriptor, 1> own{
      http::Descriptor{::fcntl(listening_.native_handle(), F_DUPFD_CLOEXEC, 0)}};
  return own.front() && send(connection_.native_handle(),
                             fmt::format("{}{}{}", socket_word, takeover_name, ::getpid()), own);
}

void Predecessor::on_ready(const Message& message) {
  if (!message.text.starts_with(ready_word)) return refuse("expected ready");
  boost::system::error_code ignored;
  stop_listening();
  overdue_.cancel();
  const bool stepped_down = program_.step_down(peer_.process);
  if (stepped_down) file_.leave();  // the other process listens there
  file_.remove();
  (void)send(connection_.native_handle(),
             stepped_down ? std::string{released_word} : std::string{refused_word}.append("it is ending"));
  connection_.close(ignored);
}

void Predecessor::refuse(std::string_view why) {
  (void)send(connection_.native_handle(), std::string{refused_word}.append(why));
  give_up(why);
}

/// Nothing has changed.
void Predecessor::give_up(std::string_view why) {
  log_.warn("takeover: process {} does not take over, and this one serves on: {}", peer_.process, why);
  boost::system::error_code ignored;
  connection_.close(ignored);
  overdue_.cancel();
  wait_for_successor();
}

}  // namespace switchgear::takeover
