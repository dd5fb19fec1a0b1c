#include "switchgear/tls/certificate_names.hpp"

#include <gtest/gtest.h>

namespace switchgear::tls {
namespace {

TEST(CertificateNames, AnExactNameWinsOverAWildcard) {
  CertificateNames names;
  names.add({"*.example.com", "example.com"}, 0);
  names.add({"shop.example.com"}, 1);
  EXPECT_EQ(names.find("shop.example.com"), 1U);
  EXPECT_EQ(names.find("SHOP.Example.com"), 1U);
  EXPECT_EQ(names.find("pay.example.com"), 0U);
  EXPECT_EQ(names.find("example.com"), 0U);
}

TEST(CertificateNames, AWildcardIsForOneLabelMore) {
  CertificateNames names;
  names.add({"*.example.com"}, 0);
  EXPECT_EQ(names.find("a.b.example.com"), std::nullopt);
  EXPECT_EQ(names.find("example.com"), std::nullopt);
  EXPECT_EQ(names.find(".example.com"), std::nullopt);
}

TEST(CertificateNames, TheFirstCertificateForANameIsTaken) {
  CertificateNames names;
  names.add({"a.test"}, 0);
  names.add({"a.test", "b.test"}, 1);
  EXPECT_EQ(names.find("a.test"), 0U);
  EXPECT_EQ(names.find("b.test"), 1U);
}

TEST(CertificateNames, ANameThatNoCertificateCanHaveHasNone) {
  CertificateNames names;
  names.add({"a.test"}, 0);
  EXPECT_EQ(names.find(""), std::nullopt);
  EXPECT_EQ(names.find(std::string(10'000, 'a')), std::nullopt);
  EXPECT_EQ(names.find("localhost"), std::nullopt);
}

}  // namespace
}  // namespace switchgear::tls
