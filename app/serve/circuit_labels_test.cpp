#include "app/serve/circuit_labels.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace switchgear::serve {
namespace {

alert::Labels labels(const std::string& circuit) {
  static const std::set<std::string> services{"payment", "payment/refunds", "search"};
  return circuit_labels(circuit, [](const std::string& name) { return services.contains(name); });
}

TEST(CircuitLabels, SayThatAServiceIsNoPartOfAnotherWhoseNameItsOwnBeginsWith) {
  EXPECT_EQ(labels("payment"), (alert::Labels{{"service", "payment"}, {"scope", "service"}}));
  EXPECT_EQ(labels("payment/refunds"), (alert::Labels{{"service", "payment/refunds"}, {"scope", "service"}}));
}

TEST(CircuitLabels, SayWhichServiceAPartBelongsTo) {
  EXPECT_EQ(labels("payment/ada"), (alert::Labels{{"service", "payment"}, {"scope", "part"}}));
  EXPECT_EQ(labels("payment/refunds/ada"),
            (alert::Labels{{"service", "payment/refunds"}, {"scope", "part"}}));
  EXPECT_EQ(labels("unknown/ada"), (alert::Labels{{"service", "unknown/ada"}, {"scope", "service"}}));
  EXPECT_EQ(labels("/"), (alert::Labels{{"service", "/"}, {"scope", "service"}}));
}

}  // namespace
}  // namespace switchgear::serve
