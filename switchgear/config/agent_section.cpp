#include "switchgear/config/agent_section.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/config/address.hpp"

namespace switchgear::config {

namespace {

constexpr std::array<std::string_view, 2> kinds{"http", "a2a"};
constexpr std::array<std::string_view, 2> ways{"unknown", "message_id"};
// Those in which a task can come back to its caller.
constexpr std::array<std::string_view, 6> states{"completed", "failed",         "canceled",
                                                 "rejected",  "input-required", "auth-required"};
constexpr std::size_t most_origins = 100;

void add(std::vector<std::string>& all, const Value& item, std::string text) {
  if (std::ranges::find(all, text) != all.end()) return item.wrong(quoted(text) + " is listed twice");
  all.push_back(std::move(text));
}

AgentOptions read_agent(const Value& value) {
  AgentOptions agent;
  Section section(value);
  std::size_t way = 0;
  section.read("duplicates", way, OneOf{ways});
  agent.tells_duplicates = way == 1;
  if (const auto list = section.find("failed_states")) {
    for (const Value& item : items(*list, "[failed, rejected]")) {
      if (const auto state = OneOf{states}(item))
        add(agent.failed_states, item, std::string(states.at(*state)));
    }
  }
  if (const auto list = section.find("origins")) {
    const std::vector<Value> listed = items(*list, "[\"https://planner.example\"]");
    if (listed.size() > most_origins)
      list->wrong(std::to_string(listed.size()) + " origins found; expected at most " +
                  std::to_string(most_origins));
    for (const Value& item : listed) {
      const auto text = Text{}(item);
      if (!text) continue;
      auto origin = parse_origin(*text);
      if (origin.value) {
        add(agent.origins, item, *std::move(origin.value));
      } else {
        item.wrong(origin.problem);
      }
    }
  }
  section.finish();
  return agent;
}

}  // namespace

void read_kind(Section& section, Service& service) {
  std::size_t kind = 0;
  section.read("kind", kind, OneOf{kinds});
  if (kind == 1) service.agent.emplace();
  const auto agent = section.find("agent");
  if (!agent) return;
  AgentOptions read = read_agent(*agent);
  if (service.agent) {
    service.agent = std::move(read);
  } else {
    agent->report->error(agent->key, agent->path, "is about an agent; write kind: a2a beside it");
  }
}

}  // namespace switchgear::config
