#include "component_shape.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "mix/json_fields.h"

namespace mix::cli {

namespace {

/// A number or an array of numbers.
std::optional<Vector> vector_field(const Json& parameters, const char* name) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return std::nullopt;
  if (found->is_number()) return Vector::Constant(1, found->get<double>());
  if (!found->is_array()) return std::nullopt;
  Vector result(static_cast<Index>(found->size()));
  for (Index i = 0; i < result.size(); ++i) {
    const Json& value = (*found)[static_cast<std::size_t>(i)];
    if (!value.is_number()) return std::nullopt;
    result[i] = value.get<double>();
  }
  return result;
}

/// A number or an array of arrays of numbers.
std::optional<Matrix> matrix_field(const Json& parameters, const char* name, Index size) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return std::nullopt;
  if (found->is_number() && size == 1) return Matrix::Constant(1, 1, found->get<double>());
  if (!found->is_array() || static_cast<Index>(found->size()) != size) return std::nullopt;
  Matrix result(size, size);
  for (Index i = 0; i < size; ++i) {
    const Json& row = (*found)[static_cast<std::size_t>(i)];
    if (!row.is_array() || static_cast<Index>(row.size()) != size) return std::nullopt;
    for (Index j = 0; j < size; ++j) {
      const Json& value = row[static_cast<std::size_t>(j)];
      if (!value.is_number()) return std::nullopt;
      result(i, j) = value.get<double>();
    }
  }
  return result;
}

std::optional<Shape> named_shape(const Json& parameters) {
  const std::optional<Vector> mean = vector_field(parameters, "mean");
  if (!mean) return std::nullopt;
  const std::optional<Vector> deviation = vector_field(parameters, "standard_deviation");
  if (deviation && deviation->size() == mean->size()) {
    return Shape{*mean, deviation->array().square().matrix().asDiagonal()};
  }
  for (const char* name : {"covariance", "scale"}) {
    const std::optional<Matrix> scale = matrix_field(parameters, name, mean->size());
    if (!scale) continue;
    const std::optional<Vector> dof = vector_field(parameters, "degrees_of_freedom");
    return Shape{*mean, *scale, dof && dof->size() == 1 ? (*dof)[0] : infinity};
  }
  return std::nullopt;
}

/// The columns of a shape, by their places in it.
std::optional<Shape> within(const std::optional<Shape>& shape, const std::vector<Index>& places) {
  if (!shape) return std::nullopt;
  for (const Index place : places) {
    if (place >= shape->mean.size()) return std::nullopt;
  }
  return Shape{shape->mean(places), shape->scale(places, places), shape->dof};
}

std::optional<Shape> block_shape(const Json& blocks, Index column) {
  for (const Json& block : blocks) {
    const auto columns = block.at("columns").get<std::vector<Index>>();
    const auto found = std::find(columns.begin(), columns.end(), column);
    if (found != columns.end()) return within(named_shape(block), {found - columns.begin()});
  }
  return std::nullopt;
}

/// Of a product of blocks: the columns of one block, or of two normal ones, which are independent.
std::optional<Shape> product_shape(const Json& blocks, const std::vector<Index>& columns) {
  for (const Json& block : blocks) {
    const auto held = block.at("columns").get<std::vector<Index>>();
    std::vector<Index> places;
    for (const Index column : columns) {
      const auto found = std::find(held.begin(), held.end(), column);
      if (found != held.end()) places.push_back(found - held.begin());
    }
    if (places.size() == columns.size()) return within(named_shape(block), places);
  }
  const auto size = static_cast<Index>(columns.size());
  Shape result{Vector(size), Matrix::Zero(size, size)};
  for (Index i = 0; i < size; ++i) {
    const std::optional<Shape> one = block_shape(blocks, columns[static_cast<std::size_t>(i)]);
    if (!one || std::isfinite(one->dof)) return std::nullopt;
    result.mean[i] = one->mean[0];
    result.scale(i, i) = one->scale(0, 0);
  }
  return result;
}

}  // namespace

std::optional<Shape> component_shape(const AnyFamily& family, Index k,
                                     const std::vector<Index>& columns) {
  const Json parameters = json_component(family, k);
  const auto blocks = parameters.find("blocks");
  std::optional<Shape> shape = blocks != parameters.end() && blocks->is_array()
                                   ? product_shape(*blocks, columns)
                                   : within(named_shape(parameters), columns);
  if (shape && (!shape->mean.allFinite() || !shape->scale.allFinite() || !(shape->dof > 0))) {
    return std::nullopt;
  }
  return shape;
}

std::string component_family(const AnyFamily& family, Index k) {
  if (const auto* list = family.as<FamilyList>()) {
    const auto [inner, index] = list->locate(k);
    return component_family(*inner, index);
  }
  if (const auto* frozen = family.as<Frozen>()) return component_family(frozen->family(), k);
  return family.name();
}

double mahalanobis_radius(const Shape& shape, double probability) {
  const double outside = 1 - probability;
  // The squared distance is chi-squared with 2 degrees of freedom, or twice an F(2, dof) variable;
  // both distribution functions have closed inverses.
  if (!(shape.dof < 1e6)) return std::sqrt(-2 * std::log(outside));
  return std::sqrt(shape.dof * std::expm1(-2 / shape.dof * std::log(outside)));
}

std::vector<std::array<double, 2>> ellipse(const Shape& shape, double radius, int points) {
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> axes(Eigen::Matrix2d{shape.scale});
  const Eigen::Matrix2d root =
      axes.eigenvectors() * axes.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal();
  std::vector<std::array<double, 2>> result;
  for (int i = 0; i <= points; ++i) {
    const double angle = 2 * std::numbers::pi * (i % points) / points;
    const Eigen::Vector2d point =
        shape.mean + radius * root * Eigen::Vector2d(std::cos(angle), std::sin(angle));
    result.push_back({point[0], point[1]});
  }
  return result;
}

Vector density(const Shape& shape, ConstVectorRef x) {
  const double variance = shape.scale(0, 0);
  const double v = shape.dof;
  const Eigen::ArrayXd q = (x.array() - shape.mean[0]).square() / variance;
  if (!(v < 1e6)) return (-0.5 * q).exp() / std::sqrt(2 * std::numbers::pi * variance);
  const double log_constant = std::lgamma((v + 1) / 2) - std::lgamma(v / 2) -
                              0.5 * std::log(v * std::numbers::pi * variance);
  return (log_constant - (v + 1) / 2 * (q / v).log1p()).exp();
}

}  // namespace mix::cli
