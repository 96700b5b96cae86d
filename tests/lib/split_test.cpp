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
  const std::vector<Names> lists{
      {"a", "b,c", "\"d\"", "e \"f, g\""}, {""}, {"", "a"}, {"a", "", ""}, {" a", "b\t", " "},
      {"a+\"b", "c+", "\"", "d"}};
  for (const Names& names : lists) {
    EXPECT_EQ(split_names(join_names(names, ','), ','), names) << join_names(names, ',');
    EXPECT_EQ(split_names(join_names(names, '+'), '+'), names) << join_names(names, '+');
  }
  EXPECT_EQ(join_names({"a", "b c"}, ','), "a,b c");
}

TEST(FindOutsideQuotes, PassesOverQuotedNames) {
  EXPECT_EQ(find_outside_quotes("a=<=b", "="), 1);
  EXPECT_EQ(find_outside_quotes("\"a=b\"=3", "="), 5);
  EXPECT_EQ(find_outside_quotes("\"a \"\"=b\"=3", "="), 8);
  EXPECT_EQ(find_outside_quotes("\"a..b\" + \"c..d\"..e", ".."), 15);
  EXPECT_EQ(find_outside_quotes("\"a..b\"", ".."), std::string::npos);
  // Quotes within a name are its own, and an end may be missing.
  EXPECT_EQ(find_outside_quotes("a\"=b\"", "="), 2);
  EXPECT_EQ(find_outside_quotes("\"a=b", "="), std::string::npos);
}

}  // namespace
}  // namespace mix
