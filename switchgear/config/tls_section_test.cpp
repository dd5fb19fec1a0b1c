#include "switchgear/config/tls_section.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "switchgear/config/config.hpp"
#include "tests/house/certificates.hpp"

namespace switchgear::config {
namespace {

class TlsSection : public testing::Test {
 protected:
  [[nodiscard]] static std::string service(const std::string& url, const std::string& tls = "") {
    return "version: 1\npolicies: {p: {preset: core}}\nservices:\n  s: {url: \"" + url +
           "\", policy: p, routes: [{prefix: /}]" + (tls.empty() ? "" : ", tls: " + tls) + "}\n";
  }
  [[nodiscard]] static std::string listener(const std::string& tls) {
    return "version: 1\ngateway: {tls: " + tls + "}\n";
  }
  /// Texts of the errors, without the file and the place; the warnings' when there are none. FOLDER/ for the
  /// folder.
  [[nodiscard]] std::vector<std::string> findings(const std::string& text) const {
    const Loaded loaded = load_text(text, "f.yaml", folder());
    std::vector<std::string> all;
    for (const Diagnostic& one : loaded.errors.empty() ? loaded.warnings : loaded.errors) {
      std::string message = one.message;
      for (auto at = message.find(folder()); at != std::string::npos; at = message.find(folder()))
        message.replace(at, folder().size(), "FOLDER");
      all.push_back(message);
    }
    return all;
  }
  [[nodiscard]] Config config(const std::string& text) const {
    Loaded loaded = load_text(text, "f.yaml", folder());
    for (const Diagnostic& error : loaded.errors) ADD_FAILURE() << error.text();
    return loaded.config.value_or(Config{});
  }
  [[nodiscard]] std::string folder() const {
    const std::string inside = made_.file("x");
    return inside.substr(0, inside.size() - 2);
  }
  using Messages = std::vector<std::string>;

