// A command as a page for man(1).
#pragma once

#include <string>

#include "app/manual/command_line.hpp"

namespace switchgear::manual {

/// What stands in the margins of every page.
struct Edition {
  std::string version;  ///< "switchgear 0.1.0"
  std::string date;     ///< "2026-11-27"
};

/// "switchgear-import-istio" of "switchgear import istio": the name of its page and, with ".1", of its file.
[[nodiscard]] std::string page_name(const Command& command);

/// The page of `command`, one of `top` or below it, in roff with the macros of man(7). Depends on nothing but
/// its arguments.
[[nodiscard]] std::string man_page(const Command& top, const Command& command, const Edition& edition);

}  // namespace switchgear::manual
