// Mails of a real gateway at a real mail server.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/alerts/failing_shop.hpp"
#include "tests/house/program.hpp"

namespace switchgear::wire {
namespace {

namespace json = boost::json;

class MailServer {
 public:
  explicit MailServer(const std::string& mode) : directory_(directory()), program_(words(mode)) {
    if (!program_.read_until("\n", patience))
      throw std::runtime_error{"no mail server: " + program_.output()};
    port_ = program_.output().substr(10, program_.output().find('\n') - 10);
  }
  MailServer(const MailServer&) = delete;
  MailServer& operator=(const MailServer&) = delete;
  ~MailServer() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  [[nodiscard]] const std::string& port() const { return port_; }
  [[nodiscard]] std::string ca() const { return directory_ + "/cert.pem"; }
  /// The first mail that holds `part`; null when patience ends.
  [[nodiscard]] json::value mail_with(const std::string& part) {
    if (!program_.read_until(part, patience)) return {};
    const std::size_t at = program_.output().find(part);
    const std::size_t begin = program_.output().rfind('\n', at) + 1;
    // Each mail is followed by a line of its own, so that it is known to be whole.
    int before = 0;
    for (std::size_t end = 0; (end = program_.output().find("\nend ", end)) < at; ++end) ++before;
    if (!program_.read_until("\nend " + std::to_string(before + 1) + "\n", patience)) return {};
    boost::system::error_code error;
    return json::parse(program_.output().substr(begin, program_.output().find('\n', at) - begin), error);
  }
  [[nodiscard]] const std::string& output() const { return program_.output(); }

 private:
  static std::string directory() {
    std::string place = (std::filesystem::temp_directory_path() / "switchgear-mail-XXXXXX").string();
    if (::mkdtemp(place.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
    return place;
  }
  [[nodiscard]] std::vector<std::string> words(const std::string& mode) const {
    std::vector<std::string> words{"/usr/bin/python3", SMTP_SINK, mode};
    if (mode == "plain") return words;
    const std::string key = directory_ + "/key.pem";
    const std::string command = std::string{OPENSSL} +
                                " req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
                                "/CN=localhost -addext subjectAltName=DNS:localhost -keyout " +
                                key + " -out " + ca() + " 2>/dev/null";
    if (std::system(command.c_str()) != 0) throw std::runtime_error{"no certificate"};
    words.push_back(ca());
    words.push_back(key);
    return words;
  }

  std::string directory_;
  house::Program program_;
  std::string port_;
};

std::string text_at(const json::value& mail, std::string_view key) {
  const json::value* const value = mail.is_object() ? mail.as_object().if_contains(key) : nullptr;
  return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{"(none)"};
}

/// With one channel, `mail`. `more`: further keys of it, `, key: value`.
std::string config_of(const FailingShop& shop, const std::string& email, const std::string& more = "") {
  return shop.config("  channels: {mail: {email: {from: gw@example.com, " + email + "}" + more + "}}\n",
                     "mail");
}

TEST(AlertEmail, SaysWhatFiresAndWhatIsResolved) {
  MailServer server{"plain"};
  FailingShop shop;
  const GatewayProcess gateway{config_of(
      shop, "smtp: \"smtp://127.0.0.1:" + server.port() + "\", to: [ops@example.com, b@example.com]")};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  const json::value mail = server.mail_with("FIRING");
  EXPECT_EQ(text_at(mail, "subject"), "[FIRING] payment opened by consecutive_failures (3, threshold 3)");
  EXPECT_EQ(json::serialize(mail.at("to")), R"(["ops@example.com","b@example.com"])");
  EXPECT_EQ(text_at(mail, "from"), "gw@example.com");
  EXPECT_EQ(mail.at("defects"), 0);
  EXPECT_NE(text_at(mail, "body").find("circuit: payment"), std::string::npos) << text_at(mail, "body");
  ASSERT_TRUE(shop.drive(gateway, "closed"));
  const json::value resolved = server.mail_with("RESOLVED");
  EXPECT_NE(text_at(resolved, "id"), text_at(mail, "id"));
}

TEST(AlertEmail, SendsItsPasswordOnlyOverAConnectionThatIsEncrypted) {
  for (const std::string mode : {"starttls", "smtps"}) {
    MailServer server{mode};
    FailingShop shop;
    const std::string scheme = mode == "smtps" ? "smtps" : "smtp";
    const GatewayProcess gateway{config_of(shop,
                                           "smtp: \"" + scheme + "://localhost:" + server.port() +
                                               "\", to: [ops@example.com], user: gw, password: s3cret",
                                           ", ca: \"" + server.ca() + "\"")};
    ASSERT_TRUE(shop.drive(gateway, "open"));
    const json::value mail = server.mail_with("FIRING");
    EXPECT_NE(text_at(mail, "subject").find("payment"), std::string::npos)
        << mode << server.output() << gateway.log();
    if (mode == "starttls") {
      EXPECT_EQ(mail.at("tls"), true);
    }
  }
}

TEST(AlertEmail, IsNotSentToAServerThatCannotShowWhoItIs) {
  MailServer server{"starttls"};
  FailingShop shop;
  const GatewayProcess gateway{config_of(shop, "smtp: \"smtp://localhost:" + server.port() +
                                                   "\", to: [ops@example.com], user: gw, password: s3cret")};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  EXPECT_TRUE(
      eventually([&] { return gateway.log().find("channel 'mail' does not work") != std::string::npos; }));
  EXPECT_EQ(gateway.log().find("s3cret"), std::string::npos);
  EXPECT_EQ(gateway.admin("GET", "/alerts").body.find("s3cret"), std::string::npos);
}

TEST(AlertEmail, WaitsForAServerThatIsBusyAndDropsWhatItRefuses) {
  MailServer server{"plain"};
  FailingShop shop;
  const std::string smtp = "smtp: \"smtp://127.0.0.1:" + server.port() + "\", to: ";
  const GatewayProcess gateway{
      shop.config("  channels:\n    later: {email: {from: gw@example.com, " + smtp +
                      "[later@example.com]}}\n    never: {email: {from: gw@example.com, " + smtp +
                      "[refused@example.com]}}\n",
                  "later, never")};
  ASSERT_TRUE(shop.drive(gateway, "open"));
  EXPECT_NE(text_at(server.mail_with("later@"), "subject").find("FIRING"), std::string::npos);
  EXPECT_TRUE(eventually([&] {
    return gateway.log().find("channel 'never' refuses a message (firing opened payment)") !=
           std::string::npos;
  })) << gateway.log();
}

}  // namespace
}  // namespace switchgear::wire
