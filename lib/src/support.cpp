#include "mix/support.h"

#include <fmt/format.h>

namespace mix {
namespace {

// The first complaint of each row, and the message that they make.
class Complaints {
 public:
  void add(Index row, Index column, const std::string& wrong) {
    if (row == last_) return;
    last_ = row;
    if (rows_++ == 0) message_ = fmt::format("row {}, column {}: {}", row + 1, column + 1, wrong);
  }
  [[nodiscard]] std::string message() const {
    return rows_ > 1 ? fmt::format("{}; {} rows in all", message_, rows_) : message_;
  }

 private:
  std::string message_;
  Index last_ = -1;
  Index rows_ = 0;
};

std::string complain(double value, const std::function<bool(double)>& valid,
                     std::string_view expected) {
  if (std::isnan(value)) return "the value is missing";
  return valid(value) ? std::string() : fmt::format("{} is not {}", value, expected);
}

}  // namespace

std::string check_cells(Rows x, const std::function<std::string(Index, Index)>& complaint,
                        MissingCells missing) {
  Complaints complaints;
  for (Index row = 0; row < x.rows(); ++row) {
    for (Index column = 0; column < x.cols(); ++column) {
      const bool is_missing = std::isnan(x(row, column));
      if (is_missing && missing == MissingCells::read) continue;
      const std::string wrong = is_missing ? "the value is missing" : complaint(row, column);
      if (wrong.empty()) continue;
      complaints.add(row, column, wrong);
      break;
    }
  }
  return complaints.message();
}

std::string check_cells(Rows x, const std::function<bool(double)>& valid, std::string_view expected,
                        MissingCells missing) {
  return check_cells(
      x, [&](Index row, Index column) { return complain(x(row, column), valid, expected); },
      missing);
}

std::string check_cells(const SparseRows& x, const std::function<bool(double)>& valid,
                        std::string_view expected) {
  Complaints complaints;
  for (Index row = 0; row < x.rows(); ++row) {
    for (Index cell = x.begin(row); cell < x.begin(row + 1); ++cell) {
      const std::string wrong = complain(x.value()[cell], valid, expected);
      if (!wrong.empty()) complaints.add(row, x.column()[cell], wrong);
    }
  }
  return complaints.message();
}

std::string check_range(Index column, double low, double high) {
  constexpr double least = 1e-145;
  constexpr double largest = 1e150;
  const double length = high - low;
  if (length >= least && length <= largest) return {};
  return fmt::format(
      "column {} reaches from {} to {}; squares of such differences are no longer numbers of "
      "double precision: give the column in a {} unit",
      column, low, high, length < least ? "smaller" : "larger");
}

}  // namespace mix
