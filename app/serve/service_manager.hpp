// What the process tells the service manager that started it: the protocol of sd_notify(3).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear::serve {

/// Sends datagrams to the socket that NOTIFY_SOCKET names, as systemd expects of a unit with Type=notify.
/// Without that variable, and if the socket takes nothing, it does nothing: a gateway serves all the same.
/// Threads: any.
class ServiceManager {
 public:
  /// `socket`: the variable's value; a path, or the name of an abstract socket after "@". Empty: none.
  explicit ServiceManager(std::string_view socket);
  /// The one that started this process.
  [[nodiscard]] static ServiceManager of_environment();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;
  ~ServiceManager();

  /// It serves. `status`: one line for people.
  void ready(std::string_view status) const;
  /// Another process is the unit's main one from now on.
  void main_process(pid_t process) const;
  /// It reads its configuration again, and is ready when that is done.
  void reloading() const;
  /// It ends, and asks not to be killed before `at_most` has passed. May be repeated with what is left.
  void stopping(std::string_view status, Duration at_most) const;

 private:
  void send(const std::string& message) const;

  int socket_ = -1;
};

}  // namespace switchgear::serve
