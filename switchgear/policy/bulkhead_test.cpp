#include "switchgear/policy/bulkhead.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <chrono>
#include <deque>
#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "switchgear/policy/property_fixture.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using Entry = Bulkhead::Entry;

class CountingWaker final : public Waker {
 public:
  void wake() noexcept override { ++woken; }
  int woken = 0;
};

constexpr BulkheadOptions one_slot{.max_concurrent = 1, .max_queue = 3, .max_wait = 1s};

TEST(Bulkhead, AdmitsAsManyCallsAsItHasSlots) {
  Bulkhead bulkhead{"payment", {.max_concurrent = 2}};
  const auto first = bulkhead.try_acquire();
  const auto second = bulkhead.try_acquire();
  const auto third = bulkhead.try_acquire();
  EXPECT_TRUE(first.has_value());
  EXPECT_TRUE(second.has_value());
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.rejection().reason, Reason::bulkhead_full);
  EXPECT_EQ(third.rejection().policy, "payment");
  EXPECT_FALSE(third.rejection().retry_after.has_value()) << "the end of another's call cannot be predicted";
}

TEST(Bulkhead, IsFullWhenACallerHasFoundItSo) {
  Bulkhead bulkhead{"payment", one_slot};
  EXPECT_FALSE(bulkhead.is_full());
  std::optional<Bulkhead::Permit> first = bulkhead.try_slot();
  CountingWaker waker;
  Bulkhead::Ticket ticket;
  EXPECT_EQ(bulkhead.join(ticket, waker), Entry::waiting);
  EXPECT_TRUE(bulkhead.is_full());
  EXPECT_FALSE(bulkhead.leave(ticket));
  EXPECT_TRUE(bulkhead.is_full()) << "its slot is taken";
  first.reset();
  EXPECT_FALSE(bulkhead.is_full());
}

