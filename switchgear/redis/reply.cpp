#include "switchgear/redis/reply.hpp"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include <new>
#include <utility>

namespace switchgear::redis {

/// The functions by which hiredis' reader builds replies of ours. An array's items have their places from the
/// start, so that pointers to them stay good while they are read.
struct ReplyMaker {
  static Reply* place(const redisReadTask* task) {
    if (task->parent == nullptr) return new Reply;
    return &static_cast<Reply*>(task->parent->obj)->items[static_cast<std::size_t>(task->idx)];
  }

  static void* text(const redisReadTask* task, char* bytes, std::size_t size) {
    Reply* reply = place(task);
    reply->kind = task->type == REDIS_REPLY_ERROR ? Reply::Kind::error : Reply::Kind::text;
    reply->text.assign(bytes, size);
    return reply;
  }
  static void* array(const redisReadTask* task, int elements) {
    auto& reader = *static_cast<ReplyReader*>(task->privdata);
    const auto count = static_cast<std::size_t>(elements);
    if (elements < 0 || count > reader.limits_.items - reader.items_) return nullptr;
    reader.items_ += count;
    Reply* reply = place(task);
    reply->kind = Reply::Kind::array;
    reply->items.resize(count);
    return reply;
  }
  static void* integer(const redisReadTask* task, long long value) {
    Reply* reply = place(task);
    reply->kind = Reply::Kind::integer;
    reply->integer = value;
    return reply;
  }
  static void* nil(const redisReadTask* task) { return place(task); }
  /// Only ever of a whole reply.
  static void free(void* reply) { delete static_cast<Reply*>(reply); }

  static redisReplyObjectFunctions functions;
};

redisReplyObjectFunctions ReplyMaker::functions{text, array, integer, nil, free};

ReplyReader::ReplyReader(const ReplyLimits& limits)
    : limits_(limits), reader_(redisReaderCreateWithFunctions(&ReplyMaker::functions), &redisReaderFree) {
  if (!reader_) throw std::bad_alloc();
  reader_->privdata = this;
}

ReplyReader::~ReplyReader() = default;

bool ReplyReader::feed(std::string_view bytes) {
  if (failed_) return false;
  pending_bytes_ += bytes.size();
  failed_ = pending_bytes_ > limits_.bytes ||
            redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK;
  return !failed_;
}

std::optional<Reply> ReplyReader::next() {
  if (failed_) return std::nullopt;
  void* made = nullptr;
  if (redisReaderGetReply(reader_.get(), &made) != REDIS_OK) {
    failed_ = true;
    return std::nullopt;
  }
  if (made == nullptr) return std::nullopt;
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(made));
  items_ = 0;
  pending_bytes_ = reader_->len - reader_->pos;
  return std::move(*reply);
}

std::string command(std::span<const std::string_view> words) {
  std::vector<const char*> starts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    starts.push_back(word.data() == nullptr ? "" : word.data());
    sizes.push_back(word.size());
  }
  char* made = nullptr;
  const int size = redisFormatCommandArgv(&made, static_cast<int>(words.size()), starts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  std::string text(made, static_cast<std::size_t>(size));
  redisFreeCommand(made);
  return text;
}

std::string command(std::initializer_list<std::string_view> words) {
  return command(std::span(words.begin(), words.size()));
}

}  // namespace switchgear::redis
