#include "mix/split.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mix {
namespace {

using Names = std::vector<std::string>;

TEST(SplitNames, KeepsSeparatorsWithinQuotes) {
  EXPECT_EQ(split_names("a, b", ','), (Names{"a", "b"}));
  EXPECT_EQ(split_names("\"a,x\", b", ','), (Names{"a,x", "b"}));
  EXPECT_EQ(split_names("\"a \"\"x\"\", y\"", ','), (Names{"a \"x\", y"}));
  // Quotes within a name are its own.
  EXPECT_EQ(split_names("b \"q\",c", ','), (Names{"b \"q\"", "c"}));
  EXPECT_EQ(split_names("", ','), Names{});
  EXPECT_EQ(split_names("a,", ','), (Names{"a", ""}));
  // No end.
  EXPECT_EQ(split_names("\"a,b", ','), (Names{"\"a,b"}));
}

TEST(SplitNames, KeepsBlocksOfColumnsWhole) {
  EXPECT_EQ(split_names("\"a,x\"+\"b,y\"=gaussian,c=poisson", ','),
            (Names{"\"a,x\"+\"b,y\"=gaussian", "c=poisson"}));
  EXPECT_EQ(split_names("\"a,x\"+\"b+y\"", '+'), (Names{"a,x", "b+y"}));
}

TEST(SplitNames, FindsWhatWasJoined) {
  const Names names{"a", "b,c", "\"d\"", "e \"f, g\""};
  EXPECT_EQ(split_names(join_names(names, ','), ','), names);
}

}  // namespace
}  // namespace mix
