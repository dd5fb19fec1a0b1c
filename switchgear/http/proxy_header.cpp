#include "switchgear/http/proxy_header.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <charconv>

#include "switchgear/http/ascii.hpp"

namespace switchgear::http {

namespace {

using namespace std::string_view_literals;

// ---- version 1: a line of text ----------------------------------------------------------------------------

constexpr std::string_view v1_prefix = "PROXY ";
constexpr std::size_t longest_line = 107;  // with its CR LF

[[nodiscard]] std::optional<std::uint16_t> port_of(std::string_view text) noexcept {
  std::uint16_t port = 0;
  if (!is_digits(text) || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(port) : std::nullopt;
}

[[nodiscard]] bool is_address(int family, std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  std::array<unsigned char, sizeof(in6_addr)> address{};
  if (text.size() >= terminated.size()) return false;
  std::copy(text.begin(), text.end(), terminated.begin());
  return ::inet_pton(family, terminated.data(), address.data()) == 1;
}

/// `TCP4 192.0.2.1 192.0.2.2 56324 443`, or `UNKNOWN` and anything behind it.
[[nodiscard]] ProxyRead read_line(std::string_view line, ProxyHeader& into) {
  const auto next = [&line] {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(word.size() + 1, line.size()));
    return word;
  };
  const bool ends_in_space = line.ends_with(' ');
  const std::string_view family = next();
  if (family == "UNKNOWN") return ProxyRead::complete;
  if (family != "TCP4" && family != "TCP6") return ProxyRead::malformed;
  const int addresses = family == "TCP4" ? AF_INET : AF_INET6;
  const std::string_view client = next();
  const std::string_view connected = next();
  const auto client_port = port_of(next());
  const auto connected_port = port_of(next());
  if (!is_address(addresses, client) || !is_address(addresses, connected) || !client_port ||
      !connected_port || !line.empty() || ends_in_space)
    return ProxyRead::malformed;
  into.addresses = {std::string{client}, *client_port, *connected_port};
  return ProxyRead::complete;
}

[[nodiscard]] ProxyRead read_v1(std::string_view bytes, ProxyHeader& into) {
  const std::size_t end = bytes.substr(0, longest_line).find('\n');
  if (end == std::string_view::npos)
    return bytes.size() < longest_line ? ProxyRead::need_more : ProxyRead::malformed;
  std::string_view line = bytes.substr(0, end);
  if (!line.ends_with('\r')) return ProxyRead::malformed;
  line.remove_suffix(1);
  if (has_control(line)) return ProxyRead::malformed;
  into.size = end + 1;
  return read_line(line.substr(v1_prefix.size()), into);
}

// ---- version 2: binary ------------------------------------------------------------------------------------

constexpr std::string_view v2_signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t v2_start = 16;  // signature, version and command, family, length
constexpr std::uint8_t checksum_type = 0x03;

[[nodiscard]] std::uint8_t byte_at(std::string_view bytes, std::size_t place) noexcept {
  return static_cast<std::uint8_t>(bytes[place]);
}
[[nodiscard]] std::uint16_t number_at(std::string_view bytes, std::size_t place) noexcept {
  return static_cast<std::uint16_t>(byte_at(bytes, place) << 8U | byte_at(bytes, place + 1));
}

/// Of the whole header with zeros in place of the checksum, which is at `place`.
[[nodiscard]] bool has_checksum(std::string_view header, std::size_t place) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;  // Castagnoli's
  crc.process_bytes(header.data(), place);
  crc.process_bytes("\0\0\0\0", 4);
  crc.process_bytes(header.data() + place + 4, header.size() - place - 4);
  const std::uint32_t found =
      static_cast<std::uint32_t>(number_at(header, place)) << 16U | number_at(header, place + 2);
  return found == crc.checksum();
}

/// The fields behind the addresses.
[[nodiscard]] ProxyRead check_fields(std::string_view header, std::size_t place) {
  constexpr std::size_t before_value = 3;
  while (place < header.size()) {
    if (header.size() - place < before_value) return ProxyRead::malformed;
    const std::uint8_t type = byte_at(header, place);
    const std::size_t length = number_at(header, place + 1);
    place += before_value;
    if (header.size() - place < length) return ProxyRead::malformed;
    if (type == checksum_type) {
      if (length != 4) return ProxyRead::malformed;
      if (!has_checksum(header, place)) return ProxyRead::bad_checksum;
    }
    place += length;
  }
  return ProxyRead::complete;
}

/// Two addresses of `size` bytes and their ports.
[[nodiscard]] ProxyHeader::Addresses addresses_in(std::string_view block, int family, std::size_t size) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, block.data(), text.data(), text.size());
  return {text.data(), number_at(block, 2 * size), number_at(block, 2 * size + 2)};
}

[[nodiscard]] ProxyRead read_v2(std::string_view bytes, ProxyHeader& into) {
  if (bytes.size() < v2_start) return ProxyRead::need_more;
  const unsigned version = byte_at(bytes, 12) >> 4U;
  const unsigned command = byte_at(bytes, 12) & 0xFU;
  const unsigned family = byte_at(bytes, 13) >> 4U;
  const unsigned transport = byte_at(bytes, 13) & 0xFU;
  if (version != 2 || command > 1 || family > 3 || transport > 2) return ProxyRead::malformed;
  into.size = v2_start + number_at(bytes, 14);
  if (into.size > most_proxy_header) return ProxyRead::too_long;
  if (bytes.size() < into.size) return ProxyRead::need_more;
  if (command == 0) return ProxyRead::complete;  // LOCAL: the rest has no meaning
  const std::string_view header = bytes.substr(0, into.size);
  constexpr std::array<std::size_t, 4> address_bytes{0, 12, 36, 216};  // unspecified, IPv4, IPv6, Unix
  if (header.size() - v2_start < address_bytes[family]) return ProxyRead::malformed;
  const std::string_view block = header.substr(v2_start);
  const bool is_stream = transport == 1;
  if (is_stream && family == 1) into.addresses = addresses_in(block, AF_INET, sizeof(in_addr));
  if (is_stream && family == 2) into.addresses = addresses_in(block, AF_INET6, sizeof(in6_addr));
  return check_fields(header, v2_start + address_bytes[family]);
}

}  // namespace

std::string_view to_string(ProxyRead read) noexcept {
  switch (read) {
    case ProxyRead::complete:
      return "complete";
    case ProxyRead::need_more:
      return "incomplete";
    case ProxyRead::not_a_header:
      return "the connection does not begin with a PROXY header";
    case ProxyRead::malformed:
      return "the PROXY header is malformed";
    case ProxyRead::bad_checksum:
      return "the checksum of the PROXY header is wrong";
    case ProxyRead::too_long:
      return "the PROXY header is too long";
  }
  return "";
}

ProxyRead read_proxy_header(std::string_view bytes, ProxyHeader& into) {
  into = {};
  for (const std::string_view start : {v1_prefix, v2_signature}) {
    const std::size_t known = std::min(bytes.size(), start.size());
    if (bytes.substr(0, known) != start.substr(0, known)) continue;
    if (known < start.size()) return ProxyRead::need_more;
    return start == v1_prefix ? read_v1(bytes, into) : read_v2(bytes, into);
  }
  return ProxyRead::not_a_header;
}

}  // namespace switchgear::http
