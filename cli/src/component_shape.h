#pragma once

#include <array>
#include <optional>
#include <vector>

#include "mix/models/mixture_model.h"

namespace mix::cli {

/// The density of a component in one or two of its columns: normal, or t with `dof` degrees of
/// freedom. These families keep their kind when columns are left out.
struct Shape {
  Vector mean;
  Matrix scale;  ///< of a normal distribution the covariance
  double dof = infinity;
};

/// The shape of component k in the given columns (one or two of those that the family describes),
/// from the `mean` and the `covariance`, `scale` or `standard_deviation` that it names; none when
/// it names none.
std::optional<Shape> component_shape(const AnyFamily& family, Index k,
                                     const std::vector<Index>& columns);

/// The name of the family that component k belongs to, inside lists and frozen families.
std::string component_family(const AnyFamily& family, Index k);

/// The Mahalanobis distance within which the share `probability` of a shape of two columns lies.
double mahalanobis_radius(const Shape& shape, double probability);

/// The points at Mahalanobis distance `radius` from the mean, the first repeated as the last.
/// `shape` has two columns; a singular scale gives a line.
std::vector<std::array<double, 2>> ellipse(const Shape& shape, double radius, int points = 120);

/// The density at each of `x` of a shape of one column.
Vector density(const Shape& shape, ConstVectorRef x);

}  // namespace mix::cli
