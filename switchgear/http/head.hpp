// The framing of one message: the facts that decide where it ends and which host it is for, and how it can be
// wrong.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace switchgear::http {

/// Sizes in bytes.
struct HeadLimits {
  std::size_t bytes = std::size_t{32} * 1024;  ///< the whole block
  std::size_t fields = 100;
  std::size_t target = std::size_t{8} * 1024;
};

/// Why a head was refused. status_of() says what a server answers.
enum class HeadError : std::uint8_t {
  none,
  bad_line_end,    ///< a bare CR or LF
  bad_start_line,  ///< not `token SP target SP HTTP/d.d`, or not a status line
  bad_status,      ///< not from 100 to 599
  bad_method,
  bad_target,
  bad_version,      ///< neither HTTP/1.0 nor HTTP/1.1
  bad_field_name,   ///< no token, or whitespace before the colon
  bad_field_value,  ///< a control character
  folded_line,      ///< obs-fold
  bad_host,         ///< missing on 1.1, repeated, empty, malformed, or another than the target's
  bad_length,       ///< Content-Length not one plain number
  repeated_length,
  unexpected_body,     ///< HTTP/1.0 gives GET, HEAD and DELETE none, and no interim response has any
  length_with_coding,  ///< Content-Length beside Transfer-Encoding: the classic smuggling
  bad_coding,          ///< Transfer-Encoding repeated, or on HTTP/1.0
  unknown_coding,      ///< Transfer-Encoding other than `chunked`
  bad_expectation,     ///< Expect other than `100-continue`
  bad_connection,      ///< Connection names a word that is not a token, or too many
  forbidden_trailer,   ///< a field after the body that frames, routes, authenticates or is vouched for
  too_large,
  too_many_fields,
  target_too_long,
  parsers_disagree,  ///< the validator and Beast read the same bytes differently
};

[[nodiscard]] std::string_view to_string(HeadError error) noexcept;
/// 400, 414, 417, 431, 501 or 505.
[[nodiscard]] unsigned status_of(HeadError error) noexcept;

enum class TargetForm : std::uint8_t { origin, absolute, asterisk, authority };

/// Views into the validated block; good as long as its bytes stay where they are.
struct Head {
  static constexpr std::size_t max_connection_options = 8;

  std::size_t skipped = 0;  ///< an empty line before the request line, allowed once
  std::size_t size = 0;     ///< the whole block, `skipped` and the empty line at its end included
  std::size_t fields = 0;

  std::string_view method;  ///< requests
  std::string_view target;  ///< requests; as received
  std::string_view path;    ///< requests; the target in origin form (path and query), or `*`
  std::string_view
      authority;  ///< requests; Host, or the authority of an absolute target; empty on HTTP/1.0 without
  TargetForm form = TargetForm::origin;
  unsigned status = 0;    ///< responses
  unsigned version = 11;  ///< 10 or 11

  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false;       ///< Connection: close
  bool keep_alive = false;  ///< Connection: keep-alive
  bool expects_continue = false;
  bool accepts_trailers = false;  ///< TE: trailers
  std::size_t connection_options = 0;
  std::array<std::string_view, max_connection_options> connection_option{};  ///< further names in Connection

  /// Whether Connection names fields beside those that every proxy knows to end at its hop.
  [[nodiscard]] bool names_fields() const noexcept;

  /// May the connection be used again after this message, as far as its head says?
  [[nodiscard]] bool persistent() const noexcept { return version >= 11 ? !close : keep_alive && !close; }
};

}  // namespace switchgear::http
