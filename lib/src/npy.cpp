#include "mix/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "mix/errors.h"
#include "mix/files.h"

namespace mix {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::string_view how_to_save =
    "save it with numpy.save(file, numpy.asarray(x, dtype=float))";

struct Header {
  std::string type;  // such as "<f8"
  bool is_fortran = false;
  std::vector<Index> shape;
  std::size_t data_begin = 0;
};

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    number = number << 8U | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

// Reads the Python dictionary that describes an array, as numpy.save writes it.
class HeaderText {
 public:
  HeaderText(std::string_view text, const std::string& source_name)
      : text_(text), source_name_(source_name) {}

  std::string type() const {
    const std::string_view value = value_of("descr");
    if (value.starts_with('[')) {
      throw DataError(fmt::format("{} is a structured array, with a type for each field; {}",
                                  source_name_, how_to_save));
    }
    const char quote = value.empty() ? '\0' : value.front();
    const std::size_t end = value.find(quote, 1);
    if ((quote != '\'' && quote != '"') || end == std::string_view::npos) broken("descr");
    return std::string(value.substr(1, end - 1));
  }

  bool is_fortran() const {
    const std::string_view value = value_of("fortran_order");
    if (value.starts_with("True")) return true;
    if (!value.starts_with("False")) broken("fortran_order");
    return false;
  }

  std::vector<Index> shape() const {
    std::string_view value = value_of("shape");
    const std::size_t close = value.find(')');
    if (!value.starts_with('(') || close == std::string_view::npos) broken("shape");
    value = value.substr(1, close - 1);
    std::vector<Index> shape;
    while (!skip_blanks(value).empty()) {
      value = skip_blanks(value);
      Index size = 0;
      const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), size);
      if (error != std::errc() || size < 0) broken("shape");
      shape.push_back(size);
      value.remove_prefix(static_cast<std::size_t>(stop - value.data()));
      value = skip_blanks(value);
      if (value.empty()) break;
      if (value.front() != ',') broken("shape");
      value.remove_prefix(1);
    }
    return shape;
  }

 private:
  static std::string_view skip_blanks(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(" \t\n"), text.size()));
  }

  std::string_view value_of(std::string_view key) const {
    for (const char quote : {'\'', '"'}) {
      const std::string quoted = fmt::format("{}{}{}", quote, key, quote);
      const std::size_t found = text_.find(quoted);
      if (found == std::string_view::npos) continue;
      const std::string_view rest = skip_blanks(text_.substr(found + quoted.size()));
      if (rest.starts_with(':')) return skip_blanks(rest.substr(1));
    }
    broken(key);
  }

  [[noreturn]] void broken(std::string_view key) const {
    throw DataError(fmt::format("{}: the header's entry {} is missing or broken in {}; {}",
                                source_name_, in_quotes(key), in_quotes(text_), how_to_save));
  }

  std::string_view text_;
  const std::string& source_name_;
};

[[noreturn]] void refuse_short(const std::string& source_name, std::size_t size,
                               std::uint64_t expected) {
  throw DataError(fmt::format(
      "{} is cut short: it holds {} bytes where its header needs {}; copy or save the file again",
      source_name, size, expected));
}

Header parse_header(std::string_view bytes, const std::string& source_name) {
  if (!bytes.starts_with(magic)) {
    throw DataError(fmt::format("{} is not a .npy file (it does not begin with \\x93NUMPY); {}",
                                source_name, how_to_save));
  }
  constexpr std::size_t version_at = 6;
  constexpr std::size_t length_at = 8;
  if (bytes.size() < length_at) refuse_short(source_name, bytes.size(), length_at);
  const int version = static_cast<unsigned char>(bytes[version_at]);
  if (version < 1 || version > 3) {
    throw DataError(fmt::format("{} has the .npy format version {}; versions 1 to 3 are read; {}",
                                source_name, version, how_to_save));
  }
  const std::size_t length_size = version == 1 ? 2 : 4;
  const std::size_t text_at = length_at + length_size;
  if (bytes.size() < text_at) refuse_short(source_name, bytes.size(), text_at);
  const std::uint64_t length = little_endian(bytes.substr(length_at, length_size));
  if (bytes.size() - text_at < length) refuse_short(source_name, bytes.size(), text_at + length);

  const HeaderText text(bytes.substr(text_at, static_cast<std::size_t>(length)), source_name);
  return {text.type(), text.is_fortran(), text.shape(), text_at + static_cast<std::size_t>(length)};
}

using ToDouble = double (*)(const char*);

template <class Number, std::endian order>
double to_double(const char* bytes) {
  std::array<char, sizeof(Number)> raw;
  std::memcpy(raw.data(), bytes, sizeof(Number));
  if constexpr (order != std::endian::native) std::reverse(raw.begin(), raw.end());
  return static_cast<double>(std::bit_cast<Number>(raw));
}

double bool_to_double(const char* bytes) { return *bytes != 0 ? 1.0 : 0.0; }

struct NumberType {
  std::string_view name;
  std::size_t size;
  ToDouble little;
  ToDouble big;
};

template <class Number>
constexpr NumberType number_type(std::string_view name) {
  return {name, sizeof(Number), to_double<Number, std::endian::little>,
          to_double<Number, std::endian::big>};
}

constexpr std::array number_types{number_type<double>("f8"),
                                  number_type<float>("f4"),
                                  number_type<std::int8_t>("i1"),
                                  number_type<std::uint8_t>("u1"),
                                  number_type<std::int16_t>("i2"),
                                  number_type<std::uint16_t>("u2"),
                                  number_type<std::int32_t>("i4"),
                                  number_type<std::uint32_t>("u4"),
                                  number_type<std::int64_t>("i8"),
                                  number_type<std::uint64_t>("u8"),
                                  NumberType{"b1", 1, bool_to_double, bool_to_double}};

