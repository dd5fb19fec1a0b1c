#include "switchgear/a2a/proxy/card_rewrite.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>

#include "switchgear/a2a/agent_card.hpp"
#include "switchgear/a2a/error.hpp"
#include "switchgear/a2a/json/fields.hpp"
#include "switchgear/a2a/json/malformed.hpp"
#include "switchgear/a2a/json/parse.hpp"
#include "switchgear/http/ascii.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::a2a {

namespace json = boost::json;

namespace {

using wire::Fields;
using wire::Malformed;

constexpr std::string_view newer = "supportedInterfaces";
constexpr std::array<std::string_view, 3> older{"url", "preferredTransport", "additionalInterfaces"};
// Clients that are made from protocol buffers read these too.
constexpr std::array<std::string_view, 3> snake_case{"supported_interfaces", "preferred_transport",
                                                     "additional_interfaces"};

[[nodiscard]] bool is_nothing(const json::value& value) noexcept {
  return value.is_null() || (value.is_string() && value.get_string().empty());
}

/// Resolved, it could be the path of another service: `/../billing`, also as `%2e%2e`. What an encoded slash
/// is to the next one who reads it is not known.
[[nodiscard]] bool climbs(std::string_view path) {
  std::string lower(path);
  for (char& c : lower) c = http::to_lower(c);
  for (const std::string_view slash : {"\\", "%2f", "%5c"}) {
    if (lower.find(slash) != std::string::npos) return true;
  }
  for (std::size_t at = lower.find("%2e"); at != std::string::npos; at = lower.find("%2e", at + 1))
    lower.replace(at, 3, ".");
  lower += '/';
  return lower.find("/./") != std::string::npos || lower.find("/../") != std::string::npos;
}

class Rewriter {
 public:
  explicit Rewriter(const ProxyPlace& place) : place_(place) {}

  /// A card of both versions has both forms; each caller reads one of them.
  void rewrite(json::object& card) {
    for (const std::string_view name : snake_case) card.erase(name);
    card.erase("signatures");
    for (const std::string_view name : older) {
      if (card.contains(name) && is_nothing(card.at(name))) card.erase(name);
    }
    if (card.contains(newer) && card.at(newer).is_null()) card.erase(newer);
    if (!card.contains(newer) && !card.contains("url"))
      throw Malformed("card.supportedInterfaces is missing");
    if (card.contains(newer)) {
      rewrite_list(card, newer, "protocolBinding");
      if (card.at(newer).as_array().empty()) card.erase(newer);
    }
    rewrite_older(card);
    if (!card.contains(newer) && !card.contains("url")) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(Errc::bad_card, "the card has no interface that leads through the gateway" + left_out_);
  }

  /// Empty: it does not lead to the agent behind the proxy.
  [[nodiscard]] std::optional<std::string> through_proxy(const std::string& url, const std::string& binding) {
    if (!parse_binding(binding)) return left_out(url, " is not HTTP");
    try {
      const http::Url there = http::Url::parse(url);
      const std::string_view path = std::string_view{there.target()}.substr(0, there.target().find('?'));
      const std::string_view prefix = place_.agents_prefix;
      if (std::ranges::find(place_.agents_origins, there.origin()) == place_.agents_origins.end())
        return left_out(url, " is of another origin");
      if (climbs(path)) return left_out(url, " has dots or encoded slashes in its path");
      if (!path.starts_with(prefix) ||
          (!prefix.empty() && path.size() != prefix.size() && path[prefix.size()] != '/'))
        return left_out(url, " is outside of the path " + place_.agents_prefix);
      const std::string here = place_.proxy_prefix + std::string(path.substr(prefix.size()));
      if (place_.leads_to_agent && !place_.leads_to_agent(here))
        return left_out(url, " would be " + here + " here, which does not lead to this agent");
      return place_.proxy + here + there.target().substr(path.size());
    } catch (const http::Error& bad) {
      return left_out(bad.what(), "");
    }
  }

  std::optional<std::string> left_out(const std::string& url, const std::string& why) {
    left_out_ += "; " + url + why;
    return std::nullopt;
  }

