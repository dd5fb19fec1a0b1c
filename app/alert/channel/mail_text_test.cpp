#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "app/alert/channel/email_channel.hpp"
#include "app/alert/channel/message_fixture.hpp"

namespace switchgear::alert {
namespace {

EmailOptions email() {
  EmailOptions options;
  options.from = "gw@example.com";
  options.to = {"a@example.com", "b@example.com"};
  return options;
}

bool is_a_mail(const std::string& text) {
  bool good = std::ranges::all_of(text, [](char letter) {
    return letter == '\r' || letter == '\n' || (letter >= 0x20 && letter < 0x7F);
  });
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    if (end == std::string::npos) return false;
    good = good && end - at <= 78 + 2;
    at = end + 2;
  }
  return good;
}

TEST(MailText, HasTheHeadersOfAMailAndTheMessagesIdAsItsOwn) {
  const Message message = message_of(Telling::firing);
  const std::string text = mail_text(message, email(), "", message.made);
  EXPECT_TRUE(is_a_mail(text)) << text;
  EXPECT_EQ(text.find("Date: Sun, 01 Mar 2026 00:00:00 +0000\r\nFrom: gw@example.com\r\n"
                      "To: a@example.com,\r\n b@example.com\r\nSubject: [FIRING] c0 has been open for 5m\r\n"
                      "Message-ID: <fedcba9876543210.switchgear@example.com>\r\n"),
            0U)
      << text;
}

TEST(MailText, LetsNoCircuitsNameAddAHeader) {
  Message message = message_of(Telling::firing);
  message.alerts[0].text = "a\r\nBcc: everyone@example.com";
  const std::string text = mail_text(message, email(), "", message.made);
  EXPECT_EQ(text.find("\r\nBcc:"), std::string::npos);
}

TEST(MailText, EncodesASubjectThatIsNotAscii) {
  Message message = message_of(Telling::firing);
  message.alerts[0].text = "zahlungsdienst für überweisungen ist seit fünf minuten offen, und zwar ganz";
  const std::string text = mail_text(message, email(), "", message.made);
  EXPECT_TRUE(is_a_mail(text)) << text;
  EXPECT_NE(text.find("Subject: =?UTF-8?B?"), std::string::npos);
}

}  // namespace
}  // namespace switchgear::alert
