// One call through the client's policies: async_try_call(), for a pipeline whose type the client has
// forgotten.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "switchgear/async/async_call.hpp"
#include "switchgear/core/rejected.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/postgres/client/client_call.hpp"
#include "switchgear/postgres/failure_classifier.hpp"

namespace switchgear::postgres {

/// The handler of a call, whatever its type. Move-only; called once. Has the handler's executor and its
/// cancellation slot.
class RowsHandler {
 public:
  using executor_type = boost::asio::any_io_executor;
  using cancellation_slot_type = boost::asio::cancellation_slot;

  template <class Handler>
  RowsHandler(Handler handler, const boost::asio::any_io_executor& otherwise)
      : RowsHandler(std::move(handler), otherwise, [](auto&& to, std::exception_ptr failed, Rows rows) {
          to(std::move(failed), std::move(rows));
        }) {}
  /// `adapt(handler, failed, rows)` calls a handler that takes something else.
  template <class Handler, class Adapt>
  RowsHandler(Handler handler, const boost::asio::any_io_executor& otherwise, Adapt adapt)
      : executor_(boost::asio::get_associated_executor(handler, otherwise)),
        slot_(boost::asio::get_associated_cancellation_slot(handler)),
        held_(std::make_unique<Held<Handler, Adapt>>(std::move(handler), std::move(adapt))) {}

  [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }

  void operator()(std::exception_ptr failed, Rows rows) {
    const std::unique_ptr<AnyHeld> held = std::move(held_);
    held->call(std::move(failed), std::move(rows));
  }

 private:
  struct AnyHeld {
    virtual ~AnyHeld() = default;
    virtual void call(std::exception_ptr failed, Rows rows) = 0;
  };
  template <class Handler, class Adapt>
  struct Held final : AnyHeld {
    Held(Handler given, Adapt by) : handler(std::move(given)), adapt(std::move(by)) {}
    void call(std::exception_ptr failed, Rows rows) override {
      adapt(std::move(handler), std::move(failed), std::move(rows));
    }
    Handler handler;
    Adapt adapt;
  };

  boost::asio::any_io_executor executor_;
  boost::asio::cancellation_slot slot_;
  std::unique_ptr<AnyHeld> held_;
};

/// The rules of the client's options, except where the user's classifier has rules of its own. Threads: any,
/// as far as the user's allows.
template <class Users>
class CallClassifier {
 public:
  CallClassifier(Users users, const FailureRules& rules)
      : users_(std::move(users)), rules_(std::make_shared<const FailureClassifier>(rules)) {}

  template <class T>
  [[nodiscard]] Outcome of_result(const T& result, Duration latency) const {
    return users_.of_result(result, latency);
  }
  [[nodiscard]] Outcome of_code(const std::error_code& code, Duration latency) const {
    return users_.of_code(code, latency);
  }
  [[nodiscard]] Outcome of_current_exception(Duration latency) const noexcept {
    try {
      throw;
    } catch (const CallersOwn&) {
      Outcome outcome = Outcome::ignored(latency);
      outcome.repeat = Repeat::pointless;
      return outcome;
    } catch (const Error& thrown) {
      if constexpr (std::is_same_v<Users, DefaultClassifier>) {
        return rules_->of(thrown, latency);
      } else {
        Outcome outcome = users_.of_current_exception(latency);
        if (thrown.may_have_run() || thrown.is_final()) outcome.repeat = Repeat::pointless;
        return outcome;
      }
    } catch (...) {
      return users_.of_current_exception(latency);
    }
  }

 private:
  Users users_;
  std::shared_ptr<const FailureClassifier> rules_;
};

/// The attempts of a call, as async_try_call() makes them.
class CallAttempt {
 public:
  CallAttempt(std::shared_ptr<ConnectionPool> pool, std::shared_ptr<ClientCall> call)
      : pool_(std::move(pool)), call_(std::move(call)) {}

  [[nodiscard]] boost::asio::awaitable<Rows> operator()(const AsyncAttempt& attempt) const {
    return call_->attempt(pool_, attempt);
  }

