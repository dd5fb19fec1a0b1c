#include "app/serve/circuit_labels.hpp"

#include <cstddef>
#include <utility>

namespace switchgear::serve {

alert::Labels circuit_labels(const std::string& circuit,
                             const std::function<bool(const std::string&)>& is_service) {
  if (is_service(circuit)) return {{"service", circuit}, {"scope", "service"}};
  // The service may have slashes in its name too: the longest that there is.
  for (std::size_t slash = circuit.rfind('/'); slash != std::string::npos && slash > 0;
       slash = circuit.rfind('/', slash - 1)) {
    std::string service = circuit.substr(0, slash);
    if (is_service(service)) return {{"service", std::move(service)}, {"scope", "part"}};
  }
  return {{"service", circuit}, {"scope", "service"}};
}

}  // namespace switchgear::serve
