// Three services, three kinds of loss. An order
//
//   must be paid for:          when payment is away, the order fails, clearly and at once;
//   is confirmed by e-mail:    when mail is away, the mail is stored and sent later, none lost, none doubled;
//   suggests what else to buy: when recommendations are away, the order goes on without.
//
// Each service fails for a while and recovers; the story is printed, and held against what the services saw.
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "examples/tiny_http.hpp"
#include "switchgear/pipeline/standard_order.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/drain_on_close.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/sync/call.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;
using example::Reply;

/// A service on a port of its own, which can be broken and mended.
struct Service {
  example::Server server{[this](const std::string&, const std::string& body) {
    if (broken) return Reply{503, "out of order"};
    ++seen[body];
    return Reply{200, "done"};
  }};
  std::atomic<bool> broken{false};
  std::map<std::string, int> seen{};  ///< how often each body was accepted

  Reply ask(const std::string& body, TimePoint deadline) const {
    return example::post(server.port(), "/", body, deadline);
  }
};

CircuitBreakerOptions opens_after_two() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 2;
  options.open_duration = 2s;
  options.half_open.permitted_calls = 1;
  return options;
}

/// Sends what was stored, on a thread of its own, whenever it is told that the dependency is back.
class Drainer {
 public:
  explicit Drainer(std::function<void()> drain)
      : drain_(std::move(drain)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

  /// Quick, because it runs on the thread of the call that closed the breaker.
  void notify() {
    const std::lock_guard lock(mutex_);
    due_ = true;
    told_.notify_one();
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (told_.wait(lock, stop, [this] { return due_; })) {
      due_ = false;
      lock.unlock();
      drain_();
      lock.lock();
    }
  }

  std::function<void()> drain_;
  std::mutex mutex_;
  std::condition_variable_any told_;
  bool due_ = false;
  std::jthread thread_;
};

class Shop {
 public:
  /// Whether the order was taken.
  bool order(int number) {
    const std::string id = "order " + std::to_string(number);
    std::string story;
    const bool paid = pay(id, story);
    if (paid) {
      confirm(id, story);
      suggest(id, story);
    }
    std::printf("%s: %s\n", id.c_str(), story.c_str());
    return paid;
  }

  Service payment, mail, recommendations;
  CallQueue outbox{"mail", {.max = 100}};

 private:
  /// Must succeed. It has no fallback, and a card is not charged twice.
  bool pay(const std::string& id, std::string& story) {
    auto charged = try_call(payment_guard_, {.repeatable = Repeatable::no},
                            [&](const Attempt& attempt) { return payment.ask(id, attempt.deadline); });
    if (charged && charged->status == 200) {
      story += "paid";
      return true;
    }
    story += charged ? "FAILED, payment answered " + std::to_string(charged->status)
                     : "FAILED, breaker '" + std::string(charged.rejection().policy) + "' is " +
                           std::string(to_string(charged.rejection().reason));
    return false;
  }

  /// Is done later when it cannot be done now: the payload is what the fallback stores.
  void confirm(const std::string& id, std::string& story) {
    CallReport report;
    auto told = try_call(mail_guard_, {.payload = id, .report = &report},
                         [&](const Attempt& attempt) { return mail.ask(id, attempt.deadline); });
    story += !told ? ", mail LOST" : report.queued_as ? ", mail stored" : ", mail sent";
  }

  /// Is left out when it cannot be done.
  void suggest(const std::string& id, std::string& story) {
    CallReport report;
    auto shown = try_call(suggestion_guard_, {.report = &report},
                          [&](const Attempt& attempt) { return recommendations.ask(id, attempt.deadline); });
    story += shown && report.source == Source::call ? ", suggestions shown" : ", no suggestions";
  }

  void send_stored_mail() {
    outbox.drain([this](const QueuedCall& stored) {
      // Through the breaker, but past the fallback: what cannot be sent stays where it is.
      auto sent = try_call(mail_breaker_, [&] { return mail.ask(stored.payload, TimePoint::max()); });
      return sent && sent->status == 200 ? Drained::done : Drained::again;
    });
  }

  DrainOnClose mail_is_back_{"mail", [this] { drainer_.notify(); }};

  CircuitBreaker payment_breaker_{"payment", opens_after_two()};
  CircuitBreaker mail_breaker_{"mail", opens_after_two(), {.sink = &mail_is_back_}};
  CircuitBreaker suggestion_breaker_{"recommendations", opens_after_two()};
  Timeout second_{"second", 1s};
  Fallback<Reply> store_{Fallback<Reply>::queue("mail", outbox, [](std::uint64_t) {
    return Reply{202, ""};
  })};
  Fallback<Reply> nothing_{Fallback<Reply>::value("recommendations", Reply{200, ""})};

  Pipeline<CircuitBreaker, Timeout> payment_guard_{payment_breaker_, second_};
  Pipeline<Fallback<Reply>, CircuitBreaker, Timeout> mail_guard_{store_, mail_breaker_, second_};
  Pipeline<Fallback<Reply>, CircuitBreaker, Timeout> suggestion_guard_{nothing_, suggestion_breaker_,
                                                                       second_};

  Drainer drainer_{[this] { send_stored_mail(); }};  // the last to begin, the first to end
};

/// Waits for `done`, but not for ever.
template <class Done>
bool within_ten_seconds(Done done) {
  const TimePoint end = SteadyTime::now() + 10s;
  while (!done() && SteadyTime::now() < end) std::this_thread::sleep_for(1ms);
  return done();
}

}  // namespace

int main() {
  Shop shop;
  int number = 0;
  int taken = 0;
  const auto orders = [&](const char* chapter, int count) {
    std::printf("-- %s\n", chapter);
    for (int i = 0; i < count; ++i) taken += shop.order(++number) ? 1 : 0;
  };

  orders("all is well", 2);
  shop.mail.broken = true;
  orders("mail is away", 4);
  shop.recommendations.broken = true;
  orders("so are recommendations", 3);
  shop.payment.broken = true;
  orders("and payment", 3);

  shop.payment.broken = shop.mail.broken = shop.recommendations.broken = false;
  std::this_thread::sleep_for(2100ms);  // longer than any opening: the next order is everyone's probe
  orders("all are back", 2);
  const bool drained = within_ten_seconds([&] { return shop.outbox.size() == 0; });

  shop.payment.server.stop();
  shop.mail.server.stop();

  int exactly_once = 0;
  for (const auto& [id, times] : shop.mail.seen) exactly_once += times == 1 ? 1 : 0;
  const CallQueueCounters stored = shop.outbox.counters();
  std::printf("-- orders taken: %d, paid: %zu, mails sent exactly once: %d of %zu, of which stored: %d\n",
              taken, shop.payment.seen.size(), exactly_once, shop.mail.seen.size(),
              static_cast<int>(stored.stored));
  const bool none_lost = drained && stored.stored == stored.done && shop.mail.seen == shop.payment.seen;
  return none_lost && exactly_once == taken ? 0 : 1;
}
