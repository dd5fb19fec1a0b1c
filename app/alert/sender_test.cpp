#include "app/alert/sender.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace switchgear::alert {
namespace {

using namespace std::chrono_literals;

/// Ends each attempt as it is told, in a turn of the loop of its own, and counts them.
class PromptChannel final : public Channel {
 public:
  PromptChannel(boost::asio::io_context& loop, Delivery end, int& attempts)
      : loop_(loop), end_(std::move(end)), attempts_(attempts) {}
  void deliver(const Message& /*message*/, Done done) override {
    ++attempts_;
    boost::asio::post(loop_, [done = std::move(done), end = end_] { done(end); });
  }

 private:
  boost::asio::io_context& loop_;
  const Delivery end_;
  int& attempts_;
};

Message message() {
  Message one;
  one.id = "a";
  one.alerts.resize(1);
  return one;
}

class SenderTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Channel> channel(Delivery end = {}) {
    return std::make_unique<PromptChannel>(loop_, std::move(end), attempts_);
  }
  [[nodiscard]] std::unique_ptr<Sender> sender(Delivery end, std::uint64_t seed = 1) {
    return std::make_unique<Sender>(loop_, ChannelOptions{}, channel(std::move(end)), log_, seed,
                                    [this](const Message& one) { done_.push_back(one.id); });
  }

  boost::asio::io_context loop_;
  spdlog::logger log_{"test", std::make_shared<spdlog::sinks::null_sink_mt>()};
  int attempts_ = 0;
  std::vector<std::string> done_;
};

const Delivery failed{Delivery::End::failed, {}, "status 500"};

TEST_F(SenderTest, LeavesAloneASenderThatIsGoneWhenItsTimerIsDue) {
  std::unique_ptr<Sender> sender;
  TimePoint due;
  for (std::uint64_t seed = 1;; ++seed) {  // until the random wait is a short one
    sender = this->sender(failed, seed);
    sender->send(message());
    loop_.restart();
    (void)loop_.poll();
    due = sender->courier().due().value();
    if (due - std::chrono::steady_clock::now() < 20ms) break;
    sender->close();
  }
  const int attempts = attempts_;
  // Both in the turn in which the timer is found to be due: its handler comes after this one.
  boost::asio::post(loop_, [&] {
    std::this_thread::sleep_until(due);
    boost::asio::post(loop_, [&] { sender.reset(); });
  });
  loop_.restart();
  (void)loop_.run_for(100ms);
  EXPECT_EQ(attempts_, attempts);
}

TEST_F(SenderTest, SendsToANewReceiverWhatTheOldOneDidNotTake) {
  const auto sender =
      this->sender({Delivery::End::busy, 1h, "status 429"});  // its attempt ends after the change
  sender->send(message());
  ChannelOptions other;
  other.queue = 7;
  sender->replace(other, channel());
  (void)loop_.poll();
  EXPECT_EQ(attempts_, 2);
  EXPECT_EQ(done_, std::vector<std::string>{"a"});
  EXPECT_EQ(sender->counts().delivered, 1U);
  EXPECT_EQ(sender->counts().failed, 1U);
}

}  // namespace
}  // namespace switchgear::alert
