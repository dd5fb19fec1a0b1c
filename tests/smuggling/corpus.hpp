// The corpora of payloads, and what must hold for each of them however it reaches the gateway.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "tests/gateway/wire.hpp"

namespace switchgear::wire {

[[nodiscard]] std::string decoded(const std::string& base64);
/// Of a file of JSON lines; none if it is not there.
[[nodiscard]] std::vector<boost::json::object> lines_of(const std::string& file);

/// A line of the repository's own corpus.
struct Payload {
  std::string id;
  std::string bytes;
  std::vector<unsigned> answers;  ///< their statuses, in order
  std::size_t forwarded = 0;      ///< requests that the upstream gets, one that breaks off included
};
[[nodiscard]] std::vector<Payload> own_corpus();

enum class Way { plain, tls };

/// Sends all of it and says that no more comes, then reads to the end.
[[nodiscard]] std::string exchange(Socket& client, const std::string& bytes, Way way);
/// Of the final answers in it.
[[nodiscard]] std::vector<unsigned> statuses_of(const std::string& wire);

/// Holds for every request that an upstream gets.
void expect_clean(const std::string& id, const std::vector<Message>& seen);

/// Keys of a listener's TLS, as in a file.
[[nodiscard]] std::string identity();

}  // namespace switchgear::wire
