// A busy machine, made on purpose: loaded into a program (LD_PRELOAD), it holds threads up at random before
// and after system calls, as a scheduler may. A test that passes only when no thread is held up shows itself
// then.
// `./dev stalls` runs the tests of processes and sockets with it.
//
// STALLS_IN: of a thousand such calls, how many are held up (10). STALLS_FOR: the longest, in milliseconds
// (300).
#include <dlfcn.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace {

unsigned setting(const char* name, unsigned otherwise) noexcept {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

/// Xorshift: chance needs no library here, and none of the program's.
std::uint64_t next_chance() noexcept {
  thread_local std::uint64_t state = 0;
  if (state == 0) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    state = (static_cast<std::uint64_t>(now.tv_nsec) << 24U) ^
            (static_cast<std::uint64_t>(::gettid()) * 0x9e3779b97f4a7c15U) ^ 1U;
  }
  state ^= state << 13U;
  state ^= state >> 7U;
  state ^= state << 17U;
  return state >> 16U;
}

void may_stall() noexcept {
  static const unsigned in_thousand = setting("STALLS_IN", 10);
  static const unsigned longest = setting("STALLS_FOR", 300);
  if (next_chance() % 1000 >= in_thousand) return;
  const int error = errno;
  const std::uint64_t microseconds = next_chance() % (std::uint64_t{longest} * 1000 + 1);
  const timespec length{static_cast<time_t>(microseconds / 1'000'000),
                        static_cast<long>(microseconds % 1'000'000 * 1000)};
  ::nanosleep(&length, nullptr);
  errno = error;
}

template <class Function, class... Arguments>
auto held_up(const char* name, Function*, Arguments... arguments) noexcept {
  // Looked up every time: functions of one type share this template, and a static in it.
  const auto function = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
  may_stall();
  const auto result = function(arguments...);
  may_stall();
  return result;
}

}  // namespace

extern "C" {
ssize_t send(int to, const void* bytes, size_t size, int flags) {
  return held_up("send", &::send, to, bytes, size, flags);
}
ssize_t recv(int from, void* bytes, size_t size, int flags) {
  return held_up("recv", &::recv, from, bytes, size, flags);
}
ssize_t sendmsg(int to, const msghdr* message, int flags) {
  return held_up("sendmsg", &::sendmsg, to, message, flags);
}
ssize_t recvmsg(int from, msghdr* message, int flags) {
  return held_up("recvmsg", &::recvmsg, from, message, flags);
}
int connect(int socket, const sockaddr* to, socklen_t size) {
  return held_up("connect", &::connect, socket, to, size);
}
int accept4(int socket, sockaddr* from, socklen_t* size, int flags) {
  return held_up("accept4", &::accept4, socket, from, size, flags);
}
int shutdown(int socket, int how) noexcept { return held_up("shutdown", &::shutdown, socket, how); }
int poll(pollfd* waits, nfds_t count, int timeout) { return held_up("poll", &::poll, waits, count, timeout); }
int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  return held_up("epoll_wait", &::epoll_wait, epoll, events, most, timeout);
}
}
