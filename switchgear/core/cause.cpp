#include "switchgear/core/cause.hpp"

namespace switchgear {

std::string Cause::text() const {
  if (rejection) return to_string(*rejection);
  std::string text{to_string(type)};
#if defined(__cpp_exceptions)
  if (exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::exception& thrown) {
      text += ": ";
      text += thrown.what();
    } catch (...) {
      text += ": not a std::exception";
    }
    return text;
  }
#endif
  if (code) text += ": " + code.message();
  return text;
}

}  // namespace switchgear
