#include "tests/smuggling/corpus.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/beast/core/detail/base64.hpp>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "tests/house/certificates.hpp"

namespace switchgear::wire {

namespace {

[[nodiscard]] std::string exchange_through_tls(const Socket& plain, const std::string& payload) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free};
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls{SSL_new(context.get()), &SSL_free};
  SSL_set_fd(tls.get(), plain.descriptor());
  if (SSL_connect(tls.get()) != 1) return "no handshake";
  SSL_write(tls.get(), payload.data(), static_cast<int>(payload.size()));
  SSL_shutdown(tls.get());
  std::string wire;
  std::array<char, 4096> some{};
  for (int got = 0; (got = SSL_read(tls.get(), some.data(), some.size())) > 0;)
    wire.append(some.data(), static_cast<std::size_t>(got));
  return wire;
}

}  // namespace

std::string decoded(const std::string& base64) {
  std::string bytes(boost::beast::detail::base64::decoded_size(base64.size()), '\0');
  bytes.resize(boost::beast::detail::base64::decode(bytes.data(), base64.data(), base64.size()).first);
  return bytes;
}

std::vector<boost::json::object> lines_of(const std::string& file) {
  std::vector<boost::json::object> lines;
  std::ifstream stream{file};
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(boost::json::parse(line).as_object());
  }
  return lines;
}

std::vector<Payload> own_corpus() {
  std::vector<Payload> all;
  for (const boost::json::object& line : lines_of(SMUGGLING_CORPUS)) {
    Payload& payload = all.emplace_back();
    payload.id = line.at("id").as_string();
    payload.bytes = line.at("payload").as_string();
    for (const auto& status : line.at("answers").as_array())
      payload.answers.push_back(status.to_number<unsigned>());
    payload.forwarded = line.at("forwarded").to_number<std::size_t>();
  }
  return all;
}

std::string exchange(Socket& client, const std::string& bytes, Way way) {
  if (way == Way::tls) return exchange_through_tls(client, bytes);
  client.send(bytes);
  client.shut_down_sending();
  return client.read_all();
}

std::vector<unsigned> statuses_of(const std::string& wire) {
  std::vector<unsigned> all;
  for (std::size_t at = wire.find("HTTP/1.1 "); at != std::string::npos;
       at = wire.find("HTTP/1.1 ", at + 1)) {
    const unsigned status = static_cast<unsigned>(std::strtoul(wire.c_str() + at + 9, nullptr, 10));
    if (status >= 200) all.push_back(status);
  }
  return all;
}

void expect_clean(const std::string& id, const std::vector<Message>& seen) {
  for (const Message& request : seen) {
    EXPECT_FALSE(request.has("content-length") && request.has("transfer-encoding")) << id;
    EXPECT_EQ(request.field("content-length").find(','), std::string::npos) << id;
    EXPECT_EQ(request.field("host").find(','), std::string::npos) << id;
    if (request.has("transfer-encoding")) {
      EXPECT_EQ(request.field("transfer-encoding"), "chunked") << id;
    }
    EXPECT_EQ(request.head_text.find("\n "), std::string::npos) << id << ": a folded line";
    for (std::size_t at = 0; at < request.head_text.size(); ++at) {
      const char c = request.head_text[at];
      EXPECT_FALSE(c == '\0' || (c == '\r' && request.head_text[at + 1] != '\n') ||
                   (c == '\n' && (at == 0 || request.head_text[at - 1] != '\r')))
          << id << ": byte " << at;
    }
  }
}

std::string identity() {
  static const house::Certificates made;
  return "certificate: " + made.reference("server.pem") + ", key: " + made.reference("server.key");
}

}  // namespace switchgear::wire