  void rewrite_list(json::object& card, std::string_view name, std::string_view binding) {
    const json::value whole(card);
    const Fields fields(whole, "card");
    json::array kept;
    fields.each_of(name, [&](const json::value& each, const std::string& where) {
      const Fields one(each, where);
      const auto url = through_proxy(one.needed_text("url"), one.needed_text(binding));
      if (!url) return;
      json::object rewritten = each.get_object();
      rewritten["url"] = *url;
      kept.emplace_back(std::move(rewritten));
    });
    card[name] = std::move(kept);
  }

  /// 0.3: the first interface stands in the card itself.
  void rewrite_older(json::object& card) {
    const json::value whole(card);
    const Fields fields(whole, "card");
    std::string preferred = fields.text("preferredTransport");
    if (preferred.empty()) preferred = to_string(Binding::jsonrpc);
    std::optional<std::string> first;
    if (card.contains("url")) first = through_proxy(fields.needed_text("url"), preferred);
    if (card.contains("additionalInterfaces")) rewrite_list(card, "additionalInterfaces", "transport");
    const auto* const others = card.if_contains("additionalInterfaces");
    if (first) {
      card["url"] = *first;
    } else if (others != nullptr && !others->as_array().empty()) {
      const json::object next = others->as_array().front().as_object();
      card["url"] = next.at("url");
      card["preferredTransport"] = next.at("transport");
    } else {
      for (const std::string_view name : older) card.erase(name);
    }
  }

  const ProxyPlace& place_;
  std::string left_out_;
};

[[nodiscard]] bool looks_like_card(const json::object& value) noexcept {
  return value.contains(newer) || value.contains(snake_case.front()) ||
         (value.contains("url") && value.contains("skills"));
}

/// Of an answer nothing else is kept: a caller could read another key of it as a card.
[[nodiscard]] json::object rewritten_answer(json::object& answer, const ProxyPlace& place) {
  json::object kept;
  for (const std::string_view name : {"jsonrpc", "id"}) {
    if (const auto* const found = answer.if_contains(name)) kept[name] = *found;
  }
  auto* const result = answer.if_contains("result");
  const auto* const error = answer.if_contains("error");
  if (result != nullptr && result->is_object()) {
    Rewriter(place).rewrite(result->get_object());
    kept["result"] = *result;
  } else if (error != nullptr && error->is_object()) {
    kept["error"] = *error;
  } else {
    throw Malformed("answer.result is missing");
  }
  return kept;
}

}  // namespace

Prefixes differing_prefixes(std::string_view callers_path, std::string_view agents_path) noexcept {
  std::size_t same = 0;
  std::size_t end = 0;  // of the longest common end that begins with a '/'
  while (same < callers_path.size() && same < agents_path.size() &&
         callers_path[callers_path.size() - 1 - same] == agents_path[agents_path.size() - 1 - same]) {
    if (callers_path[callers_path.size() - 1 - same] == '/') end = same + 1;
    ++same;
  }
  return {callers_path.substr(0, callers_path.size() - end), agents_path.substr(0, agents_path.size() - end)};
}

std::optional<CardForm> card_form_of(std::string_view text) {
  try {
    const json::value value = wire::parse_json(text);
    if (!value.is_object()) return std::nullopt;
    if (looks_like_card(value.get_object())) return CardForm::plain;
    const auto* const result = value.get_object().if_contains("result");
    if (result != nullptr && result->is_object() && looks_like_card(result->get_object()))
      return CardForm::rpc;
    return std::nullopt;
  } catch (const Malformed&) {
    return std::nullopt;  // not JSON: not a card
  }
}

std::string rewritten_card(std::string_view text, const ProxyPlace& place, CardForm form) {
  try {
    json::value value = wire::parse_json(text);
    if (!value.is_object()) throw Malformed("card is not an object");
    if (form == CardForm::rpc) return json::serialize(rewritten_answer(value.get_object(), place));
    Rewriter(place).rewrite(value.get_object());
    return json::serialize(value);
  } catch (const Malformed& wrong) {
    throw Error(Errc::bad_card, std::string("the card cannot be read: ") + wrong.what());
  }
}

}  // namespace switchgear::a2a
