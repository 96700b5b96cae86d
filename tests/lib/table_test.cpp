#include "mix/table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "mix/csv.h"
#include "mix/errors.h"

namespace mix {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

// The message of the error that `action` throws.
template <class Error, class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

Table people() {
  return parse_csv("name,age,height,smokes\nAda,36,1.65,1\n\nBen,NA,1.80,0\nCy,5,,1\n",
                   "people.csv");
}

TEST(Table, FromAMatrixHasNumberedNamesAndFindsKinds) {
  Eigen::MatrixXd values(3, 4);
  values << 0, 1.5, -1, missing, 1, 2, 2, missing, 7, missing, 3, missing;
  const Table table = Table::from_matrix(values);
  EXPECT_EQ(table.rows(), 3);
  EXPECT_EQ(table.column_count(), 4);
  EXPECT_EQ(table.names(), (std::vector<std::string>{"x1", "x2", "x3", "x4"}));
  EXPECT_EQ(table.column(0).kind, ColumnKind::count);
  EXPECT_EQ(table.column(1).kind, ColumnKind::real);
  EXPECT_EQ(table.column(2).kind, ColumnKind::real);
  EXPECT_EQ(table.column(3).kind, ColumnKind::real) << "a column without values is no count";
  EXPECT_EQ(table.line_of(2), 3);
  EXPECT_EQ(table.place(1, 2), "row 2, column \"x3\"");
}

TEST(Table, CountsEndWhereDoublesSkipWholeNumbers) {
  EXPECT_EQ(numeric_kind(Eigen::VectorXd::Constant(1, 9007199254740992.0)), ColumnKind::count);
  EXPECT_EQ(numeric_kind(Eigen::VectorXd::Constant(1, 9007199254740994.0)), ColumnKind::real);
  EXPECT_EQ(numeric_kind(Eigen::VectorXd::Constant(1, 1e300)), ColumnKind::real);
}

TEST(Table, RefusesNamesThatAreEmptyTakenOrTooFew) {
  const Eigen::MatrixXd values = Eigen::MatrixXd::Zero(2, 2);
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              Table::from_matrix(values, {"a", "a"});
            }),
            "two columns are named \"a\"; names must differ");
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              Table::from_matrix(values, {"a", ""});
            }),
            "column 2 has an empty name; every column needs a name");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { Table::from_matrix(values, {"a"}); }),
            "1 columns are described but the values have 2; describe each column of the values");
  EXPECT_THROW(Table::from_matrix(values, {"a", "b", "c"}), std::invalid_argument);
}

TEST(Table, RefusesValuesThatDoNotFitTheirColumn) {
  const auto table_of = [](Column column, double value) {
    return [=] { Table({column}, Eigen::MatrixXd::Constant(1, 1, value)); };
  };
  const Column real{"r", ColumnKind::real};
  const Column count{"c", ColumnKind::count};
  const Column category{"k", ColumnKind::category, {"no", "yes"}};
  EXPECT_EQ(
      message_of<std::invalid_argument>(table_of(real, -std::numeric_limits<double>::infinity())),
      "row 1, column \"r\": the value -inf is infinite; use NaN for a missing value");
  EXPECT_EQ(message_of<std::invalid_argument>(table_of(count, 2.5)),
            "row 1, column \"c\": the value 2.5 is not a whole number from 0; give the column the "
            "kind real");
  EXPECT_EQ(message_of<std::invalid_argument>(table_of(category, 2)),
            "row 1, column \"k\": the value 2 is not the code of a level; codes run from 0 to the "
            "number of levels less 1");
  EXPECT_NO_THROW(table_of(category, 1)());
  EXPECT_NO_THROW(table_of(category, missing)());
}

TEST(Table, AnUnknownColumnIsNamedWithTheNearestAndAllOthers) {
  const Table table = people();
  EXPECT_EQ(table.index_of("height"), 2);
  EXPECT_EQ(message_of<std::invalid_argument>([&] { table.index_of("hieght"); }),
            "unknown column \"hieght\"; did you mean \"height\"? people.csv has \"name\", \"age\", "
            "\"height\", \"smokes\"");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { table.index_of("Age"); }),
            "unknown column \"Age\"; did you mean \"age\"? people.csv has \"name\", \"age\", "
            "\"height\", \"smokes\"");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { table.index_of("weight_in_kg"); }),
            "unknown column \"weight_in_kg\"; people.csv has \"name\", \"age\", \"height\", "
            "\"smokes\"");
}

