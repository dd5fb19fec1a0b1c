#include "app/gateway/heads/node_list.hpp"

#include <algorithm>

#include "switchgear/config/networks.hpp"
#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

namespace {

using http::Field;
using http::FieldId;

[[nodiscard]] bool is_port(std::string_view text) noexcept {
  return text.size() <= 5 && http::is_digits(text);
}

/// Reads Forwarded from the left, because only there quotes can be told from what they hold.
class ForwardedReader {
 public:
  void read(std::string_view line) noexcept {
    left_ = line;
    while (!left_.empty()) {
      skip_space();
      if (left_.empty() || take(',')) continue;  // an empty element
      if (!element()) return forget();
    }
  }

  [[nodiscard]] NodeList nearest_first() const noexcept {
    NodeList nodes;
    for (std::size_t i = 0; i < std::min(count_, ring_.size()); ++i)
      nodes.push_back(ring_[(count_ - 1 - i) % ring_.size()]);
    return nodes;
  }

 private:
  void skip_space() noexcept { left_.remove_prefix(std::min(left_.find_first_not_of(" \t"), left_.size())); }
  [[nodiscard]] bool take(char wanted) noexcept {
    if (left_.empty() || left_.front() != wanted) return false;
    left_.remove_prefix(1);
    return true;
  }

  /// Of a line without a readable end: neither what it holds nor what is left of it can be believed.
  void forget() noexcept { count_ = 0; }

  /// `name=value;name=value`, up to and with its comma. False: what follows cannot be told apart.
  [[nodiscard]] bool element() noexcept {
    const std::string_view whole = left_;
    ForwardedNode node;
    do {
      skip_space();
      if (!at_end_of_pair() && !pair(node)) return false;
      node.text = whole.substr(0, whole.size() - left_.size());
      skip_space();
    } while (take(';'));
    if (!left_.empty() && !take(',')) return false;
    ring_[count_++ % ring_.size()] = node;
    return true;
  }
  [[nodiscard]] bool at_end_of_pair() const noexcept {
    return left_.empty() || left_.front() == ';' || left_.front() == ',';
  }
  [[nodiscard]] bool pair(ForwardedNode& node) noexcept {
    std::string_view name;
    std::string_view value;
    if (!token(name) || !take('=') || !(take('"') ? quoted(value) : token(value))) return false;
    if (http::equals_lower(name, "for")) node.address = address_in(value);
    if (http::equals_lower(name, "proto")) node.scheme = value;
    if (http::equals_lower(name, "host")) node.host = value;
    return true;
  }
  [[nodiscard]] bool token(std::string_view& into) noexcept {
    const auto end = std::find_if_not(left_.begin(), left_.end(),
                                      [](char c) { return http::detail::is(c, http::detail::token_char); });
    into = left_.substr(0, static_cast<std::size_t>(end - left_.begin()));
    left_.remove_prefix(into.size());
    return !into.empty();
  }
  /// Behind its first quote. A value with a backslash is skipped: none of those looked for here needs one.
  [[nodiscard]] bool quoted(std::string_view& into) noexcept {
    for (std::size_t i = 0; i < left_.size(); ++i) {
      if (left_[i] == '\\') {
        ++i;
      } else if (left_[i] == '"') {
        into = left_.substr(0, i);
        left_.remove_prefix(i + 1);
        if (into.find('\\') != std::string_view::npos) into = {};
        return true;
      }
    }
    return false;
  }

  std::string_view left_;
  std::array<ForwardedNode, NodeList::static_capacity> ring_;
  std::size_t count_ = 0;
};

}  // namespace

std::string_view address_in(std::string_view node) noexcept {
  std::string_view address = node;
  if (node.starts_with('[')) {
    const std::size_t end = node.find(']');
    if (end == std::string_view::npos) return {};
    const std::string_view behind = node.substr(end + 1);
    if (!behind.empty() && (behind.front() != ':' || !is_port(behind.substr(1)))) return {};
    address = node.substr(1, end - 1);
    if (address.find(':') == std::string_view::npos) return {};
  } else if (const std::size_t colon = node.find(':');
             colon != std::string_view::npos && node.rfind(':') == colon) {
    if (!is_port(node.substr(colon + 1))) return {};
    address = node.substr(0, colon);
  }
  return config::IpAddress::parse(address) ? address : std::string_view{};
}

NodeList x_forwarded_for(const http::FieldList& fields) noexcept {
  NodeList nodes;
  for (auto field = fields.end(); field != fields.begin();) {
    --field;
    if (field->id != FieldId::unknown || !http::equals_lower(field->name, "x-forwarded-for")) continue;
    std::string_view left = field->value;
    while (!left.empty()) {
      const std::size_t comma = left.rfind(',');
      const std::string_view text = http::trimmed(left.substr(comma + 1));  // npos + 1 is 0
      left = left.substr(0, comma == std::string_view::npos ? 0 : comma);
      if (text.empty()) continue;
      const std::string_view address = address_in(text);
      if (address.empty() || nodes.size() == nodes.capacity()) return nodes;
      nodes.push_back({text, address, {}, {}});
    }
  }
  return nodes;
}

NodeList forwarded(const http::FieldList& fields) noexcept {
  ForwardedReader reader;
  for (const Field& field : fields) {
    if (field.id == FieldId::forwarded) reader.read(field.value);
  }
  return reader.nearest_first();
}

}  // namespace switchgear::gateway
