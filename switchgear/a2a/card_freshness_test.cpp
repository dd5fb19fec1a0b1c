#include "switchgear/a2a/card_freshness.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/http/http_date.hpp"

namespace switchgear::a2a {
namespace {

using namespace std::chrono_literals;

const TimePoint now{1000s};
const auto date = std::chrono::system_clock::from_time_t(1'800'000'000);

CardFreshness freshness(const std::vector<std::pair<std::string, std::string>>& fields) {
  http::Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return freshness_of(headers, {.default_fresh = 5min, .max_stale = 1h}, now, date);
}

TEST(CardFreshness, LastsAsLongAsTheAnswerSays) {
  struct Row {
    std::vector<std::pair<std::string, std::string>> fields;
    Duration fresh;
    Duration stale;
  };
  const std::string in_a_minute = http::format_http_date(date + 60s);
  const std::string said = http::format_http_date(date);
  const std::vector<Row> rows{
      {{}, 5min, 1h},
      {{{"Cache-Control", "public, max-age=60"}}, 60s, 1h},
      {{{"Cache-Control", "max-age=60"}, {"Age", "50"}}, 10s, 1h},
      {{{"Cache-Control", "max-age=60"}, {"Age", "70"}}, 0s, 1h},
      {{{"Cache-Control", "s-maxage=5, max-age=\"60\""}}, 60s, 1h},
      {{{"Cache-Control", "max-age=oops"}}, 0s, 1h},
      {{{"Cache-Control", "max-age=60, stale-if-error=30"}}, 60s, 30s},
      {{{"Cache-Control", "max-age=60, must-revalidate"}}, 60s, 0s},
      {{{"Cache-Control", "no-cache"}}, 0s, 1h},
      {{{"Expires", in_a_minute}, {"Date", said}}, 60s, 1h},
      {{{"Expires", "0"}}, 0s, 1h},
      {{{"Expires", in_a_minute}, {"Cache-Control", "max-age=1"}}, 1s, 1h},
  };
  for (const Row& row : rows) {
    const CardFreshness seen = freshness(row.fields);
    std::string what;
    for (const auto& [name, value] : row.fields) what += name + ": " + value + "; ";
    EXPECT_EQ(seen.fresh_until - now, row.fresh) << what;
    EXPECT_EQ(seen.usable_until - seen.fresh_until, row.stale) << what;
    EXPECT_TRUE(seen.may_be_stored) << what;
  }
}

TEST(CardFreshness, KeepsWhatItIsRevalidatedBy) {
  const CardFreshness seen =
      freshness({{"ETag", "W/\"7\""}, {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"}});
  EXPECT_EQ(seen.etag, "W/\"7\"");
  EXPECT_EQ(seen.last_modified, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_TRUE(seen.can_be_revalidated());
  EXPECT_FALSE(freshness({{"Cache-Control", "no-store"}}).may_be_stored);
}

}  // namespace
}  // namespace switchgear::a2a
