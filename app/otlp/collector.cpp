#include "app/otlp/collector.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <chrono>
#include <exception>
#include <system_error>
#include <utility>

#include "switchgear/core/rejected.hpp"
#include "switchgear/core/utf8.hpp"

namespace switchgear::otlp {

namespace json = boost::json;

namespace {

constexpr Duration time_limit = std::chrono::seconds{10};  // OTEL_EXPORTER_OTLP_TIMEOUT's default
constexpr std::size_t longest_message = 200;

/// What a stranger wrote, for one line of a log.
[[nodiscard]] std::string printable(std::string_view text) {
  return on_one_line(text.substr(0, longest_message));
}

[[nodiscard]] std::uint64_t number_of(std::string_view digits) noexcept {
  std::uint64_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return read.ec == std::errc{} && read.ptr == digits.data() + digits.size() ? number : 0;
}

/// A count of protobuf's in JSON: a decimal string, or a number. 0 if it is neither.
[[nodiscard]] std::uint64_t count_of(const json::value* value) {
  if (value == nullptr) return 0;
  if (const auto* text = value->if_string()) return number_of({text->data(), text->size()});
  boost::system::error_code not_a_count;
  const auto number = value->to_number<std::uint64_t>(not_a_count);
  return not_a_count ? 0 : number;
}

[[nodiscard]] std::string text_of(const json::value* value) {
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string{} : printable({text->data(), text->size()});
}

[[nodiscard]] json::value parsed(const std::string& body) {
  boost::system::error_code not_json;
  json::value value = json::parse(body, not_json);
  return not_json ? json::value{} : value;
}

[[nodiscard]] const json::value* member(const json::value* of, std::string_view name) {
  const json::object* object = of == nullptr ? nullptr : of->if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

[[nodiscard]] Delivery delivered(const http::Response& response, std::size_t sent) {
  Delivery delivery;
  const json::value body = parsed(response.body);
  const json::value* partial = member(&body, "partialSuccess");
  const std::uint64_t said =
      std::max(count_of(member(partial, "rejectedSpans")), count_of(member(partial, "rejectedDataPoints")));
  delivery.rejected = std::min<std::uint64_t>(said, sent);
  const std::string message = text_of(member(partial, "errorMessage"));
  if (delivery.rejected != 0) {
    delivery.words = "it rejected " + std::to_string(delivery.rejected) + ": " + message;
  } else if (!message.empty()) {
    delivery.words = "it warns: " + message;
  }
  return delivery;
}

}  // namespace

Delivery delivery_of(const http::Response& response, std::size_t sent) {
  if (response.ok()) return delivered(response, sent);
  Delivery delivery;
  const json::value body = parsed(response.body);
  const std::string message = text_of(member(&body, "message"));
  delivery.words = "it answered with " + std::to_string(response.status);
  if (!message.empty()) delivery.words += ": " + message;
  switch (response.status) {
    case 429:
    case 502:
    case 503:
    case 504:
      delivery.how = Delivery::How::unavailable;
      delivery.retry_after = response.retry_after();
      break;
    default:
      delivery.how = Delivery::How::refused;
  }
  return delivery;
}

namespace {

[[nodiscard]] http::ClientOptions client_options(const OtlpOptions& otlp) {
  http::ClientOptions options;
  for (const auto& [name, value] : otlp.headers) options.headers.set(name, value);
  options.tls = otlp.tls;
  options.pool.connect_timeout = std::chrono::seconds{5};
  options.max_body = std::size_t{64} * 1024;
  return options;
}

}  // namespace

Collector::Collector(const boost::asio::any_io_executor& executor, const OtlpOptions& options)
    : client_(executor, options.endpoint, client_options(options)) {}

boost::asio::awaitable<Delivery> Collector::post(std::string_view path, std::string coded,
                                                 std::size_t items) {
  Delivery delivery;
  try {
    http::Request request{path};
    request.header("Content-Encoding", "gzip").body(std::move(coded), "application/json").timeout(time_limit);
    const http::Response response = co_await client_.post(std::move(request));
    delivery = delivery_of(response, items);
  } catch (const Rejected&) {
    delivery.how = Delivery::How::unavailable;
    delivery.words = "it did not answer in 10 s";
  } catch (const std::exception& error) {
    delivery.how = Delivery::How::unavailable;
    delivery.words = printable(error.what());
  }
  co_return delivery;
}

}  // namespace switchgear::otlp
