#include "switchgear/a2a/agent_card.hpp"

#include <utility>

#include "switchgear/a2a/error.hpp"
#include "switchgear/a2a/json/fields.hpp"
#include "switchgear/a2a/json/parse.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::a2a {

namespace {

using wire::Fields;
using wire::Malformed;

constexpr std::string_view jsonrpc = "JSONRPC";
constexpr std::string_view http_json = "HTTP+JSON";

/// One interface as it is written.
struct Written {
  std::string url, binding, version, tenant;
};

void add(AgentCard& card, const Written& written, const std::string& where) {
  const auto binding = parse_binding(written.binding);
  const auto version = parse_version(written.version);
  if (!binding || !version) {
    card.passed_over.push_back(written.binding + " " + written.version + " at " + written.url);
    return;
  }
  try {
    (void)http::Url::parse(written.url);
  } catch (const http::Error& bad) {
    throw Malformed(where + ".url: " + bad.what());
  }
  const AgentInterface added{written.url, *binding, *version, written.tenant};
  for (const AgentInterface& known : card.interfaces) {
    if (known == added) return;
  }
  card.interfaces.push_back(added);
}

/// 1.0: supportedInterfaces.
void read_interfaces(const Fields& fields, AgentCard& card) {
  fields.each_of("supportedInterfaces", [&](const boost::json::value& each, const std::string& where) {
    const Fields one(each, where);
    add(card,
        {one.needed_text("url"), one.needed_text("protocolBinding"), one.needed_text("protocolVersion"),
         one.text("tenant")},
        where);
  });
}

/// 0.3: url and preferredTransport, then additionalInterfaces; all of one version.
void read_older_interfaces(const Fields& fields, AgentCard& card) {
  std::string version = fields.text("protocolVersion");
  if (version.empty()) version = "0.3";
  std::string preferred = fields.text("preferredTransport");
  if (preferred.empty()) preferred = jsonrpc;
  add(card, {fields.needed_text("url"), preferred, version, {}}, fields.where());
  fields.each_of("additionalInterfaces", [&](const boost::json::value& each, const std::string& where) {
    const Fields one(each, where);
    add(card, {one.needed_text("url"), one.needed_text("transport"), version, {}}, where);
  });
}

void read_capabilities(const Fields& fields, AgentCard& card) {
  if (const auto* const value = fields.find("capabilities")) {
    const Fields capabilities(*value, fields.place("capabilities"));
    card.capabilities.streaming = capabilities.flag("streaming");
    card.capabilities.push_notifications = capabilities.flag("pushNotifications");
    card.capabilities.extended_agent_card = capabilities.flag("extendedAgentCard");
  }
  if (fields.flag("supportsAuthenticatedExtendedCard")) card.capabilities.extended_agent_card = true;
}

[[nodiscard]] AgentCard read_card(const boost::json::value& value) {
  const Fields fields(value, "card");
  AgentCard card;
  card.name = fields.needed_text("name");
  card.description = fields.text("description");
  card.version = fields.text("version");
  if (fields.find("supportedInterfaces") != nullptr) {
    read_interfaces(fields, card);
  } else if (fields.find("url") != nullptr) {
    read_older_interfaces(fields, card);
  } else {
    throw Malformed("card.supportedInterfaces is missing");
  }
  read_capabilities(fields, card);
  fields.each_of("skills", [&](const boost::json::value& each, const std::string& where) {
    const Fields one(each, where);
    card.skills.push_back(
        {one.needed_text("id"), one.text("name"), one.text("description"), one.texts("tags")});
  });
  card.json = value.get_object();
  return card;
}

}  // namespace

std::string_view to_string(ProtocolVersion version) noexcept {
  return version == ProtocolVersion::v1_0 ? "1.0" : "0.3";
}

std::string_view to_string(Binding binding) noexcept {
  return binding == Binding::jsonrpc ? jsonrpc : http_json;
}

std::optional<ProtocolVersion> parse_version(std::string_view text) noexcept {
  for (const ProtocolVersion version : {ProtocolVersion::v1_0, ProtocolVersion::v0_3}) {
    const std::string_view name = to_string(version);
    if (text == name || (text.starts_with(name) && text[name.size()] == '.')) return version;
  }
  return std::nullopt;
}

std::optional<Binding> parse_binding(std::string_view text) noexcept {
  if (text == jsonrpc) return Binding::jsonrpc;
  if (text == http_json) return Binding::http_json;
  return std::nullopt;
}

AgentCard AgentCard::parse(std::string_view text, std::string_view from) {
  try {
    return read_card(wire::parse_json(text));
  } catch (const Malformed& wrong) {
    throw Error(Errc::bad_card, std::string(from) + ": " + wrong.what());
  }
}

const AgentSkill* AgentCard::skill(std::string_view id) const noexcept {
  for (const AgentSkill& each : skills) {
    if (each.id == id) return &each;
  }
  return nullptr;
}

}  // namespace switchgear::a2a
