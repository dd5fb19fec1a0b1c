// An Api over a program whose breakers are moved by hand.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <optional>

#include "switchgear/admin/answer_record_fixture.hpp"
#include "switchgear/admin/api.hpp"
#include "switchgear/admin/program_fixture.hpp"
#include "switchgear/observe/manual_breakers_fixture.hpp"

namespace switchgear::admin {

class ApiTest : public testing::Test {
 protected:
  Request request(boost::beast::http::verb method, std::string_view target) {
    Request made{method, target, 11};
    made.set(boost::beast::http::field::host, "127.0.0.1:9090");
    return made;
  }
  Api::Answer send(const Request& made) {
    if (!api) api.emplace(options, breakers.registry, program);
    Api::Answer answer = api->answer(made, {"127.0.0.1", "10.0.0.3"}, {});
    record_answer(made.method_string(), made.target(), answer.response.result_int(),
                  answer.response[boost::beast::http::field::content_type], answer.response.body());
    return answer;
  }
  Response get(std::string_view target) {
    return send(request(boost::beast::http::verb::get, target)).response;
  }
  Response post(std::string_view target) {
    return send(request(boost::beast::http::verb::post, target)).response;
  }

  static boost::json::value body(const Response& response) { return boost::json::parse(response.body()); }

  ManualBreakers breakers;
  ServerOptions options = options_of(breakers);
  Program program = program_of(breakers);
  EventQueue::Reader events{breakers.events};
  std::optional<Api> api;
};

inline void expect_problem(const Response& response, boost::beast::http::status status) {
  EXPECT_EQ(response.result(), status) << response.body();
  EXPECT_EQ(response[boost::beast::http::field::content_type], "application/problem+json");
  const boost::json::value document = boost::json::parse(response.body());
  EXPECT_EQ(document.at("status"), static_cast<unsigned>(status));
  EXPECT_EQ(document.at("type"), "about:blank");
  EXPECT_FALSE(document.at("title").as_string().empty());
  EXPECT_FALSE(document.at("detail").as_string().empty());
}

}  // namespace switchgear::admin
