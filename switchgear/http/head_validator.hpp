// http/: HTTP/1.1 as this project speaks it: heads checked, bodies framed, connections kept and pooled,
// outcomes told. Built on Asio and Beast. Never here: routes, breakers, configuration files, what to answer.
//
// This header: the strict check of every header block, before any other code reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "switchgear/http/head.hpp"

namespace switchgear::http {

enum class HeadKind : std::uint8_t { request, response, trailers };

/// Reads a header block line by line as it arrives and refuses everything that two implementations could read
/// differently.
///
/// Beast's parser accepts obs-fold, a Transfer-Encoding on HTTP/1.0, missing or repeated Host, repeated equal
/// Content-Length and unknown codings; a proxy that does so can be made to see other requests than its
/// upstream (RFC 9112, 11.2). So this runs on every block first. Sources: RFC 9112 2.2–6.3 and 7.1.2, RFC
/// 9110 5.5, 7.2, 7.8.
///
///     HeadValidator validator{HeadKind::request, limits};
///     switch (validator.advance(bytes_so_far)) { … }          // again, with more bytes of the same block
///
/// Not for: bodies (chunked.hpp), or meaning (fields other than those that frame, route or name hop-by-hop
/// fields). Threads: one. Never allocates, never throws. Each byte is looked at once, whatever the pace at
/// which it arrives, as long as the block stays in its place; when it was moved, reading starts over.
class HeadValidator {
 public:
  enum class Progress : std::uint8_t { need_more, complete, refused };

  HeadValidator(HeadKind kind, const HeadLimits& limits) noexcept : limits_(limits), kind_(kind) {}

  /// `block` starts with the message's first byte and may be longer than its head.
  [[nodiscard]] Progress advance(std::string_view block) noexcept;

  /// Precondition: complete (partly filled while more is needed).
  [[nodiscard]] const Head& head() const noexcept { return head_; }
  [[nodiscard]] HeadError error() const noexcept { return error_; }

  /// Ready for the next block.
  void reset() noexcept;

 private:
  [[nodiscard]] HeadError take_line(std::string_view line) noexcept;
  [[nodiscard]] HeadError take_request_line(std::string_view line) noexcept;
  [[nodiscard]] HeadError take_status_line(std::string_view line) noexcept;
  [[nodiscard]] HeadError take_target(std::string_view target) noexcept;
  [[nodiscard]] HeadError take_field(std::string_view line) noexcept;
  [[nodiscard]] HeadError take_known_field(std::string_view name, std::string_view value) noexcept;
  [[nodiscard]] bool spaced_by_tab() const noexcept;
  [[nodiscard]] HeadError take_length(std::string_view value) noexcept;
  [[nodiscard]] HeadError take_coding(std::string_view value) noexcept;
  [[nodiscard]] HeadError take_connection(std::string_view value) noexcept;
  [[nodiscard]] HeadError take_trailer(std::string_view name) const noexcept;
  [[nodiscard]] HeadError finish() noexcept;
  [[nodiscard]] HeadError too_long(std::string_view unfinished_line) const noexcept;

  HeadLimits limits_;
  Head head_{};
  const char* base_ = nullptr;  ///< where the block was when it was last seen
  std::size_t line_start_ = 0;
  std::size_t searched_ = 0;  ///< no LF before this
  std::string_view host_{};
  std::string_view spaced_value_{};  ///< of the field at hand, with the white space around it
  HeadKind kind_;
  bool start_line_done_ = false;
  bool host_seen_ = false;
  bool length_seen_ = false;
  bool coding_seen_ = false;
  HeadError error_ = HeadError::none;
};

/// `uri-host [":" port]` as Host carries it: not empty, no user info, a bracketed IPv6 address or a
/// registered name.
[[nodiscard]] bool is_valid_authority(std::string_view authority) noexcept;

}  // namespace switchgear::http
