// `switchgear serve FILE` on the addresses of its file, in a folder of its own.
#pragma once

#include <sys/types.h>

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/gateway/wire.hpp"
#include "tests/house/program.hpp"

namespace switchgear::wire {

/// Gone with everything in it.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// At once, by a rename. Returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

/// A policy file: `gateway` are the keys of that section, `services` YAML indented by two. The policy `plain`
/// has no breaker.
[[nodiscard]] std::string file_with(const std::string& gateway, const std::string& services);
/// A service that takes every path; `url` as in the file.
[[nodiscard]] std::string service_at(const std::string& url, const std::string& more = "");

/// Killed, if it is still there, with the test.
class Served {
 public:
  /// Waits until it serves; see listeners() when it does not.
  explicit Served(const std::string& file, const std::vector<std::string>& flags = {});

  /// What it said that it serves: `http://127.0.0.1:8080`, `unix:/run/a.sock`. Empty: it has ended.
  [[nodiscard]] const std::vector<std::string>& listeners() const { return listeners_; }
  /// Of one of them.
  [[nodiscard]] std::uint16_t port(std::size_t number = 0) const;
  [[nodiscard]] pid_t pid() const { return program_.pid(); }
  [[nodiscard]] Message admin(const std::string& method, const std::string& target) const;
  [[nodiscard]] boost::json::value status() const;
  /// Everything that it has written, up to a line that has `text`; false: it has ended, or patience has.
  [[nodiscard]] bool says(const std::string& text);
  [[nodiscard]] const std::string& output() const { return program_.output(); }
  void signal(int number) const { program_.signal(number); }
  [[nodiscard]] std::optional<int> wait_for_exit() { return program_.wait(patience); }

 private:
  house::Program program_;
  std::vector<std::string> listeners_;
  std::uint16_t admin_port_ = 0;
};

/// One request on a connection of its own.
[[nodiscard]] Message get(Socket client, const std::string& target = "/", const std::string& fields = "");

}  // namespace switchgear::wire
