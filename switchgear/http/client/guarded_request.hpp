// One request through the client's policies: async_try_call(), for a pipeline whose type the client has
// forgotten.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <exception>
#include <memory>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include "switchgear/async/async_call.hpp"
#include "switchgear/async/async_error.hpp"
#include "switchgear/core/rejected.hpp"
#include "switchgear/core/result.hpp"
#include "switchgear/http/client/client_core.hpp"
#include "switchgear/http/client/response_classifier.hpp"
#include "switchgear/http/response.hpp"

namespace switchgear::http {

/// The handler of a request, whatever its type. Move-only; called once. Has the handler's executor and its
/// cancellation slot.
class ResponseHandler {
 public:
  using executor_type = boost::asio::any_io_executor;
  using cancellation_slot_type = boost::asio::cancellation_slot;

  template <class Handler>
  ResponseHandler(Handler handler, const boost::asio::any_io_executor& otherwise)
      : executor_(boost::asio::get_associated_executor(handler, otherwise)),
        slot_(boost::asio::get_associated_cancellation_slot(handler)),
        held_(std::make_unique<Held<Handler>>(std::move(handler))) {}

  [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }

  void operator()(std::exception_ptr failed, Response response) {
    const std::unique_ptr<AnyHeld> held = std::move(held_);
    held->call(std::move(failed), std::move(response));
  }

 private:
  struct AnyHeld {
    virtual ~AnyHeld() = default;
    virtual void call(std::exception_ptr failed, Response response) = 0;
  };
  template <class Handler>
  struct Held final : AnyHeld {
    explicit Held(Handler given) : handler(std::move(given)) {}
    void call(std::exception_ptr failed, Response response) override {
      std::move(handler)(std::move(failed), std::move(response));
    }
    Handler handler;
  };

  boost::asio::any_io_executor executor_;
  boost::asio::cancellation_slot slot_;
  std::unique_ptr<AnyHeld> held_;
};

/// The attempts of a request, as async_try_call() makes them.
class RequestAttempt {
 public:
  RequestAttempt(std::shared_ptr<ClientCore> core, std::shared_ptr<ClientCall> call)
      : core_(std::move(core)), call_(std::move(call)) {}

  [[nodiscard]] boost::asio::awaitable<Response> operator()(const AsyncAttempt& attempt) const {
    return core_->attempt(call_, attempt);
  }

 private:
  std::shared_ptr<ClientCore> core_;
  std::shared_ptr<ClientCall> call_;
};

/// The policies around every request of a client. Threads: call() from any.
class RequestGuard {
 public:
  virtual ~RequestGuard() = default;

  virtual void call(std::shared_ptr<ClientCore> core, std::shared_ptr<ClientCall> request,
                    ResponseHandler handler) = 0;
};

template <class P>
class PipelineGuard final : public RequestGuard, public std::enable_shared_from_this<PipelineGuard<P>> {
 public:
  PipelineGuard(const P& pipeline, const FailureRules& rules) : pipeline_(pipeline, rules) {}

  void call(std::shared_ptr<ClientCore> core, std::shared_ptr<ClientCall> request,
            ResponseHandler handler) override {
    const boost::asio::any_io_executor executor = core->executor();
    const AsyncCallOptions about = request->about;
    const RequestAttempt attempt(std::move(core), request);
    async_try_call<Response>(executor, pipeline_, about, attempt,
                             OnEnd(this->shared_from_this(), std::move(request), std::move(handler)));
  }

 private:
  using Users = std::decay_t<decltype(std::declval<const P&>().classifier())>;

  /// The user's pipeline, with answers judged as HTTP.
  class Judged : public P {
   public:
    Judged(const P& pipeline, const FailureRules& rules) : P(pipeline), classifier_(P::classifier(), rules) {}
    [[nodiscard]] const ResponseClassifier<Users>& classifier() const noexcept { return classifier_; }

   private:
    ResponseClassifier<Users> classifier_;
  };

  class OnEnd {
   public:
    using executor_type = ResponseHandler::executor_type;
    using cancellation_slot_type = ResponseHandler::cancellation_slot_type;

    OnEnd(std::shared_ptr<PipelineGuard> guard, std::shared_ptr<ClientCall> call, ResponseHandler handler)
        : guard_(std::move(guard)), call_(std::move(call)), handler_(std::move(handler)) {}
    [[nodiscard]] executor_type get_executor() const noexcept { return handler_.get_executor(); }
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
      return handler_.get_cancellation_slot();
    }
    /// A fallback that failed too changes nothing of how the call ended: the report has both causes.
    void operator()(std::exception_ptr failed, Result<Response> result) {
      if (!failed && !result) failed = std::make_exception_ptr(Rejected(result.rejection()));
      Response response = failed ? Response{} : *std::move(result);
      guard_->settle(*call_, failed, response);
      handler_(std::move(failed), std::move(response));
    }

   private:
    std::shared_ptr<PipelineGuard> guard_;
    std::shared_ptr<ClientCall> call_;
    ResponseHandler handler_;
  };

  void settle(const ClientCall& call, std::exception_ptr& failed, Response& response) const {
    response.report = call.report;
    // An answer from memory, or of a fallback, says nothing about what the server has now.
    if (!failed && call.report.source == Source::call) {
      if (!call.is_safe(call.method) && response.status < 400) forget(call.url_key);
      if (!call.key.empty() && !may_be_stored(response)) forget(call.key);
    }
    if (call.request.fallback() && needs_fallback(failed, response)) {
      response = *call.request.fallback();
      response.report = call.report;
      response.report.source = Source::fallback;
      failed = nullptr;
    }
  }

  /// A request's own fallback stands for an error, and for an answer that is a failure; a caller that has
  /// gone away needs none.
  [[nodiscard]] bool needs_fallback(const std::exception_ptr& failed, const Response& response) const {
    if (failed) return std::error_code(switchgear::detail::code_of(failed)) != std::errc::operation_canceled;
    return pipeline_.classifier().of_result(response, {}).verdict == Verdict::failure;
  }

  /// What is stored for a URL is wrong once it has been changed (RFC 9111, 4.4), and some answers must not be
  /// stored at all.
  void forget(std::string_view key) const {
    std::apply([&](const auto&... borrowed) { (forget_in(borrowed.get(), key), ...); }, pipeline_.policies());
  }
  template <class Policy>
  static void forget_in(Policy& policy, std::string_view key) {
    if constexpr (requires { policy.erase(key); }) policy.erase(key);
  }
  template <class Policy>
  static void forget_in(Optional<Policy>& policy, std::string_view key) {
    if (policy.policy != nullptr) forget_in(*policy.policy, key);
  }

  Judged pipeline_;
};

}  // namespace switchgear::http
