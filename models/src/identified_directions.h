#pragma once

#include "mix/types.h"

namespace mix {

/// A number that moves along directions that the data leave open by more than this share of all is
/// not determined.
inline constexpr double undetermined_share = 1e-4;

/// The inverse of an information matrix on the directions that it determines. Numbers that move
/// along a column of `unknown` are not determined.
struct InverseInformation {
  Matrix covariance;
  Matrix unknown;      // directions x those without information
  Vector eigenvalues;  // in units of the complete data's information, from the least
  double condition = quiet_nan;
};

/// Directions of the coordinates along which some density changes: the chart may have more
/// coordinates than there are parameters.
class IdentifiedDirections {
 public:
  /// From the complete data's information by scores and, where there is one (else empty), by second
  /// derivatives. Fewer rows than coordinates leave open directions of the former; of these the
  /// latter determines those along which any number moves, of which `numbers` holds the derivatives
  /// (numbers x coordinates; empty where the scores show all). Where none does the chart is
  /// redundant, and what is seen of second derivatives is only that the score is not quite 0.
  IdentifiedDirections(const Matrix& by_scores, const Matrix& by_curvature, const Matrix& numbers);

  [[nodiscard]] Index count() const { return basis_.cols(); }
  /// Coordinates x directions; the complete data's information of them is about the unit matrix.
  [[nodiscard]] const Matrix& basis() const { return basis_; }

  /// Whether a number with these derivatives changes along directions that move no density.
  [[nodiscard]] bool is_lost(const Vector& derivative) const;

  [[nodiscard]] InverseInformation inverse(const Matrix& information) const;

  /// The smallest share of the complete data's information, along any direction, that the other
  /// one is.
  [[nodiscard]] double least_share(const Matrix& information, const Matrix& complete) const;

 private:
  [[nodiscard]] Matrix reduced(const Matrix& full) const;

  Vector scale_;
  Matrix basis_;
  Matrix null_;  // in scaled coordinates
};

}  // namespace mix
