#include "switchgear/redis/sentinels.hpp"

#include <charconv>
#include <utility>

namespace switchgear::redis {

Sentinels::Sentinels(boost::asio::any_io_executor executor, std::vector<Address> sentinels,
                     std::optional<tls::ClientContext> tls, std::string master)
    : executor_(std::move(executor)),
      sentinels_(std::move(sentinels)),
      tls_(std::move(tls)),
      master_(std::move(master)) {}

Sentinels::~Sentinels() { ++search_; }

void Sentinels::find_master(Duration limit, Found found) {
  ++search_;
  limit_ = limit;
  found_ = std::move(found);
  ask_next(0, "no Sentinel is known");
}

void Sentinels::ask_next(std::size_t tried, std::string why_not) {
  if (tried == sentinels_.size()) return end(std::nullopt, std::move(why_not));
  connection_ = std::make_unique<Connection>(executor_, sentinels_[next_ % sentinels_.size()], tls_);
  connection_->open(limit_, [this, tried, search = search_](std::error_code error, const std::string& words) {
    if (search != search_) return;
    if (error) {
      std::string why = "Sentinel " + here() + ": " + (words.empty() ? error.message() : words);
      ++next_;
      return ask_next(tried + 1, std::move(why));
    }
    connection_->send(command({"SENTINEL", "get-master-addr-by-name", master_}), limit_,
                      [this, tried, search](std::error_code failure, const Reply& reply) {
                        if (search != search_) return;
                        if (!failure) return take(reply, tried);
                        std::string why = "Sentinel " + here() + ": " + failure.message();
                        ++next_;
                        ask_next(tried + 1, std::move(why));
                      });
  });
}

void Sentinels::take(const Reply& reply, std::size_t tried) {
  Address found;
  const bool is_pair = reply.kind == Reply::Kind::array && reply.items.size() == 2;
  if (is_pair) {
    found.host = reply.items[0].text;
    const std::string& port = reply.items[1].text;
    const auto read = std::from_chars(port.data(), port.data() + port.size(), found.port);
    if (read.ec == std::errc{} && read.ptr == port.data() + port.size() && !found.host.empty())
      return end(found, {});
  }
  std::string why = "Sentinel " + here() +
                    (reply.is_error() ? ": " + reply.text : " does not know a master '" + master_ + "'");
  ++next_;
  ask_next(tried + 1, std::move(why));
}

void Sentinels::end(std::optional<Address> where, std::string why_not) {
  ++search_;  // what closing the connection calls is not for anyone
  connection_.reset();
  if (const Found found = std::exchange(found_, nullptr)) found(std::move(where), std::move(why_not));
}

}  // namespace switchgear::redis
