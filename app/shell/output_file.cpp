#include "app/shell/output_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

namespace switchgear::shell {

namespace {

/// Nothing if there is no file whose content could be lost.
std::optional<struct stat> find_file(const std::string& path, bool standard_input) {
  struct stat found {};
  const int failed = standard_input ? ::fstat(STDIN_FILENO, &found) : ::stat(path.c_str(), &found);
  if (failed != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
  return found;
}

}  // namespace

bool spares_inputs(std::string_view option, const std::string& path, std::initializer_list<InputFile> inputs,
                   std::ostream& err) {
  if (path == "-") return true;
  const auto output = find_file(path, false);
  if (!output) return true;
  const auto* const same = std::ranges::find_if(inputs, [&](const InputFile& each) {
    const auto input = find_file(each.path, each.path == "-");
    return input && input->st_dev == output->st_dev && input->st_ino == output->st_ino;
  });
  if (same == inputs.end()) return true;
  err << option << ": " << path << " is the " << same->what << " itself; expected another file\n";
  return false;
}

}  // namespace switchgear::shell
