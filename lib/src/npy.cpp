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
#include <type_traits>
#include <utility>
#include <vector>

#include "input_file.h"
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

constexpr std::size_t version_at = 6;
constexpr std::size_t length_at = 8;
// More than any header of version 1 is long.
constexpr std::size_t head_size = 1U << 17U;

Header parse_header(std::string_view bytes, const std::string& source_name) {
  if (!bytes.starts_with(magic)) {
    throw DataError(fmt::format("{} is not a .npy file (it does not begin with \\x93NUMPY); {}",
                                source_name, how_to_save));
  }
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

// The bytes behind the header, one piece after the other: those in memory, then those left in a
// file.
class NumberBytes {
 public:
  NumberBytes(std::string_view memory, const std::string& source_name)
      : memory_(memory), size_(memory.size()), source_name_(source_name) {}
  // `size` bytes in all.
  NumberBytes(std::string_view memory, InputFile& file, std::size_t size,
              const std::string& source_name)
      : memory_(memory), file_(&file), size_(size), source_name_(source_name) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  // The next bytes, as many as asked for; they stay until the next call.
  const char* next(std::size_t count) {
    const char* piece = memory_.data();
    if (memory_.size() >= count) {
      memory_.remove_prefix(count);
      return piece;
    }
    const std::size_t held = memory_.size();
    if (buffer_.size() < count) buffer_.resize(count);
    std::copy_n(piece, held, buffer_.data());
    memory_ = {};
    if (file_ == nullptr || file_->read(buffer_.data() + held, count - held) < count - held) {
      throw DataError(
          fmt::format("{} became shorter while it was read; read it again", source_name_));
    }
    return buffer_.data();
  }

 private:
  std::string_view memory_;
  InputFile* file_ = nullptr;
  std::size_t size_;
  const std::string& source_name_;
  std::vector<char> buffer_;
};

// Rows, or numbers of a column, that are converted together: columns of so many rows stay in cache.
constexpr Index rows_at_once = 256;
constexpr Index numbers_at_once = 1 << 16;

template <class Number, std::endian order>
Number load(const char* bytes) {
  if constexpr (std::is_same_v<Number, bool>) {
    return *bytes != 0;
  } else if constexpr (order == std::endian::native) {
    Number number;
    std::memcpy(&number, bytes, sizeof(Number));
    return number;
  } else {
    std::array<char, sizeof(Number)> raw;
    std::reverse_copy(bytes, bytes + sizeof(Number), raw.begin());
    return std::bit_cast<Number>(raw);
  }
}

template <class T>
using MatrixOf = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

// Fills `values` from numbers in the order of the file.
template <class Number, std::endian order, class T>
void fill(NumberBytes& bytes, bool is_fortran, MatrixOf<T>& values) {
  const Index step = is_fortran ? numbers_at_once : rows_at_once;
  const Index width = is_fortran ? 1 : values.cols();
  for (Index column = 0; column < values.cols(); column += width) {
    for (Index first = 0; first < values.rows(); first += step) {
      const Index count = std::min(step, values.rows() - first);
      const char* piece = bytes.next(static_cast<std::size_t>(count * width) * sizeof(Number));
      for (Index j = 0; j < width; ++j) {
        T* out = &values(first, column + j);
        for (Index i = 0; i < count; ++i) {
          const char* at = piece + static_cast<std::size_t>(i * width + j) * sizeof(Number);
          out[i] = static_cast<T>(load<Number, order>(at));
        }
      }
    }
  }
}

using FillDoubles = void (*)(NumberBytes&, bool, Eigen::MatrixXd&);
using FillFloats = void (*)(NumberBytes&, bool, Eigen::MatrixXf&);

struct NumberType {
  std::string_view name;
  std::size_t size;
  FillDoubles little;
  FillDoubles big;
};

template <class Number>
constexpr NumberType number_type(std::string_view name) {
  return {name, sizeof(Number), fill<Number, std::endian::little, double>,
          fill<Number, std::endian::big, double>};
}

constexpr std::string_view single_float = "f4";

constexpr std::array number_types{number_type<double>("f8"),       number_type<float>(single_float),
                                  number_type<std::int8_t>("i1"),  number_type<std::uint8_t>("u1"),
                                  number_type<std::int16_t>("i2"), number_type<std::uint16_t>("u2"),
                                  number_type<std::int32_t>("i4"), number_type<std::uint32_t>("u4"),
                                  number_type<std::int64_t>("i8"), number_type<std::uint64_t>("u8"),
                                  number_type<bool>("b1")};

// How the numbers of a file become a matrix.
struct Conversion {
  std::size_t size;  // bytes of a number
  FillDoubles to_doubles;
  FillFloats to_floats;  // null unless they are floats of 4 bytes
};

Conversion find_conversion(const std::string& type, const std::string& source_name) {
  for (const NumberType& known : number_types) {
    if (type.size() != 3 || std::string_view(type).substr(1) != known.name) continue;
    if (std::string_view("<|>=").find(type[0]) == std::string_view::npos) break;
    const bool big = type[0] == '>' || (type[0] == '=' && std::endian::native == std::endian::big);
    Conversion conversion{known.size, big ? known.big : known.little, nullptr};
    if (known.name == single_float) {
      conversion.to_floats =
          big ? fill<float, std::endian::big, float> : fill<float, std::endian::little, float>;
    }
    return conversion;
  }
  throw DataError(
      fmt::format("{} holds numbers of type {}; booleans, integers and floats of 4 or 8 bytes are "
                  "read; {}",
                  source_name, in_quotes(type), how_to_save));
}

std::string format_shape(const std::vector<Index>& shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

// Whether the bytes of numbers are as many as the header says.
void check_size(std::size_t held, const Header& header, Index rows, Index columns, std::size_t size,
                const std::string& source_name) {
  const auto limit = static_cast<std::uint64_t>(std::numeric_limits<Index>::max()) / size;
  const auto width = static_cast<std::uint64_t>(columns);
  const bool overflows = width > 0 && static_cast<std::uint64_t>(rows) > limit / width;
  const std::uint64_t expected = overflows ? std::numeric_limits<std::uint64_t>::max()
                                           : static_cast<std::uint64_t>(rows) * width * size;
  if (held < expected) {
    throw DataError(fmt::format(
        "{} is cut short: it holds {} bytes of numbers where the shape {} of {} needs {}; copy or "
        "save the file again",
        source_name, held, format_shape(header.shape), in_quotes(header.type),
        overflows ? "more than a file can hold" : fmt::to_string(expected)));
  }
  if (held > expected) {
    throw DataError(fmt::format(
        "{} holds {} bytes of numbers where the shape {} of {} needs {}; save one array "
        "in each file",
        source_name, held, format_shape(header.shape), in_quotes(header.type), expected));
  }
}

template <class T>
Table table_of(NumberBytes& bytes, const Header& header, Index rows, Index columns,
               void (*fill_values)(NumberBytes&, bool, MatrixOf<T>&),
               const std::string& source_name, const InfiniteColumns& allows_infinite) {
  MatrixOf<T> values(rows, columns);
  fill_values(bytes, header.is_fortran, values);
  std::vector<Column> described;
  for (Index j = 0; j < columns; ++j) {
    const std::string name = fmt::format("x{}", j + 1);
    const bool infinite = allows_infinite && allows_infinite(name);
    for (Index i = 0; i < rows && !infinite; ++i) {
      if (!std::isinf(values(i, j))) continue;
      throw DataError(fmt::format(
          "{} row {}, column \"x{}\": the value is infinite; use NaN for a missing value",
          source_name, i + 1, j + 1));
    }
    const auto column = values.col(j).template cast<double>();
    described.push_back({.name = name, .kind = numeric_kind(column), .infinite_cells = infinite});
  }
  return Table(std::move(described), std::move(values), TableSource{source_name});
}

Table read_numbers(NumberBytes& bytes, const Header& header, Floats floats,
                   const std::string& source_name, const InfiniteColumns& allows_infinite) {
  const Conversion convert = find_conversion(header.type, source_name);
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
  check_size(bytes.size(), header, rows, columns, convert.size, source_name);
  if (floats == Floats::kept && convert.to_floats != nullptr) {
    return table_of(bytes, header, rows, columns, convert.to_floats, source_name, allows_infinite);
  }
  return table_of(bytes, header, rows, columns, convert.to_doubles, source_name, allows_infinite);
}

}  // namespace

Table parse_npy(std::string_view bytes, const std::string& source_name, Floats floats,
                const InfiniteColumns& allows_infinite) {
  const Header header = parse_header(bytes, source_name);
  NumberBytes numbers(bytes.substr(header.data_begin), source_name);
  return read_numbers(numbers, header, floats, source_name, allows_infinite);
}

Table read_npy(const std::filesystem::path& path, Floats floats,
               const InfiniteColumns& allows_infinite) {
  const std::string name = path.string();
  std::error_code failed;
  // Of a pipe nobody knows the size before its end.
  if (!std::filesystem::is_regular_file(path, failed)) {
    return parse_npy(read_file(path), name, floats, allows_infinite);
  }
  InputFile file(path);
  const std::size_t size = file.size_hint();
  std::string head(std::min(size, head_size), '\0');
  head.resize(file.read(head.data(), head.size()));
  // Later versions exist for longer headers.
  if (head.size() > version_at && head[version_at] != 1) {
    return parse_npy(read_file(path), name, floats, allows_infinite);
  }
  const Header header = parse_header(head, name);
  NumberBytes numbers(std::string_view(head).substr(header.data_begin), file,
                      size - header.data_begin, name);
  return read_numbers(numbers, header, floats, name, allows_infinite);
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
