// One JSON object, written as it is built. Boost.JSON only escapes the strings: it prints 4.5 as 4.5E0 and
// some doubles inexactly.
#pragma once

#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/lab/seconds.hpp"

namespace switchgear::lab {

class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view value) {
    return raw(key, boost::json::serialize(boost::json::string_view(value.data(), value.size())));
  }
  JsonObject& time(std::string_view key, Duration value) { return raw(key, format_seconds(value)); }
  JsonObject& time(std::string_view key, TimePoint value) { return time(key, value.time_since_epoch()); }
  JsonObject& time(std::string_view key, const std::optional<Duration>& value) {
    return value ? time(key, *value) : raw(key, "null");
  }
  JsonObject& number(std::string_view key, double value) { return raw(key, format_number(value)); }
  JsonObject& count(std::string_view key, std::uint64_t value) { return raw(key, std::to_string(value)); }
  JsonObject& truth(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  JsonObject& object(std::string_view key, const JsonObject& value) { return raw(key, value.done()); }
  JsonObject& array(std::string_view key, const std::vector<JsonObject>& values) {
    std::string all;
    for (const JsonObject& value : values) all.append(all.empty() ? "" : ",").append(value.done());
    return raw(key, "[" + all + "]");
  }
  /// `value`: JSON.
  JsonObject& raw(std::string_view key, std::string_view value) {
    text_.append(text_.empty() ? "{" : ",");
    text_.append(boost::json::serialize(boost::json::string_view(key.data(), key.size())));
    text_.append(":").append(value);
    return *this;
  }

  [[nodiscard]] std::string done() const { return text_.empty() ? "{}" : text_ + "}"; }

 private:
  std::string text_;
};

}  // namespace switchgear::lab
