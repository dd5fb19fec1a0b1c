#include "switchgear/redis/cluster_slots.hpp"

#include <charconv>
#include <utility>

namespace switchgear::redis {

namespace {

/// CRC-16/XMODEM, as the Redis Cluster specification has it.
std::uint16_t crc16(std::string_view bytes) noexcept {
  constexpr std::uint32_t polynomial = 0x1021, top = 0x8000;
  std::uint32_t crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = ((crc << 1U) ^ ((crc & top) != 0 ? polynomial : 0)) & 0xffffU;
  }
  return static_cast<std::uint16_t>(crc);
}

std::optional<std::uint16_t> small_number(std::string_view digits) {
  std::uint16_t number = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || stop != digits.data() + digits.size()) return std::nullopt;
  return number;
}

Address beside(const Address& asked, std::string host, std::uint16_t port) {
  Address made = asked;
  if (!host.empty() && host != "?") made.host = std::move(host);
  made.port = port;
  return made;
}

std::optional<Address> node_of(const Reply& item, const Address& asked) {
  if (item.kind != Reply::Kind::array || item.items.size() < 2) return std::nullopt;
  const Reply &host = item.items[0], &port = item.items[1];
  if (port.kind != Reply::Kind::integer || port.integer < 1 || port.integer > 65'535) return std::nullopt;
  if (host.kind != Reply::Kind::text && host.kind != Reply::Kind::nil) return std::nullopt;
  return beside(asked, host.text, static_cast<std::uint16_t>(port.integer));
}

std::optional<SlotRange> range_of(const Reply& item, const Address& asked) {
  if (item.kind != Reply::Kind::array || item.items.size() < 3) return std::nullopt;
  const std::int64_t from = item.items[0].integer, to = item.items[1].integer;
  if (from < 0 || to < from || to >= cluster_slots) return std::nullopt;
  auto master = node_of(item.items[2], asked);
  if (!master) return std::nullopt;
  SlotRange range{static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(to), std::move(*master), {}};
  for (std::size_t i = 3; i < item.items.size(); ++i) {
    if (auto replica = node_of(item.items[i], asked)) range.replicas.push_back(std::move(*replica));
  }
  return range;
}

}  // namespace

std::uint16_t slot_of(std::string_view key) noexcept {
  const std::size_t open = key.find('{');
  const std::size_t close = open == std::string_view::npos ? open : key.find('}', open + 1);
  if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  return crc16(key) % cluster_slots;
}

std::optional<std::vector<SlotRange>> parse_slots(const Reply& reply, const Address& asked) {
  if (reply.kind != Reply::Kind::array) return std::nullopt;
  std::vector<SlotRange> ranges;
  for (const Reply& item : reply.items) {
    auto range = range_of(item, asked);
    if (!range) return std::nullopt;
    ranges.push_back(std::move(*range));
  }
  return ranges;
}

std::optional<Redirection> parse_redirection(const Reply& reply, const Address& asked) {
  const bool asks = reply.is_error("ASK");
  if (!asks && !reply.is_error("MOVED")) return std::nullopt;
  const std::string_view text = reply.text;
  const std::size_t first = text.find(' '), second = text.find(' ', first + 1), colon = text.rfind(':');
  if (second == std::string_view::npos || colon == std::string_view::npos || colon < second)
    return std::nullopt;
  const auto slot = small_number(text.substr(first + 1, second - first - 1));
  const auto port = small_number(text.substr(colon + 1));
  if (!slot || *slot >= cluster_slots || !port || *port == 0) return std::nullopt;
  return Redirection{asks, *slot,
                     beside(asked, std::string(text.substr(second + 1, colon - second - 1)), *port)};
}

}  // namespace switchgear::redis
