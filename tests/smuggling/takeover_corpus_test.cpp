// The corpora again, while one process takes the listeners over from another, again and again: a request that
// comes in between is decided by one of the two, in the same way, and only once.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/gateway/upstream.hpp"
#include "tests/smuggling/corpus.hpp"
#include "tests/sockets/served.hpp"

namespace switchgear::wire {
namespace {

/// Of all requests that came from one sender of payloads.
class Witness {
 public:
  [[nodiscard]] std::uint16_t port() const { return upstream_.port(); }
  [[nodiscard]] std::vector<Message> seen() const {
    const std::lock_guard lock{mutex_};
    return seen_;
  }
  /// Once there are so many: one that broke off is seen when its connection has ended.
  [[nodiscard]] std::vector<Message> seen(std::size_t at_least) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (seen().size() < at_least && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return seen();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Message> seen_;
  const Upstream upstream_{[this](Socket& socket) {
    while (std::optional<Message> request = socket.read_request()) {
      const bool whole = request->whole;
      {
        const std::lock_guard lock{mutex_};
        seen_.push_back(*std::move(request));
      }
      if (!whole || !socket.send(ok("witness"))) return;
    }
  }};
};

/// A well-behaved client: each answer must be to its own request.
class Asker {
 public:
  Asker(std::uint16_t port, int number) : port_(port), number_(number), thread_([this] { run(); }) {}
  ~Asker() { stop(); }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  std::atomic<int> answered{0};
  std::atomic<int> refused{0};
  std::atomic<int> wrong{0};  ///< to another request, or broken off

