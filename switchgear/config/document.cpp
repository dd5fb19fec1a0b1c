#include "switchgear/config/document.hpp"

#include <libfyaml.h>

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
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

/// What an alias stands for.
struct Anchored {
  Node node;
  std::size_t nodes = 0;   ///< of it and all below
  std::size_t height = 0;  ///< 1: a scalar
};

void measure(const Node& node, std::size_t level, Anchored& into) {
  ++into.nodes;
  into.height = std::max(into.height, level);
  for (const Node& item : node.items) measure(item, level + 1, into);
  for (const Entry& entry : node.entries) measure(entry.value, level + 1, into);
}

/// Turns libfyaml's events into Nodes. `failed_` ends everything: a syntax error or a tree too deep.
class Builder {
 public:
  /// `foreign`: the limits of another program's file; null: a policy file.
  Builder(fy_parser* parser, Report& report, const ForeignLimits* foreign)
      : parser_(parser), report_(report), foreign_(foreign) {}

  /// Empty when they cannot be read, and when there are none.
  std::vector<Node> documents() {
    std::vector<Node> roots;
    while (!failed_) {
      const Event event(parser_);
      switch (event.type()) {
        case FYET_NONE:
          failed_ = true;
          break;
        case FYET_STREAM_END:
          return roots;
        case FYET_DOCUMENT_START:
          if (!roots.empty() && foreign_ == nullptr) {
            fail(event.mark(last_), "a second document starts here; expected one document in a file");
          } else {
            roots.emplace_back();
            anchors_.clear();
          }
          break;
        case FYET_STREAM_START:
        case FYET_DOCUMENT_END:
          break;
        default:
          node(event, roots.back(), 1);
      }
    }
    return {};
  }

 private:
  void fail(Mark at, std::string_view message) {
    report_.error(at, "", message);
    failed_ = true;
  }

  void node(const Event& event, Node& into, std::size_t depth) {
    into.at = last_ = event.mark(last_);
    const std::size_t most = foreign_ == nullptr ? deepest : foreign_->depth;
    if (depth > most) return fail(into.at, "nested deeper than " + std::to_string(most) + " levels");
    if (!has_room(1)) return;
    switch (event.type()) {
      case FYET_SCALAR:
        check_properties(into.at, (*event).scalar.anchor, (*event).scalar.tag);
        scalar(*event, into);
        return remember((*event).scalar.anchor, into);
      case FYET_SEQUENCE_START:
        check_properties(into.at, (*event).sequence_start.anchor, (*event).sequence_start.tag);
        sequence(into, depth);
        return remember((*event).sequence_start.anchor, into);
      case FYET_MAPPING_START:
        check_properties(into.at, (*event).mapping_start.anchor, (*event).mapping_start.tag);
        mapping(into, depth);
        return remember((*event).mapping_start.anchor, into);
      case FYET_ALIAS:
        return alias((*event).alias.anchor, into, most - depth);
      default:
        failed_ = true;
    }
  }

  bool has_room(std::size_t more) {
    nodes_ += more;
    if (foreign_ == nullptr || nodes_ <= foreign_->nodes) return true;
    fail(last_,
         "holds more than " + std::to_string(foreign_->nodes) + " values, with its aliases written out");
    return false;
  }

  static std::string text_of(fy_token* token) {
    std::size_t length = 0;
    const char* text = token == nullptr ? nullptr : fy_token_get_text(token, &length);
    return text == nullptr ? std::string{} : std::string(text, length);
  }

  /// The copy counts as well: anchors within anchors would be copies of copies.
  void remember(fy_token* anchor, const Node& node) {
    if (foreign_ == nullptr || anchor == nullptr || failed_) return;
    Anchored kept;
    measure(node, 1, kept);
    if (!has_room(kept.nodes)) return;
    kept.node = node;
    anchors_.insert_or_assign(text_of(anchor), std::move(kept));
  }

  void alias(fy_token* anchor, Node& into, std::size_t levels_left) {
    if (foreign_ == nullptr) {
      into.broken = true;
      return report_.error(into.at, "", "an alias (*name) is not taken here; write the value out");
    }
    const auto found = anchors_.find(text_of(anchor));
    if (found == anchors_.end()) return fail(into.at, "this alias names no anchor that is above it");
    if (found->second.height > levels_left + 1)
      return fail(into.at,
                  "nested deeper than " + std::to_string(foreign_->depth) + " levels, with this alias");
    if (has_room(found->second.nodes)) into = found->second.node;
  }

  void check_properties(Mark at, fy_token* anchor, fy_token* tag) {
    if (anchor != nullptr && foreign_ == nullptr) {
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
  const ForeignLimits* foreign_;
  std::unordered_map<std::string, Anchored> anchors_;  ///< of this document
  std::size_t nodes_ = 0;
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

/// Empty after an error that leaves no tree. `nothing`: what a text without a document is told.
std::vector<Node> parse(std::string_view text, const ForeignLimits* foreign, std::string_view nothing,
                        Report& report) {
  if (refuse_lines(text, report)) return {};
  fy_diag_cfg diag_options{};
  fy_diag_cfg_default(&diag_options);
  diag_options.fp = nullptr;
  diag_options.colorize = false;
  const Diag diag(fy_diag_create(&diag_options));
  if (!diag) {
    report.error({}, "", "cannot be parsed: out of memory");
    return {};
  }
  fy_diag_set_collect_errors(diag.get(), true);

  fy_parse_cfg options{};
  options.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE);
  options.diag = diag.get();
  const Parser parser(fy_parser_create(&options));
  if (!parser || fy_parser_set_string(parser.get(), text.data(), text.size()) != 0) {
    report.error({}, "", "cannot be parsed: out of memory");
    return {};
  }

  const std::size_t errors_before = report.errors();
  std::vector<Node> roots = Builder(parser.get(), report, foreign).documents();
  const bool syntax =
      report_syntax_errors(diag.get(), text, report) > 0 || fy_parser_get_stream_error(parser.get());
  if (roots.empty() && report.errors() == errors_before) {
    report.error({}, "", syntax ? "is not YAML" : nothing);
  }
  if (syntax) roots.clear();
  return roots;
}

}  // namespace

std::optional<Node> parse_document(std::string_view text, Report& report) {
  std::vector<Node> roots = parse(text, nullptr, "holds nothing; expected at least \"version: 1\"", report);
  if (roots.empty()) return std::nullopt;
  return std::move(roots.front());
}

std::vector<Node> parse_documents(std::string_view text, const ForeignLimits& limits, Report& report) {
  return parse(text, &limits, "holds nothing; expected at least one document", report);
}

}  // namespace switchgear::config
