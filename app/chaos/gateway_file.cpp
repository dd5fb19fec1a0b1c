#include "app/chaos/gateway_file.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <string_view>
#include <utility>

#include "switchgear/config/report.hpp"
#include "switchgear/config/source_file.hpp"

namespace switchgear::chaos {
namespace {

using config::Entry;
using config::Node;

constexpr std::size_t largest_file = 1'048'576;

std::string in_quotes(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

Node text_node(std::string text) {
  Node node;
  node.style = Node::Style::quoted;
  node.text = std::move(text);
  return node;
}

Node mapping(std::vector<Entry> entries) {
  Node node;
  node.kind = Node::Kind::mapping;
  node.entries = std::move(entries);
  return node;
}

Entry entry(std::string key, Node value) { return {std::move(key), {}, std::move(value)}; }

const Node* find(const Node& mapping, std::string_view key) {
  const auto at = std::ranges::find(mapping.entries, key, &Entry::key);
  return at == mapping.entries.end() ? nullptr : &at->value;
}

template <std::size_t N>
void erase(Node& mapping, const std::array<std::string_view, N>& keys) {
  std::erase_if(mapping.entries, [&](const Entry& each) {
    return std::ranges::find(keys, std::string_view(each.key)) != keys.end();
  });
}

bool is_plain(std::string_view text) {
  return !text.empty() && text.find_first_of("\r\n\t") == std::string_view::npos;
}

void write(const Node& node, std::size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  if (node.kind == Node::Kind::scalar) {
    const bool plain = node.style == Node::Style::plain && (is_plain(node.text) || node.empty());
    out += " " + (plain ? node.text : in_quotes(node.text)) + "\n";
  } else if (node.kind == Node::Kind::sequence) {
    if (node.items.empty()) out += " []";
    out += "\n";
    for (const Node& item : node.items) {
      out += margin + "-";
      write(item, indent + 2, out);
    }
  } else {
    if (node.entries.empty()) out += " {}";
    out += "\n";
    for (const Entry& each : node.entries) {
      out += margin + in_quotes(each.key) + ":";
      write(each.value, indent + 2, out);
    }
  }
}

/// Of an upstream as it was written, all but where it is.
Node upstream(const Node* written, std::uint16_t port) {
  Node made = mapping({entry("url", text_node("http://127.0.0.1:" + std::to_string(port)))});
  if (written == nullptr) return made;
  if (const Node* weight = find(*written, "weight")) made.entries.push_back(entry("weight", *weight));
  return made;
}

Node played(const Node& service, const std::vector<std::uint16_t>& ports) {
  constexpr std::array<std::string_view, 4> elsewhere{"url", "upstreams", "tls", "dns"};
  const Node* written = find(service, "upstreams");
  const bool same = written != nullptr && written->items.size() == ports.size();
  Node upstreams;
  upstreams.kind = Node::Kind::sequence;
  for (std::size_t i = 0; i < ports.size(); ++i)
    upstreams.items.push_back(upstream(same ? &written->items[i] : nullptr, ports[i]));
  Node made = service;
  made.kind = Node::Kind::mapping;
  erase(made, elsewhere);
  made.entries.push_back(entry("upstreams", std::move(upstreams)));
  return made;
}

}  // namespace

std::string to_yaml(const Node& root) {
  std::string text;
  write(root, 0, text);
  return text;
}

std::optional<GatewayFile> GatewayFile::load(const std::string& path,
                                             std::vector<config::Diagnostic>& errors) {
  config::Report report(path);
  config::ReadResult file = config::read_file(path, largest_file);
  std::optional<Node> root;
  if (!file.bytes) {
    report.error({}, "", file.problem);
  } else if (const auto bad = config::find_bad_text(*file.bytes)) {
    report.error(config::mark_of(*file.bytes, bad->offset), "",
                 std::string(bad->problem) + " found; expected UTF-8 text");
  } else {
    root = config::parse_document(*file.bytes, report);
  }
  errors = report.take_errors();
  if (!root || !errors.empty()) return std::nullopt;
  return GatewayFile{std::move(*root)};
}

std::map<std::string, std::size_t> GatewayFile::services() const {
  std::map<std::string, std::size_t> counts;
  const Node* services = find(root_, "services");
  if (services == nullptr) return counts;
  for (const Entry& each : services->entries) {
    const Node* upstreams = find(each.value, "upstreams");
    counts[each.key] = upstreams == nullptr ? 1 : std::max<std::size_t>(upstreams->items.size(), 1);
  }
  return counts;
}

std::string GatewayFile::played_at(const std::map<std::string, std::vector<std::uint16_t>>& ports) const {
  constexpr std::array<std::string_view, 4> of_the_run{"version", "gateway", "policies", "services"};
  constexpr std::array<std::string_view, 2> of_the_gateway{"threads", "limits"};
  Node root = root_;
  std::erase_if(root.entries, [&](const Entry& each) {
    return std::ranges::find(of_the_run, std::string_view(each.key)) == of_the_run.end();
  });
  for (Entry& section : root.entries) {
    if (section.key == "gateway") {
      std::erase_if(section.value.entries, [&](const Entry& each) {
        return std::ranges::find(of_the_gateway, std::string_view(each.key)) == of_the_gateway.end();
      });
    } else if (section.key == "services") {
      for (Entry& service : section.value.entries) {
        if (const auto at = ports.find(service.key); at != ports.end())
          service.value = played(service.value, at->second);
      }
    }
  }
  return to_yaml(root);
}

}  // namespace switchgear::chaos
