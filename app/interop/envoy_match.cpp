#include "app/interop/envoy_match.hpp"

#include <boost/json/array.hpp>
#include <string>
#include <utility>
#include <vector>

#include "app/interop/values.hpp"
#include "switchgear/config/letters.hpp"

namespace switchgear::interop {

namespace json = boost::json;

namespace {

class Match {
 public:
  Match(const Value& value, Ledger& ledger) : fields_(value, ledger), ledger_(ledger) {}

  std::optional<Condition> read() {
    Condition condition{fields_.self(), {}};
    read_path(condition);
    read_headers(condition.route);
    if (const auto sensitive = fields_.find("case_sensitive"); sensitive && sensitive->node->text == "false")
      ledger_.none(*sensitive, "paths are compared as they are");
    for (const std::string_view name : {"query_parameters", "runtime_fraction", "grpc", "tls_context",
                                        "dynamic_metadata", "filter_state", "cookies"}) {
      if (const auto value = fields_.find(name)) refuse(*value);
    }
    fields_.finish();
    if (!possible_) {
      ledger_.none(fields_.self(),
                   "left out: without the conditions that have no counterpart it would take more");
      return std::nullopt;
    }
    return condition;
  }

 private:
  void refuse(const Value& value) {
    ledger_.none(value, "a route has no such condition");
    possible_ = false;
  }

  void read_path(Condition& condition) {
    if (const auto path = fields_.find("path")) {
      condition.route["path"] = read_text(*path).value_or("");
    } else if (const auto segments = fields_.find("path_separated_prefix")) {
      condition.route["prefix"] = read_text(*segments).value_or("");
    } else if (const auto prefix = fields_.find("prefix")) {
      const std::string text = read_text(*prefix).value_or("");
      condition.route["prefix"] = text.empty() ? "/" : text;
      condition.textual = true;
    } else {
      for (const std::string_view name : {"safe_regex", "connect_matcher", "path_match_policy"}) {
        if (const auto value = fields_.find(name)) refuse(*value);
      }
      if (possible_) condition.route["prefix"] = "/";
    }
  }

  /// The text that a header must have: `{exact: …}`, whichever of their spellings has it.
  static std::optional<std::string> exact_text(Fields& header) {
    if (const auto exact = header.find("exact_match")) return read_text(*exact);
    const auto match = header.find("string_match");
    if (!match) return std::nullopt;
    Ledger unseen{""};
    Fields text(*match, unseen);
    const auto exact = text.find("exact");
    if (match->node->entries.size() != 1 || !exact) return std::nullopt;
    return read_text(*exact);
  }

  /// `GET|POST`.
  static std::optional<json::array> methods_in(Fields& header) {
    const auto match = header.find("string_match");
    if (!match) return std::nullopt;
    Ledger unseen{""};
    Fields text(*match, unseen);
    Fields regex(text.section("safe_regex"), unseen);
    const auto value = regex.find("regex");
    return value ? methods_of(read_text(*value).value_or("")) : std::nullopt;
  }

  static json::value methods_or(const std::optional<json::array>& methods,
                                const std::optional<std::string>& text) {
    return methods ? json::value(*methods) : json::value(json::array{json::value(*text)});
  }

  /// False: another condition of the same field asks for something else, and a route has one of each.
  static bool set_once(json::object& object, std::string_view key, const json::value& value) {
    const auto [at, added] = object.emplace(key, value);
    return added || at->value() == value;
  }

  void read_headers(json::object& route) {
    const auto list = fields_.find("headers");
    if (!list) return;
    json::object headers;
    for (const Value& item : config::items(*list, "[{name: x-beta, string_match: {exact: '1'}}]")) {
      Fields header(item, ledger_);
      const auto name_value = header.find("name");
      const std::string name = name_value ? read_text(*name_value).value_or("") : "";
      auto text = exact_text(header);
      auto methods = name == ":method" ? methods_in(header) : std::nullopt;
      const auto inverted = header.find("invert_match");
      header.ignore({"treat_missing_header_as_empty"});
      const bool usual = !inverted || !read_truth(*inverted).value_or(true);
      if (!usual || (!text && !methods) ||
          (name.starts_with(':') && name != ":method" && name != ":authority")) {
        refuse(item);
        continue;
      }
      header.finish();
      const bool only = name == ":method"      ? set_once(route, "methods", methods_or(methods, text))
                        : name == ":authority" ? set_once(route, "host", json::value(*text))
                                               : set_once(headers, name, json::value(*text));
      if (!only) refuse(item);
    }
    if (!headers.empty()) route["headers"] = std::move(headers);
  }

  Fields fields_;
  Ledger& ledger_;
  bool possible_ = true;
};

}  // namespace

std::optional<Condition> import_envoy_match(const Value& match, Ledger& ledger) {
  return Match{match, ledger}.read();
}

bool import_envoy_rewrite(Fields& action, Condition& condition) {
  Ledger& ledger = action.ledger();
  if (const auto prefix = action.find("prefix_rewrite")) {
    const std::string how = set_prefix_rewrite(condition, read_text(*prefix).value_or(""));
    how.empty() ? ledger.carried(*prefix, "rewrite of the route")
                : ledger.approximated(*prefix, "rewrite of the route", how);
  }
  const auto regex = action.find("regex_rewrite");
  if (!regex) return true;
  Fields fields(*regex, ledger);
  Fields pattern(fields.section("pattern"), ledger);
  const auto text = pattern.find("regex");
  const auto to = fields.find("substitution");
  pattern.none("google_re2", "expressions cannot be written");
  pattern.finish();
  fields.finish();
  std::optional<std::string> how;
  if (text && to)
    how = set_regex_rewrite(condition.route, read_text(*text).value_or(""), read_text(*to).value_or(""));
  if (how) {
    how->empty() ? ledger.carried(*regex, "rewrite of the route")
                 : ledger.approximated(*regex, "rewrite of the route", *how);
    return true;
  }
  ledger.none(*regex, "the route is left out: regular expressions cannot be written");
  return false;
}

std::optional<bool> websocket_passes(Fields& fields, std::string_view to) {
  const auto list = fields.find("upgrade_configs");
  if (!list) return std::nullopt;
  Ledger& ledger = fields.ledger();
  std::optional<bool> passes;
  for (const Value& item : config::items(*list, "[{upgrade_type: websocket}]")) {
    Fields one(item, ledger);
    const auto type = one.find("upgrade_type");
    const auto enabled = one.find("enabled");
    one.none("connect_config", "CONNECT is not served");
    one.none("filters", "the policies of the service are those of its upgrades");
    one.finish();
    const std::string protocol = type ? read_text(*type).value_or("") : "";
    if (config::mapped(protocol, config::capitals, config::smalls) == "websocket") {
      passes = !enabled || read_truth(*enabled).value_or(true);
      ledger.carried(item, *passes ? to : "the route, without upgrade");
    } else {
      ledger.none(item, "upgrades are imported for WebSocket only");
    }
  }
  return passes;
}

}  // namespace switchgear::interop
