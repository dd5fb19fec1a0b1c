// Members of a JSON object, read with a name for what is wrong with them.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/a2a/json/malformed.hpp"

namespace switchgear::a2a::wire {

/// One object, and where it stands. Borrows the value. Throws Malformed for what has a wrong type.
class Fields {
 public:
  Fields(const boost::json::value& value, std::string where) : where_(std::move(where)) {
    if (!value.is_object()) throw Malformed(where_ + " is not an object");
    object_ = &value.get_object();
  }
  Fields(const boost::json::value&& temporary, std::string where) = delete;

  /// Null if it is not there, or null.
  [[nodiscard]] const boost::json::value* find(std::string_view name) const noexcept {
    const boost::json::value* const found = object_->if_contains(name);
    return found == nullptr || found->is_null() ? nullptr : found;
  }
  /// Of the first that is there.
  [[nodiscard]] const boost::json::value* find_any(
      std::initializer_list<std::string_view> names) const noexcept {
    for (const std::string_view name : names) {
      if (const auto* const found = find(name)) return found;
    }
    return nullptr;
  }
  /// Empty if it is not there.
  [[nodiscard]] std::string text(std::string_view name) const {
    const auto* const found = find(name);
    if (found == nullptr) return {};
    if (!found->is_string()) throw Malformed(place(name) + " is not a string");
    return std::string(found->get_string());
  }
  [[nodiscard]] std::string needed_text(std::string_view name) const {
    std::string found = text(name);
    if (found.empty()) throw Malformed(place(name) + " is missing");
    return found;
  }
  [[nodiscard]] bool flag(std::string_view name) const {
    const auto* const found = find(name);
    if (found == nullptr) return false;
    if (!found->is_bool()) throw Malformed(place(name) + " is not true or false");
    return found->get_bool();
  }
  [[nodiscard]] boost::json::object object(std::string_view name) const {
    const auto* const found = find(name);
    if (found == nullptr) return {};
    if (!found->is_object()) throw Malformed(place(name) + " is not an object");
    return found->get_object();
  }
  /// Calls `each(value, where)` for every element of a list; an absent one has none.
  template <class Each>
  void each_of(std::string_view name, Each&& each) const {
    const auto* const found = find(name);
    if (found == nullptr) return;
    if (!found->is_array()) throw Malformed(place(name) + " is not a list");
    std::size_t at = 0;
    for (const boost::json::value& element : found->get_array())
      each(element, place(name) + "[" + std::to_string(at++) + "]");
  }
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const {
    std::vector<std::string> all;
    each_of(name, [&](const boost::json::value& element, const std::string& where) {
      if (!element.is_string()) throw Malformed(where + " is not a string");
      all.emplace_back(element.get_string());
    });
    return all;
  }

  [[nodiscard]] std::string place(std::string_view name) const { return where_ + "." + std::string(name); }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }

 private:
  const boost::json::object* object_ = nullptr;
  std::string where_;
};

}  // namespace switchgear::a2a::wire
