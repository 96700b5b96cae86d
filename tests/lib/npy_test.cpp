#include "mix/npy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "mix/errors.h"
#include "mix/files.h"

namespace mix {
namespace {

enum class Order { as_is, reversed };

template <class Number>
std::string bytes_of(const std::vector<Number>& numbers, Order order = Order::as_is) {
  std::string bytes;
  for (const Number number : numbers) {
    std::string one(sizeof(Number), '\0');
    std::memcpy(one.data(), &number, sizeof(Number));
    if (order == Order::reversed) std::reverse(one.begin(), one.end());
    bytes += one;
  }
  return bytes;
}

std::string header_of(const std::string& text, char version = 1) {
  std::string bytes("\x93NUMPY");
  bytes +=
      {version, '\0', static_cast<char>(text.size() & 0xFFU), static_cast<char>(text.size() >> 8U)};
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + text;
}

std::string array(const std::string& type, const std::string& shape, const std::string& data,
                  char version = 1) {
  return header_of("{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape +
                       ", }          \n",
                   version) +
         data;
}

std::string npy_message_of(const std::string& bytes) {
  try {
    parse_npy(bytes, "a.npy");
  } catch (const DataError& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

template <class Number>
void expect_numbers(const std::string& type, const std::vector<Number>& numbers, Order order) {
  const std::string shape = "(" + std::to_string(numbers.size()) + ",)";
  const Table table = parse_npy(array(type, shape, bytes_of(numbers, order)), "a.npy");
  ASSERT_EQ(table.rows(), static_cast<Index>(numbers.size())) << type;
  ASSERT_EQ(table.column_count(), 1);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(table.values()(static_cast<Index>(i), 0), static_cast<double>(numbers[i])) << type;
  }
}

template <class Number>
void expect_both_orders(const std::string& type) {
  const std::vector<Number> numbers{std::numeric_limits<Number>::lowest(), 0, 1, 100,
                                    std::numeric_limits<Number>::max()};
  expect_numbers("<" + type, numbers, Order::as_is);
  expect_numbers("=" + type, numbers, Order::as_is);
  expect_numbers(">" + type, numbers, Order::reversed);
}

TEST(Npy, ReadsAllNumberTypesInBothByteOrders) {
  expect_both_orders<double>("f8");
  expect_both_orders<float>("f4");
  expect_both_orders<std::int8_t>("i1");
  expect_both_orders<std::int16_t>("i2");
  expect_both_orders<std::int32_t>("i4");
  expect_both_orders<std::int64_t>("i8");
  expect_both_orders<std::uint8_t>("u1");
  expect_both_orders<std::uint16_t>("u2");
  expect_both_orders<std::uint32_t>("u4");
  expect_both_orders<std::uint64_t>("u8");
  expect_numbers<std::uint8_t>("|b1", {0, 1, 1}, Order::as_is);
}

TEST(Npy, KeepsFloatsOfFourBytesOnRequestAlone) {
  const std::vector<float> numbers{0.1F, 2.0F, std::nanf(""), 4.5F, -1e30F, 6.0F};
  const float kept[2][3] = {{0.1F, 2.0F, std::nanf("")}, {4.5F, -1e30F, 6.0F}};
  for (const auto& [type, order] : {std::pair("<f4", Order::as_is), {">f4", Order::reversed}}) {
    const std::string bytes = array(type, "(2, 3)", bytes_of(numbers, order));
    const Table floats = parse_npy(bytes, "a.npy", Floats::kept);
    const Table doubles = parse_npy(bytes, "a.npy");
    ASSERT_NE(floats.cells().floats(), nullptr);
    ASSERT_NE(doubles.cells().dense(), nullptr);
    EXPECT_THROW((void)floats.values(), std::logic_error);
    EXPECT_EQ(floats.columns(), doubles.columns());
    for (Index i = 0; i < 2; ++i) {
      for (Index j = 0; j < 3; ++j) {
        if (i == 0 && j == 2) continue;
        EXPECT_EQ((*floats.cells().floats())(i, j), kept[i][j]);
        EXPECT_EQ(floats.value(i, j), static_cast<double>(kept[i][j]));
        EXPECT_EQ(doubles.values()(i, j), static_cast<double>(kept[i][j]));
      }
    }
    EXPECT_TRUE(std::isnan(floats.value(0, 2)));
    EXPECT_TRUE(floats.has_missing());
  }
  const Table doubles =
      parse_npy(array("<f8", "(2,)", bytes_of<double>({0.1, 0.2})), "a.npy", Floats::kept);
  EXPECT_NE(doubles.cells().dense(), nullptr);
  EXPECT_EQ(npy_message_of(array("<f4", "(2,)", bytes_of<float>({1.0F, HUGE_VALF}))),
            "a.npy row 2, column \"x1\": the value is infinite; use NaN for a missing value");
}

TEST(Npy, TakesInfiniteCellsWhereTheyAreAllowed) {
  const std::string ends = array("<f8", "(2, 2)", bytes_of<double>({1, 2, 3, HUGE_VAL}));
  const auto second = [](const std::string& name) { return name == "x2"; };
  const Table table = parse_npy(ends, "a.npy", Floats::converted, second);
  EXPECT_EQ(table.value(1, 1), HUGE_VAL);
  EXPECT_TRUE(table.column(1).infinite_cells);
  EXPECT_FALSE(table.column(0).infinite_cells);
  EXPECT_THROW(parse_npy(ends, "a.npy", Floats::converted,
                         [](const std::string& name) { return name == "x1"; }),
               DataError);
}

// A file is read in pieces, of which none may be lost or shifted.
TEST(Npy, ReadsLongFilesOfEitherOrder) {
  constexpr Index rows = 70001;
  constexpr Index columns = 3;
  const auto number = [](Index i, Index j) { return static_cast<float>(3 * i + j); };
  std::vector<float> by_rows;
  std::vector<float> by_columns;
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) by_rows.push_back(number(i, j));
  }
  for (Index j = 0; j < columns; ++j) {
    for (Index i = 0; i < rows; ++i) by_columns.push_back(number(i, j));
  }
  const auto file = std::filesystem::temp_directory_path() /
                    ("mixture-npy-" + std::to_string(::getpid()) + ".npy");
  const std::string shape = "(70001, 3)";
  const std::string fortran =
      header_of("{'descr': '<f4', 'fortran_order': True, 'shape': " + shape + ", }     \n");
  for (const std::string& bytes :
       {array("<f4", shape, bytes_of(by_rows)), array("<f4", shape, bytes_of(by_rows), 2),
        fortran + bytes_of(by_columns)}) {
    write_file_atomically(file, bytes);
    const Table floats = read_npy(file, Floats::kept);
    const Table doubles = read_npy(file);
    ASSERT_EQ(floats.rows(), rows);
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < columns; ++j) {
        ASSERT_EQ((*floats.cells().floats())(i, j), number(i, j)) << i << " " << j;
        ASSERT_EQ(doubles.values()(i, j), static_cast<double>(number(i, j))) << i << " " << j;
      }
    }
    write_file_atomically(file, bytes.substr(0, bytes.size() - 1));
    EXPECT_THROW((void)read_npy(file), DataError);
    write_file_atomically(file, bytes + "x");
    EXPECT_THROW((void)read_npy(file), DataError);
  }
  std::filesystem::remove(file);
}

