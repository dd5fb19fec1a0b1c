// Which statements one connection has prepared, and how often it has been sent the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace switchgear::postgres {

/// By text; the least recently used makes room. Counts of statements that were not prepared are forgotten in
/// the same way. Threads: one.
class PreparedStatements {
 public:
  explicit PreparedStatements(unsigned prepare_at, std::size_t most) : prepare_at_(prepare_at), most_(most) {}

  struct Use {
    std::string name;  ///< empty: send it as it is
    bool is_new = false;
    std::string makes_room;  ///< the name of one to deallocate; empty: none
  };
  /// The statement is about to be sent.
  [[nodiscard]] Use use(const std::string& sql);
  /// It could not be prepared, or the server does not know it after all.
  void forget(const std::string& sql) noexcept;

 private:
  struct Known {
    std::string sql;
    unsigned uses = 0;
    std::string name;  ///< empty: not prepared
  };

  unsigned prepare_at_;
  std::size_t most_;
  std::uint64_t made_ = 0;
  std::list<Known> known_;                                                    ///< the last used first
  std::unordered_map<std::string_view, std::list<Known>::iterator> by_text_;  ///< keys are those in known_
};

}  // namespace switchgear::postgres
