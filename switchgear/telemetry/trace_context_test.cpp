#include "switchgear/telemetry/trace_context.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <string_view>

#include "switchgear/telemetry/sampler.hpp"

namespace switchgear::telemetry {
namespace {

const std::string trace_hex = "0af7651916cd43dd8448eb211c80319c";
const std::string span_hex = "b7ad6b7169203331";
const std::string usual = "00-" + trace_hex + "-" + span_hex + "-01";

std::string written(const TraceContext& context) {
  const TraceparentText text = traceparent_of(context);
  return {text.data(), text.size()};
}

TEST(Traceparent, IsReadAndWrittenBackTheSame) {
  const auto context = parse_traceparent(usual);
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace.high, 0x0af7651916cd43ddU);
  EXPECT_EQ(context->trace.low, 0x8448eb211c80319cU);
  EXPECT_EQ(context->span.value, 0xb7ad6b7169203331U);
  EXPECT_TRUE(context->sampled());
  EXPECT_EQ(written(*context), usual);
}

TEST(Traceparent, IsRefusedWhenItBreaksARule) {
  const std::string zeros(32, '0');
  for (const std::string& bad : {
           std::string{},
           std::string{"00"},
           usual.substr(0, 54),
           usual + "-00",
           usual + "0",
           usual + " ",
           "ff-" + trace_hex + "-" + span_hex + "-01",
           "0x-" + trace_hex + "-" + span_hex + "-01",
           "0A-" + trace_hex + "-" + span_hex + "-01",
           "00-" + zeros + "-" + span_hex + "-01",
           "00-" + trace_hex + "-" + zeros.substr(0, 16) + "-01",
           "00-0AF7651916CD43DD8448EB211C80319C-" + span_hex + "-01",
           "00-" + trace_hex + "-B7AD6B7169203331-01",
           "00-" + trace_hex + "-" + span_hex + "-0X",
           "00-" + trace_hex + "_" + span_hex + "-01",
           "00-" + trace_hex.substr(1) + "-0" + span_hex + "-01",
           "01-" + trace_hex + "-" + span_hex + "-01.more",
           "01-" + trace_hex + "-" + span_hex + "-1",
       }) {
    EXPECT_FALSE(parse_traceparent(bad)) << bad;
  }
}

TEST(Traceparent, OfALaterVersionIsReadAsFarAsThisOneGoes) {
  for (const std::string& later : {"cc-" + trace_hex + "-" + span_hex + "-01",
                                   "01-" + trace_hex + "-" + span_hex + "-01-what-comes-then",
                                   "fe-" + trace_hex + "-" + span_hex + "-ff"}) {
    const auto context = parse_traceparent(later);
    ASSERT_TRUE(context) << later;
    EXPECT_EQ(written(*context), usual) << "of its flags only `sampled` is known";
  }
}

TEST(Traceparent, PassesOnOnlyTheFlagsItKnows) {
  const auto flags = [](const std::string& digits) {
    return written(parse_traceparent("00-" + trace_hex + "-" + span_hex + "-" + digits).value()).substr(53);
  };
  EXPECT_EQ(flags("00"), "00");
  EXPECT_EQ(flags("02"), "02");
  EXPECT_EQ(flags("03"), "03");
  EXPECT_EQ(flags("ff"), "03");
  EXPECT_EQ(flags("08"), "00");
}

RC_GTEST_PROP(Traceparent, RoundTripsEveryValidContext,
              (std::uint64_t high, std::uint64_t low, std::uint64_t span, bool sampled)) {
  const TraceContext context{
      {high, low}, {span}, static_cast<std::uint8_t>(sampled ? TraceContext::sampled_flag : 0)};
  RC_PRE(context.trace.valid() && context.span.valid());
  RC_ASSERT(parse_traceparent(written(context)) == context);
}

RC_GTEST_PROP(Traceparent, WithOneCharacterChangedIsRefusedOrMeansWhatItSays, (char other)) {
  std::string text = usual;
  text[*rc::gen::inRange<std::size_t>(0, text.size())] = other;
  if (const auto context = parse_traceparent(text))
    RC_ASSERT(written(*context).substr(3, 49) == text.substr(3, 49));
}

TEST(Tracestate, CountsMembersAndAllowsEmptyOnes) {
  EXPECT_EQ(tracestate_members(""), 0U);
  EXPECT_EQ(tracestate_members(" \t"), 0U);
  EXPECT_EQ(tracestate_members("rojo=00f067aa0ba902b7"), 1U);
  EXPECT_EQ(tracestate_members("rojo=1,congo=t61rcWkgMzE"), 2U);
  EXPECT_EQ(tracestate_members("rojo=1 ,\t congo=2 , ,"), 2U);
  EXPECT_EQ(tracestate_members("0tenant@sys=a b;c"), 1U);
  EXPECT_EQ(tracestate_members("a_-*/9=~!"), 1U);
  EXPECT_EQ(tracestate_members("same=1,same=2"), 2U) << "passed on as it is";
}

TEST(Tracestate, IsRefusedWhenItBreaksARule) {
  for (const std::string& bad :
       {std::string{"a"}, std::string{"=1"}, std::string{"a="}, std::string{"A=1"}, std::string{"1=1"},
        std::string{"a=1=2"}, std::string{"a b=1"}, std::string{"a =1"}, std::string{"a@=1"},
        std::string{"@a=1"}, std::string{"a@1=1"}, std::string{"a@b@c=1"}, std::string{"a=\x01"},
        std::string{"a=\x7f"}, std::string{"a=\xc3\xa4"}, "a@" + std::string(15, 's') + "=1",
        std::string(242, 't') + "@s=1", std::string(257, 'k') + "=1", "k=" + std::string(257, 'v')}) {
    EXPECT_FALSE(tracestate_members(bad)) << bad;
  }
  EXPECT_EQ(tracestate_members(std::string(256, 'k') + "=" + std::string(256, 'v')), 1U);
  EXPECT_EQ(tracestate_members(std::string(241, 't') + "@" + std::string(14, 's') + "=1"), 1U);
}

TEST(TraceIds, AreNeverZeroAndDifferByTheirSeeds) {
  TraceIds ids{1, 2};
  TraceIds others{1, 3};
  for (int i = 0; i < 1000; ++i) {
    const TraceId trace = ids.next_trace();
    EXPECT_TRUE(trace.valid());
    EXPECT_NE(trace, others.next_trace());
    EXPECT_TRUE(ids.next_span().valid());
  }
}

TEST(Sampler, TakesItsShareOfTracesThatBeginHere) {
  TraceIds ids{7, 8};
  const Sampler none{0};
  const Sampler one_percent{0.01};
  const Sampler half{0.5};
  const Sampler all{1};
  int of_one_percent = 0;
  int of_half = 0;
  for (int i = 0; i < 100'000; ++i) {
    const TraceId trace = ids.next_trace();
    EXPECT_FALSE(none.samples(trace));
    EXPECT_TRUE(all.samples(trace));
    of_one_percent += one_percent.samples(trace) ? 1 : 0;
    of_half += half.samples(trace) ? 1 : 0;
    EXPECT_TRUE(!one_percent.samples(trace) || half.samples(trace)) << "a larger share has the smaller one";
  }
  EXPECT_NEAR(of_one_percent, 1000, 150);
  EXPECT_NEAR(of_half, 50'000, 1000);
  EXPECT_FALSE(Sampler{-1}.samples(TraceId{~0ULL, ~0ULL}));
  EXPECT_TRUE(Sampler{2}.samples(TraceId{0, 1}));
}

TEST(Sampler, LeavesAContinuedTraceToItsCaller) {
  EXPECT_TRUE(Sampler::samples(parse_traceparent(usual).value()));
  EXPECT_FALSE(Sampler::samples(parse_traceparent(usual.substr(0, 53) + "00").value()));
}

}  // namespace
}  // namespace switchgear::telemetry
