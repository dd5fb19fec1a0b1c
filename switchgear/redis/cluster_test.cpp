// Real nodes of a Redis Cluster: slots that are learnt, moved and being moved, and a master that dies.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>

#include "switchgear/redis/cluster_slots.hpp"
#include "switchgear/redis/fleet_fixture.hpp"
#include "switchgear/redis/io_fixture.hpp"

namespace switchgear::redis {
namespace {

/// As `redis-cli --cluster create` makes it of `masters` masters and `replicas` replicas for each.
class TestCluster {
 public:
  /// `certificates`: all of it over TLS.
  TestCluster(std::size_t masters, std::size_t replicas, const house::Certificates* certificates = nullptr)
      : certificates_(certificates) {
    std::vector<std::string> words{REDIS_CLI};
    if (certificates != nullptr)
      words.insert(words.end(), {"--tls", "--cacert", certificates->file("ca.pem")});
    words.insert(words.end(), {"--cluster", "create"});
    for (std::size_t i = 0; i < masters * (1 + replicas); ++i) {
      nodes.push_back(std::make_unique<RedisServer>(
          std::vector<std::string>{"--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"},
          RedisServer::Kind::cluster_node, certificates));
      words.push_back("127.0.0.1:" + std::to_string(address_of(*nodes.back()).port));
    }
    words.insert(words.end(), {"--cluster-replicas", std::to_string(replicas), "--cluster-yes"});
    house::Program create(words);
    if (create.wait(60s) != 0) throw std::runtime_error("no cluster: " + create.output());
    if (!soon([&] { return all_agree(masters); }, 20s)) throw std::runtime_error("the cluster is not well");
  }

  [[nodiscard]] ClientOptions options() const {
    ClientOptions made;
    made.address = address_of(*nodes.back());
    made.cluster = {address_of(*nodes.front())};
    if (certificates_ != nullptr) {
      tls::ClientSettings settings;
      std::ifstream ca(certificates_->file("ca.pem"));
      settings.ca = (std::stringstream() << ca.rdbuf()).str();
      made.tls.emplace(settings);
    }
    made.timeout = 500ms;
    made.retry_max = 100ms;
    return made;
  }
  [[nodiscard]] FleetOptions fleet() const {
    FleetOptions made = test_fleet({});
    made.redis = options();
    return made;
  }
  /// The node that has the key, as another one than `but` says.
  RedisServer& master_of(const std::string& key, const RedisServer* but = nullptr) {
    const auto& asked = nodes[nodes.front().get() == but ? 1 : 0];
    const auto ranges = parse_slots(asked->run({"CLUSTER", "SLOTS"}), asked->address());
    for (const SlotRange& range : ranges.value_or(std::vector<SlotRange>{})) {
      if (slot_of(key) < range.from || slot_of(key) > range.to) continue;
      for (const auto& node : nodes) {
        if (node->port() == range.master.port) return *node;
      }
    }
    throw std::runtime_error("no node has " + key);
  }

  /// A slot on its way: keys that are not there any more are asked for at the other node.
  struct Moving {
    RedisServer& from;
    RedisServer& to;
    std::string slot, to_id;
  };
  Moving begin_to_move(const std::string& key) {
    RedisServer& from = master_of(key);
    RedisServer& to = *nodes[&from == nodes[0].get() ? 1 : 0];
    Moving moving{from, to, std::to_string(slot_of(key)), to.run({"CLUSTER", "MYID"}).text};
    const std::string from_id = from.run({"CLUSTER", "MYID"}).text;
    EXPECT_EQ(to.run({"CLUSTER", "SETSLOT", moving.slot, "IMPORTING", from_id}).text, "OK");
    EXPECT_EQ(from.run({"CLUSTER", "SETSLOT", moving.slot, "MIGRATING", moving.to_id}).text, "OK");
    return moving;
  }
  /// And moved for good. Precondition: no key of it is left at the old node.
  static void end_move(const Moving& moving) {
    EXPECT_EQ(moving.to.run({"CLUSTER", "SETSLOT", moving.slot, "NODE", moving.to_id}).text, "OK");
    EXPECT_EQ(moving.from.run({"CLUSTER", "SETSLOT", moving.slot, "NODE", moving.to_id}).text, "OK");
  }

  std::vector<std::unique_ptr<RedisServer>> nodes;

 private:
  [[nodiscard]] Address address_of(const RedisServer& node) const {
    return certificates_ == nullptr ? node.address() : node.tls_address();
  }
  [[nodiscard]] bool all_agree(std::size_t masters) const {
    return std::ranges::all_of(nodes, [&](const auto& node) {
      const auto ranges = parse_slots(node->run({"CLUSTER", "SLOTS"}), node->address());
      return ranges && ranges->size() == masters &&
             std::ranges::all_of(*ranges,
                                 [&](const SlotRange& range) {
                                   return range.replicas.size() == nodes.size() / masters - 1;
                                 }) &&
             node->run({"CLUSTER", "INFO"}).text.find("cluster_state:ok") != std::string::npos;
    });
  }

