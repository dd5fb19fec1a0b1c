// Resources that the program around the server adds to it, such as GET /history and POST /silences. Never
// here: the server's own resources.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace switchgear::admin {

/// What a request to an added resource brings. Borrowed for as long as the handler runs.
struct ResourceRequest {
  std::string_view name;  ///< what stands for `{name}` in the path, percent-decoded; empty without one
  /// Of the query, percent-decoded (a `+` is a space): only those that the resource names, each at most once.
  const std::map<std::string, std::string, std::less<>>& parameters;
  std::string_view body;    ///< at most ServerLimits::body_bytes
  std::string_view client;  ///< its address, without a port

  /// Null when the query does not have it.
  [[nodiscard]] const std::string* parameter(std::string_view wanted) const {
    const auto found = parameters.find(wanted);
    return found == parameters.end() ? nullptr : &found->second;
  }
};

/// `application/json`.
struct Json {
  boost::json::value value;
  unsigned status = 200;
};

struct Text {
  std::string content;
  std::string content_type = "text/plain; charset=utf-8";
  /// If set, a browser saves it as a file of this name and does not show it. Letters, digits and `.-_` only.
  std::string file_name = {};
};

/// An RFC 9457 problem document: `status` is 400 or above, `detail` one sentence for people, and `members`
/// are further ones for programs.
struct Problem {
  unsigned status = 400;
  std::string detail;
  boost::json::object members = {};
};

using ResourceAnswer = std::variant<Json, Text, Problem>;

enum class Method : std::uint8_t {
  get,   ///< changes nothing; HEAD works too
  post,  ///< changes something: the rules for the server's own commands apply (Host, Origin, token)
};

/// One method of one path.
///
///     program.resources.push_back({.method = admin::Method::get,
///                                  .path = "/kitchens/{name}",
///                                  .parameters = {"day"},
///                                  .handle = [&](const admin::ResourceRequest& request) {
///                                    return admin::Json{menu_of(request.name, request.parameter("day"))};
///                                  }});
struct AddedResource {
  Method method = Method::get;
  /// Begins with `/`. One of its segments may be `{name}`, which stands for any text but an empty one.
  std::string path;
  /// Names that its query may have. A request with another one, or with one twice, is answered with 400.
  std::vector<std::string> parameters = {};
  /// Called on the server's executor, one request at a time; must not block it for long. What it throws is
  /// answered with 500.
  std::function<ResourceAnswer(const ResourceRequest&)> handle;
  /// Of a POST: the word for it in LoggedCommand and `switchgear_admin_commands_total`, such as `silence`.
  std::string command = {};
  /// Of a POST: what the command is to, as LoggedCommand has it; empty: what stands for `{name}`. Not called
  /// for a request whose query is malformed.
  std::function<std::string(const ResourceRequest&)> subject = {};
  /// Of a GET: whether `resources` of the snapshot and of GET /status list it now, asked for each of them on
  /// the server's executor; empty: always. It is answered all the same.
  std::function<bool()> offered = {};
};

}  // namespace switchgear::admin
