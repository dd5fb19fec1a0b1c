// What the comparison of two policies gets to know of one request.
#pragma once

#include "app/experiment/split.hpp"
#include "app/gateway/service/service.hpp"
#include "switchgear/http/field_list.hpp"

namespace switchgear::gateway {

/// Of a request that is not divided it is empty, and costs a comparison with null. Threads: one.
class SplitNote {
 public:
  [[nodiscard]] explicit operator bool() const noexcept { return whole_ != nullptr; }

  /// Chooses whose request it is: returns `service`, or that of its candidate.
  /// Precondition: `service` has a split.
  [[nodiscard]] ServicePtr divide(ServicePtr service, const http::FieldList& fields);
  /// Precondition for the rest: not empty.
  [[nodiscard]] experiment::Arm arm() const noexcept { return choice_.arm; }
  void begin(TimePoint now) noexcept { began_ = now; }
  void answered(unsigned status, http::Support method, TimePoint now) noexcept;
  void refused() noexcept { seen_.bad = seen_.refused = true; }
  void failed() noexcept { seen_.bad = true; }
  /// Once. A request whose client left without an answer is not counted.
  void end();

 private:
  /// An operator's command holds a breaker of one of the arms. One atomic load for each.
  [[nodiscard]] static bool commanded(const Service& whole) noexcept;

  ServicePtr whole_;  ///< whose policy judges the answers of both
  experiment::Choice choice_;
  experiment::Seen seen_;
  TimePoint began_{};
  bool has_answer_ = false;
  bool commanded_ = false;  ///< when the request came
};

}  // namespace switchgear::gateway
