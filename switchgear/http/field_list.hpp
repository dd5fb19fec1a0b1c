// The fields of one validated head, in order, as views. Filled by Beast's parser (its field enum costs one
// hash per name).
#pragma once

#include <boost/beast/http/field.hpp>
#include <cstddef>
#include <string_view>
#include <vector>

#include "switchgear/http/head.hpp"

namespace switchgear::http {

using FieldId = boost::beast::http::field;

struct Field {
  FieldId id = FieldId::unknown;
  std::string_view name;
  std::string_view value;
};

/// One per thread is enough: it is filled, read and forgotten within one step. Allocates only while it grows.
class FieldList {
 public:
  /// Beast reads `block`, which the validator has found to hold exactly `head`: a second opinion on what
  /// strangers send. False when the two disagree about where the message ends, or Beast refuses it: then
  /// it is unknown what a third implementation would see. Without the fields that end at this hop, as below.
  [[nodiscard]] bool parse_request(std::string_view block, const Head& head);
  /// Cuts the validated block into its fields. No second opinion: an upstream is not a stranger, and Beast
  /// takes three times as long for it as everything else that is done to a response's head.
  void split_response(std::string_view block, const Head& head);
  /// Takes out the fields that Connection names: they are for this hop only (RFC 9110, 7.6.1). A proxy does
  /// it before it looks at them, so that all of its rules judge what it forwards. Upgrade stays, about which
  /// a proxy has rules of its own.
  void end_hop(const Head& head) noexcept;

  [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
  [[nodiscard]] auto end() const noexcept { return fields_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] const Field* find(FieldId id) const noexcept;
  [[nodiscard]] std::string_view reason() const noexcept { return reason_; }  ///< of a response

 private:
  std::vector<Field> fields_;
  std::string_view reason_;
};

}  // namespace switchgear::http
