#include "switchgear/http/url.hpp"

#include <gtest/gtest.h>

#include <string>

#include "switchgear/http/error.hpp"

namespace switchgear::http {
namespace {

TEST(Url, IsTakenApart) {
  const Url url = Url::parse("http://Shop.Example:8080/a/b?x=1#part");
  EXPECT_FALSE(url.tls());
  EXPECT_EQ(url.host(), "shop.example");
  EXPECT_EQ(url.port(), 8080);
  EXPECT_EQ(url.target(), "/a/b?x=1");
  EXPECT_EQ(url.authority(), "shop.example:8080");
  EXPECT_EQ(Url::parse("https://shop").text(), "https://shop/");
  EXPECT_EQ(Url::parse("https://shop").port(), 443);
  EXPECT_EQ(Url::parse("https://shop:443").origin(), "https://shop");
  EXPECT_EQ(Url::parse("http://[::1]:80/").host(), "::1");
  EXPECT_EQ(Url::parse("http://[::1]:81/").authority(), "[::1]:81");
}

TEST(Url, LeadsToAUnixSocketAndStaysThere) {
  const Url url = Url::parse("unix:/run/app.sock:/v1?x=1");
  EXPECT_EQ(url.host(), "unix:/run/app.sock");
  EXPECT_EQ(url.port(), 0);
  EXPECT_EQ(url.target(), "/v1?x=1");
  EXPECT_EQ(url.authority(), "localhost");
  EXPECT_EQ(url.text(), "unix:/run/app.sock:/v1?x=1");
  EXPECT_EQ(Url::parse("unix:@app").text(), "unix:@app:/");
  EXPECT_EQ(url.origin(), "unix:/run/app.sock") << "messages read: unix:/run/app.sock: refused";
  const Url base = Url::parse("unix:/run/app.sock:/v1");
  EXPECT_EQ(base.join("/users/7", {{"a", "b"}}).text(), "unix:/run/app.sock:/v1/users/7?a=b");
  EXPECT_EQ(base.join("https://bank/a").text(), "https://bank/a");
  EXPECT_EQ(base.follow("/x").text(), "unix:/run/app.sock:/x");
  EXPECT_EQ(base.follow("x").text(), "unix:/run/app.sock:/x");
  EXPECT_EQ(base.follow("http://localhost/x").text(), "unix:/run/app.sock:/x");
  EXPECT_EQ(base.follow("http://bank/x").text(), "http://bank/x");
  EXPECT_TRUE(base.same_origin(base.follow("/x")));
  EXPECT_FALSE(base.same_origin(Url::parse("unix:/run/other.sock")));
}

TEST(Url, NoServerLeadsToAUnixSocket) {
  for (const char* location :
       {"unix:/run/docker.sock", "unix:/run/docker.sock:/x", "unix://run/docker.sock"}) {
    EXPECT_THROW((void)Url::parse("http://shop/").follow(location), Error) << location;
    EXPECT_THROW((void)Url::parse("unix:/run/app.sock").follow(location), Error) << location;
  }
  for (const std::string& wrong : {std::string{"unix:"}, std::string{"unix:app.sock"}, std::string{"unix:/"},
                                   "unix:/" + std::string(107, 'a'), std::string{"unix:/a:b"}})
    EXPECT_THROW((void)Url::parse(wrong), Error) << wrong;
}

TEST(Url, JoinsAPathToItsOwn) {
  const auto joined = [](const char* base, const char* reference) {
    return Url::parse(base).join(reference).text();
  };
  EXPECT_EQ(joined("http://shop", "/a"), "http://shop/a");
  EXPECT_EQ(joined("http://shop", "a"), "http://shop/a");
  EXPECT_EQ(joined("http://shop", ""), "http://shop/");
  EXPECT_EQ(joined("http://shop/api", "/a"), "http://shop/api/a");
  EXPECT_EQ(joined("http://shop/api/", "a?b=c"), "http://shop/api/a?b=c");
  EXPECT_EQ(joined("http://shop/api", ""), "http://shop/api");
  EXPECT_EQ(joined("http://shop/api", "?b=c"), "http://shop/api?b=c");
  EXPECT_EQ(joined("http://shop/api", "https://bank/a"), "https://bank/a");
  EXPECT_EQ(joined("http://shop/api", "/a?next=http://bank/"), "http://shop/api/a?next=http://bank/");
  EXPECT_EQ(joined("http://shop/api", "/a#part"), "http://shop/api/a");
}

TEST(Url, FollowsWhatAServerSays) {
  const Url url = Url::parse("http://shop/a/b?x=1");
  EXPECT_EQ(url.follow("c").text(), "http://shop/a/c");
  EXPECT_EQ(url.follow("/c?y=2").text(), "http://shop/c?y=2");
  EXPECT_EQ(url.follow("../c").text(), "http://shop/c");
  EXPECT_EQ(url.follow("//bank/c").text(), "http://bank/c");
  EXPECT_EQ(url.follow("https://bank").text(), "https://bank/");
  EXPECT_EQ(url.follow("?y=2").text(), "http://shop/a/b?y=2");
  EXPECT_THROW(static_cast<void>(url.follow("http://[bad/")), Error);
  EXPECT_THROW(static_cast<void>(url.follow("javascript:alert(1)")), Error);
}

TEST(Url, HasAHostAndAPortThatCanStandInAHeader) {
  for (const char* url :
       {"http://shop:port", "http://shop:port/", "http://shop:0/", "http://shop:65536/", "http://a%20b/",
        "http://a%0d%0aX-B:%201/", "http://%00/", "http:///a", "http://"}) {
    EXPECT_THROW(static_cast<void>(Url::parse(url)), Error) << url;
  }
  EXPECT_EQ(Url::parse("http://shop:/").text(), "http://shop/");
}

TEST(Url, KnowsItsOrigin) {
  const Url url = Url::parse("http://shop:80/a");
  EXPECT_TRUE(url.same_origin(Url::parse("http://SHOP/b")));
  EXPECT_FALSE(url.same_origin(Url::parse("https://shop:80/a")));
  EXPECT_FALSE(url.same_origin(Url::parse("http://shop:81/a")));
  EXPECT_FALSE(url.same_origin(Url::parse("http://bank/a")));
}

}  // namespace
}  // namespace switchgear::http
