// What the tests of the client share: a URL of a port, and what a request that must fail says.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "switchgear/core/rejected.hpp"
#include "switchgear/http/blocking_client.hpp"
#include "tests/gateway/upstream.hpp"

namespace switchgear::http {

using wire::Message;
using wire::ok;
using wire::Socket;
using wire::Upstream;
using namespace std::chrono_literals;

[[nodiscard]] inline std::string url_of(std::uint16_t port, const std::string& path = "") {
  return "http://127.0.0.1:" + std::to_string(port) + path;
}

/// How a request ended that brought no answer.
struct Ended {
  std::error_code code;
  std::string text;
};

template <class F>
[[nodiscard]] Ended ended(F&& request) {
  try {
    const Response answer = std::forward<F>(request)();
    return {{}, "answered with " + std::to_string(answer.status)};
  } catch (const std::system_error& thrown) {
    return {thrown.code(), thrown.what()};
  }
}

}  // namespace switchgear::http
