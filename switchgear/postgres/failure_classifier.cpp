#include "switchgear/postgres/failure_classifier.hpp"

#include <algorithm>

namespace switchgear::postgres {

namespace {

[[nodiscard]] Outcome with(Outcome outcome, Duration latency, Repeat repeat) noexcept {
  outcome.latency = latency;
  outcome.repeat = repeat;
  return outcome;
}

[[nodiscard]] constexpr std::string_view class_of(std::string_view sqlstate) noexcept {
  return sqlstate.substr(0, 2);
}

/// A wrong password or a database that does not exist stays so.
[[nodiscard]] constexpr bool is_misconfigured(std::string_view sqlstate) noexcept {
  const std::string_view its_class = class_of(sqlstate);
  return its_class == "28" || its_class == "3D" || its_class == "42" || its_class == "0A";
}

/// Nothing of it has been executed, and nothing that came before it would have to be made again.
[[nodiscard]] bool is_certain(const Error& error) noexcept {
  return !error.may_have_run() && !error.is_final();
}

[[nodiscard]] FailureType type_of(std::string_view sqlstate) noexcept {
  if (sqlstate == "57014") return FailureType::timeout;
  const bool connection = class_of(sqlstate) == "08" || sqlstate.starts_with("57P") || sqlstate == "53300";
  return connection ? FailureType::connection_error : FailureType::exception;
}

}  // namespace

bool FailureClassifier::is_failure(std::string_view sqlstate) const noexcept {
  return std::any_of(rules_.sqlstates.begin(), rules_.sqlstates.end(),
                     [&](const std::string& prefix) { return sqlstate.starts_with(prefix); });
}

Outcome FailureClassifier::of(const Error& error, Duration latency) const noexcept {
  if (error.code().category() != postgres_category())
    return with(Outcome::ignored(), latency, Repeat::pointless);
  switch (static_cast<Errc>(error.code().value())) {
    case Errc::server:
    case Errc::rolled_back:
      return of_server(error, latency);
    case Errc::unresolved:
    case Errc::unreachable:
    case Errc::lost:
    case Errc::commit_unknown:
      return of_connection(error, latency);
    case Errc::pool_full:
    case Errc::pool_timeout:
    case Errc::in_doubt:
    case Errc::not_made:
    case Errc::busy:
    case Errc::unsupported:
    case Errc::no_column:
    case Errc::null_value:
    case Errc::wrong_type:
      break;
  }
  return with(Outcome::ignored(), latency, Repeat::pointless);
}

/// An error that leaves the session open is certain: its statement was rolled back. One that ends it is not:
/// a session may be ended when its transaction has just been committed.
Outcome FailureClassifier::of_server(const Error& error, Duration latency) const noexcept {
  const std::string& sqlstate = error.sqlstate();
  if (!is_failure(sqlstate)) {
    const bool again = (is_serialization_failure(sqlstate) || error.is_stale_plan()) && is_certain(error);
    return with(Outcome::success(latency), latency, again ? Repeat::worthwhile : Repeat::pointless);
  }
  const bool again = is_certain(error) && class_of(sqlstate) != "XX";
  return with(Outcome::failure(type_of(sqlstate), latency), latency,
              again ? Repeat::worthwhile : Repeat::pointless);
}

Outcome FailureClassifier::of_connection(const Error& error, Duration latency) const noexcept {
  const bool again = is_certain(error) && !is_misconfigured(error.sqlstate());
  return with(
      rules_.connection_error ? Outcome::failure(FailureType::connection_error, latency) : Outcome::ignored(),
      latency, again ? Repeat::worthwhile : Repeat::pointless);
}

}  // namespace switchgear::postgres
