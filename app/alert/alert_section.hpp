// Readers of the parts of `alerts:`.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/alert/alert_options.hpp"
#include "switchgear/config/section.hpp"

namespace switchgear::alert {

/// One entry of `alerts.channels`. Empty when something in it is wrong, which is reported.
[[nodiscard]] std::optional<ChannelOptions> read_channel(std::string_view name, const config::Value& value,
                                                         const std::string& directory);

/// One entry of `alerts.rules`; `channels` are the names it may notify.
[[nodiscard]] AlertRule read_rule(const config::Value& value, std::span<const std::string_view> channels);

/// A list of names, each one of `known`.
[[nodiscard]] std::vector<std::string> read_names(const config::Value& list,
                                                  std::span<const std::string_view> known,
                                                  std::string_view example);

/// A list of texts.
[[nodiscard]] std::vector<std::string> read_texts(const config::Value& list, std::string_view example);

}  // namespace switchgear::alert