std::pair<std::size_t, ToDouble> find_type(const std::string& type,
                                           const std::string& source_name) {
  for (const NumberType& known : number_types) {
    if (type.size() != 3 || std::string_view(type).substr(1) != known.name) continue;
    if (type[0] == '>') return {known.size, known.big};
    if (type[0] == '<' || type[0] == '|') return {known.size, known.little};
    if (type[0] == '=') {
      return {known.size, std::endian::native == std::endian::big ? known.big : known.little};
    }
  }
  throw DataError(
      fmt::format("{} holds numbers of type {}; booleans, integers and floats of 4 or 8 bytes are "
                  "read; {}",
                  source_name, in_quotes(type), how_to_save));
}

std::string format_shape(const std::vector<Index>& shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

// The bytes of the array's numbers, whose count must be as the header says.
std::string_view data_of(std::string_view bytes, const Header& header, Index rows, Index columns,
                         std::size_t size, const std::string& source_name) {
  const auto limit = static_cast<std::uint64_t>(std::numeric_limits<Index>::max()) / size;
  const auto width = static_cast<std::uint64_t>(columns);
  const bool overflows = width > 0 && static_cast<std::uint64_t>(rows) > limit / width;
  const std::uint64_t expected = overflows ? std::numeric_limits<std::uint64_t>::max()
                                           : static_cast<std::uint64_t>(rows) * width * size;
  const std::string_view data = bytes.substr(header.data_begin);
  if (data.size() < expected) {
    throw DataError(fmt::format(
        "{} is cut short: it holds {} bytes of numbers where the shape {} of {} needs {}; copy or "
        "save the file again",
        source_name, data.size(), format_shape(header.shape), in_quotes(header.type),
        overflows ? "more than a file can hold" : fmt::to_string(expected)));
  }
  if (data.size() > expected) {
    throw DataError(fmt::format(
        "{} holds {} bytes of numbers where the shape {} of {} needs {}; save one array "
        "in each file",
        source_name, data.size(), format_shape(header.shape), in_quotes(header.type), expected));
  }
  return data;
}

void refuse_infinite(const Eigen::MatrixXd& values, const std::string& source_name) {
  for (Index j = 0; j < values.cols(); ++j) {
    for (Index i = 0; i < values.rows(); ++i) {
      if (!std::isinf(values(i, j))) continue;
      throw DataError(fmt::format(
          "{} row {}, column \"x{}\": the value is infinite; use NaN for a missing value",
          source_name, i + 1, j + 1));
    }
  }
}

}  // namespace

Table parse_npy(std::string_view bytes, const std::string& source_name) {
  const Header header = parse_header(bytes, source_name);
  const auto [size, convert] = find_type(header.type, source_name);
  if (header.shape.empty() || header.shape.size() > 2) {
    throw DataError(fmt::format(
        "{} has {} dimensions, shape {}; a table has 1 or 2 (rows, columns): reshape the array",
        source_name, header.shape.size(), format_shape(header.shape)));
  }
  const Index rows = header.shape[0];
  const Index columns = header.shape.size() == 2 ? header.shape[1] : 1;
  if (rows == 0 || columns == 0) {
    throw DataError(
        fmt::format("{} has the shape {}; a table needs at least one row and one column",
                    source_name, format_shape(header.shape)));
  }
  const std::string_view data = data_of(bytes, header, rows, columns, size, source_name);

  Eigen::MatrixXd values(rows, columns);
  const Index row_step = header.is_fortran ? 1 : columns;
  const Index column_step = header.is_fortran ? rows : 1;
  for (Index j = 0; j < columns; ++j) {
    for (Index i = 0; i < rows; ++i) {
      const auto place = static_cast<std::size_t>(i * row_step + j * column_step);
      values(i, j) = convert(data.data() + place * size);
    }
  }
  refuse_infinite(values, source_name);

  std::vector<Column> described;
  for (Index j = 0; j < columns; ++j) {
    described.push_back({fmt::format("x{}", j + 1), numeric_kind(values.col(j))});
  }
  return Table(std::move(described), std::move(values), TableSource{source_name});
}

Table read_npy(const std::filesystem::path& path) {
  return parse_npy(read_file(path), path.string());
}

void write_npy(const std::filesystem::path& path, const Eigen::Ref<const Eigen::MatrixXd>& values) {
  static_assert(std::endian::native == std::endian::little, "the type written is <f8");
  std::string text = fmt::format("{{'descr': '<f8', 'fortran_order': True, 'shape': ({}, {}), }}",
                                 values.rows(), values.cols());
  // The numbers begin at a multiple of 64 bytes, after a line end, as the format asks.
  constexpr std::size_t prefix = 10;
  constexpr std::size_t alignment = 64;
  text.append(alignment - 1 - (prefix + text.size()) % alignment, ' ');
  text += '\n';

  std::string bytes(magic);
  bytes += {'\x01', '\x00', static_cast<char>(text.size() & 0xFFU),
            static_cast<char>(text.size() >> 8U)};
  bytes += text;
  for (Index j = 0; j < values.cols(); ++j) {
    const Eigen::VectorXd column = values.col(j);
    bytes.append(reinterpret_cast<const char*>(column.data()),
                 static_cast<std::size_t>(column.size()) * sizeof(double));
  }
  write_file_atomically(path, bytes);
}

}  // namespace mix
