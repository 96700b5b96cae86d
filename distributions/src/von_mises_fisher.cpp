#include "mix/distributions/von_mises_fisher.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "bessel_functions.h"
#include "directions.h"
#include "mix/kernels.h"
#include "univariate.h"

namespace mix {
namespace {

// Of the squared length; rows of floats have the length 1 within this.
constexpr double length_tolerance = 1e-6;

bool is_unit(double squared_length) { return std::abs(squared_length - 1) <= length_tolerance; }

void check_von_mises_fisher(const Vector& direction, double concentration) {
  if (direction.size() < 2) {
    throw std::invalid_argument(fmt::format(
        "VonMisesFisher: a direction of {} columns; at least 2 are needed", direction.size()));
  }
  check_positive("VonMisesFisher", "length of the direction", direction.norm());
  check_concentration("VonMisesFisher", direction.size(), concentration);
}

}  // namespace

VonMisesFisher::VonMisesFisher(Index dimension) {
  if (dimension < 2) {
    throw std::invalid_argument(
        fmt::format("VonMisesFisher: {} columns; at least 2 are needed", dimension));
  }
  direction_ = Vector::Unit(dimension, 0);
}

VonMisesFisher::VonMisesFisher(Vector direction, double concentration)
    : direction_(std::move(direction)), concentration_(concentration) {
  check_von_mises_fisher(direction_, concentration_);
  direction_.normalize();
}

void VonMisesFisher::log_density(Rows x, VectorRef out) const {
  const double constant = log_direction_constant(static_cast<double>(dimension()), concentration_);
  out = constant + concentration_ * ((x * direction_).array() - 1);
  for (Index i = 0; i < x.rows(); ++i) {
    if (!is_unit(x.row(i).squaredNorm())) out[i] = -infinity;
  }
}

// A direction at the drawn angle to the mean, its component across uniform.
void VonMisesFisher::sample(Rng& rng, VectorRef out) const {
  const double rest = draw_cosine_rest(rng, dimension(), concentration_);
  do {
    for (double& value : out) value = standard_normal(rng);
    out -= out.dot(direction_) * direction_;
  } while (!(out.squaredNorm() > 0));
  out *= std::sqrt(rest * (2 - rest) / out.squaredNorm());
  out += (1 - rest) * direction_;
  out /= out.norm();
}

void VonMisesFisher::accumulate(Rows x, Weights w, VectorRef statistics) const {
  for (Index i = 0; i < x.rows(); ++i) {
    if (!(w[i] > 0) || !is_unit(x.row(i).squaredNorm())) continue;
    statistics[0] += w[i];
    statistics.tail(dimension()) += w[i] * x.row(i).transpose();
  }
}

void VonMisesFisher::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0) || !sum.allFinite()) return;
  const Vector mean = sum.tail(dimension()) / sum[0];
  const double length = mean.norm();
  if (length > 0) direction_ = mean / length;
  concentration_ = best_concentration(dimension(), length, data_);
}

bool VonMisesFisher::log_base(Rows x, VectorRef out) const {
  kernels::squared_norms(x, out);
  const bool all_unit = out.unaryExpr(&is_unit).all();
  out.setZero();
  return all_unit;
}

bool VonMisesFisher::log_base(const SparseRows& x, VectorRef out) const {
  out.setZero();
  for (Index i = 0; i < x.rows(); ++i) {
    double squared_length = 0;
    for (Index c = x.begin(i); c < x.begin(i + 1); ++c) {
      squared_length += x.value()[c] * x.value()[c];
    }
    if (!is_unit(squared_length)) return false;
  }
  return true;
}

void VonMisesFisher::natural_parameters(VectorRef eta) const { eta = concentration_ * direction_; }

double VonMisesFisher::log_partition() const {
  if (concentration_ > largest_natural_direction) return infinity;
  return concentration_ - log_direction_constant(static_cast<double>(dimension()), concentration_);
}

Vector VonMisesFisher::coordinates() const { return std::log1p(concentration_) * direction_; }

void VonMisesFisher::set_coordinates(ConstVectorRef v) {
  const double length = v.norm();
  if (length > 0) direction_ = v / length;
  concentration_ = concentration_of_coordinates(length);
}

void VonMisesFisher::prepare(const AnyRows& x, Weights w) {
  const Vector sum = statistics_of(*this, x, w);
  learn_directions(sum[0], sum.tail(dimension()), data_);
}

std::string VonMisesFisher::check_support(Rows x) const {
  return check_cells(x, [&](Index row, Index column) {
    // Once per row, when none of its cells is missing.
    if (column + 1 < x.cols() || is_unit(x.row(row).squaredNorm())) return std::string();
    return fmt::format("the row has the length {}, not 1: divide each row by its length",
                       x.row(row).norm());
  });
}

Vector VonMisesFisher::embed(const SparseRows& x) const {
  return Eigen::Map<const Vector>(x.value(), x.cells());
}

std::string VonMisesFisher::flaw(double mass) const {
  return direction_flaw(dimension(), mass, concentration_, data_);
}

// Mardia & Jupp (2000), section 9.3.2.
Moments VonMisesFisher::moments() const {
  const auto d = static_cast<double>(dimension());
  const double k = concentration_;
  if (!(k > 0)) {
    return {Vector::Zero(dimension()), Matrix::Identity(dimension(), dimension()) / d};
  }
  const auto [length, rest] = bessel_ratio(d / 2 - 1, k);
  // The variance along the direction is 1 - length^2 - (d - 1) across.
  const double across = length / k;
  const double along = rest * (1 + length) - (d - 1) * across;
  Matrix covariance = (along - across) * direction_ * direction_.transpose();
  covariance.diagonal().array() += across;
  return {length * direction_, covariance};
}

void VonMisesFisher::fields(Fields& visit) {
  visit("direction", direction_);
  visit("concentration", concentration_);
  data_.fields(visit);
  if (visit.loading()) check_von_mises_fisher(direction_, concentration_);
}

void VonMisesFisher::describe(Fields& visit) const {
  Vector direction = direction_;
  double concentration = concentration_;
  visit("direction", direction);
  visit("concentration", concentration);
}

}  // namespace mix