TEST(Table, ATextWhereANumberIsNeededIsNamedWithItsLine) {
  const Table table = parse_csv("waiting,x\n1,1\n2,2\nabc,3\n4,\"4,5\"\n", "data.csv");
  EXPECT_EQ(message_of<DataError>([&] { table.require_numeric("waiting"); }),
            "data.csv line 4, column \"waiting\": \"abc\" is not a number; correct the cell, write "
            "NA if the value is missing, or use the column as categories");
  EXPECT_EQ(message_of<DataError>([&] { table.select({"x"}).require_numeric("x"); }),
            "data.csv line 5, column \"x\": \"4,5\" is not a number; write decimals with a point");
  EXPECT_EQ(people().require_numeric("age"), 1);
}

TEST(Table, CategoriesMadeInCodeAreNoNumbers) {
  const Table table({{"k", ColumnKind::category, {"no", "yes"}}}, Eigen::MatrixXd::Zero(1, 1));
  EXPECT_EQ(message_of<DataError>([&] { table.require_numeric("k"); }),
            "column \"k\" holds categories (\"no\", \"yes\"), not numbers; name a numeric column");
}

TEST(Table, SelectKeepsTheOrderAskedForAndTheLines) {
  const Table chosen = people().select({"smokes", "name"});
  EXPECT_EQ(chosen.names(), (std::vector<std::string>{"smokes", "name"}));
  EXPECT_EQ(chosen.values()(1, 0), 0);
  EXPECT_EQ(chosen.text(1, 1), "Ben");
  EXPECT_EQ(chosen.place(1, 1), "people.csv line 4, column \"name\"");
  EXPECT_THROW(people().select({}), std::invalid_argument);
  EXPECT_THROW(people().select({"age", "age"}), std::invalid_argument);
  EXPECT_THROW(people().select({"aeg"}), std::invalid_argument);
}

TEST(Table, NumericColumnsAreThoseThatHoldNumbers) {
  EXPECT_EQ(people().numeric_columns(), (std::vector<std::string>{"age", "height", "smokes"}));
}

TEST(Table, RowsWithMissingCellsAreFoundCountedAndDropped) {
  const Table table = people();
  EXPECT_TRUE(table.has_missing());
  EXPECT_EQ(table.missing_counts(), (std::vector<Index>{0, 1, 1, 0}));
  EXPECT_EQ(table.complete_rows(), (std::vector<Index>{0}));
  EXPECT_EQ(table.complete_rows({"age"}), (std::vector<Index>{0, 2}));

  const CompleteRows complete = table.drop_missing({"age", "name"});
  EXPECT_EQ(complete.rows, (std::vector<Index>{0, 2}));
  EXPECT_EQ(complete.table.rows(), 2);
  EXPECT_EQ(complete.table.text(1, 0), "Cy");
  EXPECT_EQ(complete.table.line_of(1), 5);
  EXPECT_FALSE(table.select({"smokes"}).has_missing());
  EXPECT_EQ(table.select({"smokes"}).drop_missing().rows, (std::vector<Index>{0, 1, 2}));
}

TEST(Table, MayLoseAllRows) {
  const CompleteRows none = parse_csv("x,y\n1,NA\nNA,2\n", "data.csv").drop_missing();
  EXPECT_EQ(none.table.rows(), 0);
  EXPECT_EQ(none.table.column_count(), 2);
  EXPECT_TRUE(none.rows.empty());
}

TEST(Table, LinesOfRowsSurviveAnyChoiceOfRows) {
  const Table table = people().take({2, 0, 1, 1});
  EXPECT_EQ(table.line_of(0), 5);
  EXPECT_EQ(table.line_of(1), 2);
  EXPECT_EQ(table.line_of(2), 4);
  EXPECT_EQ(table.line_of(3), 4);
  EXPECT_THROW(table.take({4}), std::invalid_argument);
  EXPECT_THROW(table.line_of(-1), std::invalid_argument);
}

