#include "switchgear/tls/pem.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "switchgear/tls/context.hpp"
#include "tests/house/certificates.hpp"

namespace switchgear::tls {
namespace {

class Pem : public testing::Test {
 protected:
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ostringstream all;
    all << std::ifstream{made_.file(name)}.rdbuf();
    return all.str();
  }
  [[nodiscard]] Identity identity(const std::string& name) const {
    return {text(name + ".pem"), text(name + ".key")};
  }

 private:
  house::Certificates made_;
};

TEST_F(Pem, SaysWhatIsWrongWithATextAndNeverQuotesIt) {
  EXPECT_EQ(problem_of_certificates(text("server.pem")), std::nullopt);
  EXPECT_EQ(problem_of_key(text("server.key")), std::nullopt);
  EXPECT_EQ(problem_of_certificates(""), "holds no certificate in PEM form");
  EXPECT_EQ(problem_of_certificates(text("server.key")), "holds no certificate in PEM form");
  EXPECT_EQ(problem_of_key(text("server.pem")), "holds no private key in PEM form");
  std::string broken = text("server.pem");
  broken[60] = '!';
  EXPECT_EQ(problem_of_certificates(broken), "holds a certificate that cannot be read");
  EXPECT_EQ(problem_of_certificates(text("server.pem") + broken), "holds a certificate that cannot be read");
  std::string broken_key = text("server.key");
  broken_key[60] = '!';
  EXPECT_EQ(problem_of_key(broken_key), "holds a private key that cannot be read");
}

TEST_F(Pem, DoesNotAskForThePassphraseOfAKey) {
  EXPECT_EQ(
      problem_of_key("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n"),
      "holds a private key that is encrypted; expected one without a passphrase");
}

TEST_F(Pem, AKeyBelongsToOneCertificate) {
  EXPECT_EQ(problem_of_pair(identity("server")), std::nullopt);
  EXPECT_EQ(problem_of_pair({text("server.pem"), text("client.key")}), "does not belong to the certificate");
}

TEST_F(Pem, TellsACertificateOutsideItsDates) {
  EXPECT_EQ(problem_of_dates(text("server.pem")), std::nullopt);
  EXPECT_EQ(problem_of_dates(text("expired.pem")), "holds a certificate that has expired");
  EXPECT_EQ(problem_of_dates(text("early.pem")), "holds a certificate that is not valid yet");
}

TEST_F(Pem, ReadsTheNamesOfACertificate) {
  EXPECT_EQ(names_of(*certificates_of(text("server.pem")).front()), std::vector<std::string>{"localhost"});
}

TEST_F(Pem, ContextsAreEqualIfTheirSettingsAre) {
  const ServerSettings one{{identity("server")}, {}, Version::tls1_2};
  ServerSettings other = one;
  other.identities = {identity("expired")};
  EXPECT_EQ(ServerContext{one}, ServerContext{one});
  EXPECT_NE(ServerContext{one}, ServerContext{other});
  ClientSettings trusting;
  trusting.ca = text("ca.pem");
  EXPECT_EQ(ClientContext{trusting}, ClientContext{trusting});
  EXPECT_NE(ClientContext{trusting}, ClientContext{{}});
}

TEST_F(Pem, NoContextIsMadeOfWhatOpenSslDoesNotAccept) {
  EXPECT_THROW(ServerContext{ServerSettings{}}, std::invalid_argument);
  EXPECT_THROW((ServerContext{ServerSettings{{{text("server.pem"), text("client.key")}}}}),
               std::invalid_argument);
}

}  // namespace
}  // namespace switchgear::tls
