#include "switchgear/redis/client.hpp"

#include <utility>

#include "switchgear/redis/session.hpp"

namespace switchgear::redis {

namespace asio = boost::asio;

Client::Client(asio::any_io_executor executor, ClientOptions options, std::uint64_t seed)
    : session_(options.cluster.empty()
                   ? make_server_session(std::move(executor), std::move(options), seed)
                   : make_cluster_session(std::move(executor), std::move(options), seed)) {}

Client::~Client() { session_->close(); }

void Client::start(std::function<void()> connected, Heard heard) {
  session_->start(std::move(connected), std::move(heard));
}
void Client::send(std::string command, Done done) { session_->send(std::move(command), std::move(done)); }
void Client::run(const Script& script, std::vector<std::string> keys, std::vector<std::string> arguments,
                 Done done, Asking asking) {
  session_->run(script, std::move(keys), std::move(arguments), std::move(done), asking);
}
void Client::reconnect() { session_->reconnect(); }
void Client::close() { session_->close(); }
bool Client::connected() const noexcept { return session_->connected(); }
std::string Client::trouble() const { return session_->trouble(); }
ClientCounts Client::counts() const { return session_->counts(); }

}  // namespace switchgear::redis
