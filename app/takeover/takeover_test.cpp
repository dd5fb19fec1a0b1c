// Both sides of a takeover, over a real socket.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "app/takeover/predecessor.hpp"
#include "app/takeover/successor.hpp"
#include "switchgear/http/unix_socket.hpp"

namespace switchgear::takeover {
namespace {

class TakeoverTest : public testing::Test {
 protected:
  TakeoverTest() {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/takeover.sock";
    thread_ = std::jthread{[this] { loop_.run(); }};
  }
  ~TakeoverTest() override {
    loop_.stop();
    thread_.join();
    predecessor_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Has two sockets of one port, and one of another.
  void begin() {
    Predecessor::Program program;
    program.sockets = [] {
      std::vector<Handed> all(2);
      all[0].name = "gateway a";
      for (int i = 0; i < 300; ++i) all[0].sockets.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      all[1].name = "admin b";
      all[1].sockets.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      return all;
    };
    program.step_down = [this](pid_t by) {
      stepped_down_for_ = by;
      return steps_down_;
    };
    predecessor_ = std::make_unique<Predecessor>(loop_, path_, std::move(program), log_);
  }
  [[nodiscard]] http::Descriptor connected() const {
    http::Descriptor socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
    const auto address = http::unix_address("unix:" + path_);
    EXPECT_EQ(::connect(socket.get(), address.data(), static_cast<socklen_t>(address.size())), 0);
    return socket;
  }

  std::string folder_ = (std::filesystem::temp_directory_path() / "switchgear-takeover-XXXXXX").string();
  std::string path_;
  std::ostringstream lines_;
  spdlog::logger log_{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines_)};
  boost::asio::io_context loop_{1};
  const boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::unique_ptr<Predecessor> predecessor_;
  bool steps_down_ = true;
  std::optional<pid_t> stepped_down_for_;
  std::jthread thread_;
};

TEST_F(TakeoverTest, HandsOverEverySocketAndStepsDownOnceTheOtherIsReady) {
  begin();
  std::optional<Successor> successor = Successor::of(path_);
  ASSERT_TRUE(successor);
  EXPECT_EQ(successor->predecessor(), ::getpid());
  const std::vector<Handed> sockets = successor->take_sockets();
  ASSERT_EQ(sockets.size(), 2U);
  EXPECT_EQ(sockets[0].name, "gateway a");
  EXPECT_EQ(sockets[0].sockets.size(), 300U) << "more than one message holds";
  EXPECT_EQ(sockets[1].name, "admin b");
  EXPECT_EQ(::fcntl(sockets[1].sockets[0].get(), F_GETFD), FD_CLOEXEC);
  EXPECT_FALSE(stepped_down_for_);
  EXPECT_TRUE(successor->ready());
  EXPECT_EQ(stepped_down_for_, ::getpid());
}

TEST_F(TakeoverTest, AThirdProcessThatAsksMeanwhileIsAnsweredByTheOneThatFollows) {
  begin();
  std::optional<Successor> second = Successor::of(path_);
  ASSERT_TRUE(second);
  const http::Descriptor third = connected();
  ASSERT_TRUE(send(third.get(), greeting));
  EXPECT_TRUE(second->ready());
  EXPECT_TRUE(std::filesystem::exists(path_)) << "at no time can another process believe that none is there";
  Predecessor::Program program;
  program.sockets = [] { return std::vector<Handed>{}; };
  program.step_down = [](pid_t) { return true; };
  predecessor_ =
      std::make_unique<Predecessor>(loop_, path_, std::move(program), log_, second->take_listening());
  const std::optional<Message> answer = receive(third.get());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "socket takeover " + std::to_string(::getpid()));
  predecessor_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_)) << "the file is its own now";
}

TEST_F(TakeoverTest, ServesOnWhenTheOtherEndsBeforeItIsReadyAndHandsOverToTheNext) {
  begin();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Successor::of(path_));
  std::optional<Successor> last = Successor::of(path_);
  ASSERT_TRUE(last);
  EXPECT_FALSE(stepped_down_for_);
  EXPECT_TRUE(last->ready());
}

TEST_F(TakeoverTest, TellsTheOtherWhenItIsEndingAlready) {
  steps_down_ = false;
  begin();
  std::optional<Successor> successor = Successor::of(path_);
  ASSERT_TRUE(successor);
  EXPECT_THROW((void)successor->ready(), Refused);
}

TEST_F(TakeoverTest, RefusesWhoSpeaksAnotherLanguage) {
  begin();
  const http::Descriptor stranger = connected();
  ASSERT_TRUE(send(stranger.get(), "switchgear takeover 2"));
  const std::optional<Message> answer = receive(stranger.get());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "refused this process speaks another version of the takeover");
  EXPECT_TRUE(answer->sockets.empty());
  EXPECT_FALSE(receive(stranger.get())) << "and ends the conversation";
  EXPECT_TRUE(Successor::of(path_));
}

TEST_F(TakeoverTest, AMessageThatIsTooLongIsNone) {
  begin();
  const http::Descriptor stranger = connected();
  ASSERT_TRUE(send(stranger.get(), std::string(10'000, 'x')));
  EXPECT_FALSE(receive(stranger.get()));
  EXPECT_TRUE(Successor::of(path_));
}

TEST_F(TakeoverTest, OnlyItsOwnUserMayConnect) {
  begin();
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

/// Should the file's mode ever let another user in. Only root can become one.
TEST_F(TakeoverTest, AProcessOfAnotherUserGetsNothingAndGivesNothing) {
  if (::geteuid() != 0) return;
  constexpr uid_t nobody = 65'534;
  begin();
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  ASSERT_EQ(::chmod(path_.c_str(), 0777), 0);
  const std::string theirs = folder_ + "/theirs.sock";
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(nobody) != 0) ::_exit(1);
    const http::Descriptor socket = connected();
    (void)send(socket.get(), greeting);
    if (receive(socket.get())) ::_exit(2);
    const http::Descriptor listening{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
    const auto address = http::unix_address("unix:" + theirs);
    if (::bind(listening.get(), address.data(), static_cast<socklen_t>(address.size())) != 0) ::_exit(3);
    if (::listen(listening.get(), 1) != 0) ::_exit(4);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
  EXPECT_TRUE(WIFSTOPPED(status)) << WEXITSTATUS(status);
  try {
    (void)Successor::of(theirs);
    ADD_FAILURE() << "it was asked";
  } catch (const Refused& refused) {
    EXPECT_EQ(std::string{refused.what()},
              theirs + " belongs to user 65534, and this process to 0; both must be the same");
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(Successor::of(path_)) << "and the next is served";
}

TEST_F(TakeoverTest, NobodyThereIsNoErrorAndADeadProcessFileIsReplaced) {
  EXPECT_FALSE(Successor::of(path_));
  begin();
  const std::string dead = folder_ + "/dead.sock";
  std::filesystem::create_hard_link(path_, dead);
  std::filesystem::rename(path_, folder_ + "/kept");
  predecessor_.reset();
  EXPECT_TRUE(std::filesystem::exists(dead));
  EXPECT_FALSE(Successor::of(dead));
  path_ = dead;
  begin();
  EXPECT_TRUE(Successor::of(dead));
}

TEST_F(TakeoverTest, ASecondProcessCannotListenAtTheSamePath) {
  begin();
  try {
    begin();
    ADD_FAILURE() << "two listen";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::address_in_use);
    EXPECT_EQ(std::string{error.what()}, "cannot listen on " + path_ + ": Address already in use");
  }
  EXPECT_TRUE(Successor::of(path_));
}

}  // namespace
}  // namespace switchgear::takeover
