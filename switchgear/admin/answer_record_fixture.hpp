// What admin servers answer in tests, recorded so that tests/openapi can compare it with GET /openapi.json.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <string>
#include <string_view>

namespace switchgear::admin {

/// Appends one answer to the file that SWITCHGEAR_ADMIN_ANSWERS names, as a line of JSON; nothing without it.
inline void record_answer(std::string_view method, std::string_view target, unsigned status,
                          std::string_view content_type, std::string_view body) {
  const char* const file = std::getenv("SWITCHGEAR_ADMIN_ANSWERS");
  if (file == nullptr) return;
  const std::string line = boost::json::serialize(boost::json::object{{"method", method},
                                                                      {"target", target},
                                                                      {"status", status},
                                                                      {"content_type", content_type},
                                                                      {"body", body}}) +
                           "\n";
  const int out = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const ssize_t written = ::write(out, line.data(), line.size());
  ::close(out);
  if (written != static_cast<ssize_t>(line.size())) std::abort();
}

/// The same of an answer as it was on the wire. `request`: its method and target, as in the request line.
inline void record_raw_answer(std::string_view request, std::string_view answer) {
  constexpr std::string_view field = "Content-Type: ";
  const std::size_t space = request.find(' ');
  const std::size_t end_of_head = answer.find("\r\n\r\n");
  if (space == std::string_view::npos || end_of_head == std::string_view::npos) return;
  const std::string_view head = answer.substr(0, end_of_head + 2);
  const std::size_t at = head.find(field);
  const std::string_view rest = at == std::string_view::npos ? "\r\n" : head.substr(at + field.size());
  record_answer(request.substr(0, space), request.substr(space + 1),
                static_cast<unsigned>(std::stoul(std::string{head.substr(head.find(' '))})),
                rest.substr(0, rest.find('\r')), answer.substr(end_of_head + 4));
}

}  // namespace switchgear::admin
