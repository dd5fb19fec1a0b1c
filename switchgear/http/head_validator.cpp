#include "switchgear/http/head_validator.hpp"

#include <algorithm>
#include <cstring>

#include "switchgear/http/ascii.hpp"
#include "switchgear/http/look_alike.hpp"

namespace switchgear::http {

namespace {

// RFC 9110, 6.5.1: fields that frame or route the message, say who asks, set conditions, control caches or
// describe the content mean nothing once the content is over, and a recipient that merges them into the
// header would be fooled. So they are refused, in every spelling that a service could take for them, with
// those that a proxy vouches for. ETag, Proxy-Status and Authentication-Info may be trailers.
constexpr std::string_view forbidden_in_trailers =
    "transfer-encoding, content-length, trailer, te, connection, keep-alive, upgrade, http2-settings, "
    "proxy-connection, host, via, max-forwards, forwarded, x-real-ip, x-request-deadline-ms, traceparent, "
    "tracestate, authorization, www-authenticate, proxy-authorization, proxy-authenticate, "
    "proxy-authentication-info, cookie, set-cookie, proxy, expect, range, cache-control, pragma, age, date, "
    "expires, location, retry-after, vary, warning, content-encoding, content-type, content-range";
constexpr std::string_view families_forbidden_in_trailers = "x-forwarded, if";

[[nodiscard]] bool is_port(std::string_view port) noexcept {
  return port.size() <= 5 && detail::all(port, detail::digit_char);
}

}  // namespace

std::string_view to_string(HeadError error) noexcept {
  switch (error) {
    case HeadError::none:
      return "no error";
    case HeadError::bad_line_end:
      return "a line does not end in CR LF";
    case HeadError::bad_start_line:
      return "the first line is malformed";
    case HeadError::bad_status:
      return "the status is not from 100 to 599";
    case HeadError::bad_method:
      return "the method is malformed";
    case HeadError::bad_target:
      return "the request target is malformed";
    case HeadError::bad_version:
      return "only HTTP/1.0 and HTTP/1.1 are spoken here";
    case HeadError::bad_field_name:
      return "a field name is malformed";
    case HeadError::bad_field_value:
      return "a field value holds a control character";
    case HeadError::folded_line:
      return "a field is folded over two lines";
    case HeadError::bad_host:
      return "Host is missing, repeated, malformed or not the target's";
    case HeadError::bad_length:
      return "Content-Length is not one plain number";
    case HeadError::unexpected_body:
      return "this method in HTTP/1.0, or an interim response, has no content";
    case HeadError::repeated_length:
      return "Content-Length is repeated";
    case HeadError::length_with_coding:
      return "Content-Length stands beside Transfer-Encoding";
    case HeadError::bad_coding:
      return "Transfer-Encoding is repeated, or stands in HTTP/1.0";
    case HeadError::unknown_coding:
      return "Transfer-Encoding is not `chunked`";
    case HeadError::bad_expectation:
      return "Expect is not `100-continue`";
    case HeadError::bad_connection:
      return "Connection names too many options, or a word that is not a token";
    case HeadError::forbidden_trailer:
      return "a trailer has a field that belongs into the header";
    case HeadError::too_large:
      return "the header is too large";
    case HeadError::too_many_fields:
      return "the header has too many fields";
    case HeadError::target_too_long:
      return "the request target is too long";
    case HeadError::parsers_disagree:
      return "the header can be read in two ways";
  }
  return "unknown";
}

unsigned status_of(HeadError error) noexcept {
  switch (error) {
    case HeadError::bad_version:
      return 505;
    case HeadError::unknown_coding:
      return 501;
    case HeadError::bad_expectation:
      return 417;
    case HeadError::too_large:
    case HeadError::too_many_fields:
      return 431;
    case HeadError::target_too_long:
      return 414;
    default:
      return 400;
  }
}

bool Head::names_fields() const noexcept {
  return std::any_of(connection_option.begin(), connection_option.begin() + connection_options,
                     [](std::string_view option) {
                       return !equals_lower(option, "te") && !equals_lower(option, "upgrade") &&
                              !equals_lower(option, "http2-settings");
                     });
}

bool is_valid_authority(std::string_view authority) noexcept {
  if (authority.empty()) return false;
  if (authority.front() == '[') {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    for (const char c : authority.substr(1, end - 1)) {
      if (!detail::is(c, detail::hex_char) && c != ':' && c != '.') return false;
    }
    const std::string_view rest = authority.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const std::size_t colon = authority.find(':');
  const std::string_view name = authority.substr(0, colon);
  if (name.empty() || !detail::all(name, detail::host_char)) return false;
  return colon == std::string_view::npos || is_port(authority.substr(colon + 1));
}

void HeadValidator::reset() noexcept { *this = HeadValidator{kind_, limits_}; }

HeadValidator::Progress HeadValidator::advance(std::string_view block) noexcept {
  if (error_ != HeadError::none) return Progress::refused;
  if (block.data() != base_) {
    if (base_ != nullptr) reset();
    base_ = block.data();
  }
  const auto refuse = [this](HeadError error) {
    error_ = error;
    return Progress::refused;
  };
  for (;;) {
    const void* found = std::memchr(block.data() + searched_, '\n', block.size() - searched_);
    if (found == nullptr) {
      searched_ = block.size();
      if (const HeadError error = too_long(block.substr(line_start_)); error != HeadError::none)
        return refuse(error);
      return Progress::need_more;
    }
    const std::size_t end = static_cast<std::size_t>(static_cast<const char*>(found) - block.data());
    if (end + 1 > limits_.bytes) {
      const HeadError error = too_long(block.substr(line_start_, end - line_start_));
      return refuse(error != HeadError::none ? error : HeadError::too_large);
    }
    if (end == line_start_ || block[end - 1] != '\r') return refuse(HeadError::bad_line_end);
    const std::string_view line = block.substr(line_start_, end - 1 - line_start_);
    line_start_ = searched_ = end + 1;
    const bool starts = !start_line_done_ && kind_ != HeadKind::trailers;
    if (line.empty() && !starts) {
      head_.size = end + 1;
      const HeadError error = finish();
      return error == HeadError::none ? Progress::complete : refuse(error);
    }
    if (const HeadError error = take_line(line); error != HeadError::none) return refuse(error);
  }
}

/// Checks a line whose end has not come, so that a client's garbage is answered at once.
HeadError HeadValidator::too_long(std::string_view unfinished_line) const noexcept {
  if (!start_line_done_ && kind_ == HeadKind::request && !unfinished_line.empty()) {
    const std::size_t space = unfinished_line.find(' ');
    const std::string_view method = unfinished_line.substr(0, space);
    if (method != "\r" && (method.size() > 32 || !detail::all(method, detail::method_char)))
      return HeadError::bad_method;
    if (space != std::string_view::npos && unfinished_line.size() - space > limits_.target + 16)
      return HeadError::target_too_long;
  }
  return line_start_ + unfinished_line.size() >= limits_.bytes ? HeadError::too_large : HeadError::none;
}

HeadError HeadValidator::take_line(std::string_view line) noexcept {
  if (start_line_done_ || kind_ == HeadKind::trailers) return take_field(line);
  if (line.empty()) {
    if (kind_ == HeadKind::response || head_.skipped != 0) return HeadError::bad_start_line;
    head_.skipped = 2;  // RFC 9112, 2.2: some old clients send one CR LF too many after a body
    return HeadError::none;
  }
  start_line_done_ = true;
  return kind_ == HeadKind::request ? take_request_line(line) : take_status_line(line);
}

HeadError HeadValidator::take_request_line(std::string_view line) noexcept {
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos) return HeadError::bad_start_line;
  head_.method = line.substr(0, first);
  if (head_.method.empty() || head_.method.size() > 32 || !detail::all(head_.method, detail::method_char))
    return HeadError::bad_method;
  const std::size_t last = line.rfind(' ');
  if (last == first) return HeadError::bad_start_line;  // HTTP/0.9
  const std::string_view version = line.substr(last + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' ||
      !detail::is(version[5], detail::digit_char) || !detail::is(version[7], detail::digit_char))
    return HeadError::bad_start_line;
  if (version[5] != '1' || version[7] > '1') return HeadError::bad_version;
  head_.version = version[7] == '1' ? 11 : 10;
  return take_target(line.substr(first + 1, last - first - 1));
}

HeadError HeadValidator::take_target(std::string_view target) noexcept {
  if (target.size() > limits_.target) return HeadError::target_too_long;
  if (target.empty() || !detail::all(target, detail::target_char)) return HeadError::bad_target;
  head_.target = head_.path = target;
  if (target.front() == '/') return HeadError::none;
  if (head_.method == "CONNECT") {
    head_.form = TargetForm::authority;
    return is_valid_authority(target) ? HeadError::none : HeadError::bad_target;
  }
  if (target == "*") {
    head_.form = TargetForm::asterisk;
    return head_.method == "OPTIONS" ? HeadError::none : HeadError::bad_target;
  }
  head_.form = TargetForm::absolute;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return HeadError::bad_target;
  if (!equals_lower(target.substr(0, scheme), "http") && !equals_lower(target.substr(0, scheme), "https"))
    return HeadError::bad_target;
  const std::string_view rest = target.substr(scheme + 3);
  const std::size_t path = rest.find_first_of("/?");
  head_.authority = rest.substr(0, path);
  // `http://host?query` has an empty path; the origin form would have to insert one, so it is not taken.
  if (path != std::string_view::npos && rest[path] != '/') return HeadError::bad_target;
  head_.path = path == std::string_view::npos ? std::string_view{"/"} : rest.substr(path);
  return is_valid_authority(head_.authority) ? HeadError::none : HeadError::bad_target;
}

HeadError HeadValidator::take_status_line(std::string_view line) noexcept {
  // HTTP-version SP 3DIGIT [SP reason]; some servers leave out the last space with the reason.
  if (line.size() < 12 || !line.starts_with("HTTP/")) return HeadError::bad_start_line;
  if (line.substr(5, 3) != "1.1" && line.substr(5, 3) != "1.0") return HeadError::bad_version;
  head_.version = line[7] == '1' ? 11 : 10;
  if (line[8] != ' ' || !is_digits(line.substr(9, 3)) || line[9] == '0') return HeadError::bad_start_line;
  if (line.size() > 12 && (line[12] != ' ' || has_control(line.substr(13)))) return HeadError::bad_start_line;
  head_.status = static_cast<unsigned>((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
  // RFC 9110, 15: there are five classes. Whatever another one means to its sender, no rule here knows it.
  return head_.status < 600 ? HeadError::none : HeadError::bad_status;
}

HeadError HeadValidator::take_field(std::string_view line) noexcept {
  if (line.front() == ' ' || line.front() == '\t') return HeadError::folded_line;
  if (++head_.fields > limits_.fields) return HeadError::too_many_fields;
  std::size_t colon = 0;
  while (colon < line.size() && detail::is(line[colon], detail::token_char)) ++colon;
  if (colon == 0 || colon == line.size() || line[colon] != ':') return HeadError::bad_field_name;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (has_control(value)) return HeadError::bad_field_value;
  if (kind_ == HeadKind::trailers) return take_trailer(name);
  switch (name.size()) {  // of the fields that matter here, so that most fields cost one comparison
    case 2:
    case 4:
    case 6:
    case 10:
    case 14:
    case 17:
      spaced_value_ = line.substr(colon + 1);
      return take_known_field(name, value);
    default:
      return HeadError::none;
  }
}

HeadError HeadValidator::take_known_field(std::string_view name, std::string_view value) noexcept {
  if (equals_lower(name, "host") && kind_ == HeadKind::request) {
    if (host_seen_ || !is_valid_authority(value)) return HeadError::bad_host;
    host_seen_ = true;
    host_ = value;
  } else if (equals_lower(name, "content-length")) {
    return take_length(value);
  } else if (equals_lower(name, "transfer-encoding")) {
    return take_coding(value);
  } else if (equals_lower(name, "connection")) {
    return take_connection(value);
  } else if (equals_lower(name, "expect") && kind_ == HeadKind::request) {
    if (!equals_lower(value, "100-continue")) return HeadError::bad_expectation;
    head_.expects_continue = true;
  } else if (equals_lower(name, "te")) {
    for_each_in_list(value, [this](std::string_view coding) {
      if (equals_lower(coding, "trailers")) head_.accepts_trailers = true;
      return true;
    });
  }
  return HeadError::none;
}

/// Around what frames the message not every parser takes a tab for white space.
bool HeadValidator::spaced_by_tab() const noexcept {
  return spaced_value_.find('\t') != std::string_view::npos;
}

HeadError HeadValidator::take_length(std::string_view value) noexcept {
  if (length_seen_) return HeadError::repeated_length;
  length_seen_ = true;
  if (spaced_by_tab()) return HeadError::bad_length;
  if (value.size() > 18 || !is_digits(value)) return HeadError::bad_length;
  std::uint64_t length = 0;
  for (const char c : value) length = length * 10 + static_cast<std::uint64_t>(c - '0');
  head_.content_length = length;
  return HeadError::none;
}

HeadError HeadValidator::take_coding(std::string_view value) noexcept {
  if (coding_seen_) return HeadError::bad_coding;
  coding_seen_ = true;
  if (spaced_by_tab()) return HeadError::unknown_coding;
  if (!equals_lower(value, "chunked")) return HeadError::unknown_coding;
  head_.chunked = true;
  return HeadError::none;
}

HeadError HeadValidator::take_connection(std::string_view value) noexcept {
  const bool good = for_each_in_list(value, [this](std::string_view option) {
    if (equals_lower(option, "close")) {
      head_.close = true;
    } else if (equals_lower(option, "keep-alive")) {
      head_.keep_alive = true;
    } else {
      if (!is_token(option) || head_.connection_options == Head::max_connection_options) return false;
      head_.connection_option[head_.connection_options++] = option;
    }
    return true;
  });
  return good ? HeadError::none : HeadError::bad_connection;
}

HeadError HeadValidator::take_trailer(std::string_view name) const noexcept {
  const bool allowed =
      for_each_in_list(forbidden_in_trailers, [&](auto field) { return !looks_like(name, field); }) &&
      for_each_in_list(families_forbidden_in_trailers,
                       [&](auto family) { return !looks_like_one_of(name, family); });
  return allowed ? HeadError::none : HeadError::forbidden_trailer;
}

HeadError HeadValidator::finish() noexcept {
  if (head_.size > limits_.bytes) return HeadError::too_large;
  if (coding_seen_ && length_seen_) return HeadError::length_with_coding;
  if (coding_seen_ && head_.version < 11) return HeadError::bad_coding;
  if (kind_ == HeadKind::response && head_.status < 200 &&
      (head_.chunked || head_.content_length.value_or(0) != 0))
    return HeadError::unexpected_body;
  if (kind_ != HeadKind::request) return HeadError::none;
  if (!host_seen_ && head_.version >= 11) return HeadError::bad_host;
  if (head_.version < 11 && head_.content_length.value_or(0) != 0 &&
      (head_.method == "GET" || head_.method == "HEAD" || head_.method == "DELETE"))
    return HeadError::unexpected_body;
  if (head_.form == TargetForm::absolute) {
    if (host_seen_ && !equals_ignoring_case(host_, head_.authority)) return HeadError::bad_host;
  } else {
    head_.authority = host_;
  }
  return HeadError::none;
}

}  // namespace switchgear::http
