#include <stdexcept>

#include "switchgear/tls/context.hpp"

int main() {
  using namespace switchgear::tls;
  const ClientContext context{ClientSettings{}};
  try {
    const ServerContext none{ServerSettings{}};
    return 1;
  } catch (const std::invalid_argument&) {
    return context == ClientContext{ClientSettings{}} && problem_of_key("not a key") ? 0 : 1;
  }
}
