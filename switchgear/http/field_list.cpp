#include "switchgear/http/field_list.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>

#include "switchgear/http/ascii.hpp"

namespace switchgear::http {

namespace {

namespace beast = boost::beast;
using beast::error_code;
using BeastView = beast::string_view;

[[nodiscard]] std::string_view view(BeastView text) noexcept { return {text.data(), text.size()}; }

// Takes the fields as Beast finds them, and nothing of the body.
template <bool is_request>
class Sax final : public beast::http::basic_parser<is_request> {
 public:
  Sax(std::vector<Field>& fields, std::string_view& reason) : fields_(fields), reason_(reason) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());
    this->body_limit(boost::none);
    this->skip(true);
  }

 private:
  void on_request_impl(beast::http::verb, BeastView, BeastView, int, error_code&) override {}
  void on_response_impl(int, BeastView reason, int, error_code&) override { reason_ = view(reason); }
  void on_field_impl(FieldId id, BeastView name, BeastView value, error_code&) override {
    fields_.push_back({id, view(name), view(value)});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastView body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code&) override { return body.size(); }
  void on_finish_impl(error_code&) override {}

  std::vector<Field>& fields_;
  std::string_view& reason_;
};

template <bool is_request>
[[nodiscard]] bool parse(std::vector<Field>& fields, std::string_view& reason, std::string_view block,
                         const Head& head) {
  fields.clear();
  block = block.substr(head.skipped, head.size - head.skipped);
  Sax<is_request> sax{fields, reason};
  error_code error;
  const std::size_t used = sax.put(boost::asio::const_buffer{block.data(), block.size()}, error);
  if (error || used != block.size() || !sax.is_header_done()) return false;
  const boost::optional<std::uint64_t> length = sax.content_length();
  return fields.size() == head.fields && sax.chunked() == head.chunked &&
         length.has_value() == head.content_length.has_value() &&
         (!length || *length == *head.content_length);
}

}  // namespace

bool FieldList::parse_request(std::string_view block, const Head& head) {
  return parse<true>(fields_, reason_, block, head);
}

bool FieldList::parse_response(std::string_view block, const Head& head) {
  return parse<false>(fields_, reason_, block, head);
}

bool FieldList::parse_trailers(std::string_view block, const Head& head) {
  // Beast reads trailers only as a part of a chunked body, so these lines, which are validated, are cut here.
  fields_.clear();
  block = block.substr(0, head.size);
  while (block.size() > 2) {
    const std::size_t end = block.find("\r\n");
    const std::size_t colon = block.find(':');
    if (colon >= end || end == std::string_view::npos) return false;
    const std::string_view name = block.substr(0, colon);
    fields_.push_back({FieldId::unknown, name, trimmed(block.substr(colon + 1, end - colon - 1))});
    block.remove_prefix(end + 2);
  }
  return true;
}

const Field* FieldList::find(FieldId id) const noexcept {
  for (const Field& field : fields_) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

}  // namespace switchgear::http