TEST(Bulkhead, GetsASlotBackFromAPermitOnceHoweverOftenItWasMoved) {
  Bulkhead bulkhead{"payment", {.max_concurrent = 2}};
  {
    auto result = bulkhead.try_acquire();
    Bulkhead::Permit moved = *std::move(result);
    auto other = bulkhead.try_acquire();
    EXPECT_EQ(bulkhead.snapshot().in_use, 2U);
    moved = *std::move(other);
    EXPECT_EQ(bulkhead.snapshot().in_use, 1U) << "the permit that was assigned over is dropped";
  }
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST(Bulkhead, LetsTheFirstOfTheQueueInWhenASlotIsFreed) {
  Bulkhead bulkhead{"payment", one_slot};
  CountingWaker first_waker;
  CountingWaker second_waker;
  Bulkhead::Ticket first;
  Bulkhead::Ticket second;
  {
    const auto running = bulkhead.try_acquire();
    ASSERT_EQ(bulkhead.join(first, first_waker), Entry::waiting);
    ASSERT_EQ(bulkhead.join(second, second_waker), Entry::waiting);
    EXPECT_FALSE(bulkhead.poll(first).has_value());
    EXPECT_EQ(first_waker.woken, 0);
  }
  EXPECT_EQ(first_waker.woken, 1);
  EXPECT_EQ(second_waker.woken, 0);
  EXPECT_FALSE(bulkhead.poll(second).has_value());
  {
    const auto permit = bulkhead.poll(first);
    EXPECT_TRUE(permit.has_value());
    EXPECT_FALSE(bulkhead.poll(first).has_value()) << "a ticket hands its permit out once";
  }
  EXPECT_EQ(second_waker.woken, 1);
  EXPECT_TRUE(bulkhead.poll(second).has_value());
}

TEST(Bulkhead, LetsNobodyPastASlotThatWasGrantedAndNotYetFetched) {
  Bulkhead bulkhead{"payment", one_slot};
  CountingWaker waker;
  Bulkhead::Ticket waiting;
  {
    const auto running = bulkhead.try_acquire();
    ASSERT_EQ(bulkhead.join(waiting, waker), Entry::waiting);
  }
  EXPECT_FALSE(bulkhead.try_acquire().has_value());
  EXPECT_TRUE(bulkhead.poll(waiting).has_value());
}

TEST(Bulkhead, AdmitsWhoJoinsAtOnceWhenASlotIsFree) {
  Bulkhead bulkhead{"payment", one_slot};
  CountingWaker waker;
  Bulkhead::Ticket ticket;
  ASSERT_EQ(bulkhead.join(ticket, waker), Entry::granted);
  const auto permit = bulkhead.poll(ticket);
  EXPECT_TRUE(permit.has_value());
  EXPECT_EQ(waker.woken, 0);
  EXPECT_EQ(bulkhead.snapshot().in_use, 1U);
}

TEST(Bulkhead, RefusesWhoFindsEveryPlaceInTheQueueTaken) {
  Bulkhead bulkhead{"payment", {.max_concurrent = 1, .max_queue = 1, .max_wait = 1s}};
  CountingWaker waker;
  const auto running = bulkhead.try_acquire();
  Bulkhead::Ticket first;
  Bulkhead::Ticket second;
  ASSERT_EQ(bulkhead.join(first, waker), Entry::waiting);
  EXPECT_EQ(bulkhead.join(second, waker), Entry::refused);
  EXPECT_FALSE(bulkhead.poll(second).has_value());
  EXPECT_FALSE(bulkhead.leave(first).has_value());
  EXPECT_EQ(bulkhead.join(second, waker), Entry::waiting) << "the place is free again";
}

TEST(Bulkhead, HasNoQueueUnlessToldTo) {
  Bulkhead bulkhead{"payment", {.max_concurrent = 1}};
  CountingWaker waker;
  Bulkhead::Ticket ticket;
  const auto running = bulkhead.try_acquire();
  EXPECT_EQ(bulkhead.join(ticket, waker), Entry::refused);
  EXPECT_EQ(bulkhead.snapshot().waiting, 0U);
}

TEST(Bulkhead, KeepsTheOrderOfTheQueueWhenOneInTheMiddleLeaves) {
  Bulkhead bulkhead{"payment", one_slot};
  std::array<CountingWaker, 3> wakers;
  std::array<Bulkhead::Ticket, 3> tickets;
  auto running = bulkhead.try_slot();
  for (std::size_t i = 0; i < 3; ++i) ASSERT_EQ(bulkhead.join(tickets[i], wakers[i]), Entry::waiting);
  EXPECT_FALSE(bulkhead.leave(tickets[1]).has_value());
  running.reset();
  EXPECT_TRUE(bulkhead.poll(tickets[0]).has_value());
  EXPECT_TRUE(bulkhead.poll(tickets[2]).has_value());
  EXPECT_EQ(wakers[1].woken, 0);
}

TEST(Bulkhead, ReturnsAPermitThatWasGrantedInTheLastMomentToWhoLeaves) {
  Bulkhead bulkhead{"payment", one_slot};
  CountingWaker waker;
  Bulkhead::Ticket ticket;
  {
    const auto running = bulkhead.try_acquire();
    ASSERT_EQ(bulkhead.join(ticket, waker), Entry::waiting);
  }
  {
    const auto permit = bulkhead.leave(ticket);
    EXPECT_TRUE(permit.has_value());
  }
  EXPECT_EQ(bulkhead.snapshot().in_use, 0U);
}

TEST(Bulkhead, PassesOnTheSlotOfAWaiterThatWasDestroyedAfterItsTurnCame) {
  Bulkhead bulkhead{"payment", one_slot};
  CountingWaker waker;
  Bulkhead::Ticket survivor;
  {
    auto running = bulkhead.try_slot();
    Bulkhead::Ticket dying;
    ASSERT_EQ(bulkhead.join(dying, waker), Entry::waiting);
    ASSERT_EQ(bulkhead.join(survivor, waker), Entry::waiting);
    running.reset();
  }
  EXPECT_TRUE(bulkhead.poll(survivor).has_value());
}

TEST(Bulkhead, ForgetsAWaiterThatIsDestroyedWhileItWaits) {
  Bulkhead bulkhead{"payment", one_slot};
  CountingWaker waker;
  auto running = bulkhead.try_slot();
  {
    Bulkhead::Ticket dying;
    ASSERT_EQ(bulkhead.join(dying, waker), Entry::waiting);
  }
  EXPECT_EQ(bulkhead.snapshot().waiting, 0U);
  running.reset();
  EXPECT_EQ(waker.woken, 0);
  EXPECT_TRUE(bulkhead.try_acquire().has_value());
}

TEST(Bulkhead, CountsEveryEndOfACallOnce) {
  Bulkhead bulkhead{"payment", {.max_concurrent = 1, .max_queue = 2, .max_wait = 1s}};
  CountingWaker waker;
  auto running = bulkhead.try_slot();
  EXPECT_FALSE(bulkhead.try_slot().has_value()) << "who goes on to wait is not refused yet";
  EXPECT_FALSE(bulkhead.try_acquire().has_value());
  {
    Bulkhead::Ticket late;
    Bulkhead::Ticket cancelled;
    Bulkhead::Ticket surplus;
    ASSERT_EQ(bulkhead.join(late, waker), Entry::waiting);
    ASSERT_EQ(bulkhead.join(cancelled, waker), Entry::waiting);
    ASSERT_EQ(bulkhead.join(surplus, waker), Entry::refused);
    EXPECT_EQ(bulkhead.refuse(Reason::bulkhead_full).reason, Reason::bulkhead_full);
    EXPECT_FALSE(bulkhead.leave(late).has_value());
    const Rejection rejection = bulkhead.refuse(Reason::queue_timeout);
    EXPECT_EQ(rejection.reason, Reason::queue_timeout);
    EXPECT_EQ(rejection.policy, "payment");
  }
  const BulkheadSnapshot seen = bulkhead.snapshot();
  EXPECT_EQ(seen.in_use, 1U);
  EXPECT_EQ(seen.waiting, 0U);
  EXPECT_EQ(seen.totals.admitted, 1U);
  EXPECT_EQ(seen.totals.rejected, 2U);
  EXPECT_EQ(seen.totals.timed_out, 1U);
  EXPECT_EQ(seen.totals.cancelled, 1U);
}

TEST(Bulkhead, NamesEveryProblemOfItsOptions) {
  EXPECT_TRUE(validate(BulkheadOptions{}).empty());
  EXPECT_TRUE(validate(one_slot).empty());
  const std::vector<std::pair<BulkheadOptions, std::string>> wrong{
      {{.max_concurrent = 0}, "max_concurrent"},
      {{.max_concurrent = 1'000'001}, "max_concurrent"},
      {{.max_queue = 1'000'001, .max_wait = 1s}, "max_queue"},
      {{.max_queue = 1, .max_wait = -1ns}, "max_wait"},
      {{.max_queue = 1}, "max_wait"},
      {{.max_wait = 1s}, "max_queue"},
  };
  for (const auto& [options, key] : wrong) {
    const auto problems = validate(options);
    ASSERT_EQ(problems.size(), 1U) << key;
    EXPECT_EQ(problems[0].key, key);
  }
  EXPECT_THROW(Bulkhead("payment", {.max_concurrent = 0}), std::invalid_argument);
}

/// A plain model of a bulkhead: permits are numbered by the caller that holds them.
struct Model {
  std::uint32_t slots;
  std::uint32_t places;
  std::uint32_t in_use = 0;
  std::deque<int> queue{};
  std::vector<int> granted{};

  bool acquire() {
    const bool free = in_use < slots && queue.empty();
    if (free) ++in_use;
    return free;
  }
  void free() {
    --in_use;
    if (!queue.empty()) {
      granted.push_back(queue.front());
      queue.pop_front();
      ++in_use;
    }
  }
};

enum class Op : std::uint8_t { acquire, drop, join, poll, leave, destroy };

TEST(Bulkhead, DecidesAsThePlainModelDoesInWhateverOrderCallersComeAndGo) {
  EXPECT_TRUE(holds(2'000, [] {
    // Few slots, or as many as it takes for some of them to be parked.
    const std::uint32_t parks = 2 * (std::thread::hardware_concurrency() + 2);
    const bool many = *rc::gen::arbitrary<bool>();
    const auto slots = *rc::gen::inRange<std::uint32_t>(many ? parks : 1, many ? parks + 3 : 4);
    const auto callers = static_cast<int>(slots + 6);
    const auto places = *rc::gen::inRange<std::uint32_t>(1, 5);
    const auto script = *rc::gen::container<std::vector<std::pair<Op, int>>>(
        many ? 400 : 200,
        rc::gen::pair(rc::gen::element(Op::acquire, Op::drop, Op::join, Op::poll, Op::leave, Op::destroy),
                      rc::gen::inRange(0, callers)));
    Bulkhead bulkhead{"payment", {slots, places, 1s}};
    Model model{slots, places};
    struct Caller {
      CountingWaker waker;
      std::optional<Bulkhead::Permit> permit;
      std::unique_ptr<Bulkhead::Ticket> ticket;
      bool waits = false;  // joined, and neither got its permit nor left
    };
    std::vector<Caller> all(static_cast<std::size_t>(callers));

    const auto settle = [&](int who, std::optional<Bulkhead::Permit> permit, bool stays) {
      Caller& caller = all[static_cast<std::size_t>(who)];
      const bool due = std::erase(model.granted, who) == 1;
      RC_ASSERT(permit.has_value() == due);
      if (due) caller.permit = std::move(permit);
      if (!due && !stays) RC_ASSERT(std::erase(model.queue, who) == 1U);
      caller.waits = !due && stays;
    };
    for (const auto& [op, who] : script) {
      Caller& caller = all[static_cast<std::size_t>(who)];
      const bool idle = !caller.permit && !caller.waits;
      if (op == Op::acquire && idle) {
        caller.permit = bulkhead.try_slot();
        RC_ASSERT(caller.permit.has_value() == model.acquire());
      } else if (op == Op::drop && caller.permit) {
        model.free();
        caller.permit.reset();
      } else if (op == Op::join && idle) {
        caller.ticket = std::make_unique<Bulkhead::Ticket>();
        const Entry entry = bulkhead.join(*caller.ticket, caller.waker);
        if (model.acquire()) {
          RC_ASSERT(entry == Entry::granted);
          model.granted.push_back(who);
        } else {
          RC_ASSERT(entry == (model.queue.size() < places ? Entry::waiting : Entry::refused));
          if (entry == Entry::waiting) model.queue.push_back(who);
        }
        caller.waits = entry != Entry::refused;
      } else if (op == Op::poll && caller.waits) {
        settle(who, bulkhead.poll(*caller.ticket), true);
      } else if (op == Op::leave && caller.waits) {
        settle(who, bulkhead.leave(*caller.ticket), false);
      } else if (op == Op::destroy && caller.waits) {
        caller.ticket.reset();
        caller.waits = false;
        if (std::erase(model.queue, who) == 0U) {
          RC_ASSERT(std::erase(model.granted, who) == 1U);
          model.free();
        }
      }
      const BulkheadSnapshot seen = bulkhead.snapshot();
      RC_ASSERT(seen.in_use == model.in_use);
      RC_ASSERT(seen.waiting == model.queue.size());
    }
    for (Caller& caller : all) {
      caller.ticket.reset();
      caller.permit.reset();
    }
    RC_ASSERT(bulkhead.snapshot().in_use == 0U);
  }));
}

