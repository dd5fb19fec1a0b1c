#include "tests/sockets/served.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace switchgear::wire {

namespace {

[[nodiscard]] std::uint16_t port_of(const std::string& url) {
  return static_cast<std::uint16_t>(std::strtoul(url.c_str() + url.rfind(':') + 1, nullptr, 10));
}

[[nodiscard]] std::vector<std::string> words_of(const std::string& file, std::vector<std::string> flags) {
  std::vector<std::string> words{SWITCHGEAR_BINARY, "serve", file};
  words.insert(words.end(), flags.begin(), flags.end());
  return words;
}

}  // namespace

Folder::Folder() : path_((std::filesystem::temp_directory_path() / "switchgear-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::write(const std::string& name, const std::string& text) const {
  std::ofstream{file("fresh")} << text;
  std::filesystem::rename(file("fresh"), file(name));
  return file(name);
}

std::string file_with(const std::string& gateway, const std::string& services) {
  return "version: 1\ngateway: {admin: \"127.0.0.1:0\", " + gateway +
         "}\npolicies:\n  plain: {timeout: 60s}\nservices:\n" + services;
}

std::string service_at(const std::string& url, const std::string& more) {
  return "  app: {url: \"" + url + "\", policy: plain, routes: [{prefix: /}]" + more + "}\n";
}

Served::Served(const std::string& file, const std::vector<std::string>& flags)
    : program_(words_of(file, flags)) {
  if (!program_.read_until("/dashboard\n", patience)) return;
  const std::string& text = program_.output();
  const std::size_t begin = text.find("switchgear serves ") + 18;
  const std::size_t end = text.find("  admin ", begin);
  for (std::size_t at = begin; at < end;) {
    const std::size_t stop = std::min(text.find(", ", at), end);
    listeners_.push_back(text.substr(at, stop - at));
    at = stop + 2;
  }
  admin_port_ = port_of(text.substr(end, text.find("/dashboard", end) - end));
}

std::uint16_t Served::port(std::size_t number) const { return port_of(listeners_.at(number)); }

Message Served::admin(const std::string& method, const std::string& target) const {
  Socket client = Socket::connect(admin_port_);
  client.send(method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(admin_port_) +
              "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  return client.read_response().value_or(Message{});
}

boost::json::value Served::status() const { return boost::json::parse(admin("GET", "/status").body); }

bool Served::says(const std::string& text) { return program_.read_until(text, patience); }

Message get(Socket client, const std::string& target, const std::string& fields) {
  client.send("GET " + target + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n");
  return client.read_response().value_or(Message{});
}

}  // namespace switchgear::wire
