#include "switchgear/a2a/proxy/card_rewrite.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <utility>

#include "switchgear/a2a/agent_card.hpp"
#include "switchgear/a2a/error.hpp"
#include "switchgear/a2a/json/fields.hpp"
#include "switchgear/a2a/json/malformed.hpp"
#include "switchgear/a2a/json/parse.hpp"
#include "switchgear/http/ascii.hpp"

namespace switchgear::a2a {

namespace json = boost::json;

namespace {

using wire::Fields;
using wire::Malformed;

constexpr std::string_view newer = "supportedInterfaces";
constexpr std::array<std::string_view, 3> older{"url", "preferredTransport", "additionalInterfaces"};
/// Clients that are made from protocol buffers read these in snake_case too.
constexpr std::array<std::string_view, 5> of_cards{newer, "url", "preferredTransport", "additionalInterfaces",
                                                   "signatures"};
constexpr std::array<std::string_view, 5> of_interfaces{"url", "protocolBinding", "transport",
                                                        "protocolVersion", "tenant"};

[[nodiscard]] bool is_nothing(const json::value& value) noexcept {
  return value.is_null() || (value.is_string() && value.get_string().empty());
}

/// The letter that readers who do not tell cases apart take it for, as those of Go do: also the long s and
/// the Kelvin sign.
[[nodiscard]] std::string folded(std::string_view name) {
  constexpr std::string_view long_s = "\xC5\xBF";
  constexpr std::string_view kelvin = "\xE2\x84\xAA";
  std::string text;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name.substr(at).starts_with(long_s)) {
      text += 's';
      at += long_s.size() - 1;
    } else if (name.substr(at).starts_with(kelvin)) {
      text += 'k';
      at += kelvin.size() - 1;
    } else if (name[at] != '_') {
      text += http::to_lower(name[at]);
    }
  }
  return text;
}

/// Takes out the keys that a reader may take for one of `names`, and that are not spelled like it.
template <std::size_t n>
void drop_look_alikes(json::object& object, const std::array<std::string_view, n>& names) {
  std::vector<std::string> dropped;
  for (const auto& member : object) {
    const std::string_view key = member.key();
    const std::string plain = folded(key);
    for (const std::string_view name : names) {
      if (key != name && plain == folded(name)) dropped.emplace_back(key);
    }
  }
  for (const std::string& key : dropped) object.erase(key);
}

class Rewriter {
 public:
  Rewriter(const ProxyPlace& place, std::vector<OfferedInterface>* offered)
      : place_(place), offered_(offered) {}

