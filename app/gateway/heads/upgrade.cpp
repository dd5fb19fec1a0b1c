#include "app/gateway/heads/upgrade.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "app/gateway/heads/forwarding.hpp"
#include "switchgear/http/ascii.hpp"

namespace switchgear::gateway {

namespace {

using http::Field;
using http::FieldId;

constexpr std::string_view websocket = "websocket";

/// The value of the only line of this name; null: there is none, or there are several.
[[nodiscard]] const Field* only(const http::FieldList& fields, FieldId id) noexcept {
  const Field* found = nullptr;
  for (const Field& field : fields) {
    if (field.id != id) continue;
    if (found != nullptr) return nullptr;
    found = &field;
  }
  return found;
}

[[nodiscard]] bool connection_says_upgrade(const http::Head& head) noexcept {
  const auto end = head.connection_option.begin() + static_cast<std::ptrdiff_t>(head.connection_options);
  return std::any_of(head.connection_option.begin(), end,
                     [](std::string_view option) { return http::equals_lower(option, "upgrade"); });
}

}  // namespace

bool wants_upgrade(const http::Head& head, const http::FieldList& fields) noexcept {
  return connection_says_upgrade(head) && fields.find(FieldId::upgrade) != nullptr;
}

bool is_websocket_key(std::string_view text) noexcept {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return text.size() == 24 && text.ends_with("==") && text.find_first_not_of(digits) == 22;
}

std::string_view upgrade_asked_for(const http::Head& head, const http::FieldList& fields,
                                   std::span<const std::string> allowed) noexcept {
  if (allowed.empty() || head.version < 11 || head.close || head.expects_continue ||
      !connection_says_upgrade(head))
    return {};
  if (head.chunked || head.content_length.value_or(0) != 0) return {};
  const Field* upgrade = only(fields, FieldId::upgrade);
  if (upgrade == nullptr) return {};
  const bool is_allowed = std::ranges::any_of(
      allowed, [&](const std::string& protocol) { return http::equals_lower(upgrade->value, protocol); });
  if (!is_allowed) return {};
  if (http::equals_lower(upgrade->value, websocket)) {
    const Field* key = only(fields, FieldId::sec_websocket_key);
    if (head.method != "GET" || key == nullptr || !is_websocket_key(key->value)) return {};
  }
  return upgrade->value;
}

std::string proof_of_upgrade(std::string_view protocol, const http::FieldList& fields) {
  const Field* key = fields.find(FieldId::sec_websocket_key);
  if (!http::equals_lower(protocol, websocket) || key == nullptr) return {};
  std::string text{key->value};
  text.append("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1> encoded{};
  const int size = EVP_EncodeBlock(encoded.data(), digest.data(), SHA_DIGEST_LENGTH);
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}

bool confirms_upgrade(const http::Head& head, const http::FieldList& fields, std::string_view protocol,
                      std::string_view proof) noexcept {
  if (head.version < 11 || !connection_says_upgrade(head)) return false;
  const Field* upgrade = only(fields, FieldId::upgrade);
  if (upgrade == nullptr || !http::equals_ignoring_case(upgrade->value, protocol)) return false;
  if (proof.empty()) return true;
  const Field* accept = only(fields, FieldId::sec_websocket_accept);
  return accept != nullptr && accept->value == proof;
}

void write_upgraded(std::string& out, const http::Head& head, const http::FieldList& fields) {
  write_interim(out, head, fields);
  out.resize(out.size() - 2);  // the empty line at the end
  out.append("Connection: Upgrade\r\nUpgrade: ")
      .append(fields.find(FieldId::upgrade)->value)
      .append("\r\nVia: 1.1 switchgear\r\n\r\n");
}

}  // namespace switchgear::gateway
