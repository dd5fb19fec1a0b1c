#include "app/interop/istio_match.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <optional>
#include <string>

#include "app/interop/values.hpp"

namespace switchgear::interop {

namespace json = boost::json;

namespace {

/// One alternative. `possible_` becomes false when a condition has no counterpart.
class Match {
 public:
  explicit Match(const Value& value, Ledger& ledger) : fields_(value, ledger), ledger_(ledger) {}

  /// Empty: it would take other requests than it does in the mesh.
  std::optional<Condition> read() {
    Condition condition{fields_.self(), {}};
    read_uri(condition);
    read_method(condition.route);
    read_authority(condition.route);
    read_headers(condition.route);
    fields_.ignore({"name", "statPrefix", "stat_prefix"});
    fields_.none("gateways", "there is one gateway");
    for (const std::string_view name :
         {"scheme", "port", "sourceLabels", "sourceNamespace", "queryParams", "withoutHeaders"})
      impossible(name);
    if (const auto any_case = fields_.find("ignoreUriCase")) {
      if (read_truth(*any_case).value_or(false)) ledger_.none(*any_case, "paths are compared as they are");
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
  void impossible(std::string_view name) {
    if (const auto value = fields_.find(name)) refuse(*value);
  }
  void refuse(const Value& value) {
    ledger_.none(value, "a route has no such condition");
    possible_ = false;
  }

  void read_uri(Condition& condition) {
    const auto value = fields_.find("uri");
    if (!value) {
      condition.route["prefix"] = "/";
      return;
    }
    Fields uri(*value, ledger_);
    if (const auto exact = uri.find("exact")) {
      condition.route["path"] = read_text(*exact).value_or("");
    } else if (const auto prefix = uri.find("prefix")) {
      condition.route["prefix"] = read_text(*prefix).value_or("");
      condition.textual = true;
    } else {
      return refuse(*value);
    }
    uri.finish();
  }

  void read_method(json::object& route) {
    const auto value = fields_.find("method");
    if (!value) return;
    Fields method(*value, ledger_);
    if (const auto exact = method.find("exact")) {
      route["methods"] = json::array{json::value(read_text(*exact).value_or(""))};
    } else if (const auto regex = method.find("regex")) {
      auto methods = methods_of(read_text(*regex).value_or(""));
      if (!methods) return refuse(*value);
      route["methods"] = *std::move(methods);
    } else {
      return refuse(*value);
    }
    method.finish();
  }

  void read_authority(json::object& route) {
    const auto value = fields_.find("authority");
    if (!value) return;
    Fields authority(*value, ledger_);
    const auto exact = authority.find("exact");
    if (!exact) return refuse(*value);
    route["host"] = read_text(*exact).value_or("");
    authority.finish();
  }

  void read_headers(json::object& route) {
    const auto value = fields_.find("headers");
    if (!value) return;
    json::object headers;
    if (value->node->kind != config::Node::Kind::mapping)
      return value->wrong(config::found(*value->node) + " found; expected a mapping");
    for (const config::Entry& entry : value->node->entries) {
      const Value header{&entry.value, entry.at, config::join(value->path, entry.key), value->report};
      Fields match(header, ledger_);
      const auto exact = match.find("exact");
      if (!exact || entry.key.starts_with(':')) {
        refuse(header);
        continue;
      }
      headers[entry.key] = read_text(*exact).value_or("");
      match.finish();
    }
    if (!headers.empty()) route["headers"] = std::move(headers);
  }

  Fields fields_;
  Ledger& ledger_;
  bool possible_ = true;
};

void add_once(std::string& notes, const std::string& note) {
  if (note.empty() || notes.find(note) != std::string::npos) return;
  notes.append(notes.empty() ? "" : "; ").append(note);
}

/// False: the routes would send the service other paths than the mesh does.
bool import_rewrite(const Value& value, std::vector<Condition>& conditions, Ledger& ledger) {
  Fields rewrite(value, ledger);
  rewrite.none("authority", "the service is sent the Host of the client");
  bool done = true;
  if (const auto uri = rewrite.find("uri")) {
    std::string how;
    for (Condition& condition : conditions)
      add_once(how, set_prefix_rewrite(condition, read_text(*uri).value_or("")));
    how.empty() ? ledger.carried(*uri, "rewrite of the routes")
                : ledger.approximated(*uri, "rewrite of the routes", how);
  }
  if (const auto value_of_regex = rewrite.find("uriRegexRewrite")) {
    Fields regex(*value_of_regex, ledger);
    const auto match = regex.find("match");
    const auto to = regex.find("rewrite");
    std::string how;
    const auto set = [&](Condition& condition) {
      if (!match || !to) return false;
      const auto done_how =
          set_regex_rewrite(condition.route, read_text(*match).value_or(""), read_text(*to).value_or(""));
      add_once(how, done_how.value_or(""));
      return done_how.has_value();
    };
    done = std::ranges::all_of(conditions, set);
    if (!done) {
      ledger.none(*value_of_regex, "the routes are left out: regular expressions cannot be written");
    } else if (how.empty()) {
      ledger.carried(*value_of_regex, "rewrite of the routes");
    } else {
      ledger.approximated(*value_of_regex, "rewrite of the routes", how);
    }
    regex.finish();
  }
  rewrite.finish();
  return done;
}

}  // namespace

std::vector<Condition> import_match(Fields& route) {
  std::vector<Condition> conditions;
  const auto list = route.find("match");
  if (!list) {
    Condition all{route.self(), {{"prefix", "/"}}};
    conditions.push_back(std::move(all));
  } else {
    for (const Value& item : config::items(*list, "[{uri: {prefix: /payment}}]")) {
      if (auto condition = Match{item, route.ledger()}.read()) conditions.push_back(*std::move(condition));
    }
  }
  std::vector<Condition*> all;
  for (Condition& condition : conditions) all.push_back(&condition);
  settle_prefixes(all);
  for (Condition& condition : conditions) {
    if (!condition.route.empty()) continue;
    route.ledger().carried(condition.origin, "the route of the prefix below it");
  }
  std::erase_if(conditions, [](const Condition& condition) { return condition.route.empty(); });
  if (const auto rewrite = route.find("rewrite")) {
    if (!import_rewrite(*rewrite, conditions, route.ledger())) conditions.clear();
  }
  return conditions;
}

}  // namespace switchgear::interop
