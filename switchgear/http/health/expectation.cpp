#include "switchgear/http/health/expectation.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <utility>
#include <variant>

namespace switchgear::http {

namespace json = boost::json;
using health::CheckEnd;
using health::CheckResult;

namespace {

/// Numbers are equal by their value, however they are written: 1 and 1.0.
struct Equals {
  const json::value& seen;

  bool operator()(std::nullptr_t) const noexcept { return seen.is_null(); }
  bool operator()(bool expected) const noexcept { return seen.is_bool() && seen.get_bool() == expected; }
  bool operator()(double expected) const { return seen.is_number() && seen.to_number<double>() == expected; }
  bool operator()(const std::string& expected) const {
    return seen.is_string() && std::string_view(seen.get_string()) == expected;
  }
};

[[nodiscard]] std::string cut_short(std::string text) {
  constexpr std::size_t most = 80;
  if (text.size() > most) text.replace(most, std::string::npos, "…");
  return text;
}

[[nodiscard]] std::string text_of(const health::JsonValue& value) {
  const auto made = std::visit([](const auto& each) { return json::value(each); }, value);
  return cut_short(json::serialize(made));
}

[[nodiscard]] CheckResult unexpected(std::string words) { return {CheckEnd::unexpected, std::move(words)}; }

[[nodiscard]] CheckResult judged(const health::JsonExpectation& expectation, const json::value& answer) {
  const std::string where = expectation.pointer.empty() ? "the answer" : expectation.pointer;
  boost::system::error_code error;
  const json::value* seen = answer.find_pointer(expectation.pointer, error);
  if (seen == nullptr) return unexpected(where + " is not there");
  if (std::visit(Equals{*seen}, expectation.value)) return {};
  return unexpected(where + " is " + cut_short(json::serialize(*seen)) + ", not " +
                    text_of(expectation.value));
}

}  // namespace

bool is_expected(const health::HttpCheck& check, unsigned status) noexcept {
  return std::ranges::any_of(
      check.status, [status](const auto& range) { return status >= range.first && status <= range.second; });
}

CheckResult judged(const health::HttpCheck& check, const Response& response) {
  if (!is_expected(check, response.status)) return unexpected("status " + std::to_string(response.status));
  if (check.json.empty()) return {};
  boost::system::error_code error;
  const json::value answer = json::parse(response.body, error);
  if (error) return unexpected("the answer is not JSON");
  for (const health::JsonExpectation& each : check.json) {
    if (CheckResult result = judged(each, answer); !result.good()) return result;
  }
  return {};
}

}  // namespace switchgear::http
