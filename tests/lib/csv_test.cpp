#include "mix/csv.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "mix/errors.h"
#include "mix/files.h"

namespace mix {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

// The random tables are the same in every run.
[[maybe_unused]] const int fixed_seed = ::setenv("RC_PARAMS", "seed=2024", 0);

const fs::path data = MIXTURE_TEST_DATA;

Table parse(std::string_view text, const CsvOptions& options = {}) {
  return parse_csv(text, "data.csv", options);
}

std::string message_of(std::string_view text, const CsvOptions& options = {}) {
  try {
    parse(text, options);
  } catch (const DataError& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

Texts texts(const Table& table, Index column) {
  Texts cells;
  for (Index i = 0; i < table.rows(); ++i) cells.push_back(table.text(i, column));
  return cells;
}

bool same(const Table& a, const Table& b) {
  return a.columns() == b.columns() && a.rows() == b.rows() &&
         ((a.values().array() == b.values().array()) ||
          (a.values().array().isNaN() && b.values().array().isNaN()))
             .all();
}

TEST(Csv, OldFaithfulHasTwoNumericColumns) {
  const Table table = read_csv(data / "faithful.csv");
  EXPECT_EQ(table.rows(), 272);
  EXPECT_EQ(table.names(), (Texts{"eruptions", "waiting"}));
  EXPECT_EQ(table.column(0).kind, ColumnKind::real);
  EXPECT_EQ(table.column(1).kind, ColumnKind::count);
  EXPECT_EQ(table.values()(0, 0), 3.6);
  EXPECT_EQ(table.values()(271, 1), 74);
  EXPECT_FALSE(table.has_missing());
}

TEST(Csv, PenguinsHaveMixedColumnsAndMissingCells) {
  const Table table = read_csv(data / "penguins.csv");
  EXPECT_EQ(table.rows(), 344);
  EXPECT_EQ(table.column_count(), 8);
  EXPECT_EQ(table.numeric_columns(),
            (Texts{"bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year"}));
  EXPECT_EQ(table.column(0).levels, (Texts{"Adelie", "Chinstrap", "Gentoo"}));
  EXPECT_EQ(table.column(6).levels, (Texts{"female", "male"}));
  Index missing = 0;
  for (const Index count : table.missing_counts()) missing += count;
  EXPECT_EQ(missing, 19);
  EXPECT_EQ(table.drop_missing().table.rows(), 333);
}

TEST(Csv, KindsFollowTheCells) {
  const Table table = parse("count,real,negative,text,none,mixed\n1,1,-1,a,,1\n0,2.5,0,b,NA,x\n");
  const std::vector<ColumnKind> kinds{ColumnKind::count,    ColumnKind::real, ColumnKind::real,
                                      ColumnKind::category, ColumnKind::real, ColumnKind::category};
  for (Index j = 0; j < table.column_count(); ++j) {
    EXPECT_EQ(table.column(j).kind, kinds[static_cast<std::size_t>(j)]) << table.column(j).name;
  }
}

TEST(Csv, NumbersMayHaveSignsBlanksAndExponents) {
  const Table table = parse("x\n 1 \n+2\n-3.5\n1e3\n.5\n6.\n1E-2\n\"7\"\n\" 8 \"\n+.5e+1\n");
  Eigen::VectorXd expected(10);
  expected << 1, 2, -3.5, 1000, 0.5, 6, 0.01, 7, 8, 5;
  EXPECT_EQ(table.values().col(0), expected);
}

TEST(Csv, NumbersNearZeroAreRoundedAndLargeOnesRefused) {
  const Table table = parse("x\n1e-400\n-1e-400\n4.9e-324\n1e-310\n1.7976931348623157e308\n");
  EXPECT_EQ(table.values()(0, 0), 0.0);
  EXPECT_EQ(table.values()(1, 0), 0.0);
  EXPECT_EQ(table.values()(2, 0), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(table.values()(3, 0), 1e-310);
  EXPECT_EQ(table.values()(4, 0), std::numeric_limits<double>::max());
  EXPECT_EQ(message_of("x\n1e999\n"),
            "data.csv line 2, column \"x\": \"1e999\" is beyond the range of a double (1.8e308); "
            "correct the cell, or write NA if the value is missing");
}

TEST(Csv, WhatOnlyLooksLikeANumberIsText) {
  for (const char* cell : {"0x10", "1e", "1e+", "--1", "+-1", "+", "-", ".", "1 2", "1_000",
                           "1.2.3", "1,5", "12abc", "Nan", "nan(1)", "1d5"}) {
    const Table table = parse(std::string("x\n\"") + cell + "\"\n");
    EXPECT_EQ(table.column(0).kind, ColumnKind::category) << cell;
    EXPECT_EQ(table.text(0, 0), cell);
  }
}

TEST(Csv, MissingCellsAreEmptyOrNaOrNan) {
  const Table table = parse("x,y\n,a\nNA,NA\nnan,\nNaN,nan\nNAN,b\n\"\",\"NA\"\n  ,a\n-nan,a\n");
  EXPECT_EQ(table.missing_counts(), (std::vector<Index>{8, 4}));
  EXPECT_EQ(table.column(1).levels, (Texts{"a", "b"}));
}

TEST(Csv, InfiniteNumbersAreRefusedWithTheirPlace) {
  for (const std::string cell : {"inf", "-inf", "+Inf", "Infinity", "-INFINITY"}) {
    EXPECT_EQ(message_of("x,y\n1,1\n2," + cell + "\ninf,2\n"),
              "data.csv line 3, column \"y\": \"" + cell +
                  "\" is infinite; correct the cell, or write NA if the value is missing");
  }
  EXPECT_EQ(texts(parse("x\n1\ninf\nnavy\n"), 0), (Texts{"1", "inf", "navy"}));
}

TEST(Csv, TextAfterNumbersMakesCategoriesOfTheDigitsAsWritten) {
  const Table table = parse("x,y\n1.0,1\n01,2\nNA,3\nb,4\n1.0,5\n");
  EXPECT_EQ(table.column(0).levels, (Texts{"01", "1.0", "b"}));
  EXPECT_EQ(texts(table, 0), (Texts{"1.0", "01", "NA", "b", "1.0"}));
}

TEST(Csv, QuotedCellsHoldSeparatorsQuotesAndLineEnds) {
  const Table table = parse(
      "\"a,b\",c\r\n\"x,y\",\"say \"\"hi\"\"\"\r\n \"1\n2\r\n3\" , plain \"q\" \r\n\"\"\"\",\" z "
      "\"\r\n");
  EXPECT_EQ(table.names(), (Texts{"a,b", "c"}));
  EXPECT_EQ(texts(table, 0), (Texts{"x,y", "1\n2\r\n3", "\""}));
  EXPECT_EQ(texts(table, 1), (Texts{"say \"hi\"", "plain \"q\"", " z "}));
  EXPECT_EQ(table.line_of(1), 3);
  EXPECT_EQ(table.line_of(2), 6);
}

TEST(Csv, LineEndsMarksAndBlankLinesDoNotMatter) {
  const Table expected = parse("a,b\n1,x\n2,y\n");
  for (const char* text :
       {"a,b\n1,x\n2,y", "a,b\r\n1,x\r\n2,y\r\n", "a,b\r1,x\r2,y\r",
        "\xEF\xBB\xBF"
        "a,b\n1,x\n2,y\n",
        "\n \na,b\n\n1,x\n  \n\n2,y\n\n\n", "a,b\n1,x\r2,y\r\n", "a , b\n 1, x\n2 ,\ty\n"}) {
    EXPECT_TRUE(same(parse(text), expected)) << text;
  }
}

TEST(Csv, ALineOfSeparatorsIsARowOfMissingCells) {
  const Table table = parse("a,b\n1,2\n,\n3,4\n");
  EXPECT_EQ(table.rows(), 3);
  EXPECT_EQ(table.missing_counts(), (std::vector<Index>{1, 1}));
}

TEST(Csv, TheSeparatorIsTheCommonestInTheHeader) {
  EXPECT_EQ(parse("a;b;c\n1;2;x,y\n").column_count(), 3);
  EXPECT_EQ(parse("a\tb\n1\t\n").column_count(), 2);
  EXPECT_EQ(parse("\"a;b;c\",d\n1,2\n").names(), (Texts{"a;b;c", "d"}));
  EXPECT_EQ(parse("alone\n1\n").names(), (Texts{"alone"}));
  EXPECT_EQ(parse("a,b;c\n1,2;3\n", {.separator = ';'}).names(), (Texts{"a,b", "c"}));
  EXPECT_EQ(parse("a b\n1 2\n", {.separator = ' '}).column_count(), 2);
  EXPECT_EQ(parse("a|b\n1|2\n", {.separator = '|'}).column_count(), 2);
  EXPECT_THROW(parse("a\n1\n", {.separator = '"'}), std::invalid_argument);
}

TEST(Csv, ACellOfATabSeparatedFileMayBeEmpty) {
  const Table table = parse("a\tb\tc\n\t\t1\n2\t \t3\n");
  EXPECT_EQ(table.missing_counts(), (std::vector<Index>{1, 2, 0}));
}

TEST(Csv, EmptyNamesAreNumberedAndEmptyUnnamedColumnsLeftOut) {
  EXPECT_EQ(parse(",x,\n1,2,3\n").names(), (Texts{"column_1", "x", "column_3"}));
  EXPECT_EQ(parse("x,y,\n1,2,\n3,4,\n").names(), (Texts{"x", "y"}));
  EXPECT_EQ(parse("x,y\n1,\n3,\n").names(), (Texts{"x", "y"}));
}

TEST(Csv, AHeaderOfNumbersIsRefusedUnlessItIsQuoted) {
  EXPECT_EQ(message_of("3.6,79\n1.8,54\n"),
            "data.csv line 1: the header holds numbers (\"3.6\") where the columns' names should "
            "be; add a line of names above, put the names in quotes, or in C++ read with header = "
            "absent");
  EXPECT_EQ(parse("\"1961\",\"1962\"\n1,2\n").names(), (Texts{"1961", "1962"}));
  EXPECT_EQ(parse("year,1962\n1,2\n").names(), (Texts{"year", "1962"}));
}

TEST(Csv, TextThatIsNotUtf8IsRefusedWithItsPlace) {
  EXPECT_EQ(message_of("x,\xE9\n1,2\n"),
            "data.csv line 1, column 2: the name is not UTF-8; save the file as UTF-8 (iconv -f "
            "LATIN1 -t UTF-8)");
  // Also where the column begins as numbers, and in quotes that are doubled.
  EXPECT_TRUE(message_of("x,y\n1,2\n2,a\n3,\xE9\n").starts_with("data.csv line 4, column \"y\""));
  EXPECT_TRUE(
      message_of("x,y\n1,\"a \"\"\xE9\"\"\"\n").starts_with("data.csv line 2, column \"y\""));
  EXPECT_EQ(parse("\u00e9,y\n1,\u4e2d\n").names(), (Texts{"\u00e9", "y"}));
}

TEST(Csv, TextThatIsNotUtf8MayWaitUntilItsColumnIsNeeded) {
  const Table table = parse("x,y,z\n1,2,\xE9\n2,a,b\n", {.other_encodings = OtherEncodings::kept});
  table.require_utf8({"x", "y"});
  const Table chosen = table.take({1, 0}).select({"z", "x"});
  chosen.require_utf8({"x"});
  try {
    chosen.require_utf8({"x", "z"});
    FAIL() << "accepted";
  } catch (const DataError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("data.csv line 2, column \"z\": the text is"))
        << error.what();
  }
}

TEST(Csv, WithoutAHeaderTheColumnsAreNumbered) {
  const Table table = parse("3.6,79\n1.8,54\n", {.header = HeaderRow::absent});
  EXPECT_EQ(table.names(), (Texts{"x1", "x2"}));
  EXPECT_EQ(table.rows(), 2);
  EXPECT_EQ(table.line_of(0), 1);
}

TEST(Csv, FilesThatHoldNoTableAreRefused) {
  for (const char* text : {"", "\n\n", "  \r\n", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(message_of(text),
              "data.csv is empty; a table needs a line of column names and at least one row");
  }
  EXPECT_EQ(message_of("a,b\n\n"),
            "data.csv has no rows, only a header; a table needs at least one row of values");
  EXPECT_EQ(message_of("a,a\n1,2\n"),
            "data.csv line 1: columns 1 and 2 are both named \"a\"; rename one of them");
  EXPECT_EQ(message_of(std::string_view("PK\x03\x04\0\0", 6)),
            "data.csv is not a text file (it holds zero bytes); save the table as CSV and read "
            "that");
  EXPECT_EQ(message_of(std::string_view("\xFF\xFE"
                                        "a\0",
                                        4)),
            "data.csv is text in UTF-16; save it as UTF-8 and read that");
}

TEST(Csv, RowsOfDifferentLengthsAreRefusedWithTheirLine) {
  EXPECT_EQ(message_of("a,b\n1,2\n\n1,2,3\n"),
            "data.csv line 4: found 3 cells where 2 are expected, one for each column; check the "
            "line for a missing or an extra separator (,) and for a quote that does not end");
  EXPECT_TRUE(message_of("a,b\n1\n").starts_with("data.csv line 2: found 1 cells where 2 are"));
}

TEST(Csv, QuotesThatDoNotFitAreRefusedWithTheirPlace) {
  EXPECT_EQ(message_of("a,b\n1,2\n3,\"x\n5,6\n"),
            "data.csv line 3, column \"b\": the quote before \"x\\n5,6\\n\" does not end; add the "
            "closing quote, or write a quote that is part of the text twice");
  EXPECT_EQ(message_of("a,b\n\"x\n\"y,2\n"),
            "data.csv line 3, column \"a\": text follows the closing quote of \"x\\n\"; quote the "
            "whole cell and write a quote that is part of the text twice");
}

TEST(Csv, FilesThatCannotBeReadAreNamed) {
  EXPECT_THROW(read_csv("no/such.csv"), DataError);
  EXPECT_THROW(read_csv(data), DataError);
}

TEST(Csv, IsWrittenWithQuotesOnlyWhereNeeded) {
  const Table table(
      {{"x"}, {"2"}, {"k, l", ColumnKind::category, {" a", "b\"c", "d"}}},
      (Eigen::MatrixXd(3, 3) << 0.1, 1, 0, 1e300, 2, 1, std::nan(""), -0.5, 2).finished());
  EXPECT_EQ(format_csv(table), "x,\"2\",\"k, l\"\n0.1,1,\" a\"\n1e+300,2,\"b\"\"c\"\nNA,-0.5,d\n");
}

TEST(Csv, ALevelThatReadsAsMissingIsNotWritten) {
  const Table table({{"k", ColumnKind::category, {"NA"}}}, Eigen::MatrixXd::Zero(1, 1));
  EXPECT_THROW(format_csv(table), DataError);
}

TEST(Csv, ReadTableChoosesTheFormatByTheFileName) {
  const fs::path path =
      fs::temp_directory_path() / ("mixture-csv-" + std::to_string(::getpid()) + ".TSV");
  write_file_atomically(path, "a,b\tc\n1\t2\n");
  EXPECT_EQ(read_table(path).names(), (Texts{"a,b", "c"}));
  fs::remove(path);
  EXPECT_EQ(read_table(data / "faithful.csv").rows(), 272);
}

// Random tables: numbers of every magnitude, text of awkward characters, missing cells.
rc::Gen<double> any_number() {
  return rc::gen::oneOf(rc::gen::map(rc::gen::arbitrary<int>(), [](int i) { return double(i); }),
                        rc::gen::map(rc::gen::arbitrary<double>(),
                                     [](double x) { return std::isfinite(x) ? x : 0.0; }),
                        rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t bits) {
                          const double x = std::bit_cast<double>(bits);
                          return std::isfinite(x) ? x : std::nan("");
                        }));
}

Table any_table() {
  const Index rows = *rc::gen::inRange<Index>(1, 20);
  const Index d = *rc::gen::inRange<Index>(1, 6);
  using Characters = std::vector<std::string>;
  const auto character = rc::gen::elementOf(
      Characters{"a", "b", ",", ";", "\t", "\"", "\n", "\r", " ", "1", ".", "\u00e9"});
  const auto text = rc::gen::map(
      rc::gen::nonEmpty(rc::gen::container<Characters>(character)),
      [](const Characters& all) { return std::accumulate(all.begin(), all.end(), std::string()); });
  Eigen::MatrixXd values(rows, d);
  std::vector<Column> columns;
  for (Index j = 0; j < d; ++j) {
    // A letter at the end keeps names and levels from being numbers or blank.
    Column column{*text + std::to_string(j) + "n"};
    if (*rc::gen::arbitrary<bool>()) {
      std::set<std::string> levels;
      for (Index i = 0; i < rows; ++i) levels.insert(*text + "z");
      column.kind = ColumnKind::category;
      column.levels.assign(levels.begin(), levels.end());
      // Every level occurs: reading finds only those that do.
      const auto count = static_cast<Index>(levels.size());
      for (Index i = 0; i < rows; ++i) values(i, j) = static_cast<double>(i % count);
      for (Index i = count; i < rows; i += 3) values(i, j) = std::nan("");
    } else {
      for (Index i = 0; i < rows; ++i) values(i, j) = *any_number();
      column.kind = numeric_kind(values.col(j));
    }
    columns.push_back(column);
  }
  return Table(columns, values);
}

TEST(Csv, WrittenIsReadEqual) {
  EXPECT_TRUE(rc::check("read(write(table)) == table", [] {
    const Table table = any_table();
    RC_ASSERT(same(parse(format_csv(table)), table));
  }));
}

// Feeds the readers of a file with a text of its own.
class CsvBlocks : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::temp_directory_path() / ("mixture-blocks-" + std::to_string(::getpid()) + ".csv");
  }
  void TearDown() override { fs::remove(path_); }

