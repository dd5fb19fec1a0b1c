#include "switchgear/a2a/message.hpp"

#include <array>
#include <random>

namespace switchgear::a2a {

namespace {

[[nodiscard]] std::string random_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device source;
  std::string id;
  for (int word = 0; word != 4; ++word) {
    const std::uint32_t bits = source();
    for (unsigned shift = 0; shift != 32; shift += 4) id += digits[(bits >> shift) & 15U];
  }
  return id;
}

[[nodiscard]] std::string joined(const std::vector<Part>& parts) {
  std::string all;
  for (const Part& part : parts) {
    if (part.text() != nullptr) all += *part.text();
  }
  return all;
}

}  // namespace

Message::Message(std::string text) : message_id(random_id()) { parts.emplace_back(std::move(text)); }

std::string Message::text() const { return joined(parts); }

std::string Artifact::text() const { return joined(parts); }

}  // namespace switchgear::a2a
