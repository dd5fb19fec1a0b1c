// What a client's requests share, and one attempt of one of them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "switchgear/async/attempt_op.hpp"
#include "switchgear/async/call_options.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/client/hop.hpp"
#include "switchgear/http/client/response_stream.hpp"
#include "switchgear/http/client_options.hpp"
#include "switchgear/http/request.hpp"
#include "switchgear/http/response.hpp"
#include "switchgear/http/url.hpp"

namespace boost::asio::ssl {
class context;
}  // namespace boost::asio::ssl

namespace switchgear::http {

class BlockPool;
class ClientPool;

/// One request on its way through the client's policies. What the call's options refer to is kept here.
struct ClientCall {
  ClientCall(std::string verb, Request asked, const Url& base, const ClientOptions& options);
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;

  std::string method;
  Request request;
  Url url;
  Hop first;
  std::string url_key;  ///< what plain GETs of the same URL are known by
  bool overrides;       ///< a header asks for another method than its own
  std::string key;      ///< what this request is known by; empty: by nothing
  unsigned redirects = 0;
  bool repeatable = false;
  AsyncReport report{};
  AsyncCallOptions about{};

  /// Nothing changes by it, as far as its method tells; a redirect may have changed that.
  [[nodiscard]] bool is_safe(const std::string& sent) const noexcept {
    return !overrides && http::is_safe(sent);
  }
};

/// Threads: those of the executor, but figures(). Lifetime: shared by the client and its calls.
class ClientCore : public std::enable_shared_from_this<ClientCore> {
 public:
  /// Throws Error for a URL that cannot be called, std::invalid_argument for options that cannot be used.
  ClientCore(const boost::asio::any_io_executor& executor, std::string_view base_url, ClientOptions options);

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  [[nodiscard]] const Url& base() const noexcept { return base_; }
  [[nodiscard]] const ClientOptions& options() const noexcept { return options_; }

  /// One attempt: as many requests as redirects are followed, and one more when a kept connection was closed
  /// as it was taken. Cancelled at its deadline, by its caller. `made` is borrowed, for as long as it runs.
  [[nodiscard]] boost::asio::awaitable<Response> attempt(std::shared_ptr<ClientCall> call,
                                                         const AsyncAttempt& made);

  /// The head of the answer, as soon as it is there. Follows no redirect.
  [[nodiscard]] boost::asio::awaitable<ResponseStream> open(std::shared_ptr<ClientCall> call);

  void sweep() noexcept;
  void retire() noexcept;
  [[nodiscard]] std::vector<PoolFigures> figures() const;

 private:
  using PoolKey = std::tuple<bool, std::string, std::uint16_t, RequestClass>;

  [[nodiscard]] boost::asio::awaitable<Response> send(const Hop& hop, const ClientCall& call,
                                                      const AsyncAttempt& made);
  [[nodiscard]] std::shared_ptr<ClientPool> pool(const Url& url, RequestClass which);

  boost::asio::any_io_executor executor_;
  Url base_;
  ClientOptions options_;
  std::shared_ptr<BlockPool> blocks_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  mutable std::mutex pools_mutex_;  ///< the map changes on the executor alone; figures() reads it elsewhere
  std::map<PoolKey, std::shared_ptr<ClientPool>> pools_;
  std::size_t new_since_sweep_ = 0;  ///< pools, while there are many
  bool retired_ = false;
};

}  // namespace switchgear::http
