#include "app/gateway/open_files.hpp"

#include <gtest/gtest.h>

namespace switchgear::gateway {
namespace {

TEST(OpenFiles, OfAGenerousLimitClientsGetAllThatUpstreamsDoNotNeed) {
  EXPECT_EQ(clients_per_thread(1'048'576, {1, 512}), 1'048'576U - 328U - 512U);
}

TEST(OpenFiles, OfASmallLimitUpstreamsGetAsManyAsClients) {
  const std::size_t clients = clients_per_thread(1024, {1, 10'000});
  EXPECT_EQ(clients, 384U);
  EXPECT_LE(2 * clients + 1024 / 4, 1024U) << "and a quarter is left for admin, log and files";
}

TEST(OpenFiles, ThreadsShareTheLimit) {
  EXPECT_EQ(clients_per_thread(65'536, {4, 1000}), (65'536U - 320U - 32U) / 4 - 1000U);
}

TEST(OpenFiles, NoLimitLeavesAThreadWithoutAnyClient) {
  for (const std::size_t limit : {0U, 1U, 8U, 24U, 100U})
    EXPECT_GE(clients_per_thread(limit, {256, 256}), 1U);
}

}  // namespace
}  // namespace switchgear::gateway
