#include "mix/matrix_market.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mix/errors.h"
#include "mix/files.h"
#include "mix/table.h"

namespace {

using namespace mix;
using testing::StartsWith;

const std::string header = "%%MatrixMarket matrix coordinate real general\n";

std::string error_of(const std::string& text) {
  try {
    (void)parse_matrix_market(text, "a.mtx");
    return "none";
  } catch (const DataError& error) {
    return error.what();
  }
}

TEST(MatrixMarket, ReadsCellsInAnyOrder) {
  Matrix expected = Matrix::Zero(3, 4);
  expected(0, 3) = 2.5;
  expected(0, 1) = -1;
  expected(2, 0) = 1e3;
  const SparseMatrix read = parse_matrix_market(
      header + "% made by hand\n\n3 4 3\n1 4 2.5\n%later\n 3\t1 1e3\r\n1 2 -1", "a.mtx");
  EXPECT_EQ(Matrix(read), expected);
  EXPECT_TRUE(read.isCompressed());
  EXPECT_EQ(SparseRows(read).cells(), 3);
}

TEST(MatrixMarket, ReadsPatternsIntegersAndEmptyMatrices) {
  const SparseMatrix pattern = parse_matrix_market(
      "%%matrixmarket MATRIX coordinate Pattern general\n2 2 1\n2 1\n", "a.mtx");
  EXPECT_EQ(Matrix(pattern), (Matrix(2, 2) << 0, 0, 1, 0).finished());
  const SparseMatrix integers = parse_matrix_market(
      "%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 7\n", "a.mtx");
  EXPECT_EQ(Matrix(integers)(0, 0), 7);
  const SparseMatrix empty = parse_matrix_market(header + "5 6 0\n", "a.mtx");
  EXPECT_EQ(empty.rows(), 5);
  EXPECT_EQ(empty.nonZeros(), 0);
}

TEST(MatrixMarket, NamesTheLineThatIsWrong) {
  EXPECT_THAT(error_of(""), StartsWith("a.mtx line 1: the file is empty; a file of this kind"));
  EXPECT_THAT(error_of("1,2\n"), StartsWith("a.mtx line 1: this is no header"));
  EXPECT_THAT(error_of("%%MatrixMarket matrix array real general\n"),
              StartsWith("a.mtx line 1: the format is \"array\"; only coordinate is read"));
  EXPECT_THAT(error_of("%%MatrixMarket matrix coordinate complex general\n"),
              StartsWith("a.mtx line 1: the field is \"complex\""));
  EXPECT_THAT(error_of("%%MatrixMarket matrix coordinate real symmetric\n"),
              StartsWith("a.mtx line 1: the symmetry is \"symmetric\"; only general"));
  EXPECT_THAT(error_of(header + "% nothing\n"),
              StartsWith("a.mtx line 2: the line \"rows columns cells\" is missing"));
  EXPECT_THAT(error_of(header + "2 2\n"),
              StartsWith("a.mtx line 2: the number of cells is missing"));
  EXPECT_THAT(error_of(header + "2 2 5\n"),
              StartsWith("a.mtx line 2: the number of cells is 5; it must lie between 0 and 4"));
  EXPECT_THAT(error_of(header + "2 3000000000 5\n"),
              StartsWith("a.mtx line 2: the number of columns is 3000000000; it must lie between 1 "
                         "and 2147483647"));
  EXPECT_THAT(error_of(header + "2 2 1 9\n"),
              StartsWith("a.mtx line 2: \"9\" is one word too many"));
  EXPECT_THAT(error_of(header + "2 2 1\n3 1 1\n"),
              StartsWith("a.mtx line 3: the row is 3; it must lie between 1 and 2"));
  EXPECT_THAT(error_of(header + "2 2 1\n1 0 1\n"), StartsWith("a.mtx line 3: the column is 0"));
  EXPECT_THAT(error_of(header + "2 2 1\n1 1.5 1\n"),
              StartsWith("a.mtx line 3: the column is \"1.5\"; it must be a whole number"));
  EXPECT_THAT(error_of(header + "2 2 1\n1 1\n"), StartsWith("a.mtx line 3: the value is missing"));
  for (const char* odd : {"x", "nan", "inf", "1e999"}) {
    EXPECT_THAT(error_of(header + "2 2 1\n1 1 " + odd + "\n"),
                StartsWith("a.mtx line 3: the value is \""))
        << odd;
  }
  EXPECT_THAT(error_of(header + "2 2 2\n1 1 1\n"),
              StartsWith("a.mtx line 3: the file ends after 1 cells, but 2 are announced"));
  EXPECT_THAT(error_of(header + "2 2 1\n1 1 1\n\n2 2 1\n"),
              StartsWith("a.mtx line 5: there are more cells than the 1 announced"));
  EXPECT_THAT(error_of(header + "2 2 3\n1 2 1\n2 2 1\n1 2 4\n"),
              StartsWith("a.mtx line 5: row 1, column 2 stands in line 3 already"));
}

TEST(MatrixMarket, AnnouncesOfHugeMatricesTakeNoMemory) {
  EXPECT_THAT(error_of(header + "2000000 2000000 2000000000\n1 1 1\n"),
              StartsWith("a.mtx line 3: the file ends after 1 cells"));
}

TEST(MatrixMarket, IsATableWithAllItsCells) {
  const std::string path = testing::TempDir() + "matrix_market_table.mtx";
  write_file_atomically(path, header + "2 3 2\n1 2 3\n2 3 1\n");
  const Table table = read_table(path);
  EXPECT_EQ(table.names(), (std::vector<std::string>{"x1", "x2", "x3"}));
  EXPECT_EQ(table.values(), (Matrix(2, 3) << 0, 3, 0, 0, 0, 1).finished());
  EXPECT_EQ(table.column(1).kind, ColumnKind::count);
  EXPECT_EQ(table.source_name(), path);
  write_file_atomically(path, header + "1000000 1000000 0\n");
  try {
    (void)read_table(path);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(path + ": a table of 1000000 rows"));
  }
}

TEST(MatrixMarket, ReadsFiles) {
  const std::string path = testing::TempDir() + "matrix_market_test.mtx";
  write_file_atomically(path, header + "1 2 1\n1 2 3\n");
  EXPECT_EQ(Matrix(read_matrix_market(path)), (Matrix(1, 2) << 0, 3).finished());
  EXPECT_THROW(read_matrix_market(path + ".absent"), DataError);
}

}  // namespace
