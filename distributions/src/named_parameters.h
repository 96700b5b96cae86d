#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mix/any_family.h"

/// The parameters of a family of one component by their names.
namespace mix {

/// Numbers and lists of numbers, as the component describes them.
using NamedValues = std::vector<std::pair<std::string, Vector>>;

NamedValues values_of(const AnyFamily& component);
/// Why the component cannot have these parameters; empty, and the component has them, where it can.
std::string load(AnyFamily& component, const NamedValues& values);
Vector& value_named(NamedValues& values, const std::string& parameter);
/// Whether the component can have this one number.
bool accepts(AnyFamily component, const std::string& parameter, Vector values, Index index,
             double value);
/// Whether parameters that are loaded are those that are described: some distributions save others.
bool loads_what_it_describes(const AnyFamily& component);
/// Whether the log density at the value of this parameter bends or ends where the parameter is: as
/// that of Laplace's distribution at its median, and any at the edge of its support. Newton's
/// method finds no maximum there.
bool has_kink(const AnyFamily& component, const std::string& parameter, const Vector& values,
              Index index, double unit);
/// The derivatives of all parameters, one after the other, along the coordinates.
Matrix derivatives_along_coordinates(const AnyFamily& component);
/// The least and the largest values of all parameters, one after the other, far along the
/// coordinates.
std::pair<Vector, Vector> reach_along_coordinates(const AnyFamily& component);

}  // namespace mix
