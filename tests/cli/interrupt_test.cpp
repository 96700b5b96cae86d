// Interrupts and checkpoints of long work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_program.h"

namespace mix::testing {
namespace {

const std::vector<std::string> long_fit{"fit",          data_file("banknote.csv"),
                                        "--components", "5",
                                        "--structure",  "VVV",
                                        "--effort",     "thorough",
                                        "--json",       "--checkpoint",
                                        "done"};

Json without_seconds(const Outcome& outcome) {
  Json object = outcome.json();
  object.erase("seconds");
  return object;
}

TEST(Interrupt, EndsWithTheBestSoFarAndTheStatusOfAnInterrupt) {
  const Folder here;
  int patience = 100;
  Outcome outcome = here.run(long_fit, patience);
  // Before the program listens an interrupt ends it like any other.
  while (outcome.status == -1) outcome = here.run(long_fit, patience *= 2);
  if (outcome.status == 0) GTEST_SKIP() << "too quick to be interrupted";
  EXPECT_EQ(outcome.status, 130) << outcome.err;
  const Json fit = outcome.json();
  EXPECT_EQ(fit["stop"], "interrupted");
  EXPECT_TRUE(fit["log_likelihood"].is_number());
}

TEST(Interrupt, AndResumedGivesTheSameBits) {
  const Folder whole;
  const Json expected = without_seconds(whole.succeed(long_fit));
  EXPECT_TRUE(whole.files().empty());  // what is done needs no checkpoint
  const Folder here;
  Outcome outcome;
  for (int patience = 100; outcome.status != 0; patience += patience / 2) {
    outcome = here.run(long_fit, patience);
    ASSERT_LE(patience, 200000) << outcome.err;
  }
  EXPECT_EQ(without_seconds(outcome), expected);
  EXPECT_TRUE(here.files().empty());
}

TEST(Interrupt, OfABootstrapAndResumedGivesTheSameBits) {
  const Folder here;
  (void)here.succeed({"fit", data_file("faithful.csv"), "--structure", "VVV", "--components", "2",
                      "--out", "m.json"});
  std::vector<std::string> args{"bootstrap",    "m.json", data_file("faithful.csv"),
                                "--replicates", "2000",   "--json"};
  const Json expected = here.succeed(args).json();
  args.insert(args.end(), {"--checkpoint", "done"});
  Outcome outcome;
  for (int patience = 100; outcome.status != 0; patience += patience / 2) {
    outcome = here.run(args, patience);
    ASSERT_LE(patience, 200000) << outcome.err;
  }
  EXPECT_EQ(outcome.json(), expected);
  EXPECT_EQ(here.files(), std::vector<std::string>{"m.json"});
  // A model that was fitted anew has other replicates.
  here.write("done", R"({"format": "mixture-checkpoint", "work": "other", "entries": {}})");
  here.refuse(args, {"done", "other data or options"});
}

TEST(Checkpoint, OfOtherWorkIsRefused) {
  const Folder here;
  here.write("done", R"({"format": "mixture-checkpoint", "work": "other", "entries": {}})");
  here.refuse(long_fit, {"done", "other data or options"});
  here.write("done", "x");
  here.refuse(long_fit, {"done", "not a checkpoint"});
}

}  // namespace
}  // namespace mix::testing
