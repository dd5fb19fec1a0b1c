// A stranger who needs the network's components too.
#include "switchgear/async/async_error.hpp"
#include "switchgear/http/head_validator.hpp"

int main() {
  using namespace switchgear;
  const boost::system::error_code refused = detail::code_of(std::make_exception_ptr(42));
  http::HeadValidator validator{http::HeadKind::request, {}};
  const auto progress = validator.advance("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
  return refused == make_error_code(AsyncErrc::exception) &&
                 progress == http::HeadValidator::Progress::complete
             ? 0
             : 1;
}
