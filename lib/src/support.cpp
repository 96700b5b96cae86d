#include "mix/support.h"

#include <fmt/format.h>

namespace mix {

std::string check_cells(Rows x, const std::function<std::string(Index, Index)>& complaint) {
  std::string message;
  Index offending = 0;
  for (Index row = 0; row < x.rows(); ++row) {
    for (Index column = 0; column < x.cols(); ++column) {
      const std::string wrong =
          std::isnan(x(row, column)) ? "the value is missing" : complaint(row, column);
      if (wrong.empty()) continue;
      if (offending++ == 0) {
        message = fmt::format("row {}, column {}: {}", row + 1, column + 1, wrong);
      }
      break;
    }
  }
  if (offending > 1) message += fmt::format("; {} rows in all", offending);
  return message;
}

std::string check_cells(Rows x, const std::function<bool(double)>& valid,
                        std::string_view expected) {
  return check_cells(x, [&](Index row, Index column) {
    const double value = x(row, column);
    return valid(value) ? std::string() : fmt::format("{} is not {}", value, expected);
  });
}

}  // namespace mix
