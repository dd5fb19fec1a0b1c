// A Redis Cluster behind a Client: a connection to each master, and which of them has which slot.
//
// The slots are learnt from any node that answers, again every `cluster_interval`, and soon after anything
// that shows that they have changed: a redirection, a connection that is lost, an error of the cluster. Nodes
// are asked in turn, because one that is cut off from the others tells what was.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <utility>

#include "switchgear/core/random.hpp"
#include "switchgear/redis/client.hpp"
#include "switchgear/redis/cluster_slots.hpp"
#include "switchgear/redis/error.hpp"
#include "switchgear/redis/session.hpp"

namespace switchgear::redis {

namespace asio = boost::asio;

namespace {

constexpr std::uint16_t unknown = 0xffff;  ///< no node: of a slot
constexpr int most_redirections = 5;
constexpr std::chrono::milliseconds soon_enough{250};
constexpr unsigned most_hurried = 8;

TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

struct Node {
  Address address;
  std::unique_ptr<Client> client;
  std::size_t in_flight = 0;
  bool serves = false;  ///< it has slots
};
using NodePtr = std::shared_ptr<Node>;

/// A command on its way, with what it takes to send it elsewhere.
struct Call {
  const Script* script = nullptr;  ///< null: `text` is all of it
  std::string text;
  std::vector<std::string> keys, arguments;
  Done done;
  int redirections = 0;
};
using CallPtr = std::shared_ptr<Call>;

class ClusterSession final : public Session, public std::enable_shared_from_this<ClusterSession> {
 public:
  ClusterSession(asio::any_io_executor executor, ClientOptions options, std::uint64_t seed)
      : executor_(std::move(executor)), options_(std::move(options)), random_(seed), learn_again_(executor_) {
    seeds_.push_back(options_.address);
    for (Address seed_node : options_.cluster) {
      seed_node.user = options_.address.user;
      seed_node.password = options_.address.password;
      seed_node.tls = options_.address.tls;
      if (std::ranges::find(seeds_, seed_node) == seeds_.end()) seeds_.push_back(std::move(seed_node));
    }
  }

  void start(std::function<void()> connected, Heard heard) override {
    connected_ = std::move(connected);
    heard_ = std::move(heard);
    find_nodes();
    learn_at(now() + options_.connect_timeout);
  }

  void send(std::string text, Done done) override {
    auto call = std::make_shared<Call>();
    call->text = std::move(text);
    call->done = std::move(done);
    go(call, any_node(), Asking::no);
  }

  void run(const Script& script, std::vector<std::string> keys, std::vector<std::string> arguments, Done done,
           Asking asking) override {
    auto call = std::make_shared<Call>();
    call->script = &script;
    call->keys = std::move(keys);
    call->arguments = std::move(arguments);
    call->done = std::move(done);
    const std::uint16_t at = closed_ || call->keys.empty() ? unknown : slots_[slot_of(call->keys.front())];
    go(call, at == unknown ? any_node() : masters_[at], asking);
  }

  void reconnect() override { learn_soon(); }

  void close() override {
    closed_ = true;
    learn_again_.cancel();
    hints_.reset();
    for (auto& [name, node] : nodes_) node->client->close();
    nodes_.clear();
    masters_.clear();
    connected_ = nullptr;
    heard_ = nullptr;
  }

  [[nodiscard]] bool connected() const noexcept override {
    return learnt_ &&
           std::ranges::any_of(masters_, [](const NodePtr& node) { return node->client->connected(); });
  }

  [[nodiscard]] std::string trouble() const override {
    for (const auto& [name, node] : nodes_) {
      if (learnt_ && !node->serves) continue;
      std::string why = node->client->trouble();
      if (!why.empty()) return name + ": " + why;
    }
    return unserved_ == 0 ? trouble_ : std::to_string(unserved_) + " slots of the cluster have no node";
  }

  [[nodiscard]] ClientCounts counts() const override {
    ClientCounts sum = counts_;
    for (const auto& [name, node] : nodes_) add(sum, node->client->counts());
    return sum;
  }

