// One call through the client's policies: async_call(), for a pipeline whose type the client has forgotten.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include "switchgear/a2a/client/agent_core.hpp"
#include "switchgear/a2a/client/no_answer.hpp"
#include "switchgear/a2a/error.hpp"
#include "switchgear/a2a/wire/read.hpp"
#include "switchgear/async/async_call.hpp"
#include "switchgear/core/rejected.hpp"

namespace switchgear::a2a {

/// The rules of the client's options, except where the user's classifier has rules of its own. Threads: any,
/// as far as the user's allows.
template <class Users>
class ReplyClassifier {
 public:
  ReplyClassifier(Users users, FailureRules rules) : users_(std::move(users)), rules_(std::move(rules)) {}

  template <class T>
  [[nodiscard]] Outcome of_result(const T& result, Duration latency) const {
    if constexpr (std::is_same_v<T, Reply> && std::is_same_v<Users, DefaultClassifier>) {
      return rules_.of_result(wire::state_in(result.result), latency);
    } else {
      return users_.of_result(result, latency);
    }
  }
  [[nodiscard]] Outcome of_code(const std::error_code& code, Duration latency) const {
    return users_.of_code(code, latency);
  }
  [[nodiscard]] Outcome of_current_exception(Duration latency) const noexcept {
    try {
      throw;
    } catch (const Error& error) {
      return judged(error.may_have_run(), latency, [&](Again again) {
        return rules_.of_error(static_cast<Errc>(error.code().value()), error.report(), again, latency);
      });
    } catch (const NoAnswer& error) {
      return judged(error.may_have_run(), latency,
                    [&](Again again) { return rules_.of_code(error.code(), again, latency); });
    } catch (...) {
      return users_.of_current_exception(latency);
    }
  }

 private:
  /// While the exception is being handled.
  template <class Rules>
  [[nodiscard]] Outcome judged(bool may_have_run, Duration latency, Rules rules) const noexcept {
    if constexpr (std::is_same_v<Users, DefaultClassifier>) {
      return rules(may_have_run ? Again::harmful : Again::harmless);
    } else {
      Outcome outcome = users_.of_current_exception(latency);
      if (may_have_run) outcome.repeat = Repeat::pointless;
      return outcome;
    }
  }

  Users users_;
  FailureClassifier rules_;
};

/// The policies around every call of a client. Threads: those of the executor.
class AgentGuard {
 public:
  virtual ~AgentGuard() = default;

  /// Throws Error, http::Error, Rejected.
  [[nodiscard]] virtual boost::asio::awaitable<Reply> call(std::shared_ptr<AgentCore> core,
                                                           std::shared_ptr<AgentCall> call) = 0;
};

/// A call that is not repeated, because its first attempt ran out of time and may have had its effect, has
/// timed out for its caller.
[[nodiscard]] std::exception_ptr told_to_caller(const std::exception_ptr& failed);

template <class P>
class PipelineGuard final : public AgentGuard, public std::enable_shared_from_this<PipelineGuard<P>> {
 public:
  PipelineGuard(const P& pipeline, const FailureRules& rules) : pipeline_(pipeline, rules) {}

  [[nodiscard]] boost::asio::awaitable<Reply> call(std::shared_ptr<AgentCore> core,
                                                   std::shared_ptr<AgentCall> call) override {
    const auto self = this->shared_from_this();
    const auto attempt = [&](const AsyncAttempt& made) { return core->attempt(call, made); };
    std::exception_ptr failed;
    Reply reply;
    try {
      reply = co_await async_call<Reply>(core->executor(), pipeline_, call->about, attempt,
                                         boost::asio::use_awaitable);
    } catch (...) {
      failed = std::current_exception();
    }
    if (failed) std::rethrow_exception(told_to_caller(failed));
    co_return reply;
  }

 private:
  using Users = std::decay_t<decltype(std::declval<const P&>().classifier())>;

  /// The user's pipeline, with answers judged by the rules of the protocol.
  class Judged : public P {
   public:
    Judged(const P& pipeline, const FailureRules& rules) : P(pipeline), classifier_(P::classifier(), rules) {}
    [[nodiscard]] const ReplyClassifier<Users>& classifier() const noexcept { return classifier_; }

   private:
    ReplyClassifier<Users> classifier_;
  };

  Judged pipeline_;
};

}  // namespace switchgear::a2a
