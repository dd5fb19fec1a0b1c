#include "switchgear/postgres/error.hpp"

#include "switchgear/core/rejected.hpp"

namespace switchgear::postgres {

namespace {

class PostgresCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "switchgear.postgres"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::unresolved:
        return "the name of the server is not known";
      case Errc::unreachable:
        return "no connection could be opened";
      case Errc::lost:
        return "the connection broke while a statement ran";
      case Errc::server:
        return "the server answered with an error";
      case Errc::pool_full:
        return "too many calls wait for a connection";
      case Errc::pool_timeout:
        return "no connection became free in time";
      case Errc::in_doubt:
        return "the attempt before may have been executed, so it is not repeated";
      case Errc::rolled_back:
        return "the server rolled the transaction back instead of committing it";
      case Errc::commit_unknown:
        return "the connection broke during COMMIT; the transaction may have been committed";
      case Errc::not_made:
        return "a fallback answered, and the transaction was not made";
      case Errc::busy:
        return "the transaction is still busy with another statement";
      case Errc::unsupported:
        return "the client does not support this command";
      case Errc::no_column:
        return "the rows have no such column";
      case Errc::null_value:
        return "the value is NULL";
      case Errc::wrong_type:
        return "the value is of another type";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& postgres_category() noexcept {
  static const PostgresCategory category;
  return category;
}

Error::Error(std::error_code code, std::string text, ServerReport report)
    : std::system_error(code),
      about_(std::make_shared<const About>(About{std::move(text), std::move(report)})) {}

DatabaseUnavailable::DatabaseUnavailable(const std::string& database, std::error_code code,
                                         const std::string& why, ServerReport report)
    : Error(code, "database '" + database + "' is unavailable: " + why, std::move(report)) {}

DatabaseUnavailable::DatabaseUnavailable(const std::string& database, const Rejection& refused)
    : Error(switchgear::make_error_code(refused.reason),
            "database '" + database + "' is unavailable: " + to_string(refused)),
      retry_after_(refused.retry_after) {}

}  // namespace switchgear::postgres