  house::Certificates made_;
};

TEST_F(TlsSection, AnHttpsUrlIsCalledWithTheSystemsAuthorities) {
  const Service made = config(service("https://shop.test")).services.at("s");
  EXPECT_EQ(made.upstreams.at(0).at, (Endpoint{"shop.test", 443}));
  ASSERT_TRUE(made.upstreams.at(0).tls);
  EXPECT_EQ(made.upstreams.at(0).tls->name, "shop.test");
  EXPECT_EQ(made.upstreams.at(0).tls->context.settings(), tls::ClientSettings{});
  EXPECT_EQ(config(service("http://shop.test")).services.at("s").upstreams.at(0).tls, std::nullopt);
}

TEST_F(TlsSection, AServiceSaysWhomToTrustAndWhoCalls) {
  const Service made =
      config(service("https://10.0.0.1:8443",
                     "{ca: file:ca.pem, server_name: shop.test, certificate: file:client.pem, key: "
                     "file:client.key, verify: full, minimum: \"1.3\"}"))
          .services.at("s");
  ASSERT_TRUE(made.upstreams.at(0).tls);
  EXPECT_EQ(made.upstreams.at(0).tls->name, "shop.test");
  const tls::ClientSettings& settings = made.upstreams.at(0).tls->context.settings();
  EXPECT_TRUE(settings.ca.starts_with("-----BEGIN CERTIFICATE-----"));
  EXPECT_TRUE(settings.identity);
  EXPECT_EQ(settings.verify, tls::Verify::peer);
  EXPECT_EQ(settings.minimum, tls::Version::tls1_3);
}

TEST_F(TlsSection, ServicesThatAreSecuredAlikeShareTheContext) {
  const Config made = config(
      "version: 1\npolicies: {p: {preset: core}}\nservices:\n"
      "  a: {url: \"https://a.test\", policy: p, routes: [{prefix: /a}]}\n"
      "  b: {url: \"https://b.test\", policy: p, routes: [{prefix: /b}]}\n");
  EXPECT_EQ(made.services.at("a").upstreams.at(0).tls->context.native(),
            made.services.at("b").upstreams.at(0).tls->context.native());
}

TEST_F(TlsSection, AListenerHasOneCertificateOrSeveral) {
  const auto one =
      config(listener("{certificate: file:server.pem, key: file:server.key, client_ca: file:ca.pem}"));
  ASSERT_TRUE(one.gateway.tls);
  EXPECT_EQ(one.gateway.tls->settings().identities.size(), 1U);
  EXPECT_FALSE(one.gateway.tls->settings().client_ca.empty());
  const auto several =
      config(listener("{certificates: [{certificate: file:server.pem, key: file:server.key}, {certificate: "
                      "file:elsewhere.pem, key: file:elsewhere.key}], minimum: 1.2}"));
  ASSERT_TRUE(several.gateway.tls);
  EXPECT_EQ(several.gateway.tls->settings().identities.size(), 2U);
}

TEST_F(TlsSection, AFileReadAgainWithOtherContentIsAnotherListener) {
  const std::string text = listener("{certificate: file:server.pem, key: file:server.key}");
  const auto before = config(text).gateway.tls;
  EXPECT_EQ(config(text).gateway.tls, before);
  made_.make("server", "DNS:localhost");
  EXPECT_NE(config(text).gateway.tls, before);
}

TEST_F(TlsSection, MistakesInAListenerAreNamed) {
  made_.write("text.pem", "hello\n");
  EXPECT_EQ(findings(listener("{}")),
            Messages{"gateway.tls.certificate: is missing; write \"certificate: file:server.pem, key: "
                     "file:server.key\""});
  EXPECT_EQ(
      findings(listener("{certificate: file:none.pem, key: file:server.key}")),
      Messages{
          "gateway.tls.certificate: file \"FOLDER/none.pem\" cannot be read: No such file or directory"});
  EXPECT_EQ(findings(listener("{certificate: file:text.pem, key: file:text.pem}")),
            (Messages{"gateway.tls.certificate: file \"FOLDER/text.pem\" holds no certificate in PEM form",
                      "gateway.tls.key: file \"FOLDER/text.pem\" holds no private key in PEM form"}));
  EXPECT_EQ(
      findings(listener("{certificate: server.pem, key: file:server.key}")),
      Messages{"gateway.tls.certificate: the text holds no certificate in PEM form; expected file:PATH"});
  EXPECT_EQ(findings(listener("{certificate: file:server.pem, key: file:client.key}")),
            Messages{"gateway.tls.key: does not belong to the certificate"});
  EXPECT_EQ(findings(listener("{certificate: file:server.pem}")),
            Messages{"gateway.tls.certificate: has no key beside it; add \"key: file:PATH\""});
  EXPECT_EQ(
      findings(listener("{certificates: []}")),
      Messages{"gateway.tls.certificates: has no certificate; expected [{certificate: file:server.pem, key: "
               "file:server.key}]"});
  EXPECT_EQ(
      findings(listener("{certificate: file:server.pem, key: file:server.key, minimum: \"1.1\"}")),
      Messages{"gateway.tls.minimum: \"1.1\" is not known; expected 1.2 or 1.3; did you mean \"1.2\"?"});
  EXPECT_EQ(findings(listener("{certificate: file:server.pem, key: file:server.key, cipher: x}")).size(), 1U);
  EXPECT_EQ(
      findings(listener("{certificate: file:server.pem, key: file:server.key, client_ca: file:ca.key}")),
      Messages{"gateway.tls.client_ca: file \"FOLDER/ca.key\" holds no certificate in PEM form"});
}

TEST_F(TlsSection, ACertificateOutsideItsDatesIsAWarning) {
  EXPECT_EQ(findings(listener("{certificate: file:expired.pem, key: file:expired.key}")),
            Messages{"gateway.tls.certificate: holds a certificate that has expired"});
}

TEST_F(TlsSection, MistakesInAServiceAreNamed) {
  EXPECT_EQ(findings(service("http://a.test", "{ca: file:ca.pem}")),
            Messages{"services.s.tls: applies only to an https URL"});
  EXPECT_EQ(findings(service("https://a.test", "{key: file:client.key}")),
            Messages{"services.s.tls.key: has no certificate beside it; add \"certificate: file:PATH\""});
  EXPECT_EQ(findings(service("https://a.test", "{verify: maybe}")),
            Messages{"services.s.tls.verify: \"maybe\" is not known; expected full or none"});
  EXPECT_EQ(findings(service("https://a.test", "{verify: none}")),
            Messages{"services.s.tls.verify: lets anyone answer in the service's place; for tests only"});
  EXPECT_EQ(findings(service("ftp://a.test", "{verify: full}")).size(), 1U) << "only the URL is wrong";
}

TEST_F(TlsSection, NoKeyIsQuoted) {
  const Loaded loaded =
      load_text(listener("{certificate: file:server.pem, key: s3cret}"), "f.yaml", folder());
  ASSERT_EQ(loaded.errors.size(), 1U);
  EXPECT_EQ(loaded.errors.front().message.find("s3cret"), std::string::npos) << loaded.errors.front().message;
}

}  // namespace
}  // namespace switchgear::config
