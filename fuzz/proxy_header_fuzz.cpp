// PROXY headers: one that is complete is read the same without what follows it, and no part of it is
// complete, or refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "switchgear/http/proxy_header.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchgear::http;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ProxyHeader header;
  if (read_proxy_header(bytes, header) != ProxyRead::complete) return 0;
  if (header.size > size || header.size > most_proxy_header) std::abort();
  ProxyHeader again;
  if (read_proxy_header(bytes.substr(0, header.size), again) != ProxyRead::complete) std::abort();
  if (again.size != header.size || again.addresses.has_value() != header.addresses.has_value()) std::abort();
  if (again.addresses && again.addresses->client != header.addresses->client) std::abort();
  ProxyHeader part;
  for (std::size_t cut = 0; cut < header.size; ++cut) {
    if (read_proxy_header(bytes.substr(0, cut), part) != ProxyRead::need_more) std::abort();
  }
  return 0;
}
