// What is noted of one request, from its head to the end of its answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "app/gateway/access/access_options.hpp"
#include "app/gateway/access/text_buffer.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::gateway {

/// Copies texts, because the request's head is gone when its line is written. Threads: one.
struct AccessEntry {
  /// Bytes of a text that are kept; the rest is cut off.
  static constexpr std::size_t longest = 4096;

  TimePoint began{};
  unsigned version = 0;  ///< of HTTP: 10 or 11; 0: the head could not be read
  unsigned status = 0;   ///< 0: the client got no answer
  std::uint64_t bytes = 0;
  std::uint32_t attempts = 0;
  std::uint64_t options = 0;  ///< which were in force when `headers` were noted

  /// The first text for a field stays.
  void put(AccessField field, std::string_view text) {
    Piece& piece = pieces_[static_cast<std::size_t>(field)];
    if (piece.size == 0) piece = keep(text);
  }
  /// In place of what stands there.
  void replace(AccessField field, std::string_view text) {
    pieces_[static_cast<std::size_t>(field)] = keep(text);
  }
  /// Of the request fields that were asked for by name, one after the other. Empty: it does not have it.
  void put_header(std::string_view text) { headers_.push_back(keep(text)); }

  /// Empty: it has none.
  [[nodiscard]] std::string_view get(AccessField field) const noexcept {
    return view(pieces_[static_cast<std::size_t>(field)]);
  }
  [[nodiscard]] std::size_t headers() const noexcept { return headers_.size(); }
  [[nodiscard]] std::string_view header(std::size_t index) const noexcept { return view(headers_[index]); }

  void forget_headers() noexcept { headers_.clear(); }

  /// Ready for the next request; keeps a little memory for it.
  void clear() noexcept {
    version = status = 0;
    bytes = 0;
    attempts = 0;
    pieces_.fill({});
    headers_.clear();
    text_.clear();
    if (text_.capacity() > longest) text_ = TextBuffer{};
  }

 private:
  struct Piece {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };

  [[nodiscard]] Piece keep(std::string_view text) {
    const std::string_view kept = text.substr(0, longest);
    const Piece piece{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(kept.size())};
    text_.append(kept);
    return piece;
  }
  [[nodiscard]] std::string_view view(Piece piece) const noexcept {
    return text_.view().substr(piece.at, piece.size);
  }

  std::array<Piece, access_field_names.size()> pieces_{};
  std::vector<Piece> headers_;
  TextBuffer text_;
};

}  // namespace switchgear::gateway
