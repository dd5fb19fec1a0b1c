// A new process of the program, started by the one that it is to take over from.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <string>
#include <vector>

namespace switchgear::takeover {

/// Started with this process's environment and standard streams, and with no other descriptor of it: it asks
/// for the listeners like one that was started by hand. It goes on when this object ends. Threads: the
/// context's.
class StartedSuccessor {
 public:
  /// `words`: its command line, which begins with the path of the program. `on_end`: called on the context,
  /// once, if it ends while this object is there; how, as a clause: `exit code 3`. Throws std::system_error
  /// that names the program.
  StartedSuccessor(boost::asio::io_context& context, const std::vector<std::string>& words,
                   std::function<void(const std::string& how)> on_end);
  StartedSuccessor(const StartedSuccessor&) = delete;
  StartedSuccessor& operator=(const StartedSuccessor&) = delete;

  [[nodiscard]] pid_t process() const noexcept { return process_; }

 private:
  void wait();

  pid_t process_ = -1;
  boost::asio::posix::stream_descriptor ended_;
  const std::function<void(const std::string& how)> on_end_;
};

}  // namespace switchgear::takeover