  /// A card of both versions has both forms; each caller reads one of them.
  void rewrite(json::object& card) {
    drop_look_alikes(card, of_cards);
    card.erase("signatures");
    for (const std::string_view name : older) {
      if (card.contains(name) && is_nothing(card.at(name))) card.erase(name);
    }
    if (card.contains(newer) && card.at(newer).is_null()) card.erase(newer);
    if (!card.contains(newer) && !card.contains("url"))
      throw Malformed("card.supportedInterfaces is missing");
    if (card.contains(newer)) {
      rewrite_list(card, newer, "protocolBinding", "1.0");
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
  [[nodiscard]] std::optional<std::string> through_proxy(const std::string& url, const std::string& binding,
                                                         const std::string& version, std::string tenant) {
    const auto known = parse_binding(binding);
    if (!known) return left_out(url + " is not HTTP");
    Passage passage = passage_of(url, place_);
    if (passage.url.empty()) return left_out(passage.why_not);
    if (offered_ != nullptr) {
      std::string path = std::move(passage.agents_path);
      path.resize(path.find_last_not_of('/') + 1);
      const ProtocolVersion spoken = parse_version(version).value_or(ProtocolVersion::v1_0);
      offered_->push_back({*known, spoken, std::move(path), std::move(tenant)});
    }
    return std::move(passage.url);
  }

  std::optional<std::string> left_out(const std::string& why) {
    left_out_ += "; " + why;
    return std::nullopt;
  }

  /// `versions`: of an interface that does not name its own.
  void rewrite_list(json::object& card, std::string_view name, std::string_view binding,
                    const std::string& versions) {
    const json::value whole(card);
    const Fields fields(whole, "card");
    json::array kept;
    fields.each_of(name, [&](const json::value& each, const std::string& where) {
      const Fields one(each, where);
      const std::string own = text_or_nothing(each, "protocolVersion");
      const auto url = through_proxy(one.needed_text("url"), one.needed_text(binding),
                                     own.empty() ? versions : own, text_or_nothing(each, "tenant"));
      if (!url) return;
      json::object rewritten = each.get_object();
      drop_look_alikes(rewritten, of_interfaces);
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
    std::string version = text_or_nothing(whole, "protocolVersion");
    if (version.empty()) version = "0.3";
    std::optional<std::string> first;
    if (card.contains("url")) first = through_proxy(fields.needed_text("url"), preferred, version, {});
    if (card.contains("additionalInterfaces"))
      rewrite_list(card, "additionalInterfaces", "transport", version);
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

  [[nodiscard]] static std::string text_or_nothing(const json::value& object, std::string_view name) {
    const auto* const found = object.get_object().if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  }

  const ProxyPlace& place_;
  std::vector<OfferedInterface>* offered_;
  std::string left_out_;
};

[[nodiscard]] bool looks_like_card(const json::object& value) {
  bool url = false;
  bool skills = false;
  for (const auto& member : value) {
    const std::string name = folded(member.key());
    if (name == "supportedinterfaces") return true;
    url |= name == "url";
    skills |= name == "skills";
  }
  return url && skills;
}

[[nodiscard]] bool answers_with_card(const json::value& answer) {
  if (!answer.is_object()) return false;
  const json::object& members = answer.get_object();
  return std::any_of(members.begin(), members.end(), [](const auto& member) {
    return folded(member.key()) == "result" && member.value().is_object() &&
           looks_like_card(member.value().get_object());
  });
}

/// Of an answer nothing else is kept: a caller could read another key of it as a card.
[[nodiscard]] json::object rewritten_answer(json::object& answer, const ProxyPlace& place,
                                            std::vector<OfferedInterface>* offered) {
  json::object kept;
  for (const std::string_view name : {"jsonrpc", "id"}) {
    if (const auto* const found = answer.if_contains(name)) kept[name] = *found;
  }
  auto* const result = answer.if_contains("result");
  const auto* const error = answer.if_contains("error");
  if (result != nullptr && result->is_object()) {
    Rewriter(place, offered).rewrite(result->get_object());
    kept["result"] = *result;
  } else if (error != nullptr && error->is_object()) {
    kept["error"] = *error;
  } else {
    throw Malformed("answer.result is missing");
  }
  return kept;
}

[[nodiscard]] json::array rewritten_list(json::array& answers, const ProxyPlace& place,
                                         std::vector<OfferedInterface>* offered) {
  json::array kept;
  for (json::value& each : answers) {
    kept.emplace_back(answers_with_card(each) ? rewritten_answer(each.get_object(), place, offered) : each);
  }
  return kept;
}

/// Numbers stand as strings while a card is rewritten, so that callers get them as they were written: read
/// and written again, large ones lose digits, and 1e999 is not JSON any more.
class NumberKeeper {
 public:
  /// `text` is valid JSON.
  explicit NumberKeeper(std::string_view text) : mark_(mark_for(text)) {
    bool quoted = false;
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view number = quoted ? std::string_view{} : number_at(text, at);
      if (!number.empty()) {
        text_.append("\"").append(mark_).append(number).append("\"");
        at += number.size();
        continue;
      }
      if (text[at] == '"') quoted = !quoted;
      if (quoted && text[at] == '\\') text_ += text[at++];
      text_ += text[at++];
    }
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::string put_back(std::string_view written) const {
    const std::string begin = "\"" + mark_;
    std::string text;
    for (std::size_t at = written.find(begin); at != std::string_view::npos; at = written.find(begin)) {
      text += written.substr(0, at);
      written.remove_prefix(at + begin.size());
      const std::size_t end = written.find('"');
      text += written.substr(0, end);
      written.remove_prefix(end + 1);
    }
    return text.append(written);
  }

 private:
  /// Longer than any run of its letter in the text, also of ones that are written as escapes.
  [[nodiscard]] static std::string mark_for(std::string_view text) {
    std::string plain(text);
    if (text.find('\\') != std::string_view::npos) plain = json::serialize(wire::parse_json(text));
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : plain) {
      run = c == '#' ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    return std::string(longest + 1, '#');
  }
  [[nodiscard]] static std::string_view number_at(std::string_view text, std::size_t at) noexcept {
    if (text[at] != '-' && (text[at] < '0' || text[at] > '9')) return {};
    const std::size_t end = text.find_first_not_of("+-.0123456789eE", at);
    return text.substr(at, end == std::string_view::npos ? end : end - at);
  }

  const std::string mark_;
  std::string text_;
};

[[nodiscard]] std::string rewritten(json::value&& value, const ProxyPlace& place, CardForm form,
                                    std::vector<OfferedInterface>* offered) {
  if (form == CardForm::rpc_list) {
    if (!value.is_array()) throw Malformed("answers is not a list");
    return json::serialize(rewritten_list(value.get_array(), place, offered));
  }
  if (!value.is_object()) throw Malformed("card is not an object");
  if (form == CardForm::rpc) return json::serialize(rewritten_answer(value.get_object(), place, offered));
  Rewriter(place, offered).rewrite(value.get_object());
  return json::serialize(value);
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
    if (value.is_array())
      return std::ranges::any_of(value.get_array(), answers_with_card) ? std::optional(CardForm::rpc_list)
                                                                       : std::nullopt;
    if (!value.is_object()) return std::nullopt;
    if (looks_like_card(value.get_object())) return CardForm::plain;
    if (answers_with_card(value)) return CardForm::rpc;
    return std::nullopt;
  } catch (const Malformed&) {
    return std::nullopt;  // not JSON: not a card
  }
}

std::string rewritten_card(std::string_view text, const ProxyPlace& place, CardForm form,
                           std::vector<OfferedInterface>* offered) {
  try {
    (void)wire::parse_json(text);
    const NumberKeeper numbers(text);
    return numbers.put_back(rewritten(wire::parse_json(numbers.text()), place, form, offered));
  } catch (const Malformed& wrong) {
    throw Error(Errc::bad_card, std::string("the card cannot be read: ") + wrong.what());
  }
}

std::string fault_of_card(std::string_view text, const ProxyPlace& place) {
  try {
    const AgentCard card = AgentCard::parse(text, "the card");
    if (card.interfaces.empty()) return "the card has no interface that can be called";
    (void)rewritten_card(text, place);
    return {};
  } catch (const Error& bad) {
    return bad.what();
  }
}

}  // namespace switchgear::a2a