TEST(Npy, ReadsRowsInCOrderAndColumnsInFortranOrder) {
  const std::string data = bytes_of<double>({1, 2, 3, 4, 5, 6});
  Eigen::MatrixXd rows(2, 3);
  rows << 1, 2, 3, 4, 5, 6;
  Eigen::MatrixXd columns(2, 3);
  columns << 1, 3, 5, 2, 4, 6;
  EXPECT_EQ(parse_npy(array("<f8", "(2, 3)", data), "a").values(), rows);
  const std::string fortran =
      header_of("{\"shape\": (2,3), \"fortran_order\":True,\"descr\": \"<f8\"}\n") + data;
  EXPECT_EQ(parse_npy(fortran, "a").values(), columns);
}

TEST(Npy, ReadsTheHeadersOfAllVersions) {
  for (const char version : {'\x01', '\x02', '\x03'}) {
    const Table table = parse_npy(array("<f8", "(1, 1)", bytes_of<double>({7}), version), "a");
    EXPECT_EQ(table.values()(0, 0), 7);
  }
}

TEST(Npy, NamesColumnsAndFindsKindsAndMissingValues) {
  const std::string data = bytes_of<double>({1, 0.5, std::numeric_limits<double>::quiet_NaN(), -1});
  const Table table = parse_npy(array("<f8", "(2, 2)", data), "a.npy");
  EXPECT_EQ(table.names(), (std::vector<std::string>{"x1", "x2"}));
  EXPECT_EQ(table.column(0).kind, ColumnKind::count);
  EXPECT_EQ(table.column(1).kind, ColumnKind::real);
  EXPECT_TRUE(table.has_missing());
  EXPECT_EQ(table.place(1, 0), "a.npy row 2, column \"x1\"");
}

