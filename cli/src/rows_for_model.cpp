#include "rows_for_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "component_table.h"
#include "mix/errors.h"
#include "output.h"
#include "text.h"

namespace mix::cli {

std::vector<bool> complete_rows(const Matrix& x) {
  std::vector<bool> complete(static_cast<std::size_t>(x.rows()), true);
  for (Index j = 0; j < x.cols(); ++j) {
    for (Index i = 0; i < x.rows(); ++i) {
      if (std::isnan(x(i, j))) complete[static_cast<std::size_t>(i)] = false;
    }
  }
  return complete;
}

RowsForModel::RowsForModel(const std::filesystem::path& path, const SavedModel& saved) {
  const std::vector<Column> columns = columns_or_numbered(saved.columns, saved.model.dimension());
  if (path.extension() == ".npy") {
    const Table read = read_table(path);
    if (read.column_count() != saved.model.dimension()) {
      throw DataError(fmt::format("{} has {}, but the model describes {}", path.string(),
                                  count_of(read.column_count(), "column"),
                                  saved.model.dimension()));
    }
    try {
      array_ = Table(columns, read.values(), TableSource{.name = path.string()});
    } catch (const std::invalid_argument& error) {
      throw DataError(fmt::format("{}: {}", path.string(), error.what()));
    }
    return;
  }
  CsvOptions options;
  if (path.extension() == ".tsv") options.separator = '\t';
  reader_.emplace(path, columns, options);
}

bool RowsForModel::next(Index most, Table& block) {
  if (reader_) {
    if (!reader_->read_block(most, block)) return false;
  } else {
    const Index count = std::min(most, array_.rows() - position_);
    if (count == 0) return false;
    std::vector<Index> rows(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), position_);
    block = array_.take(rows);
    position_ += count;
  }
  const std::vector<bool> complete = complete_rows(block.values());
  for (Index i = 0; i < block.rows(); ++i) {
    if (complete[static_cast<std::size_t>(i)]) continue;
    if (missing_++ > 0) continue;
    Index j = 0;
    while (!std::isnan(block.values()(i, j))) ++j;
    first_missing_ = block.place(i, j);
  }
  return true;
}

void RowsForModel::say_what_is_missing(std::string_view consequence) const {
  if (missing_ == 0) return;
  note(fmt::format("{} with missing cells {}; the first is {}", count_of(missing_, "row"),
                   consequence, first_missing_));
}

}  // namespace mix::cli
