// A program of its own that reads HTTP, and must refuse smuggled requests.
#include "switchgear/http/head_validator.hpp"

int main() {
  using namespace switchgear::http;
  HeadValidator honest{HeadKind::request, {}};
  HeadValidator smuggler{HeadKind::request, {}};
  return honest.advance("GET / HTTP/1.1\r\nHost: shop\r\n\r\n") == HeadValidator::Progress::complete &&
                 smuggler.advance("GET / HTTP/1.1\r\nHost: shop\r\nHost: bank\r\n\r\n") ==
                     HeadValidator::Progress::refused
             ? 0
             : 1;
}
