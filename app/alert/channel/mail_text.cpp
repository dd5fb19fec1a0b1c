// A message as a mail (RFC 5322), in ASCII.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "app/alert/channel/email_channel.hpp"
#include "app/alert/channel/message_text.hpp"
#include "app/alert/channel/shortened.hpp"

namespace switchgear::alert {

namespace {

[[nodiscard]] std::string base64(std::string_view bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view three = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8U | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) text += i <= three.size() ? letters[bits >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

[[nodiscard]] bool is_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char letter) { return letter >= 0x20 && letter < 0x7F; });
}

/// RFC 2047: in words of at most 75 characters, each of whole characters, on lines of their own.
[[nodiscard]] std::string header_text(std::string_view text) {
  if (is_ascii(text)) return std::string{text};
  constexpr std::size_t most = 42;  // bytes; 56 letters of base64, and 12 around them
  std::string words;
  while (!text.empty()) {
    std::size_t end = std::min(most, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    words += fmt::format("{}=?UTF-8?B?{}?=", words.empty() ? "" : "\r\n ", base64(text.substr(0, end)));
    text.remove_prefix(end);
  }
  return words;
}

/// RFC 5322, 3.3; in UTC.
[[nodiscard]] std::string date_text(Moment now) {
  constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", days[static_cast<std::size_t>(utc.tm_wday)],
                     utc.tm_mday, months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/// The part of an address behind its '@'.
[[nodiscard]] std::string_view domain_of(std::string_view address) noexcept {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? "switchgear" : address.substr(at + 1);
}

}  // namespace

std::string mail_text(const Message& message, const EmailOptions& email, const std::string& external_url,
                      Moment now) {
  std::string to;
  for (const std::string& one : email.to) to += (to.empty() ? "" : ",\r\n ") + one;
  std::string text = fmt::format(
      "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}.switchgear@{}>\r\n"
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n",
      date_text(now), email.from, to, header_text(subject_of(message)), message.id, domain_of(email.from));
  const std::string body = base64(body_of(message, external_url));
  for (std::size_t at = 0; at < body.size(); at += 76) text.append(body, at, 76).append("\r\n");
  return text;
}

}  // namespace switchgear::alert
