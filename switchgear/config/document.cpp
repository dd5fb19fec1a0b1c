#include "switchgear/config/document.hpp"

#include <libfyaml.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "switchgear/config/source_file.hpp"

namespace switchgear::config {

namespace {

template <auto free_it>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    free_it(object);
  }
};

using Parser = std::unique_ptr<fy_parser, Deleter<fy_parser_destroy>>;
using Diag = std::unique_ptr<fy_diag, Deleter<fy_diag_destroy>>;

/// One event; gives itself back to its parser.
class Event {
 public:
  explicit Event(fy_parser* parser) : parser_(parser), event_(fy_parser_parse(parser)) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() {
    if (event_ != nullptr) fy_parser_event_free(parser_, event_);
  }

  [[nodiscard]] fy_event_type type() const noexcept { return event_ == nullptr ? FYET_NONE : event_->type; }
  [[nodiscard]] const fy_event& operator*() const noexcept { return *event_; }
  [[nodiscard]] Mark mark(Mark otherwise) const noexcept {
    const fy_mark* mark = event_ == nullptr ? nullptr : fy_event_start_mark(event_);
    if (mark == nullptr || mark->line < 0 || mark->column < 0) return otherwise;
    const auto column = static_cast<std::size_t>(mark->column);
    return {static_cast<std::size_t>(mark->line) + 1,
            starts_with_a_sign() && column > 0 ? column : column + 1};
  }

 private:
  /// libfyaml's mark of these is past their quote or asterisk.
  [[nodiscard]] bool starts_with_a_sign() const noexcept {
    if (event_->type == FYET_ALIAS) return true;
    if (event_->type != FYET_SCALAR) return false;
    const fy_scalar_style style = fy_token_scalar_style(event_->scalar.value);
    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
  }

  fy_parser* parser_;
  fy_event* event_;
};

/// Turns libfyaml's events into Nodes. `failed_` ends everything: a syntax error or a tree too deep.
class Builder {
 public:
  Builder(fy_parser* parser, Report& report) : parser_(parser), report_(report) {}

  std::optional<Node> document() {
    std::optional<Node> root;
    while (!failed_) {
      const Event event(parser_);
      switch (event.type()) {
        case FYET_NONE:
          failed_ = true;
          break;
        case FYET_STREAM_END:
          return root;
        case FYET_DOCUMENT_START:
          if (root) {
            fail(event.mark(last_), "a second document starts here; expected one document in a file");
          } else {
            root.emplace();
          }
          break;
        case FYET_STREAM_START:
        case FYET_DOCUMENT_END:
          break;
        default:
          node(event, *root, 1);
      }
    }
    return std::nullopt;
  }

 private:
  void fail(Mark at, std::string_view message) {
    report_.error(at, "", message);
    failed_ = true;
  }

  void node(const Event& event, Node& into, std::size_t depth) {
    into.at = last_ = event.mark(last_);
    if (depth > deepest) return fail(into.at, "nested deeper than " + std::to_string(deepest) + " levels");
    switch (event.type()) {
      case FYET_SCALAR:
        refuse_properties(into.at, (*event).scalar.anchor, (*event).scalar.tag);
        return scalar(*event, into);
      case FYET_SEQUENCE_START:
        refuse_properties(into.at, (*event).sequence_start.anchor, (*event).sequence_start.tag);
        return sequence(into, depth);
      case FYET_MAPPING_START:
        refuse_properties(into.at, (*event).mapping_start.anchor, (*event).mapping_start.tag);
        return mapping(into, depth);
      case FYET_ALIAS:
        into.broken = true;
        return report_.error(into.at, "", "an alias (*name) is not taken here; write the value out");
      default:
        failed_ = true;
    }
  }

  void refuse_properties(Mark at, fy_token* anchor, fy_token* tag) {
    if (anchor != nullptr) {
      Mark sign = mark_of_property(anchor, at);
      if (sign.column > 1) --sign.column;  // libfyaml's mark is past the ampersand
      report_.error(sign, "", "an anchor (&name) is not taken here; write the value out where it is needed");
    }
    if (tag != nullptr)
      report_.error(mark_of_property(tag, at), "", "a tag (!name) is not taken here; write the plain value");
  }

  static Mark mark_of_property(fy_token* token, Mark otherwise) {
    const fy_mark* mark = fy_token_start_mark(token);
    if (mark == nullptr || mark->line < 0 || mark->column < 0) return otherwise;
    return {static_cast<std::size_t>(mark->line) + 1, static_cast<std::size_t>(mark->column) + 1};
  }

  void scalar(const fy_event& event, Node& into) {
    std::size_t length = 0;
    const char* text = fy_token_get_text(event.scalar.value, &length);
    if (text != nullptr) into.text.assign(text, length);
    if (fy_token_scalar_style(event.scalar.value) != FYSS_PLAIN) into.style = Node::Style::quoted;
    // The file is clean, but "\0" and "\ud800" in double quotes make new bytes.
    if (const auto bad = find_bad_text(into.text)) {
      report_.error(into.at, "", "this value contains " + std::string(bad->problem) + "; expected text");
      into.text.clear();
      into.broken = true;
    }
  }

