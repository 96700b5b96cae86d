// How numbers, lines and arguments are written and read.
#include "text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data.h"
#include "family_choice.h"

namespace mix::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Brief, KeepsFourDigitsAndNeverCutsWholeOnes) {
  EXPECT_EQ(brief(0), "0");
  EXPECT_EQ(brief(2.03638), "2.036");
  EXPECT_EQ(brief(-54.4785), "-54.48");
  EXPECT_EQ(brief(0.0123456), "0.01235");
  EXPECT_EQ(brief(100000012.3), "100000012");
  EXPECT_EQ(brief(1e-9), "1.000e-09");
  EXPECT_EQ(brief(2.5e20), "2.500e+20");
}

TEST(Brief, ShowsMoreDecimalsWhenAskedTo) { EXPECT_EQ(brief(2007.99613, 3), "2007.996"); }

TEST(Split, TrimsPartsAndKeepsEmptyOnes) {
  EXPECT_THAT(split("", ','), IsEmpty());
  EXPECT_THAT(split(" a , b", ','), ElementsAre("a", "b"));
  EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
}

TEST(Shortened, CountsCharactersNotBytes) {
  EXPECT_EQ(shortened("größe", 5), "größe");
  EXPECT_EQ(shortened("größen", 5), "größ~");
  EXPECT_EQ(pad_left("größe", 7), "  größe");
  EXPECT_EQ(width_of("größe"), 5U);
}

TEST(Wrapped, BreaksBeforeTheWordThatWouldPassTheWidth) {
  EXPECT_EQ(wrapped("one two three", 7, "  "), "one two\n  three");
  EXPECT_EQ(wrapped("incomprehensibilities", 7), "incomprehensibilities");
}

TEST(ParseFamily, ReadsBlocksOfColumns) {
  const FamilyChoice choice = parse_family("a + b=gaussian, c=poisson");
  ASSERT_EQ(choice.alternatives.size(), 1U);
  EXPECT_THAT(choice.columns(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(choice.alternatives[0][1].family, "poisson");
  EXPECT_TRUE(parse_family("auto").automatic());
  for (const char* wrong : {"a=", "=gaussian", "a+=gaussian", "a=gaussian,b", "a=gaussian,"}) {
    EXPECT_THROW((void)parse_family(wrong), std::invalid_argument) << wrong;
  }
}

TEST(ParseFamily, KnowsWhatFamiliesMakeOfColumns) {
  const FamilyChoice choice = parse_family("a=gaussian,b=categorical,c=bernoulli");
  EXPECT_EQ(choice.kind_of("a"), CellKind::numbers);
  EXPECT_EQ(choice.kind_of("b"), CellKind::categories);
  EXPECT_EQ(choice.kind_of("c"), CellKind::either);
  EXPECT_EQ(parse_families("categorical,poisson").kind_of("a"), CellKind::numbers);
}

TEST(WithPlaces, TurnsRowAndColumnIntoAPlaceInTheTable) {
  Matrix values(2, 2);
  values << 1, 2, 3, -4;
  const Table table = Table::from_matrix(values, {"a", "b"});
  EXPECT_EQ(with_places("fit: row 2, column 2: -4 is not a count", table),
            "fit: " + table.place(1, 1) + ": -4 is not a count");
  EXPECT_EQ(with_places("no place", table), "no place");
  EXPECT_EQ(with_places("row 9, column 1: far", table), "row 9, column 1: far");
}

TEST(DistinctRows, StopsAtTheLimit) {
  Matrix values(4, 1);
  values << 1, 1, 2, 3;
  const Table table = Table::from_matrix(values);
  EXPECT_EQ(distinct_rows(table, 9), 3);
  EXPECT_EQ(distinct_rows(table, 2), 2);
}

}  // namespace
}  // namespace mix::cli
