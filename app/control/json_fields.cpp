#include "app/control/json_fields.hpp"

#include <boost/json/value.hpp>

#include "app/control/terminal_text.hpp"

namespace switchgear::control {
namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? printable(std::string_view{found->get_string()})
                                                : std::string{};
}

std::optional<double> number_in(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->to_number<double>();
}

double number_of(const json::object& object, std::string_view key) {
  return number_in(object, key).value_or(0);
}

bool is_true(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

const json::object& object_of(const json::object& object, std::string_view key) {
  static const json::object none;
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_object() ? found->get_object() : none;
}

const json::array& array_of(const json::object& object, std::string_view key) {
  static const json::array none;
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_array() ? found->get_array() : none;
}

}  // namespace switchgear::control