 private:
  static void add(ClientCounts& to, const ClientCounts& more) {
    to.connects += more.connects;
    to.sent += more.sent;
    to.failed += more.failed;
    to.refused += more.refused;
  }

  static std::string name_of(const Address& address) {
    return address.host + ":" + std::to_string(address.port);
  }

  NodePtr node_at(const Address& address) {
    NodePtr& node = nodes_[name_of(address)];
    if (node) return node;
    node = std::make_shared<Node>();
    node->address = address;
    node->client = std::make_unique<Client>(executor_, options_for(address), random_.next());
    node->client->start([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self || self->closed_) return;
      self->learnt_ ? self->tell_connected() : self->learn();
    });
    return node;
  }

  [[nodiscard]] ClientOptions options_for(const Address& address) const {
    ClientOptions one = options_;
    one.address = address;
    one.cluster.clear();
    one.channels.clear();
    return one;
  }

  void tell_connected() {
    if (connected_ && connected()) connected_();
  }

  void find_nodes() {
    for (const Address& seed : seeds_) (void)node_at(seed);
    for (const Address& each : others_) (void)node_at(each);
  }

  /// In turn.
  NodePtr any_node() {
    std::vector<NodePtr> open;
    for (const auto& [name, node] : nodes_) {
      if (node->client->connected()) open.push_back(node);
    }
    return open.empty() ? nullptr : open[turn_++ % open.size()];
  }

  // --- Commands.
  void go(const CallPtr& call, const NodePtr& node, Asking asking) {
    if (closed_ || !node) return refuse(call);
    ++node->in_flight;
    auto answered = [self = shared_from_this(), call, node](std::error_code error, Reply reply) {
      --node->in_flight;
      if (!self->closed_) self->take(call, *node, error, std::move(reply));
    };
    if (call->script != nullptr) {
      node->client->run(*call->script, call->keys, call->arguments, std::move(answered), asking);
    } else {
      node->client->send(call->text, std::move(answered));
    }
  }

  void refuse(const CallPtr& call) {
    ++counts_.refused;
    if (!closed_) learn_soon();
    asio::post(executor_, [self = shared_from_this(), call] {
      if (!self->closed_) call->done(Errc::not_connected, {});
    });
  }

  void take(const CallPtr& call, const Node& node, std::error_code error, Reply reply) {
    if (!error) {
      if (const auto redirection = parse_redirection(reply, node.address);
          redirection && ++call->redirections <= most_redirections)
        return redirect(call, *redirection);
    }
    if (error || reply.is_error("CLUSTERDOWN") || reply.is_error("MOVED") || reply.is_error("READONLY"))
      learn_soon();
    call->done(error, std::move(reply));
  }

  void redirect(const CallPtr& call, const Redirection& to) {
    const NodePtr node = node_at(to.to);
    if (!to.asks) {
      slots_[to.slot] = index_of(node);
      learn_soon();
    }
    go(call, node, to.asks ? Asking::yes : Asking::no);
  }

  std::uint16_t index_of(const NodePtr& node) {
    node->serves = true;
    const auto at = static_cast<std::size_t>(std::ranges::find(masters_, node) - masters_.begin());
    if (at == masters_.size()) masters_.push_back(node);
    return static_cast<std::uint16_t>(at);
  }

