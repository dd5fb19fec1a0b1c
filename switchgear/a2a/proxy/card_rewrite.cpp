#include "switchgear/a2a/proxy/card_rewrite.hpp"

#include <algorithm>
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
#include "switchgear/http/error.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::a2a {

namespace json = boost::json;

namespace {

using wire::Fields;
using wire::Malformed;

class Rewriter {
 public:
  explicit Rewriter(const ProxyPlace& place) : place_(place) {}

  void rewrite(json::object& card) {
    if (card.contains("supportedInterfaces")) {
      rewrite_list(card, "supportedInterfaces", "protocolBinding");
      if (card["supportedInterfaces"].as_array().empty()) fail();
    } else if (card.contains("url")) {
      rewrite_older(card);
    } else {
      throw Malformed("card.supportedInterfaces is missing");
    }
    card.erase("signatures");
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(Errc::bad_card, "the card has no interface that leads through the gateway" + left_out_);
  }

  /// Empty: it does not lead to the agent behind the proxy.
  [[nodiscard]] std::optional<std::string> through_proxy(const std::string& url, const std::string& binding) {
    if (!parse_binding(binding)) {
      left_out_ += "; " + url + " is not HTTP";
      return std::nullopt;
    }
    try {
      const http::Url there = http::Url::parse(url);
      const std::string& path = there.target();
      const bool home =
          std::ranges::find(place_.agents_origins, there.origin()) != place_.agents_origins.end();
      const bool below = path.starts_with(place_.agents_prefix) &&
                         (place_.agents_prefix.empty() || path.size() == place_.agents_prefix.size() ||
                          path[place_.agents_prefix.size()] == '/');
      if (home && below) return place_.proxy + place_.proxy_prefix + path.substr(place_.agents_prefix.size());
      left_out_ +=
          "; " + url + (home ? " is outside of the path " + place_.agents_prefix : " is of another origin");
    } catch (const http::Error& bad) {
      left_out_ += std::string("; ") + bad.what();
    }
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
    const auto first = through_proxy(fields.needed_text("url"), preferred);
    if (card.contains("additionalInterfaces")) rewrite_list(card, "additionalInterfaces", "transport");
    if (first) {
      card["url"] = *first;
      return;
    }
    const auto* const others = card.if_contains("additionalInterfaces");
    if (others == nullptr || others->as_array().empty()) fail();
    const json::object next = others->as_array().front().as_object();
    card["url"] = next.at("url");
    card["preferredTransport"] = next.at("transport");
  }

  const ProxyPlace& place_;
  std::string left_out_;
};

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

std::string rewritten_card(std::string_view text, const ProxyPlace& place) {
  try {
    json::value value = wire::parse_json(text);
    if (!value.is_object()) throw Malformed("card is not an object");
    json::object* card = &value.get_object();
    if (card->contains("jsonrpc")) {
      auto* const result = card->if_contains("result");
      if (result == nullptr || !result->is_object()) return std::string(text);  // an error: for the caller
      card = &result->get_object();
    }
    Rewriter(place).rewrite(*card);
    return json::serialize(value);
  } catch (const Malformed& wrong) {
    throw Error(Errc::bad_card, std::string("the card cannot be read: ") + wrong.what());
  }
}

}  // namespace switchgear::a2a
