#include "switchgear/http/field_list.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <span>

#include "switchgear/http/ascii.hpp"

namespace switchgear::http {

namespace {

namespace beast = boost::beast;
using beast::error_code;
using BeastView = beast::string_view;

[[nodiscard]] std::string_view view(BeastView text) noexcept { return {text.data(), text.size()}; }

// Takes the fields as Beast finds them, and nothing of the body.
class Sax final : public beast::http::basic_parser<true> {
 public:
  explicit Sax(std::vector<Field>& fields) : fields_(fields) {
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none);
    skip(true);
  }

 private:
  void on_request_impl(beast::http::verb, BeastView, BeastView, int, error_code&) override {}
  void on_response_impl(int, BeastView, int, error_code&) override {}
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
};

}  // namespace

bool FieldList::parse_request(std::string_view block, const Head& head) {
  fields_.clear();
  block = block.substr(head.skipped, head.size - head.skipped);
  Sax sax{fields_};
  error_code error;
  const std::size_t used = sax.put(boost::asio::const_buffer{block.data(), block.size()}, error);
  if (error || used != block.size() || !sax.is_header_done()) return false;
  const boost::optional<std::uint64_t> length = sax.content_length();
  const bool agrees = fields_.size() == head.fields && sax.chunked() == head.chunked &&
                      length.has_value() == head.content_length.has_value() &&
                      (!length || *length == *head.content_length);
  end_hop(head);
  return agrees;
}

void FieldList::split_response(std::string_view block, const Head& head) {
  fields_.clear();
  block = block.substr(0, head.size);
  const std::size_t end = block.find('\n');
  const std::string_view status_line = block.substr(0, end - 1);
  reason_ = status_line.size() > 13 ? status_line.substr(13) : std::string_view{};
  block.remove_prefix(end + 1);
  while (block.size() > 2) {
    const std::size_t line = block.find('\n');
    const std::size_t colon = block.find(':');
    const std::string_view name = block.substr(0, colon);
    fields_.push_back({beast::http::string_to_field({name.data(), name.size()}), name,
                       trimmed(block.substr(colon + 1, line - colon - 2))});
    block.remove_prefix(line + 1);
  }
}

void FieldList::end_hop(const Head& head) noexcept {
  if (head.connection_options == 0) return;
  const auto options = std::span{head.connection_option}.first(head.connection_options);
  std::erase_if(fields_, [&](const Field& field) {
    return field.id != FieldId::upgrade && std::ranges::any_of(options, [&](std::string_view option) {
             return equals_ignoring_case(field.name, option);
           });
  });
}

const Field* FieldList::find(FieldId id) const noexcept {
  for (const Field& field : fields_) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

}  // namespace switchgear::http
