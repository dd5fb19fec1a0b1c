#include "switchgear/policy/fallback_failure.hpp"

namespace switchgear {

namespace {

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "switchgear.fallback"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<FallbackErrc>(value)) {
      case FallbackErrc::nothing_remembered:
        return "no answer is remembered that is young enough";
      case FallbackErrc::queue_full:
        return "the queue is full";
      case FallbackErrc::told_to_fail:
        return "told to fail";
      case FallbackErrc::no_key:
        return "the call has no key, so no answer was remembered for it";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& fallback_category() noexcept {
  static const Category category;
  return category;
}

std::string FallbackFailure::text() const {
  std::string text = "fallback '" + name + "': ";
  if (!message.empty()) {
    text += message;
  } else if (fallback.code.category() == fallback_category()) {
    text += fallback.code.message();  // no call failed here: a failure type would mislead
  } else {
    text += fallback.text();
  }
  return text + "; the call: " + primary.text();
}

}  // namespace switchgear
