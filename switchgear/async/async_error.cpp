#include "switchgear/async/async_error.hpp"

#include <string>

namespace switchgear {

namespace {

class AsyncCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "switchgear.async"; }
  [[nodiscard]] std::string message(int value) const override {
    if (static_cast<AsyncErrc>(value) == AsyncErrc::shared_failure) return "the call for the same key failed";
    return "the operation threw an exception that is not an error code";
  }
};

}  // namespace

const std::error_category& async_category() noexcept {
  static const AsyncCategory category;
  return category;
}

namespace detail {

boost::system::error_code boost_code(const std::error_code& code) noexcept {
  if (!code) return {};
  if (code.category() == std::system_category()) return {code.value(), boost::system::system_category()};
  if (code.category() == std::generic_category()) return {code.value(), boost::system::generic_category()};
  return code;
}

boost::system::error_code code_of(const std::exception_ptr& exception) noexcept {
  try {
    std::rethrow_exception(exception);
  } catch (const boost::system::system_error& thrown) {
    if (thrown.code()) return thrown.code();
  } catch (const std::system_error& thrown) {
    if (thrown.code()) return boost_code(thrown.code());
  } catch (...) {  // NOLINT(bugprone-empty-catch): has no code
  }
  return make_error_code(AsyncErrc::exception);
}

boost::system::error_code ErrorTraits<boost::system::error_code>::of(
    const FallbackFailure& failure) noexcept {
  const Cause& why = failure.fallback;
  if (why.rejection) return make_error_code(why.rejection->reason);
  if (why.exception) return code_of(why.exception);
  return boost_code(why.code);
}

}  // namespace detail

}  // namespace switchgear
