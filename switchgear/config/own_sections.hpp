// Top-level sections that a program adds to the policy file beside `gateway`, `policies` and `services`. Each
// has a reader of the program's; its errors are located, and its unknown keys refused, like all others.
#pragma once

#include <any>
#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/config/config.hpp"
#include "switchgear/config/section.hpp"

namespace switchgear::config {

/// What a reader may look at beside its own section.
struct FileContext {
  const Config& config;          ///< gateway, policies and services; with defaults where these have errors
  const std::string& directory;  ///< where relative `file:` secrets are looked up
  const std::string& file;       ///< the policy file
  const OwnValues& own;          ///< of the sections that were added before this one
};

/// The sections that a program reads.
///
///     struct LogOptions { bool verbose = false; };
///     LogOptions read_log(const Value& value, const FileContext&) {
///       LogOptions log;
///       Section section(value);
///       section.read("verbose", log.verbose, Truth{});
///       section.finish();                                  // reports keys that were not read
///       return log;
///     }
///
///     OwnSections sections;
///     sections.add("log", read_log);
///     const Loaded loaded = load_file("gateway.yaml", FileKind::any, sections);
///     if (loaded.config && loaded.config->own.get<LogOptions>().verbose) …
///
/// The type tells sections apart: one section per type. A section that the file leaves out is Options{}. The
/// sections of `switchgear serve` are never unknown keys, so that other programs can share its file.
class OwnSections {
 public:
  /// Throws std::invalid_argument if the key or the type is taken.
  template <std::default_initializable Options>
  OwnSections& add(std::string key, Options (*reader)(const Value&, const FileContext&)) {
    return add({std::move(key), std::any{Options{}},
                [reader](const Value& value, const FileContext& context) -> std::any {
                  return reader(value, context);
                }});
  }

  /// Reads those that `root` has; the others are their defaults. Makes the keys known to `root`.
  [[nodiscard]] OwnValues read(Section& root, const Config& config, const std::string& directory,
                               const std::string& file) const;

 private:
  struct Entry {
    std::string key;
    std::any absent;
    std::function<std::any(const Value&, const FileContext&)> read;
  };
  OwnSections& add(Entry entry);

  std::vector<Entry> entries_;
};

}  // namespace switchgear::config
