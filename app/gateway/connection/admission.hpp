// What becomes of a request: an answer of the gateway's own, or a call to a service.
#pragma once

#include <string_view>
#include <variant>

#include "app/gateway/response/answers.hpp"
#include "app/gateway/service/worker_state.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"

namespace switchgear::gateway {

/// The service gets `path` (with the query) below the path of its url: the client's own, or one that is good
/// until the next request is admitted. `upgrade`: the protocol that it may switch to, as the client wrote it;
/// empty: none.
struct Accepted {
  Service& service;
  std::string_view path;
  std::string_view upgrade;
};
/// The service, or whatever its name leads to, is this gateway.
struct Loop {
  Service& service;
};
/// `OPTIONS *` is about the gateway itself.
struct AskedAboutGateway {};

using Admission = std::variant<Accepted, OwnAnswer, AskedAboutGateway, Loop>;

[[nodiscard]] Admission admit(WorkerState& worker, const http::Head& head, const http::FieldList& fields);

}  // namespace switchgear::gateway