  // --- What the nodes say about the slots.
  void learn_at(TimePoint at) {
    learn_due_ = at;
    learn_again_.expires_at(at);
    learn_again_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      if (const auto self = weak.lock(); self && !error && !self->closed_) self->learn();
    });
  }

  /// Less often if it has shown nothing new: a cluster that is down for long is not to answer that as well.
  void learn_soon() {
    const Duration most = std::min<Duration>(soon_enough * (1U << hurried_), options_.retry_max);
    const TimePoint at = now() + uniform_between(random_, most / 2, most);
    if (learning_ || learn_due_ <= at) return;
    hurried_ = std::min(hurried_ + 1, most_hurried);
    hurries_ = true;
    learn_at(at);
  }

  void learn() {
    if (learning_) return;
    const NodePtr node = any_node();
    if (!node) {
      find_nodes();
      return learn_at(now() + soon_enough);
    }
    learning_ = true;
    if (!std::exchange(hurries_, false)) hurried_ = 0;
    ++node->in_flight;
    node->client->send(command({"CLUSTER", "SLOTS"}), [self = shared_from_this(), node](std::error_code error,
                                                                                        const Reply& reply) {
      --node->in_flight;
      self->learning_ = false;
      if (self->closed_) return;
      const bool ok = !error && self->use(reply, node->address);
      self->learn_at(now() + (ok ? self->options_.cluster_interval : Duration{soon_enough}));
    });
  }

  bool use(const Reply& reply, const Address& asked) {
    auto ranges = parse_slots(reply, asked);
    if (!ranges || ranges->empty()) {
      trouble_ = name_of(asked) + ": " +
                 (reply.is_error() ? reply.text : std::string("it is not a node of a cluster with slots"));
      return false;
    }
    for (const NodePtr& node : masters_) node->serves = false;
    masters_.clear();
    others_.clear();
    slots_.assign(cluster_slots, unknown);
    unserved_ = cluster_slots;
    for (const SlotRange& range : *ranges) {
      const std::uint16_t index = index_of(node_at(range.master));
      std::fill(slots_.begin() + range.from, slots_.begin() + range.to + 1, index);
      unserved_ -= range.to - range.from + 1;
      others_.push_back(range.master);
      others_.insert(others_.end(), range.replicas.begin(), range.replicas.end());
    }
    trouble_.clear();
    if (*ranges != ranges_) hurried_ = 0;
    ranges_ = std::move(*ranges);
    const bool first = !std::exchange(learnt_, true);
    let_go_of_others();
    listen();
    if (first) tell_connected();
    return true;
  }

  /// Nodes without slots need no connection.
  void let_go_of_others() {
    std::erase_if(nodes_, [this](const auto& each) {
      const Node& node = *each.second;
      if (node.serves || node.in_flight > 0) return false;
      add(counts_, node.client->counts());
      return true;
    });
  }

  /// What is published in a cluster is heard at every node.
  void listen() {
    if (options_.channels.empty() || (listened_to_ && listened_to_->serves && hints_->connected())) return;
    const auto open =
        std::ranges::find_if(masters_, [](const NodePtr& node) { return node->client->connected(); });
    if (open == masters_.end()) return;
    listened_to_ = *open;
    ClientOptions one = options_for(listened_to_->address);
    one.channels = options_.channels;
    hints_ = std::make_unique<Client>(executor_, std::move(one), random_.next());
    hints_->start({}, [weak = weak_from_this()](std::string_view channel, std::string_view message) {
      if (const auto self = weak.lock(); self && self->heard_) self->heard_(channel, message);
    });
  }

  const asio::any_io_executor executor_;
  const ClientOptions options_;
  Random random_;
  asio::steady_timer learn_again_;
  TimePoint learn_due_ = TimePoint::max();
  std::vector<Address> seeds_,
      others_;  ///< nodes to ask: those that were given, and those that were there last
  std::map<std::string, NodePtr> nodes_;
  std::vector<SlotRange> ranges_;  ///< as learnt last
  std::vector<NodePtr> masters_;
  std::vector<std::uint16_t> slots_ = std::vector<std::uint16_t>(cluster_slots, unknown);  ///< into masters_
  std::unique_ptr<Client> hints_;  ///< subscribes, at one of the nodes
  NodePtr listened_to_;
  std::function<void()> connected_;
  Heard heard_;
  ClientCounts counts_;  ///< of nodes that are gone
  std::string trouble_;
  int unserved_ = 0;
  unsigned hurried_ = 0;  ///< times that slots were learnt early, and were the same
  std::size_t turn_ = 0;
  bool learnt_ = false, learning_ = false, hurries_ = false, closed_ = false;
};

}  // namespace

std::shared_ptr<Session> make_cluster_session(asio::any_io_executor executor, ClientOptions options,
                                              std::uint64_t seed) {
  return std::make_shared<ClusterSession>(std::move(executor), std::move(options), seed);
}

}  // namespace switchgear::redis
