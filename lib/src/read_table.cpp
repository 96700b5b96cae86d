#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mix/csv.h"
#include "mix/errors.h"
#include "mix/files.h"
#include "mix/matrix_market.h"
#include "mix/npy.h"
#include "mix/table.h"

namespace mix {
namespace {

Table read_dense(const std::filesystem::path& path) {
  const SparseMatrix x = read_matrix_market(path);
  if (x.cols() > 0 && x.rows() > SparseRows::most_dense_cells / x.cols()) {
    throw DataError(fmt::format(
        "{}: a table of {} rows x {} columns is too large with its zeros; leave out columns, or in "
        "C++ use read_matrix_market, whose rows stay sparse",
        path.string(), x.rows(), x.cols()));
  }
  try {
    Matrix values = SparseRows(x).dense();
    const std::vector<Column> columns = Table::from_matrix(values).columns();
    return {columns, std::move(values), TableSource{.name = path.string()}};
  } catch (const std::invalid_argument& error) {
    throw DataError(path.string() + ": " + error.what());
  }
}

}  // namespace

Table read_table(const std::filesystem::path& path, Floats floats) {
  return read_table(path, floats, {});
}

Table read_table(const std::filesystem::path& path, Floats floats, CsvOptions options) {
  const std::string extension = lower_extension(path);
  if (extension == ".npy") return read_npy(path, floats, options.allows_infinite);
  if (extension == ".mtx") return read_dense(path);
  if (extension == ".tsv") options.separator = '\t';
  return read_csv(path, options);
}

}  // namespace mix
