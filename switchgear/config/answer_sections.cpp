// cache and fallback: answers that the service did not give, or not now.
#include <algorithm>
#include <array>

#include "switchgear/config/option_problems.hpp"
#include "switchgear/config/sections.hpp"

namespace switchgear::config {

namespace {

/// Text that may be empty.
struct Body {
  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const {
    if (value.node->kind == Node::Kind::scalar && !value.node->empty()) return value.node->text;
    value.wrong(found(*value.node) + " found; expected text; quote it to write \"\" or {…}");
    return std::nullopt;
  }
};

/// What can stand in a Content-Type header.
struct MediaType {
  static constexpr std::string_view token_letters =
      "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const {
    auto text = Text{}(value);
    if (!text) return std::nullopt;
    const auto token = [](std::string_view word) {
      return !word.empty() && word.find_first_not_of(token_letters) == std::string_view::npos;
    };
    const std::string_view type = std::string_view(*text).substr(0, text->find(';'));
    const std::size_t slash = std::min(type.find('/'), type.size());
    const bool visible =
        std::all_of(text->begin(), text->end(), [](char letter) { return letter >= ' ' && letter <= '~'; });
    if (visible && slash < type.size() && token(type.substr(0, slash)) && token(type.substr(slash + 1)) &&
        text->back() != ' ')
      return text;
    value.wrong(quoted(*text) + " is not a valid media type; use, for example, application/json");
    return std::nullopt;
  }
};

ValueFallback read_value(const Value& value) {
  ValueFallback answer;
  Section section(value);
  section.read("status", answer.status, Whole{200, 599});
  section.read("body", answer.body, Body{});
  section.read("content_type", answer.content_type, MediaType{});
  if ((answer.status == 204 || answer.status == 304) && !answer.body.empty()) {
    section.find("body")->wrong("an answer with status " + std::to_string(answer.status) +
                                " has no body; expected another status, or no body");
  }
  section.finish();
  return answer;
}

CachedFallbackOptions read_stale(const Value& value) {
  const std::size_t errors_before = value.report->errors();
  CachedFallbackOptions options;
  Section section(value);
  section.read("max_stale", options.max_stale, Length{});
  section.read("max_entries", options.max_entries, any_whole);
  section.read("max_bytes", options.max_bytes, Size{});
  section.finish();
  report_problems(value, validate(options), errors_before);
  return options;
}

CallQueueOptions read_queue(const Value& value) {
  const std::size_t errors_before = value.report->errors();
  CallQueueOptions options;
  Section section(value);
  section.require("max", options.max, any_whole, "max: 10000");
  section.finish();
  report_problems(value, validate(options), errors_before);
  return options;
}

}  // namespace

void read_cache(const Value& value, Policy& policy) {
  const std::size_t errors_before = value.report->errors();
  Section section(value);
  if (!section.is_mapping()) return;
  CacheOptions& options = policy.cache.emplace();
  section.require("ttl", options.ttl, Length{}, "ttl: 5s");
  section.read("max_entries", options.max_entries, any_whole);
  section.read("max_bytes", options.max_bytes, Size{});
  section.finish();
  report_problems(value, validate(options), errors_before);
}

void read_fallback(const Value& value, Policy& policy) {
  Section section(value);
  if (!section.is_mapping()) return;
  int kinds = 0;
  const auto take = [&](std::string_view key, auto read) {
    const auto part = section.find(key);
    if (!part) return;
    ++kinds;
    policy.fallback = read(*part);
  };
  take("value", read_value);
  take("cache", read_stale);
  take("queue", read_queue);
  take("fail", [](const Value& text) { return FailFallback{Text{}(text).value_or("")}; });
  if (kinds != 1) {
    section.wrong(std::to_string(kinds) + " kinds found; expected exactly one of value, cache, queue, fail");
  }
  section.finish();
}

void read_level_answers(const Value& breaker, Policy& policy) {
  for (const BreakerLevel level : breaker_levels) {
    const std::string key = "levels." + std::string(to_string(level)) + ".answer";
    const Entry* const entry = find_entry(*breaker.node, key);
    if (entry == nullptr) continue;
    policy.level_answers[level] =
        read_value({&entry->value, entry->at, join(breaker.path, key), breaker.report});
  }
}

}  // namespace switchgear::config
