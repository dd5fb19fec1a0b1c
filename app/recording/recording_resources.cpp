#include "app/recording/recording_resources.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/config/duration.hpp"

namespace switchgear::recording {

namespace {

namespace json = boost::json;
using admin::Problem;
using admin::ResourceAnswer;
using admin::ResourceRequest;

json::object json_of(const Recording& recording, const WallAnchor& anchor) {
  return {{"circuit", recording.circuit},
          {"from", admin::iso8601(anchor.to_wall(recording.from))},
          {"until", admin::iso8601(anchor.to_wall(recording.until))},
          {"sample", recording.sample},
          {"over", recording.over},
          {"full", recording.full},
          {"calls", recording.counts.calls},
          {"refused", recording.counts.refused},
          {"left_out", recording.counts.left_out}};
}

Problem problem_of(Refusal refusal, const std::string& circuit) {
  switch (refusal) {
    case Refusal::no_such_circuit:
      return {404, "there is no circuit breaker, or no recording, of that name", {{"name", circuit}}};
    case Refusal::runs_already:
      return {409, "a recording of that circuit is running: wait for it, or stop it", {{"name", circuit}}};
    case Refusal::too_many:
      return {409, "8 recordings are running, and there is no room for more: stop one", {{"name", circuit}}};
    case Refusal::not_over:
      break;
  }
  return {409, "the recording is not over: wait for it, or stop it", {{"name", circuit}}};
}

Problem bad(const char* parameter, std::string detail) {
  return {400, std::move(detail), {{"parameter", parameter}}};
}

template <class Number>
std::optional<Number> number_of(const std::string& text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return number;
}

std::variant<Wanted, Problem> wanted_in(const ResourceRequest& request) {
  Wanted wanted;
  if (const std::string* const text = request.parameter("for")) {
    const auto length = config::parse_duration(*text).value;
    if (!length || *length <= Duration::zero() || *length > longest)
      return bad("for", "for is not a length of time above 0s, 24h at most, such as 10m");
    wanted.length = *length;
  }
  if (const std::string* const text = request.parameter("sample")) {
    const auto share = number_of<double>(*text);
    if (!share || !(*share > 0) || *share > 1)
      return bad("sample", "sample is not a share of the calls: above 0, 1 at most");
    wanted.sample = *share;
  }
  if (const std::string* const text = request.parameter("most")) {
    const auto most = number_of<std::size_t>(*text);
    if (!most || *most == 0 || *most > most_calls)
      return bad("most", "most is not a number of calls from 1 to 1000000");
    wanted.most = *most;
  }
  return wanted;
}

}  // namespace

std::vector<admin::AddedResource> recording_resources(Recordings& recordings, WallAnchor anchor,
                                                      std::function<TimePoint()> now) {
  const auto answer = [anchor](std::variant<Recording, Refusal> done, const std::string& circuit,
                               unsigned status) -> ResourceAnswer {
    if (const auto* refusal = std::get_if<Refusal>(&done)) return problem_of(*refusal, circuit);
    return admin::Json{json_of(std::get<Recording>(done), anchor), status};
  };

  std::vector<admin::AddedResource> resources;
  resources.push_back({.method = admin::Method::get,
                       .path = "/traces",
                       .handle = [&recordings, anchor, now](const ResourceRequest&) -> ResourceAnswer {
                         json::array all;
                         for (const Recording& each : recordings.all(now()))
                           all.push_back(json_of(each, anchor));
                         return admin::Json{json::object{{"traces", std::move(all)}}};
                       }});
  resources.push_back(
      {.method = admin::Method::post,
       .path = "/traces",
       .parameters = {"name", "for", "sample", "most"},
       .handle = [&recordings, answer, now](const ResourceRequest& request) -> ResourceAnswer {
         const std::string* const name = request.parameter("name");
         if (name == nullptr || name->empty())
           return bad("name", "name is missing: the circuit breaker to record");
         const auto wanted = wanted_in(request);
         if (const auto* problem = std::get_if<Problem>(&wanted)) return *problem;
         return answer(recordings.start(*name, std::get<Wanted>(wanted), now()), *name, 201);
       },
       .command = "record",
       .subject =
           [](const ResourceRequest& request) {
             const std::string* const name = request.parameter("name");
             return name == nullptr ? std::string{} : *name;
           }});
  resources.push_back({.method = admin::Method::post,
                       .path = "/traces/{name}/stop",
                       .handle =
                           [&recordings, answer, now](const ResourceRequest& request) {
                             const std::string name{request.name};
                             return answer(recordings.stop(name, now()), name, 200);
                           },
                       .command = "stop-recording"});
  resources.push_back({.method = admin::Method::get,
                       .path = "/traces/{name}",
                       .parameters = {"after"},
                       .handle = [&recordings, now](const ResourceRequest& request) -> ResourceAnswer {
                         std::size_t after = 0;
                         if (const std::string* const text = request.parameter("after")) {
                           const auto number = number_of<std::size_t>(*text);
                           if (!number) return bad("after", "after is not a number of lines");
                           after = *number;
                         }
                         const std::string name{request.name};
                         auto lines = recordings.lines(name, after, lines_an_answer, now());
                         if (const auto* refusal = std::get_if<Refusal>(&lines))
                           return problem_of(*refusal, name);
                         return admin::Text{std::move(std::get<std::string>(lines)), "application/jsonl"};
                       }});
  return resources;
}

}  // namespace switchgear::recording
