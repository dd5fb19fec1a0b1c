#include "switchgear/http/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace switchgear::http {

Descriptor Descriptor::share() const noexcept { return Descriptor{::fcntl(number_, F_DUPFD_CLOEXEC, 0)}; }

void Descriptor::close() noexcept {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

}  // namespace switchgear::http