 private:
  std::shared_ptr<ConnectionPool> pool_;
  std::shared_ptr<ClientCall> call_;
};

/// The error that the caller gets: a breaker's refusal is a DatabaseUnavailable; the caller's own exception
/// passes untouched.
[[nodiscard]] std::exception_ptr told_to_caller(const std::exception_ptr& failed, const ClientCall& call,
                                                const std::string& database);
[[nodiscard]] std::exception_ptr refused(const Rejection& why, const std::string& database);
/// A fallback has no rows for several statements.
[[nodiscard]] std::exception_ptr not_made();
/// Another database may be asked instead.
[[nodiscard]] bool is_unavailable(const std::exception_ptr& failed) noexcept;

/// The policies around every call of a client, and the database behind them. Threads: call() from any.
class CallGuard {
 public:
  virtual ~CallGuard() = default;

  virtual void call(std::shared_ptr<ClientCall> call, RowsHandler handler) = 0;
};

/// Asks the replica, once, when a read has found the database unavailable.
class ReplicaGuard final : public CallGuard {
 public:
  ReplicaGuard(std::shared_ptr<CallGuard> first, std::shared_ptr<CallGuard> replica) noexcept
      : first_(std::move(first)), replica_(std::move(replica)) {}
  void call(std::shared_ptr<ClientCall> call, RowsHandler handler) override;

 private:
  std::shared_ptr<CallGuard> first_;
  std::shared_ptr<CallGuard> replica_;
};

template <class P>
class PipelineGuard final : public CallGuard, public std::enable_shared_from_this<PipelineGuard<P>> {
 public:
  PipelineGuard(const boost::asio::any_io_executor& executor, const P& pipeline,
                std::shared_ptr<ConnectionPool> pool, const FailureRules& rules)
      : executor_(executor), pipeline_(pipeline, rules), pool_(std::move(pool)) {}

  void call(std::shared_ptr<ClientCall> call, RowsHandler handler) override {
    const AsyncCallOptions about = call->about;
    const CallAttempt attempt(pool_, call);
    async_try_call<Rows>(executor_, pipeline_, about, attempt,
                         OnEnd(this->shared_from_this(), std::move(call), std::move(handler)));
  }

 private:
  using Users = std::decay_t<decltype(std::declval<const P&>().classifier())>;

  /// The user's pipeline, with ends judged by SQLSTATE.
  class Judged : public P {
   public:
    Judged(const P& pipeline, const FailureRules& rules) : P(pipeline), classifier_(P::classifier(), rules) {}
    [[nodiscard]] const CallClassifier<Users>& classifier() const noexcept { return classifier_; }

   private:
    CallClassifier<Users> classifier_;
  };

  class OnEnd {
   public:
    using executor_type = RowsHandler::executor_type;
    using cancellation_slot_type = RowsHandler::cancellation_slot_type;

    OnEnd(std::shared_ptr<PipelineGuard> guard, std::shared_ptr<ClientCall> call, RowsHandler handler)
        : guard_(std::move(guard)), call_(std::move(call)), handler_(std::move(handler)) {}
    [[nodiscard]] executor_type get_executor() const noexcept { return handler_.get_executor(); }
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
      return handler_.get_cancellation_slot();
    }
    void operator()(std::exception_ptr failed, Result<Rows> result) {
      const std::string& database = guard_->pool_->label();
      if (failed) failed = told_to_caller(failed, *call_, database);
      if (!failed && !result) failed = refused(result.rejection(), database);
      Rows rows = failed ? Rows{} : *std::move(result);
      rows.report = call_->report;
      handler_(std::move(failed), std::move(rows));
    }

   private:
    std::shared_ptr<PipelineGuard> guard_;
    std::shared_ptr<ClientCall> call_;
    RowsHandler handler_;
  };

  boost::asio::any_io_executor executor_;
  Judged pipeline_;
  std::shared_ptr<ConnectionPool> pool_;
};

}  // namespace switchgear::postgres
