#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "switchgear/a2a/client/stream_core.hpp"

namespace switchgear::a2a {
namespace {

Artifact artifact(const std::vector<const char*>& parts) {
  Artifact made;
  made.artifact_id = "a";
  for (const char* const part : parts) made.parts.emplace_back(part);
  return made;
}

TaskArtifactUpdateEvent chunk(const char* text, bool append) {
  TaskArtifactUpdateEvent event;
  event.artifact = artifact({text});
  event.append = append;
  return event;
}

TEST(ChunkFilter, LeavesOutWhatTheTaskHasAlready) {
  ChunkFilter filter;
  EXPECT_TRUE(filter.admit(chunk("0", false))) << "nothing has broken yet";
  Task task;
  task.artifacts = {artifact({"0", "1"})};
  filter.resynchronise(task);
  EXPECT_FALSE(filter.admit(chunk("1", true)));
  EXPECT_TRUE(filter.admit(chunk("2", true)));
  EXPECT_TRUE(filter.admit(chunk("1", true))) << "after a new one, everything is new";
}

TEST(ChunkFilter, GivesAnArtifactThatBeginsAnew) {
  ChunkFilter filter;
  Task task;
  task.artifacts = {artifact({"0", "1"})};
  filter.resynchronise(task);
  EXPECT_TRUE(filter.admit(chunk("1", false))) << "it replaces the two parts by one";
  TaskArtifactUpdateEvent other = chunk("1", true);
  other.artifact.artifact_id = "b";
  EXPECT_TRUE(filter.admit(other));
}

}  // namespace
}  // namespace switchgear::a2a
