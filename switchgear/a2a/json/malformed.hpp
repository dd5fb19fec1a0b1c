// json/: JSON as others have written it, read within bounds. Never here: what the protocol means by it.
//
// This header: what is wrong with it.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace switchgear::a2a::wire {

/// `task.status.state is not a string`
class Malformed : public std::exception {
 public:
  explicit Malformed(std::string why) : why_(std::move(why)) {}
  [[nodiscard]] const char* what() const noexcept override { return why_.c_str(); }

 private:
  std::string why_;
};

}  // namespace switchgear::a2a::wire
