// Which statements one connection has prepared, and how often it has been sent the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace switchgear::postgres {

/// How often the tables have been found changed, so that plans did not fit any more. Shared by the
/// connections of a pool, on whose executor it is used: what one of them finds is true of the others.
struct SchemaAge {
  std::uint64_t changes = 0;
};

/// By text; the least recently used makes room. Counts of statements that were not prepared are forgotten in
/// the same way. Threads: one.
class PreparedStatements {
 public:
  PreparedStatements(unsigned prepare_at, std::size_t most, std::shared_ptr<SchemaAge> schema)
      : prepare_at_(prepare_at), most_(most), schema_(std::move(schema)), seen_(schema_->changes) {}

  struct Use {
    std::string name;  ///< empty: send it as it is
    bool is_new = false;
    std::string makes_room;  ///< the name of one to deallocate; empty: none
  };
  /// The statement is about to be sent.
  [[nodiscard]] Use use(const std::string& sql);
  /// It could not be prepared, or the server does not know it after all.
  void forget(const std::string& sql) noexcept;
  /// The server has lost one, and so all.
  void note_lost() noexcept;
  /// The tables have changed: all are forgotten, by this connection now, by the others at their next use().
  void note_outdated();
  /// A command that deallocates what was forgotten and is still at the server; empty: there is none.
  [[nodiscard]] std::string take_forgotten() noexcept { return std::exchange(forgotten_, {}); }

 private:
  struct Known {
    std::string sql;
    unsigned uses = 0;
    std::string name;  ///< empty: not prepared
  };

  void forget_all();

  unsigned prepare_at_;
  std::size_t most_;
  std::shared_ptr<SchemaAge> schema_;
  std::uint64_t seen_;  ///< of its changes
  std::uint64_t made_ = 0;
  std::list<Known> known_;                                                    ///< the last used first
  std::unordered_map<std::string_view, std::list<Known>::iterator> by_text_;  ///< keys are those in known_
  std::string forgotten_;
};

}  // namespace switchgear::postgres