  const house::Certificates* const certificates_;
};

/// A client on a thread of its own.
class ClusterClient {
 public:
  explicit ClusterClient(const ClientOptions& options) {
    io_.on([&] {
      client_ = std::make_unique<Client>(io_.executor(), options, 7);
      client_->start({}, [this](std::string_view, std::string_view) { ++heard; });
    });
  }
  ~ClusterClient() {
    io_.on([&] { client_.reset(); });
  }
  ClusterClient(const ClusterClient&) = delete;
  ClusterClient& operator=(const ClusterClient&) = delete;

  Answer count(const std::string& key) {
    static const Script script("return redis.call('INCR', KEYS[1])");
    return answer_of(io_, [&](Done done) { client_->run(script, {key}, {}, std::move(done)); });
  }
  Answer send(std::initializer_list<std::string_view> words) {
    return answer_of(io_, [&](Done done) { client_->send(command(words), std::move(done)); });
  }
  [[nodiscard]] bool connected() {
    return io_.on([&] { return client_->connected(); });
  }
  [[nodiscard]] std::string trouble() {
    return io_.on([&] { return client_->trouble(); });
  }
  [[nodiscard]] ClientCounts counts() {
    return io_.on([&] { return client_->counts(); });
  }

  std::atomic<int> heard = 0;

