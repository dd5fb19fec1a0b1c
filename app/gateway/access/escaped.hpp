// Text from clients and files, written so that it stays inside its place in a line.
#pragma once

#include <string_view>

#include "app/gateway/access/text_buffer.hpp"

namespace switchgear::gateway {

/// Appends `text` as a JSON string, with its quotes. Valid JSON for any bytes: those that are not UTF-8
/// become U+FFFD, each of them. Control characters are escaped, those above ASCII as well: a terminal obeys
/// them too.
void append_json(TextBuffer& out, std::string_view text);

/// Appends `text` in quotes, all printable ASCII: quotes and backslashes after a backslash, other bytes as
/// `\xHH`.
void append_quoted(TextBuffer& out, std::string_view text);

/// The same without its quotes, for a place that has them.
void append_escaped(TextBuffer& out, std::string_view text);

/// Appends `text`, with each control character as `\xHH`.
void append_on_one_line(TextBuffer& out, std::string_view text);

}  // namespace switchgear::gateway
