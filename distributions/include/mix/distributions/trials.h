#pragma once

#include <string>
#include <string_view>

#include "mix/any_rows.h"
#include "mix/fields.h"
#include "mix/types.h"

namespace mix {

/// The number of trials of each row, for distributions of successes: the same in all rows (one
/// column: successes), or known row by row (two columns: successes, trials).
class Trials {
 public:
  /// The same in all rows.
  explicit Trials(Index number = 1) : number_(number) {}
  static Trials in_column();

  [[nodiscard]] Index dimension() const { return by_row() ? 2 : 1; }
  [[nodiscard]] bool by_row() const { return from_ == column; }
  /// The trials of every row; with a trials column, those of a sampled row.
  [[nodiscard]] Index number() const { return number_; }
  [[nodiscard]] double of(Rows x, Index row) const {
    return by_row() ? x(row, 1) : static_cast<double>(number_);
  }
  /// Whether successes and trials of the row are counts, the trials not fewer.
  [[nodiscard]] bool explain(Rows x, Index row) const;
  [[nodiscard]] bool operator==(const Trials& other) const {
    return from_ == other.from_ && (by_row() || number_ == other.number_);
  }

  /// Throws std::invalid_argument in the name of `distribution` for trials below 1.
  void check(std::string_view distribution) const;
  /// Throws NotAvailable in the name of `distribution` with a trials column, because trials have no
  /// distribution and hence no moments.
  void check_fixed(std::string_view distribution) const;
  /// With a trials column, learns the trials of a sampled row: their mean, rounded.
  void prepare(const AnyRows& x, Weights w);
  [[nodiscard]] std::string check_support(Rows x) const;
  /// 2 sqrt(n) arcsin(sqrt((x + 3/8) / (n + 3/4))), n the mean trials of `x` in the first factor:
  /// the variance of a binomial x is then about 1 whatever its probability (Anscombe 1948).
  [[nodiscard]] Matrix embed(Rows x) const;
  void fields(Fields& visit);

 private:
  static constexpr std::string_view fixed = "fixed";
  static constexpr std::string_view column = "column";

  std::string from_ = std::string(fixed);
  Index number_ = 1;
};

}  // namespace mix
