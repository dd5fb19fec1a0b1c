// A hash that only its owner can foresee: of text from strangers, who could otherwise choose texts that share
// one place of a table.
#pragma once

#include <cstdint>
#include <string_view>

namespace switchgear {

/// What the hash depends on besides the text. Drawn anew by every process, and told to none.
struct SipKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

/// SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", INDOCRYPT 2012), as its reference
/// implementation computes it. Not for passwords. Threads: any.
[[nodiscard]] std::uint64_t sip_hash(const SipKey& key, std::string_view text) noexcept;

}  // namespace switchgear
