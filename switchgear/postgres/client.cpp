#include "switchgear/postgres/client.hpp"

#include <boost/asio/post.hpp>

namespace switchgear::postgres {

namespace asio = boost::asio;

Client::~Client() {
  asio::post(executor_, [pool = pool_, replica = replica_] {
    pool->retire();
    if (replica) replica->retire();
  });
}

void Client::close_idle() {
  asio::post(executor_, [pool = pool_, replica = replica_] {
    pool->sweep();
    if (replica) replica->sweep();
  });
}

}  // namespace switchgear::postgres
