#include "app/gateway/open_files.hpp"

#include <gtest/gtest.h>

#include <string>

namespace switchgear::gateway {
namespace {

TEST(OpenFiles, OfAGenerousLimitClientsGetAllThatUpstreamsDoNotNeed) {
  const OpenFilesShare share = share_of_open_files(1'048'576, {1, 512});
  EXPECT_EQ(share.clients, 1'048'576U - 296U - 512U);
  EXPECT_EQ(share.upstream, 512U);
}

TEST(OpenFiles, WhateverTheLimitAllPartsTogetherStayBelowIt) {
  for (const std::size_t threads : {1U, 2U, 4U, 64U}) {
    for (std::size_t limit = 60; limit < 5000; limit += 7) {
      OpenFilesShare share;
      try {
        share = share_of_open_files(limit, {threads, 10'000});
      } catch (const TooFewOpenFiles&) {
        EXPECT_LT(limit, 44 + 12 * threads);
        continue;
      }
      EXPECT_GE(share.clients, 2U);
      EXPECT_GE(share.upstream, 1U) << limit;
      EXPECT_LE(share.clients - share.upstream, 1U) << "each client's call may have a connection";
      EXPECT_LE(32 + threads * (8 + share.clients + share.upstream) + admin_connections(limit, threads),
                limit);
    }
  }
}

TEST(OpenFiles, ThreadsShareTheLimit) {
  EXPECT_EQ(share_of_open_files(65'536, {4, 1000}).clients, (65'536U - 256U - 64U) / 4 - 1000U);
}

TEST(OpenFiles, ALimitThatIsTooLowSaysHowManyAreNeeded) {
  try {
    (void)share_of_open_files(40, {4, 256});
    FAIL();
  } catch (const TooFewOpenFiles& error) {
    EXPECT_EQ(std::string{error.what()},
              "the limit of open files is 40: too low to serve with 4 threads, which needs 88; raise it "
              "(ulimit -n, "
              "LimitNOFILE of systemd)");
  }
}

}  // namespace
}  // namespace switchgear::gateway
