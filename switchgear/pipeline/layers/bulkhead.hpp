// A slot for a call, and its place in the queue for one.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "switchgear/pipeline/held.hpp"
#include "switchgear/pipeline/layer.hpp"
#include "switchgear/policy/bulkhead.hpp"

namespace switchgear {

template <>
class Layer<Bulkhead> {
 public:
  class Fast {
   public:
    [[gnu::always_inline]] Gate try_enter(Bulkhead& bulkhead, Call&, TimePoint) noexcept {
      auto permit = bulkhead.try_slot();
      if (!permit) [[unlikely]]
        return Gate::defer;
      permit_.take(*std::move(permit));
      return Gate::go;
    }
    [[gnu::always_inline]] void leave_well(Bulkhead&, const Outcome&, TimePoint) noexcept { permit_.drop(); }

   private:
    friend Layer;
    detail::Held<Bulkhead::Permit> permit_;
  };

  Layer() = default;
  explicit Layer(Fast&& taken) noexcept : permit_(std::move(taken.permit_)) {}

  [[gnu::always_inline]] Gate enter(Bulkhead& bulkhead, Call& call, TimePoint now) noexcept {
    auto permit = bulkhead.try_slot();
    if (!permit) [[unlikely]]
      return queue_up(bulkhead, call, now);
    permit_.take(*std::move(permit));
    return Gate::go;
  }
  Gate resume(Bulkhead& bulkhead, Call& call, TimePoint now) noexcept {
    auto permit = now < until_ ? bulkhead.poll(*ticket_) : bulkhead.leave(*ticket_);
    if (!permit && now < until_) {
      call.until = until_;
      return Gate::wait;
    }
    ticket_.reset();
    if (permit) {
      permit_.take(*std::move(permit));
      return Gate::go;
    }
    call.refuse(bulkhead.refuse(Reason::queue_timeout, now));
    return Gate::refuse;
  }
  [[gnu::always_inline]] Turn leave(Bulkhead&, Call&, Ending&, TimePoint) noexcept {
    permit_.drop();
    return Turn::outward;
  }

 private:
  [[gnu::noinline]] Gate queue_up(Bulkhead& bulkhead, Call& call, TimePoint now) noexcept {
    until_ = std::min(saturating_add(now, bulkhead.max_wait()), call.limit);
    auto entry = Bulkhead::Entry::refused;
    if (until_ > now && call.waker != nullptr) {
      ticket_.emplace();
      entry = bulkhead.join(*ticket_, *call.waker);
    }
    switch (entry) {
      case Bulkhead::Entry::granted:
        permit_.take(*bulkhead.poll(*ticket_));
        ticket_.reset();
        return Gate::go;
      case Bulkhead::Entry::waiting:
        call.until = until_;
        return Gate::wait;
      case Bulkhead::Entry::refused:
        break;
    }
    ticket_.reset();
    call.refuse(bulkhead.refuse(Reason::bulkhead_full, now));
    return Gate::refuse;
  }

  detail::Held<Bulkhead::Permit> permit_;
  std::optional<Bulkhead::Ticket> ticket_;
  TimePoint until_;
};

}  // namespace switchgear
