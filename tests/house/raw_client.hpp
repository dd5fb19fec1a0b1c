// One TCP connection to a port of loopback, for tests that look at what a server does to its sockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace switchgear::house {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient();

  [[nodiscard]] bool connected() const noexcept { return connected_; }
  /// errno of the connect that failed.
  [[nodiscard]] int refusal() const noexcept { return refusal_; }

  void send(const std::string& text) const;

  enum class End { answered, closed, reset, silent };
  struct Answer {
    End end = End::silent;
    std::string text;
    std::chrono::milliseconds after{};
  };
  /// Reads one response with a Content-Length, or what happens instead of it; `silent` after `patience`.
  [[nodiscard]] Answer receive(std::chrono::milliseconds patience) const;

 private:
  int socket_ = -1;
  int refusal_ = 0;
  bool connected_ = false;
};

/// Opens a connection, asks, returns what came back.
[[nodiscard]] RawClient::Answer ask(std::uint16_t port, const std::string& request,
                                    std::chrono::milliseconds patience = std::chrono::seconds{60});

[[nodiscard]] std::string get(const std::string& target);
[[nodiscard]] std::string post(const std::string& target, const std::string& body);

}  // namespace switchgear::house