 private:
  IoThread io_;
  std::unique_ptr<Client> client_;
};

Reply reply_of(std::string_view wire) {
  ReplyReader reader;
  EXPECT_TRUE(reader.feed(wire));
  return reader.next().value_or(Reply{});
}

Address somewhere() { return parse_address("rediss://ann:secret@10.0.0.1:7000"); }

TEST(ClusterSlots, AreThoseOfTheSpecification) {
  EXPECT_EQ(slot_of("123456789"), 0x31c3);
  EXPECT_EQ(slot_of("{user1000}.following"), slot_of("user1000"));
  EXPECT_EQ(slot_of("foo{bar}{zap}"), slot_of("bar"));
  EXPECT_EQ(slot_of("foo{{bar}}zap"), slot_of("{bar"));
  EXPECT_NE(slot_of("foo{}{bar}"), slot_of("bar")) << "an empty tag is none";
  EXPECT_EQ(slot_of("{sg:shop:payment}:fleet"), slot_of("{sg:shop:payment}:votes"));
}

TEST(ClusterSlots, OfANodeThatDoesNotKnowItsHostAreWhereItWasAsked) {
  const auto ranges = parse_slots(reply_of("*1\r\n*4\r\n:0\r\n:16383\r\n*3\r\n$0\r\n\r\n:7001\r\n$1\r\na\r\n*"
                                           "3\r\n$8\r\n10.0.0.9\r\n:7002\r\n$1\r\nb\r\n"),
                                  somewhere());
  ASSERT_TRUE(ranges && ranges->size() == 1);
  EXPECT_EQ(to_string(ranges->front().master), "rediss://10.0.0.1:7001/0");
  EXPECT_EQ(ranges->front().master.password, "secret");
  EXPECT_EQ(ranges->front().replicas.at(0).host, "10.0.0.9");
}

TEST(ClusterSlots, ThatCannotBeAreNone) {
  for (const char* wire :
       {"-ERR no cluster\r\n", ":1\r\n", "*1\r\n*2\r\n:0\r\n:1\r\n",
        "*1\r\n*3\r\n:5\r\n:4\r\n*2\r\n$1\r\na\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\na\r\n:65536\r\n", "*1\r\n*3\r\n:0\r\n:1\r\n:2\r\n"})
    EXPECT_FALSE(parse_slots(reply_of(wire), somewhere())) << wire;
}

TEST(ClusterSlots, RedirectionsAreReadWithAndWithoutAHost) {
  const auto moved = parse_redirection(reply_of("-MOVED 3999 10.0.0.5:6381\r\n"), somewhere());
  ASSERT_TRUE(moved);
  EXPECT_FALSE(moved->asks);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(to_string(moved->to), "rediss://10.0.0.5:6381/0");
  const auto asks = parse_redirection(reply_of("-ASK 1 ::1:6381\r\n"), somewhere());
  ASSERT_TRUE(asks && asks->asks);
  EXPECT_EQ(asks->to.host, "::1");
  EXPECT_EQ(parse_redirection(reply_of("-MOVED 1 :6381\r\n"), somewhere())->to.host, "10.0.0.1");
  for (const char* wire : {"-MOVED\r\n", "-MOVED 1\r\n", "-MOVED 16384 a:1\r\n", "-MOVED 1 a:0\r\n",
                           "-MOVED 1 a\r\n", "-MOVEDX 1 a:1\r\n", "+MOVED 1 a:1\r\n"})
    EXPECT_FALSE(parse_redirection(reply_of(wire), somewhere())) << wire;
}

void commands_go_where_their_key_is_also_while_its_slot_is_moved(TestCluster& cluster) {
  ClientOptions options = cluster.options();
  options.channels = {"hints"};
  options.cluster_interval = 1h;  // what changes is seen by redirections
  ClusterClient client(options);
  std::set<const RedisServer*> used;
  for (int i = 0; used.size() < 3; ++i) {
    const std::string key = "{circuit" + std::to_string(i) + "}:fleet";
    ASSERT_TRUE(soon([&] { return client.count(key).reply.integer >= 1; })) << client.trouble();
    used.insert(&cluster.master_of(key));
  }
  EXPECT_EQ(client.counts().failed, 0U) << "no redirection counts as a failure";
  ASSERT_TRUE(soon([&] {
    (void)cluster.nodes[0]->run({"PUBLISH", "hints", "m"});
    return client.heard > 0;
  })) << "published at any node";

  const std::string key = "{moving}:fleet";
  const TestCluster::Moving moving = cluster.begin_to_move(key);
  EXPECT_EQ(client.count(key).reply.integer, 1);
  EXPECT_EQ(moving.from.run({"EXISTS", key}).text.substr(0, 3), "ASK") << "it is at the other one";
  TestCluster::end_move(moving);
  EXPECT_EQ(client.count(key).reply.integer, 2);
  EXPECT_EQ(moving.to.run({"GET", key}).text, "2");
  EXPECT_EQ(client.send({"DEL", key}).reply.integer, 1) << "also what is sent without telling its key";
}

TEST(RedisCluster, CommandsGoWhereTheirKeyIsAlsoWhileItsSlotIsMoved) {
  TestCluster cluster(3, 0);
  commands_go_where_their_key_is_also_while_its_slot_is_moved(cluster);
}

TEST(RedisCluster, OverTlsTheSameHolds) {
  const house::Certificates certificates;
  TestCluster cluster(3, 0, &certificates);
  commands_go_where_their_key_is_also_while_its_slot_is_moved(cluster);

  // A fleet whose circuit is moved from one node to another.
  TestFleet all(Address{}, 0);
  TestMember one(all, cluster.fleet()), other(all, cluster.fleet()), third(all, cluster.fleet());
  ASSERT_TRUE(soon([&] { return one.seen().fresh && other.seen().fresh && third.seen().fresh; }))
      << one.fleet->status().trouble;
  const std::string key = "{sg:shop:payment}:fleet";
  const TestCluster::Moving moving = cluster.begin_to_move(key);
  (void)moving.from.run({"DEL", key, "{sg:shop:payment}:votes"});
  TestCluster::end_move(moving);
  EXPECT_TRUE(soon([&] { return moving.to.run({"EXISTS", key}).integer == 1; })) << "the members follow";
  one.fail_until_open();
  other.fail_until_open();
  EXPECT_TRUE(soon([&] { return third.reason() == Reason::fleet_open; })) << third.fleet->status().trouble;

  // Of a node that has a certificate for another name.
  certificates.make("server", "DNS:elsewhere.test");
  cluster.nodes[0]->kill();
  cluster.nodes[0]->start();
  EXPECT_TRUE(soon([&] { return one.fleet->status().trouble.find("certificate") != std::string::npos; }))
      << one.fleet->status().trouble;
}

TEST(RedisCluster, FleetFollowsTheFailoverOfAMaster) {
  TestCluster cluster(3, 1);
  TestFleet all(Address{}, 0);
  TestMember one(all, cluster.fleet()), other(all, cluster.fleet()), third(all, cluster.fleet());
  const auto all_fresh = [&] { return one.seen().fresh && other.seen().fresh && third.seen().fresh; };
  ASSERT_TRUE(soon(all_fresh)) << one.fleet->status().trouble;
  ASSERT_TRUE(soon([&] { return one.fleet->status().members == 3; })) << "whose key is on another node";
  one.fail_until_open();
  other.fail_until_open();
  ASSERT_TRUE(soon([&] { return third.reason() == Reason::fleet_open; }));
  const std::uint64_t known = third.seen().view.epoch;

  const std::string key = "{sg:shop:payment}:fleet";
  RedisServer& dead = cluster.master_of(key);
  dead.kill();
  ASSERT_TRUE(soon([&] { return third.reason() == admitted; })) << "alone, once what it knows is not fresh";
  EXPECT_NE(third.fleet->status().trouble, "");
  ASSERT_TRUE(soon([&] { return &cluster.master_of(key, &dead) != &dead; }, 20s));
  ASSERT_TRUE(soon(all_fresh, 20s)) << one.fleet->status().trouble;
  EXPECT_GE(third.seen().view.epoch, known);
  ASSERT_TRUE(soon([&] {
    for (TestMember* member : {&one, &other, &third}) member->call(1);
    return one.breaker->state() == State::closed && other.breaker->state() == State::closed &&
           third.reason() == admitted;
  }));
  EXPECT_TRUE(soon([&] {
    one.fail();
    other.fail();
    return third.seen().open;
  })) << "and they warn each other again";
}

TEST(RedisCluster, ServerThatIsNoneIsNamed) {
  const RedisServer server;
  ClientOptions options;
  options.address = server.address();
  options.cluster = {server.address()};
  ClusterClient client(options);
  EXPECT_TRUE(soon([&] { return client.trouble().find("cluster support disabled") != std::string::npos; }))
      << client.trouble();
  EXPECT_FALSE(client.connected());
}

}  // namespace
}  // namespace switchgear::redis
