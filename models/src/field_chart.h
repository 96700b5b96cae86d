#pragma once

#include <vector>

#include "mix/any_family.h"
#include "mix/any_rows.h"

namespace mix {

/// Coordinates of a family that has none: changes of the numbers that its `fields` name, each in a
/// unit by which log densities of the rows change about as much as by a standard error. Numbers
/// that sum to one change by factors, symmetric matrices by their lower triangles, triangular ones
/// below their zeros. Families among the fields change by coordinates of their own where they have
/// some. What moves no density, or what the family refuses to change, is no coordinate.
class FieldChart {
 public:
  /// Throws NotAvailable that says what to add where nothing can be moved.
  FieldChart(const AnyFamily& family, const AnyRows& x);

  [[nodiscard]] Index size() const { return static_cast<Index>(places_.size()); }
  /// The family with its coordinates changed.
  [[nodiscard]] AnyFamily moved(ConstVectorRef change) const;

 private:
  [[nodiscard]] AnyFamily changed(const Vector& by_place) const;
  [[nodiscard]] double sensitivity(Index place, double step, const AnyRows& x,
                                   const Matrix& here) const;
  [[nodiscard]] double unit_of(Index place, const AnyRows& x, const Matrix& here) const;

  AnyFamily family_;
  Index numbers_ = 0;          // among the fields
  std::vector<Index> places_;  // of the coordinates among these
  std::vector<double> units_;
};

/// Whether the family itself has coordinates now, whether or not they serve extrapolation.
bool has_coordinates(const AnyFamily& family);

}  // namespace mix
