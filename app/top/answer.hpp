// What the admin API answered to the request of a page.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace switchgear::top {

/// The answer to the request of a page.
struct Answer {
  unsigned status = 0;  ///< of HTTP; 0 when there was none
  boost::json::value body;
  std::string error;  ///< why there was none
};

}  // namespace switchgear::top