TEST(Table, ANumericColumnBecomesCategoriesInTheOrderOfItsValues) {
  Eigen::MatrixXd values(5, 1);
  values << 10, 2, missing, 10, -0.5;
  const Table table = Table::from_matrix(values, {"x"}).as_category("x");
  EXPECT_EQ(table.column(0), (Column{"x", ColumnKind::category, {"-0.5", "2", "10"}}));
  EXPECT_EQ(table.values()(0, 0), 2);
  EXPECT_EQ(table.values()(1, 0), 1);
  EXPECT_TRUE(std::isnan(table.values()(2, 0)));
  EXPECT_EQ(table.values()(4, 0), 0);
  EXPECT_EQ(table.as_category("x").column(0), table.column(0));
}

TEST(Table, AMeasurementDoesNotBecomeCategories) {
  const Table table = Table::from_matrix(Eigen::VectorXd::LinSpaced(257, 0, 1), {"x"});
  EXPECT_EQ(message_of<std::invalid_argument>([&] { table.as_category("x"); }),
            "column \"x\" has more than 256 distinct values, too many for categories; use it as "
            "numbers");
}

TEST(Messages, ShowTextOnOneLineAndCutItAtACharacter) {
  EXPECT_EQ(in_quotes("a\nb\tc\x01"), "\"a\\nb\\tc\\x01\"");
  EXPECT_EQ(in_quotes(std::string(61, 'x')), "\"" + std::string(60, 'x') + "...\"");
  EXPECT_EQ(in_quotes(std::string(59, 'x') + "é"), "\"" + std::string(59, 'x') + "...\"");
  const std::vector<std::string> names(32, "n");
  EXPECT_TRUE(in_quotes(names).ends_with("\"n\" and 2 more"));
}

TEST(Messages, SuggestOnlyNamesThatAreNear) {
  const std::vector<std::string> names{"poisson", "gaussian", "uniform"};
  EXPECT_EQ(did_you_mean("gausian", names), "; did you mean \"gaussian\"?");
  EXPECT_EQ(did_you_mean("POISSON", names), "; did you mean \"poisson\"?");
  EXPECT_EQ(did_you_mean("gamma", names), "");
  EXPECT_EQ(did_you_mean("x", std::vector<std::string>{"y"}), "");
}

TEST(Table, OfFloatsAnswersAsOneOfTheSameDoubles) {
  const Eigen::MatrixXf values{
      {0.5F, 2.0F, 1.0F}, {std::nanf(""), 3.0F, 7.0F}, {0.25F, 3.0F, 1.0F}};
  const std::vector<Column> columns{
      {"a", ColumnKind::real}, {"b", ColumnKind::count}, {"c", ColumnKind::count}};
  const Table floats(columns, values);
  const Table doubles(columns, Eigen::MatrixXd(values.cast<double>()));
  const auto expect_equal = [](const Table& a, const Table& b) {
    EXPECT_EQ(a.columns(), b.columns());
    ASSERT_EQ(a.rows(), b.rows());
    ASSERT_NE(a.cells().floats(), nullptr);
    for (Index i = 0; i < a.rows(); ++i) {
      for (Index j = 0; j < a.column_count(); ++j) EXPECT_EQ(a.text(i, j), b.text(i, j));
    }
    EXPECT_EQ(a.missing_counts(), b.missing_counts());
    EXPECT_EQ(a.complete_rows(), b.complete_rows());
  };
  expect_equal(floats, doubles);
  expect_equal(floats.select({"c", "a"}), doubles.select({"c", "a"}));
  expect_equal(floats.take({2, 1, 1}), doubles.take({2, 1, 1}));
  expect_equal(floats.as_category("b"), doubles.as_category("b"));
  expect_equal(floats.drop_missing().table, doubles.drop_missing().table);
  EXPECT_EQ(floats.column_values(1), doubles.column_values(1));
  EXPECT_EQ(floats.described_by({{"x"}, {"y"}, {"z"}}).names(),
            (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_THROW((void)floats.described_by({{"x"}, {"y"}}), std::invalid_argument);
  EXPECT_THROW(Table({{"a"}}, Eigen::MatrixXf{{HUGE_VALF}}), std::invalid_argument);
}

TEST(Table, CopiesAndViewsOfAllColumnsShareTheValues) {
  const Table table = Table::from_matrix(Eigen::MatrixXd::Random(4, 2));
  const Table copy = table;
  EXPECT_EQ(&copy.values(), &table.values());
  EXPECT_EQ(&table.select({"x1", "x2"}).values(), &table.values());
  EXPECT_EQ(&table.drop_missing().table.values(), &table.values());
  EXPECT_NE(&table.select({"x2", "x1"}).values(), &table.values());
}

}  // namespace
}  // namespace mix