TEST(Bulkhead, LetsWaitersInAtOnceWhenItGetsMoreSlots) {
  Bulkhead bulkhead{"payment", one_slot};
  CountingWaker waker;
  Bulkhead::Ticket first;
  Bulkhead::Ticket second;
  Bulkhead::Ticket third;
  const auto running = bulkhead.try_acquire();
  for (Bulkhead::Ticket* ticket : {&first, &second, &third})
    ASSERT_EQ(bulkhead.join(*ticket, waker), Entry::waiting);
  bulkhead.set_options({.max_concurrent = 3, .max_queue = 3, .max_wait = 1s});
  EXPECT_EQ(waker.woken, 2);
  const auto granted = bulkhead.poll(first);
  EXPECT_TRUE(granted);
  const auto also = bulkhead.poll(second);
  EXPECT_TRUE(also);
  EXPECT_FALSE(bulkhead.poll(third)) << "it waits on, in its place";
  EXPECT_EQ(bulkhead.snapshot().in_use, 3U);
  EXPECT_EQ(bulkhead.options().max_concurrent, 3U);
  (void)bulkhead.leave(third);
}

TEST(Bulkhead, WithFewerSlotsEndsNoCallAndAdmitsNoneUntilEnoughHaveEnded) {
  for (const std::uint32_t many : {4U, 400U}) {  // with 400, threads park slots
    Bulkhead bulkhead{"payment", {.max_concurrent = many}};
    std::vector<Bulkhead::Permit> running;
    for (int i = 0; i < 4; ++i) running.push_back(*bulkhead.try_acquire());
    { const auto parked = bulkhead.try_acquire(); }
    bulkhead.set_options({.max_concurrent = 2});
    EXPECT_EQ(bulkhead.snapshot().in_use, 4U);
    EXPECT_FALSE(bulkhead.try_acquire());
    running.pop_back();
    running.pop_back();
    EXPECT_FALSE(bulkhead.try_acquire()) << "two run, and two may";
    running.pop_back();
    const auto third = bulkhead.try_acquire();
    EXPECT_TRUE(third);
    EXPECT_FALSE(bulkhead.try_acquire());
  }
}

TEST(Bulkhead, WithAShorterQueueKeepsThoseWhoWaitInIt) {
  Bulkhead bulkhead{"payment", one_slot};
  CountingWaker waker;
  Bulkhead::Ticket first;
  Bulkhead::Ticket second;
  auto running = bulkhead.try_acquire();
  ASSERT_EQ(bulkhead.join(first, waker), Entry::waiting);
  bulkhead.set_options({.max_concurrent = 1});
  EXPECT_EQ(bulkhead.join(second, waker), Entry::refused);
  { const auto ended = std::move(running); }
  EXPECT_TRUE(bulkhead.poll(first));
}

TEST(Bulkhead, TakesNoOptionsThatAreNotValid) {
  Bulkhead bulkhead{"payment", one_slot};
  EXPECT_THROW(bulkhead.set_options({.max_concurrent = 0}), std::invalid_argument);
  EXPECT_THROW(bulkhead.set_options({.max_concurrent = 1'000'001}), std::invalid_argument);
  EXPECT_EQ(bulkhead.options(), one_slot);
}

}  // namespace
}  // namespace switchgear
