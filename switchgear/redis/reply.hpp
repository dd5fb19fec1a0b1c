// What a Redis server answers, and the commands it is sent: hiredis' reader and formatter behind values of
// ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace switchgear::redis {

/// One reply. RESP2: a status is `text`, as a bulk string is.
struct Reply {
  enum class Kind : std::uint8_t { nil, integer, text, error, array };

  Kind kind = Kind::nil;
  std::int64_t integer = 0;
  std::string text;          ///< of an error: `NOSCRIPT No matching script`
  std::vector<Reply> items;  ///< of an array

  [[nodiscard]] bool is_error() const noexcept { return kind == Kind::error; }
  /// Whether it is the error of that code, which is its first word.
  [[nodiscard]] bool is_error(std::string_view code) const noexcept {
    return is_error() && text.starts_with(code) && (text.size() == code.size() || text[code.size()] == ' ');
  }
};

/// What a server may make this process keep for one reply.
struct ReplyLimits {
  std::size_t bytes = std::size_t{8} << 20U;  ///< on the wire
  std::size_t items = 100'000;                ///< in all arrays of a reply together
};

/// Cuts a stream of bytes into replies. Threads: one at a time.
class ReplyReader {
 public:
  explicit ReplyReader(const ReplyLimits& limits = {});
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;
  ~ReplyReader();

  /// False: a reply is larger than it may be; nothing comes out any more.
  [[nodiscard]] bool feed(std::string_view bytes);
  /// The next whole reply; empty if there is none yet, or there never will be one: see failed().
  [[nodiscard]] std::optional<Reply> next();
  /// Whether the bytes were not RESP, or more than the limits allow.
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  friend struct ReplyMaker;

  const ReplyLimits limits_;
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
  std::size_t pending_bytes_ = 0;  ///< fed since the last whole reply
  std::size_t items_ = 0;          ///< of the reply that is being read
  bool failed_ = false;
};

/// The words of a command as they go over the wire. Words may hold any bytes.
[[nodiscard]] std::string command(std::span<const std::string_view> words);
[[nodiscard]] std::string command(std::initializer_list<std::string_view> words);

}  // namespace switchgear::redis
