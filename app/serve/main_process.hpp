// Which process of a unit is its main one, as its service manager sees it.
#pragma once

#include <sys/types.h>

namespace switchgear::serve {

/// Tells the service manager, as sd_notify(3), that `process` is the main one from now on. Without
/// NOTIFY_SOCKET, and if the manager reads nothing, it does nothing.
void name_main_process(pid_t process) noexcept;

}  // namespace switchgear::serve