 private:
  void run() {
    Socket socket;
    for (int request = 0; !stop_; ++request) {
      const bool kept = socket.open();
      try {
        if (!kept) socket = Socket::connect(port_);
      } catch (const std::runtime_error&) {
        ++refused;
        return;
      }
      const std::string target = "/echo/" + std::to_string(number_) + "/" + std::to_string(request);
      socket.send("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
      const auto answer = socket.read_response();
      if (!answer && kept) {  // an idle connection may be closed at any time
        socket.close();
        continue;
      }
      if (!answer || !answer->whole || answer->body != target) {
        ++wrong;
        return;
      }
      ++answered;
      if (answer->field("connection") == "close") socket.close();
    }
  }

  const std::uint16_t port_;
  const int number_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class SmugglingTakeover : public ::testing::Test {
 protected:
  SmugglingTakeover() {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL, and the gateway may have closed
  }

  [[nodiscard]] std::string file(int threads) const {
    return folder_.write(
        "a.yaml",
        "version: 1\ngateway:\n  admin: \"127.0.0.1:0\"\n  takeover: \"" + folder_.file("t.sock") +
            "\"\n  threads: " + std::to_string(threads) +
            "\n  listen: [{address: \"127.0.0.1:0\", tls: false}, {address: \"unix:" + secure() +
            "\", tls: true}]\n"
            "  tls: {" +
            identity() +
            "}\n  limits: {header_timeout: 60s, body_timeout: 60s}\npolicies:\n  quick: {timeout: 60s}\n"
            "services:\n  witness: {url: \"http://127.0.0.1:" +
            std::to_string(witness_.port()) +
            "\", policy: quick, routes: [{prefix: /}]}\n  echo: {url: \"http://127.0.0.1:" +
            std::to_string(echo_.port()) + "\", policy: quick, routes: [{prefix: /echo/}]}\n");
  }
  [[nodiscard]] static std::unique_ptr<Served> taking_over(const std::string& file) {
    return std::make_unique<Served>(file, std::vector<std::string>{"--takeover"});
  }

  [[nodiscard]] std::string secure() const { return folder_.file("tls.sock"); }

  /// One payload after the other on both listeners. A process that ends closes a connection behind the answer
  /// that it gives, so that of several requests on it only the first ones are decided: their senders ask
  /// again.
  void send_corpus(std::uint16_t port) {
    for (const Payload& payload : own_corpus()) {
      for (const Way way : {Way::plain, Way::tls}) send(payload, way, port);
    }
  }
  void send(const Payload& payload, Way way, std::uint16_t port) {
    for (;;) {
      Socket client = way == Way::tls ? Socket::connect_to(secure()) : Socket::connect(port);
      const std::string wire = exchange(client, payload.bytes, way);
      const std::vector<unsigned> statuses = statuses_of(wire);
      ++sent_;
      at_most_ += payload.forwarded;
      if (statuses == payload.answers) {
        at_least_ += payload.forwarded;
        return;
      }
      const bool begins_so = statuses.size() < payload.answers.size() &&
                             std::equal(statuses.begin(), statuses.end(), payload.answers.begin());
      ASSERT_TRUE(begins_so) << payload.id << "\n" << wire;
      ++cut_;
      ASSERT_LT(cut_, 100U) << payload.id << ": the process does not decide it\n" << wire;
    }
  }
  /// Where the folder with them is.
  void send_shared_corpora(std::uint16_t port) {
    for (const char* name : {"/http11probe.jsonl", "/llhttp.jsonl"}) {
      for (const boost::json::object& line : lines_of(std::string{SHARED_CORPUS} + name)) {
        Socket client = Socket::connect(port);
        (void)exchange(client, decoded(std::string{line.at("payload_b64").as_string()}), Way::plain);
        ++sent_;
      }
    }
  }

  const Folder folder_;
  const Witness witness_;
  const Upstream echo_{Upstream::answering([](const Message& request) { return ok(request.target()); })};
  std::atomic<std::size_t> sent_{0};
  std::size_t at_least_ = 0;  ///< requests that were forwarded
  std::size_t at_most_ = 0;
  std::size_t cut_ = 0;
};

TEST_F(SmugglingTakeover, EachPayloadIsDecidedAsByOneProcessAndOtherClientsGetTheirOwnAnswers) {
  auto serving = taking_over(file(1));
  ASSERT_EQ(serving->listeners().size(), 2U) << serving->output();
  const std::uint16_t port = serving->port();
  Asker first{port, 1};
  Asker second{port, 2};
  std::atomic<bool> done{false};
  std::atomic<std::size_t> takeovers = 0;
  std::thread payloads{[&] {
    try {  // again, if it went by faster than the processes
      do send_corpus(port);
      while (takeovers < 3 && !HasFailure());
    } catch (const std::runtime_error& refused) {
      ADD_FAILURE() << refused.what();
    }
    done = true;
  }};
  for (std::size_t next = 10; !done; next = sent_ + 10) {
    while (sent_ < next && !done) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    if (done) break;
    auto successor = taking_over(file(takeovers++ % 2 == 0 ? 2 : 1));
    EXPECT_EQ(successor->listeners(), serving->listeners()) << successor->output();
    EXPECT_EQ(serving->wait_for_exit(), 0) << serving->output();
    serving = std::move(successor);
  }
  payloads.join();
  first.stop();
  second.stop();
  serving->signal(SIGTERM);
  EXPECT_EQ(serving->wait_for_exit(), 0) << serving->output();
  EXPECT_GE(takeovers, 3U);
  EXPECT_EQ(first.refused + second.refused + first.wrong + second.wrong, 0);
  EXPECT_GT(first.answered + second.answered, 100);
  const std::vector<Message> seen = witness_.seen(at_least_);
  expect_clean("all", seen);
  EXPECT_GE(seen.size(), at_least_);
  EXPECT_LE(seen.size(), at_most_) << "one request became two";
  for (const Message& request : seen)
    EXPECT_FALSE(request.target().starts_with("/smuggled")) << request.target();
}

TEST_F(SmugglingTakeover, NothingOfTheSharedCorporaReachesAServiceThatShouldNot) {
  auto serving = taking_over(file(1));
  ASSERT_EQ(serving->listeners().size(), 2U) << serving->output();
  const std::uint16_t port = serving->port();
  Asker asker{port, 1};
  std::atomic<bool> done{false};
  std::thread payloads{[&] {
    try {
      send_shared_corpora(port);
    } catch (const std::runtime_error& refused) {
      ADD_FAILURE() << refused.what();
    }
    done = true;
  }};
  std::size_t takeovers = 0;
  do {
    auto successor = taking_over(file(takeovers++ % 2 == 0 ? 2 : 1));
    EXPECT_EQ(serving->wait_for_exit(), 0) << serving->output();
    serving = std::move(successor);
  } while (!done || takeovers < 3);
  payloads.join();
  asker.stop();
  EXPECT_EQ(asker.refused + asker.wrong, 0);
  EXPECT_GT(asker.answered, 10);
  expect_clean("all", witness_.seen());
}

}  // namespace
}  // namespace switchgear::wire
