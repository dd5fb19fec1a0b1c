// A call whose client has left, and that is gone on with because a half-open breaker waits for its verdict.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>

#include "app/gateway/call/call_client.hpp"
#include "app/gateway/call/upstream_call.hpp"
#include "switchgear/http/timer_wheel.hpp"

namespace switchgear::gateway {

using LoneHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// In its client's place until the verdict is there: reads the service's answer, and throws it away. Without
/// it, clients that leave before the answer would use up every probe, and a service that is well would stay
/// half-open. Reads no more than `most_content` of an answer, and no longer than the service's `timeout` from
/// then on; a longer answer counts by what it says so far. Threads: its loop's.
class LoneCall final : public LoneHook, private CallClient, private http::Timer {
 public:
  static constexpr std::size_t most_content = std::size_t{1} << 20U;

  class Owner {
   public:
    /// It has its verdict, and is to be deleted.
    virtual void verdict_is_there(LoneCall& lone) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  /// All are borrowed. Precondition: the call can go on alone. begin() follows.
  LoneCall(Owner& owner, http::EventLoop& loop, UpstreamCall& call) noexcept;
  LoneCall(const LoneCall&) = delete;
  LoneCall& operator=(const LoneCall&) = delete;
  ~LoneCall() override;

  /// The owner may be told of the verdict before it returns.
  void begin(TimePoint now);
  [[nodiscard]] UpstreamCall& call() const noexcept { return call_; }

 private:
  /// At the call. What happens meanwhile, `again` remembers.
  enum class Looking : std::uint8_t { no, yes, again };

  void look();

  void on_timer(TimePoint) override { look(); }
  void on_call_event() override { look(); }
  http::IoStatus take_interim(const http::Head&, const http::FieldList&) override {
    return http::IoStatus::ok;
  }
  http::IoStatus invite_content() override { return http::IoStatus::ok; }
  void take_head(const ChosenHead&) override {}
  http::Stream::Sent take_content(const http::Outbox::Content& content) override {
    read_ += content.bytes.size();
    return {http::IoStatus::ok, content.bytes.size()};
  }
  std::uint64_t content_taken() const noexcept override { return read_; }
  void give_up_answer() noexcept override {}
  void take_refusal(const Rejection&, const Remarks&) override {}
  void take_kept(const KeptAnswer&, const Remarks&) override {}
  void take_failure(const LastWords&, const Remarks&) override {}

  Owner& owner_;
  http::EventLoop& loop_;
  UpstreamCall& call_;
  TimePoint until_{};
  std::size_t read_ = 0;
  Looking looking_ = Looking::no;
};

}  // namespace switchgear::gateway
