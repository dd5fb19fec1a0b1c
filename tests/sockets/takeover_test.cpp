// A new process takes over from the one that runs: nothing that a client sees shows it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/upstream.hpp"
#include "tests/sockets/served.hpp"

namespace switchgear::wire {
namespace {

/// Clients that ask without a pause, those of `kept` on connections that they keep, the others on a new one
/// for each request. A request fails if it is refused, or has no whole answer of 200.
class Load {
 public:
  using Connect = std::function<Socket()>;

  Load(const Connect& connect, int kept, int fresh) {
    for (int i = 0; i < kept; ++i) threads_.emplace_back([this, connect] { run(connect, true); });
    for (int i = 0; i < fresh; ++i) threads_.emplace_back([this, connect] { run(connect, false); });
  }
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  void stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  /// Until there are so many more answers than now.
  [[nodiscard]] bool goes_on_for(int answers) const {
    const int until = answered + answers;
    const auto end = Clock::now() + patience;
    while (answered < until && Clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return answered >= until;
  }

  std::atomic<int> answered{0};
  std::atomic<int> refused{0};
  std::atomic<int> broken{0};

 private:
  using Clock = std::chrono::steady_clock;
  /// A process that ends waits so long for a silent client's request. One that the machine held up for longer
  /// tries again, as clients do with a connection that they have kept.
  static constexpr std::chrono::milliseconds grace{300};

  void run(const Connect& connect, bool keeps) {
    Socket socket;
    auto last = Clock::now();
    while (!stop_) {
      try {
        if (!socket.open()) {
          last = Clock::now();
          socket = connect();
        }
      } catch (const std::runtime_error&) {
        ++refused;
        return;
      }
      const bool sent = socket.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const bool in_time = Clock::now() - last < grace;
      const auto answer = sent ? socket.read_response() : std::nullopt;
      if (answer && answer->whole && answer->status() == 200) {
        ++answered;
        last = Clock::now();
        if (!keeps || answer->field("connection") == "close") socket.close();
      } else if (!answer && !in_time) {
        socket.close();
      } else {
        ++broken;
        return;
      }
    }
  }

  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

class TakeoverTest : public testing::Test {
 protected:
  [[nodiscard]] std::string at() const { return folder_.file("takeover.sock"); }
  [[nodiscard]] std::string file(const std::string& gateway, const std::string& more = "") const {
    return folder_.write("a.yaml",
                         file_with("takeover: \"" + at() + "\", " + gateway,
                                   service_at("http://127.0.0.1:" + std::to_string(upstream_.port()))) +
                             more);
  }
  [[nodiscard]] static std::unique_ptr<Served> taking_over(const std::string& file) {
    return std::make_unique<Served>(file, std::vector<std::string>{"--takeover"});
  }

  const Folder folder_;
  const Upstream upstream_{Upstream::saying(ok())};
};

TEST_F(TakeoverTest, LosesNoRequestThoughOneProcessFollowsTheOtherFourTimes) {
  const std::string path = folder_.file("s.sock");
  const auto text = [&](int threads) {
    return file("threads: " + std::to_string(threads) + ", listen: [\"127.0.0.1:0\", \"unix:" + path + "\"]");
  };
  auto serving = taking_over(text(1));
  ASSERT_EQ(serving->listeners().size(), 2U) << serving->output();
  EXPECT_NE(serving->output().find("no process listens at"), std::string::npos) << serving->output();
  const std::vector<std::string> listeners = serving->listeners();
  const std::uint16_t port = serving->port();
  Load by_port{[port] { return Socket::connect(port); }, 4, 4};
  Load by_path{[path] { return Socket::connect_to(path); }, 2, 2};
  for (const int threads : {3, 1, 2, 1}) {
    EXPECT_TRUE(by_port.goes_on_for(200));
    auto next = taking_over(text(threads));
    EXPECT_EQ(next->listeners(), listeners) << next->output();
    EXPECT_EQ(serving->wait_for_exit(), 0) << serving->output();
    EXPECT_TRUE(by_port.goes_on_for(200));
    EXPECT_TRUE(by_path.goes_on_for(50));
    serving = std::move(next);
  }
  EXPECT_TRUE(std::filesystem::exists(path)) << "the socket's file is the new process's";
  by_port.stop();
  by_path.stop();
  EXPECT_EQ(by_port.refused + by_path.refused, 0);
  EXPECT_EQ(by_port.broken + by_path.broken, 0);
  serving->signal(SIGTERM);
  EXPECT_EQ(serving->wait_for_exit(), 0);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(at()));
}

/// Those that are connected to it and wait for an answer, and the process that listens itself.
[[nodiscard]] int sockets_at(const std::string& path) {
  std::ifstream all{"/proc/net/unix"};
  int count = 0;
  for (std::string line; std::getline(all, line);) count += line.ends_with(" " + path) ? 1 : 0;
  return count;
}

/// The first is stopped until both others have asked it, so that one of them waits while the other takes
/// over.
TEST_F(TakeoverTest, TwoProcessesThatAskAtTheSameTimeFollowOneAfterTheOther) {
  Served first{file("listen: \"127.0.0.1:0\"")};
  const std::uint16_t port = first.port();
  Load load{[port] { return Socket::connect(port); }, 0, 2};
  first.signal(SIGSTOP);
  const auto start = [this] { return taking_over(folder_.file("a.yaml")); };
  std::array<std::future<std::unique_ptr<Served>>, 2> starting{std::async(std::launch::async, start),
                                                               std::async(std::launch::async, start)};
  const auto end = std::chrono::steady_clock::now() + patience;
  while (sockets_at(at()) < 3 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  EXPECT_EQ(sockets_at(at()), 3);
  first.signal(SIGCONT);
  auto one = starting[0].get();
  auto other = starting[1].get();
  ASSERT_EQ(one->listeners().size(), 1U) << one->output();
  ASSERT_EQ(other->listeners().size(), 1U) << other->output();
  EXPECT_EQ(first.wait_for_exit(), 0) << first.output();
  const bool one_is_last =
      one->output().find("process " + std::to_string(other->pid()) + " has handed over") != std::string::npos;
  Served& between = one_is_last ? *other : *one;
  Served& last = one_is_last ? *one : *other;
  EXPECT_EQ(between.wait_for_exit(), 0) << between.output();
  EXPECT_TRUE(load.goes_on_for(100));
  load.stop();
  EXPECT_EQ(load.refused, 0);
  EXPECT_EQ(load.broken, 0);
  EXPECT_EQ(last.admin("GET", "/readyz").status(), 200U);
  EXPECT_EQ(taking_over(folder_.file("a.yaml"))->port(), port) << "and it is asked at the same place";
}

TEST_F(TakeoverTest, ARequestUnderWayIsFinishedByTheProcessThatHasIt) {
  std::atomic<bool> asked{false};
  std::atomic<bool> go_on{false};
  const Upstream slow{[&](Socket& socket) {
    while (socket.read_request()) {
      asked = true;
      while (!go_on) std::this_thread::sleep_for(std::chrono::milliseconds{1});
      socket.send(ok("late"));
    }
  }};
  const std::string text =
      folder_.write("a.yaml", file_with("takeover: \"" + at() + "\", listen: \"127.0.0.1:0\"",
                                        service_at("http://127.0.0.1:" + std::to_string(slow.port()))));
  Served first{text};
  Socket client = Socket::connect(first.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  while (!asked) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  const auto second = taking_over(text);
  EXPECT_EQ(second->port(), first.port());
  EXPECT_TRUE(first.says("this one ends")) << first.output();
  go_on = true;
  EXPECT_EQ(client.read_response().value_or(Message{}).body, "late");
  EXPECT_EQ(first.wait_for_exit(), 0);
}

TEST_F(TakeoverTest, TheAdminServerIsTakenOverToo) {
  Served first{file("listen: \"127.0.0.1:0\"")};
  const Message before = first.admin("GET", "/readyz");
  const auto second = taking_over(folder_.file("a.yaml"));
  EXPECT_EQ(first.wait_for_exit(), 0);
  EXPECT_EQ(before.status(), 200U);
  EXPECT_EQ(first.admin("GET", "/readyz").status(), 200U) << "at the same address";
  EXPECT_EQ(second->admin("GET", "/livez").status(), 200U);
}

TEST_F(TakeoverTest, AProcessThatIsKilledBeforeItIsReadyLeavesTheOtherServing) {
  Served first{file("listen: \"127.0.0.1:0\"")};
  const std::uint16_t port = first.port();
  Load load{[port] { return Socket::connect(port); }, 2, 2};
  for (int i = 0; i < 3; ++i) {
    std::array<int, 2> told{};
    ASSERT_EQ(::pipe2(told.data(), O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {  // has the sockets, and hangs
      const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      at().copy(address.sun_path, sizeof address.sun_path - 1);
      std::array<char, 4096> bytes{};
      std::array<char, 4096> rights{};
      iovec piece{bytes.data(), bytes.size()};
      msghdr header{};
      header.msg_iov = &piece;
      header.msg_iovlen = 1;
      header.msg_control = rights.data();
      header.msg_controllen = rights.size();
      const std::string greeting = "switchgear takeover 1";
      if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
          ::send(socket, greeting.data(), greeting.size(), 0) > 0 && ::recvmsg(socket, &header, 0) > 0 &&
          ::write(told[1], "x", 1) == 1)
        ::pause();
      ::_exit(1);
    }
    char byte = 0;
    ::close(told[1]);
    EXPECT_EQ(::read(told[0], &byte, 1), 1);
    ::close(told[0]);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(load.goes_on_for(100));
  }
  EXPECT_TRUE(first.says("does not take over, and this one serves on: it has ended"));
  const auto second = taking_over(folder_.file("a.yaml"));
  EXPECT_EQ(first.wait_for_exit(), 0);
  EXPECT_TRUE(load.goes_on_for(100));
  load.stop();
  EXPECT_EQ(load.refused, 0);
  EXPECT_EQ(load.broken, 0);
}

TEST_F(TakeoverTest, AProcessThatCannotStartLeavesTheOtherServing) {
  const DeafPort taken;
  Served first{file("listen: \"127.0.0.1:0\""), {"--no-watch"}};
  const std::string busy = "127.0.0.1:" + std::to_string(taken.port());
  struct Row {
    std::string gateway;
    std::vector<std::string> flags;
    std::string says;
  };
  for (const Row& row : {Row{"listen: [\"127.0.0.1:0\", \"" + busy + "\"]",
                             {"--takeover"},
                             "switchgear: gateway.listen: cannot listen on " + busy},
                         Row{"listen: \"127.0.0.1:0\"",
                             {"--takeover", "--admin", busy},
                             "switchgear: --admin (in place of gateway.admin): cannot listen on " + busy}}) {
    Served second{file(row.gateway), row.flags};
    EXPECT_TRUE(second.listeners().empty());
    EXPECT_EQ(second.wait_for_exit(), 3);
    EXPECT_NE(second.output().find(row.says), std::string::npos) << second.output();
    EXPECT_EQ(get(Socket::connect(first.port())).status(), 200U);
    EXPECT_EQ(first.admin("GET", "/readyz").status(), 200U);
  }
  const auto third = taking_over(file("listen: \"127.0.0.1:0\""));
  EXPECT_EQ(third->port(), first.port()) << third->output();
}

TEST_F(TakeoverTest, NeedsToKnowWhere) {
  const auto process = taking_over(
      folder_.write("b.yaml", file_with("listen: \"127.0.0.1:0\"", service_at("http://127.0.0.1:1"))));
  EXPECT_EQ(process->wait_for_exit(), 2);
  EXPECT_NE(
      process->output().find("--takeover: the policy file does not say where; it needs gateway.takeover"),
      std::string::npos)
      << process->output();
}

TEST_F(TakeoverTest, ASecondProcessThatDoesNotAskIsToldWhoIsThere) {
  Served first{file("listen: \"127.0.0.1:0\"")};
  Served second{folder_.file("a.yaml")};
  EXPECT_EQ(second.wait_for_exit(), 3);
  EXPECT_NE(second.output().find("switchgear: gateway.takeover: cannot listen on " + at() +
                                 ": Address already in use"),
            std::string::npos)
      << second.output();
  EXPECT_EQ(get(Socket::connect(first.port())).status(), 200U);
}

TEST_F(TakeoverTest, TheHistoryGoesOnInTheSameFile) {
  const std::string text = folder_.write(
      "a.yaml",
      "version: 1\ngateway: {admin: \"127.0.0.1:0\", takeover: \"" + at() +
          "\", listen: \"127.0.0.1:0\"}\nhistory: {file: \"" + folder_.file("history.db") +
          "\"}\npolicies:\n  plain: {timeout: 60s, circuit_breaker: {failure_rate: 0.5}}\nservices:\n" +
          service_at("http://127.0.0.1:" + std::to_string(upstream_.port())));
  Served first{text};
  EXPECT_EQ(first.admin("POST", "/circuit-breakers/app/force-open").status(), 200U);
  const auto second = taking_over(text);
  EXPECT_EQ(first.wait_for_exit(), 0);
  const std::string past = second->admin("GET", "/history?name=app").body;
  EXPECT_NE(past.find("\"to\":\"forced_open\""), std::string::npos) << past;
  EXPECT_NE(second->admin("GET", "/metrics").body.find("switchgear_history_in_memory 0"), std::string::npos);
  EXPECT_EQ(second->output().find("another process uses it"), std::string::npos) << second->output();
}

TEST_F(TakeoverTest, AServiceManagerIsToldOfTheNewProcess) {
  const std::string notify = folder_.file("notify.sock");
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  notify.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::setenv("NOTIFY_SOCKET", notify.c_str(), 1);
  Served first{file("listen: \"127.0.0.1:0\"")};
  ::unsetenv("NOTIFY_SOCKET");
  const auto second = taking_over(folder_.file("a.yaml"));
  EXPECT_EQ(first.wait_for_exit(), 0);
  std::string told;
  std::array<char, 256> bytes{};
  for (ssize_t got = 0; (got = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0;)
    told.append(bytes.data(), static_cast<std::size_t>(got)).append("\n");
  EXPECT_NE(told.find("MAINPID=" + std::to_string(second->pid())), std::string::npos) << told;
  ::close(socket);
}

}  // namespace
}  // namespace switchgear::wire
