#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "mix/table.h"

namespace mix {

/// Whether the column of this name may hold infinite numbers; none where it is empty.
using InfiniteColumns = std::function<bool(const std::string& column)>;

/// Reads an array as NumPy saves it: one number per cell, one row per observation, columns named
/// x1, x2, ...; an array of one dimension is one column.
///
/// Format versions 1 to 3; booleans, integers of 1 to 8 bytes, floats of 4 and 8 bytes, either byte
/// order, C or Fortran order. Integers beyond 2^53 are rounded to a double. NaN is a missing cell.
/// With Floats::kept the cells of an array of 4-byte floats stay floats, for Table::cells. A file
/// is read piece by piece, so that beside the table there is no second copy of its numbers. Throws
/// DataError naming the file: other types and shapes, no rows, an infinite value in a column that
/// does not allow it, a file shorter or longer than its header says.
Table read_npy(const std::filesystem::path& path, Floats floats = Floats::converted,
               const InfiniteColumns& allows_infinite = nullptr);

/// As `read_npy`, from bytes in memory; `source_name` stands for the file in messages.
Table parse_npy(std::string_view bytes, const std::string& source_name,
                Floats floats = Floats::converted,
                const InfiniteColumns& allows_infinite = nullptr);

/// Writes the matrix for NumPy (`<f8`, Fortran order), the whole file or nothing. Throws DataError
/// as `write_file_atomically` does.
void write_npy(const std::filesystem::path& path, const Eigen::Ref<const Eigen::MatrixXd>& values);

}  // namespace mix
