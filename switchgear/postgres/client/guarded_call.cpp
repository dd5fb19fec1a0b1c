#include "switchgear/postgres/client/guarded_call.hpp"

namespace switchgear::postgres {

namespace {

constexpr std::string_view earlier_attempt = "an earlier attempt";

/// A handler around the caller's, on the same executor and with the same slot.
class Around {
 public:
  using executor_type = RowsHandler::executor_type;
  using cancellation_slot_type = RowsHandler::cancellation_slot_type;

  explicit Around(RowsHandler handler) : handler_(std::move(handler)) {}
  [[nodiscard]] executor_type get_executor() const noexcept { return handler_.get_executor(); }
  [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept {
    return handler_.get_cancellation_slot();
  }

 protected:
  RowsHandler handler_;
};

class OnReplicasEnd final : public Around {
 public:
  OnReplicasEnd(RowsHandler handler, std::exception_ptr why)
      : Around(std::move(handler)), why_(std::move(why)) {}
  /// If the replica cannot answer either, the caller hears of the database.
  void operator()(const std::exception_ptr& failed, Rows rows) {
    rows.from_replica = !failed;
    handler_(failed ? why_ : nullptr, std::move(rows));
  }

 private:
  std::exception_ptr why_;
};

class OnFirstEnd final : public Around {
 public:
  OnFirstEnd(RowsHandler handler, std::shared_ptr<ClientCall> call, std::shared_ptr<CallGuard> replica)
      : Around(std::move(handler)), call_(std::move(call)), replica_(std::move(replica)) {}
  void operator()(std::exception_ptr failed, Rows rows) {
    std::shared_ptr<ClientCall> again;
    if (failed && is_unavailable(failed)) again = call_->for_replica();
    if (!again) return handler_(std::move(failed), std::move(rows));
    const executor_type executor = get_executor();
    replica_->call(std::move(again), {OnReplicasEnd(std::move(handler_), std::move(failed)), executor});
  }

 private:
  std::shared_ptr<ClientCall> call_;
  std::shared_ptr<CallGuard> replica_;
};

}  // namespace

std::exception_ptr refused(const Rejection& why, const std::string& database) {
  if (is_breakers(why.reason)) return std::make_exception_ptr(DatabaseUnavailable(database, why));
  return std::make_exception_ptr(Rejected(why));
}

/// A call is in doubt, and still here, only because the time of an attempt was over.
std::exception_ptr told_to_caller(const std::exception_ptr& failed, const ClientCall& call,
                                  const std::string& database) {
  try {
    std::rethrow_exception(failed);
  } catch (const CallersOwn&) {
    return call.callers_own;
  } catch (const Error& error) {
    if (error.code() != Errc::in_doubt) return failed;
    return std::make_exception_ptr(Rejected(Rejection{Reason::timed_out, earlier_attempt, {}}));
  } catch (const Rejected& rejected) {
    return refused({rejected.reason(), rejected.policy(), rejected.retry_after(), rejected.level()},
                   database);
  } catch (...) {
    return failed;
  }
}

std::exception_ptr not_made() {
  return std::make_exception_ptr(Error(Errc::not_made, make_error_code(Errc::not_made).message()));
}

void ReplicaGuard::call(std::shared_ptr<ClientCall> call, RowsHandler handler) {
  const RowsHandler::executor_type executor = handler.get_executor();
  OnFirstEnd end(std::move(handler), call, replica_);
  first_->call(std::move(call), {std::move(end), executor});
}

bool is_unavailable(const std::exception_ptr& failed) noexcept {
  try {
    std::rethrow_exception(failed);
  } catch (const DatabaseUnavailable&) {
    return true;
  } catch (const Error& error) {
    return error.code() == Errc::lost || (error.code() == Errc::server && error.report().fatal);
  } catch (...) {
    return false;
  }
}

}  // namespace switchgear::postgres
