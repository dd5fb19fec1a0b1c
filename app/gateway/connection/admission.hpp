// What becomes of a request: an answer of the gateway's own, or a call to a service.
#pragma once

#include <variant>

#include "app/gateway/response/answers.hpp"
#include "app/gateway/service/worker_state.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"

namespace switchgear::gateway {

/// The service, or whatever its name leads to, is this gateway.
struct Loop {
  Service& service;
};
/// `OPTIONS *` is about the gateway itself.
struct AskedAboutGateway {};

using Admission = std::variant<Service*, OwnAnswer, AskedAboutGateway, Loop>;

[[nodiscard]] Admission admit(const WorkerState& worker, const http::Head& head,
                              const http::FieldList& fields);

}  // namespace switchgear::gateway
