// From a request target to a resource that the program has added.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "switchgear/admin/added_resource.hpp"

namespace switchgear::admin {

/// Borrows the list.
class AddedResources {
 public:
  /// Throws std::invalid_argument, naming the path, when one of them cannot be served: a malformed path, one
  /// of the server's own or of another resource, no handler, a POST without a word for its command.
  explicit AddedResources(const std::vector<AddedResource>& all);

  /// One path, and what may be done with it.
  struct Found {
    std::string name;  ///< of the `{name}` segment, percent-decoded
    const AddedResource* get = nullptr;
    const AddedResource* post = nullptr;
    /// As the Allow header has it.
    [[nodiscard]] std::string_view allow() const noexcept;
  };
  /// `target`: as in the request line. Empty when it is none of them.
  [[nodiscard]] std::optional<Found> find(std::string_view target) const;

 private:
  const std::vector<AddedResource>& all_;
};

/// The parameters of a target's query, as `resource` allows them; or what is wrong with them.
[[nodiscard]] std::variant<std::map<std::string, std::string, std::less<>>, Problem> parameters_of(
    std::string_view target, const AddedResource& resource);

}  // namespace switchgear::admin
