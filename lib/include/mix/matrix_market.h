#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "mix/sparse_matrix.h"

namespace mix {

/// Reads a sparse matrix in the Matrix Market format (Boisvert, Pozo & Remington 1996): the header
/// `%%MatrixMarket matrix coordinate FIELD general` with FIELD real, integer or pattern (every cell
/// named is 1), comments after %, a line `rows columns cells`, and a line `row column value` per
/// cell, counted from 1, in any order.
///
/// Throws DataError naming file and line: no such file, another header, a number that cannot be
/// read, a place outside the matrix or named twice, fewer or more cells than announced, more than
/// 2^31 - 1 rows, columns or cells.
SparseMatrix read_matrix_market(const std::filesystem::path& path);

/// As `read_matrix_market`, from text in memory; `source_name` stands for the file in messages.
SparseMatrix parse_matrix_market(std::string_view text, const std::string& source_name);

}  // namespace mix