  CsvReader open(const std::string& text, std::vector<Column> columns,
                 UnknownLevel unknown = UnknownLevel::error) {
    write_file_atomically(path_, text);
    return CsvReader(path_, std::move(columns), {}, unknown);
  }

  std::string message_of(const std::string& text, std::vector<Column> columns) {
    try {
      CsvReader reader = open(text, std::move(columns));
      Table block;
      while (reader.read_block(10, block)) {
      }
    } catch (const DataError& error) {
      const std::string message = error.what();
      return message.starts_with(path_.string()) ? message.substr(path_.string().size()) : message;
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  fs::path path_;
};

TEST_F(CsvBlocks, TogetherEqualTheWholeFile) {
  const Table whole = read_csv(data / "penguins.csv");
  for (const Index size : {1, 7, 343, 344, 345, 1000000000}) {
    CsvReader reader(data / "penguins.csv", whole.columns());
    Table block;
    Index rows = 0;
    while (reader.read_block(size, block)) {
      for (Index i = 0; i < block.rows(); ++i, ++rows) {
        EXPECT_EQ(block.line_of(i), whole.line_of(rows));
        for (Index j = 0; j < block.column_count(); ++j) {
          EXPECT_EQ(block.text(i, j), whole.text(rows, j));
        }
      }
    }
    EXPECT_EQ(rows, 344);
    EXPECT_EQ(reader.rows_read(), 344);
    EXPECT_EQ(block.rows(), 0);
    EXPECT_FALSE(reader.read_block(size, block));
  }
}

TEST_F(CsvBlocks, EqualTheWholeFileForAnyTable) {
  EXPECT_TRUE(rc::check("blocks(write(table)) == table", [this] {
    const Table table = any_table();
    CsvReader reader = open(format_csv(table), table.columns());
    Table block;
    RC_ASSERT(reader.read_block(table.rows(), block));
    RC_ASSERT(same(block, table));
    RC_ASSERT(!reader.read_block(1, block));
  }));
}

TEST_F(CsvBlocks, CrossTheEndsOfTheBuffer) {
  // Longer than two buffers of 1 MiB, with a row longer than one, and line ends of two bytes.
  std::string text = "x,k\r\n";
  std::vector<std::string> expected;
  for (int i = 0; i < 300000; ++i) {
    const std::string cell =
        i == 150000 ? std::string(3000000, 'q') : "a\"\r\n" + std::to_string(i % 7);
    text +=
        std::to_string(i) + (i == 150000 ? ",\"" + cell : ",\"a\"\"\r\n" + std::to_string(i % 7));
    text += "\"\r\n";
  }
  const Table whole = parse(text);
  ASSERT_EQ(whole.rows(), 300000);
  CsvReader reader = open(text, whole.columns());
  Table block;
  Index rows = 0;
  while (reader.read_block(1024, block)) {
    EXPECT_EQ(block.values(), whole.values().middleRows(rows, block.rows()));
    EXPECT_EQ(block.line_of(0), whole.line_of(rows));
    rows += block.rows();
  }
  EXPECT_EQ(rows, 300000);
}

TEST_F(CsvBlocks, HaveTheColumnsAskedForInTheirOrder) {
  CsvReader reader = open("a,b,c\n1,x,2.5\n3,y,4\n", {{"c"}, {"a"}});
  Table block;
  ASSERT_TRUE(reader.read_block(10, block));
  EXPECT_EQ(block.names(), (Texts{"c", "a"}));
  EXPECT_EQ(block.values(), (Eigen::MatrixXd(2, 2) << 2.5, 1, 4, 3).finished());
  EXPECT_EQ(block.column(0).kind, ColumnKind::real);
  EXPECT_EQ(block.column(1).kind, ColumnKind::count);
}

TEST_F(CsvBlocks, KeepTheCodesOfTheLevelsGiven) {
  const Column levels{"k", ColumnKind::category, {"0", "1", "b"}};
  CsvReader reader = open("k\nb\n1.0\n1\nNA\n+0\n", {levels});
  Table block;
  ASSERT_TRUE(reader.read_block(10, block));
  EXPECT_EQ(texts(block, 0), (Texts{"b", "1", "1", "NA", "0"}));
}

TEST_F(CsvBlocks, RefuseCellsThatDoNotFit) {
  const Column levels{"k", ColumnKind::category, {"a", "b"}};
  EXPECT_EQ(message_of("x,k\n1,a\nabc,b\n", {{"x"}, levels}),
            " line 3, column \"x\": \"abc\" is not a number; correct the cell, write NA if the "
            "value is missing, or use the column as categories");
  EXPECT_EQ(message_of("x,k\n1,a\n-inf,b\n", {{"x"}}),
            " line 3, column \"x\": \"-inf\" is infinite; correct the cell, or write NA if the "
            "value is missing");
  EXPECT_EQ(message_of("x,k\n1,c\n", {{"x"}, levels}),
            " line 2, column \"k\": \"c\" is not one of the known categories (\"a\", \"b\"); "
            "correct the cell, or write NA");
  EXPECT_EQ(message_of("x,k\n1,a\n", {{"y"}}), " has no column \"y\"; the file has \"x\", \"k\"");
  EXPECT_EQ(message_of("x,k\n", {{"x"}}),
            " has no rows, only a header; a table needs at least one row of values");
  EXPECT_EQ(message_of("", {{"x"}}),
            " is empty; a table needs a line of column names and at least one row");
  EXPECT_TRUE(message_of("x,k\n1,2\n3\n", {{"x"}}).starts_with(" line 3: found 1 cells"));
}

TEST_F(CsvBlocks, TakeUnknownLevelsAsMissingWhenAsked) {
  CsvReader reader = open("k\nc\na\n", {{"k", ColumnKind::category, {"a"}}}, UnknownLevel::missing);
  Table block;
  ASSERT_TRUE(reader.read_block(10, block));
  EXPECT_EQ(texts(block, 0), (Texts{"NA", "a"}));
}

TEST_F(CsvBlocks, RefuseAColumnAskedForTwiceAndABlockOfNoRows) {
  EXPECT_THROW(open("x\n1\n", {{"x"}, {"x"}}), std::invalid_argument);
  CsvReader reader = open("x\n1\n", {{"x"}});
  Table block;
  EXPECT_THROW(reader.read_block(0, block), std::invalid_argument);
}

}  // namespace
}  // namespace mix