  void sequence(Node& into, std::size_t depth) {
    into.kind = Node::Kind::sequence;
    while (!failed_) {
      const Event event(parser_);
      if (event.type() == FYET_SEQUENCE_END) return;
      node(event, into.items.emplace_back(), depth + 1);
    }
  }

  void mapping(Node& into, std::size_t depth) {
    into.kind = Node::Kind::mapping;
    while (!failed_) {
      const Event key_event(parser_);
      if (key_event.type() == FYET_MAPPING_END) return;
      Node key;
      node(key_event, key, depth + 1);
      if (failed_) return;
      if (key.kind != Node::Kind::scalar) {
        report_.error(key.at, "", "this key is a list or a mapping; expected a word");
        key.broken = true;
      }
      const Event value_event(parser_);
      Node value;
      node(value_event, value, depth + 1);
      if (!key.broken) into.entries.push_back({std::move(key.text), key.at, std::move(value)});
    }
  }

  fy_parser* parser_;
  Report& report_;
  Mark last_;
  bool failed_ = false;
};

/// libfyaml's own words, with help for the mistake that ${VAR} invites: unquoted inside {…} its braces are
/// YAML's.
std::string syntax_message(const fy_diag_error& error, std::string_view text) {
  std::string message = error.msg == nullptr ? "is not YAML" : printable(error.msg);
  for (int line = 1; line < error.line && !text.empty(); ++line) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  const std::string_view here = text.substr(0, text.find('\n'));
  if (message.find("flow mapping") != std::string::npos && here.find("${") != std::string_view::npos) {
    message += "; inside {…} put quotes around ${VAR}: \"${VAR}\"";
  }
  return message;
}

std::size_t report_syntax_errors(fy_diag* diag, std::string_view text, Report& report) {
  std::size_t found = 0;
  void* iterator = nullptr;
  while (const fy_diag_error* error = fy_diag_errors_iterate(diag, &iterator)) {
    if (error->type != FYET_ERROR) continue;
    const Mark at{static_cast<std::size_t>(std::max(error->line, 1)),
                  static_cast<std::size_t>(std::max(error->column, 1))};
    report.error(at, "", syntax_message(*error, text));
    ++found;
  }
  return found;
}

/// Two things of YAML that no policy file needs are found before libfyaml 0.7 sees them: a long line of '%'
/// (a directive) keeps its scanner busy for minutes, and an explicit key ("? key" on a line) can make it free
/// memory twice (its issue 57).
bool refuse_lines(std::string_view text, Report& report) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  std::size_t at = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  while (at < text.size()) {
    if (text[at] == '%') {
      report.error(mark_of(text, at), "", "a directive (%NAME) is not taken here; take the line out");
      return true;
    }
    const std::string_view line = text.substr(at, text.find_first_of("\r\n", at) - at);
    const std::size_t first = std::min(line.find_first_not_of(" \t-"), line.size());
    const std::string_view rest = line.substr(first);
    if (rest.starts_with('?') && (rest.size() == 1 || rest[1] == ' ' || rest[1] == '\t')) {
      report.error(mark_of(text, at + first), "",
                   "an explicit key (\"? key\") is not taken here; write \"key: value\"");
      return true;
    }
    at += line.size() + 1;
  }
  return false;
}

}  // namespace

std::optional<Node> parse_document(std::string_view text, Report& report) {
  if (refuse_lines(text, report)) return std::nullopt;
  fy_diag_cfg diag_options{};
  fy_diag_cfg_default(&diag_options);
  diag_options.fp = nullptr;
  diag_options.colorize = false;
  const Diag diag(fy_diag_create(&diag_options));
  if (!diag) {
    report.error({}, "", "cannot be parsed: out of memory");
    return std::nullopt;
  }
  fy_diag_set_collect_errors(diag.get(), true);

  fy_parse_cfg options{};
  options.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE);
  options.diag = diag.get();
  const Parser parser(fy_parser_create(&options));
  if (!parser || fy_parser_set_string(parser.get(), text.data(), text.size()) != 0) {
    report.error({}, "", "cannot be parsed: out of memory");
    return std::nullopt;
  }

  const std::size_t errors_before = report.errors();
  std::optional<Node> root = Builder(parser.get(), report).document();
  const bool syntax =
      report_syntax_errors(diag.get(), text, report) > 0 || fy_parser_get_stream_error(parser.get());
  if (!root && report.errors() == errors_before) {
    report.error({}, "", syntax ? "is not YAML" : "holds nothing; expected at least \"version: 1\"");
  }
  if (syntax) return std::nullopt;
  return root;
}

}  // namespace switchgear::config
