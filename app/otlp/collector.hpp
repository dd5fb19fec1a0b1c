// One collector, as one request sees it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/otlp/telemetry_section.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/client.hpp"
#include "switchgear/http/response.hpp"

namespace switchgear::otlp {

/// What became of one request (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response).
struct Delivery {
  enum class How : std::uint8_t {
    delivered,    ///< all but `rejected`
    refused,      ///< the same request must not be sent again
    unavailable,  ///< later it may be taken: 429, 502, 503, 504, or no answer
  };
  How how = How::delivered;
  std::uint64_t rejected = 0;                ///< points or spans that the collector threw away
  std::optional<Duration> retry_after = {};  ///< of `unavailable`, if the collector said so
  std::string words = {};                    ///< one line for the log; empty: there is nothing to say
};

/// The meaning of a collector's answer. It cannot have rejected more than the `sent` points or spans.
[[nodiscard]] Delivery delivery_of(const http::Response& response, std::size_t sent);

/// Threads: its executor's, one at a time. Requests may be under way beside each other.
class Collector {
 public:
  /// Throws std::invalid_argument or http::Error for options that read_telemetry() would have refused.
  Collector(const boost::asio::any_io_executor& executor, const OtlpOptions& options);

  /// `path`: below the endpoint. `coded`: JSON, coded by Gzip; it holds at most so many `items`, points or
  /// spans.
  /// Throws nothing: no answer within ten seconds, or none at all, is `unavailable`.
  [[nodiscard]] boost::asio::awaitable<Delivery> post(std::string_view path, std::string coded,
                                                      std::size_t items);

 private:
  http::Client client_;
};

}  // namespace switchgear::otlp