TEST(Npy, WrittenIsReadEqual) {
  const auto path =
      std::filesystem::temp_directory_path() / ("mixture-" + std::to_string(::getpid()) + ".npy");
  const Eigen::MatrixXd values = Eigen::MatrixXd::Random(5, 3) * 1e-300;
  write_npy(path, values);
  const std::string bytes = read_file(path);
  EXPECT_EQ(read_npy(path).values(), values);
  EXPECT_EQ(read_table(path).values(), values);
  EXPECT_EQ((bytes.size() - 15 * sizeof(double)) % 64, 0U) << "numbers begin at 64 bytes";
  write_npy(path, values.block(1, 1, 3, 2));
  EXPECT_EQ(read_npy(path).values(), values.block(1, 1, 3, 2));
  std::filesystem::remove(path);
}

TEST(Npy, RefusesWhatIsNoTableOfNumbers) {
  const std::string eight = bytes_of<double>({1});
  const std::string remedy = "save it with numpy.save(file, numpy.asarray(x, dtype=float))";
  EXPECT_EQ(npy_message_of("x,y\n1,2\n"),
            "a.npy is not a .npy file (it does not begin with \\x93NUMPY); " + remedy);
  EXPECT_EQ(npy_message_of(array("<c16", "(1,)", eight + eight)),
            "a.npy holds numbers of type \"<c16\"; booleans, integers and floats of 4 or 8 bytes "
            "are read; " +
                remedy);
  EXPECT_EQ(npy_message_of(header_of("{'descr': [('a', '<f8')], 'fortran_order': False, "
                                     "'shape': (1,), }\n") +
                           eight),
            "a.npy is a structured array, with a type for each field; " + remedy);
  EXPECT_EQ(npy_message_of(array("<f8", "(1, 1, 1)", eight)),
            "a.npy has 3 dimensions, shape (1, 1, 1); a table has 1 or 2 (rows, columns): reshape "
            "the array");
  EXPECT_EQ(npy_message_of(array("<f8", "()", eight)),
            "a.npy has 0 dimensions, shape (); a table has 1 or 2 (rows, columns): reshape the "
            "array");
  EXPECT_EQ(npy_message_of(array("<f8", "(0, 2)", "")),
            "a.npy has the shape (0, 2); a table needs at least one row and one column");
  EXPECT_EQ(npy_message_of(array("<f8", "(1,)", eight, 9)),
            "a.npy has the .npy format version 9; versions 1 to 3 are read; " + remedy);
  EXPECT_EQ(npy_message_of(array("<f8", "(2,)", bytes_of<double>({0, HUGE_VAL}))),
            "a.npy row 2, column \"x1\": the value is infinite; use NaN for a missing value");
}

TEST(Npy, RefusesFilesShorterOrLongerThanTheirHeaderSays) {
  const std::string eight = bytes_of<double>({1});
  EXPECT_EQ(npy_message_of(array("<f8", "(2, 1)", eight)),
            "a.npy is cut short: it holds 8 bytes of numbers where the shape (2, 1) of \"<f8\" "
            "needs 16; copy or save the file again");
  EXPECT_EQ(
      npy_message_of(array("<f8", "(1,)", eight + eight)),
      "a.npy holds 16 bytes of numbers where the shape (1) of \"<f8\" needs 8; save one array "
      "in each file");
  EXPECT_EQ(npy_message_of(array("<f8", "(4294967296, 4294967296)", eight)),
            "a.npy is cut short: it holds 8 bytes of numbers where the shape (4294967296, "
            "4294967296) of \"<f8\" needs more than a file can hold; copy or save the file again");
  const std::string whole = array("<f8", "(1,)", eight);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_npy(whole.substr(0, size), "a.npy"), DataError) << size;
  }
}

TEST(Npy, RefusesHeadersThatAreBroken) {
  for (const char* text :
       {"", "{}", "{'descr': '<f8'}", "{'descr': <f8, 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f8, 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': maybe, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1 1)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': 1}"}) {
    EXPECT_THROW(parse_npy(header_of(text) + bytes_of<double>({1}), "a.npy"), DataError) << text;
  }
}

}  // namespace
}  // namespace mix
