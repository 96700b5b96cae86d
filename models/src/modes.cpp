#include "mix/models/modes.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "mix/newton.h"

namespace mix {
namespace {

// Steps of differences, in standard deviations of the component: the fourth root of the precision
// serves second derivatives.
constexpr double difference_step = 1e-4;
// Modes closer than this are one, in the same unit.
constexpr double same_point = 1e-3;

double log_density_at(const MixtureModel& model, const Vector& point) {
  return model.log_density(Matrix(point.transpose()))[0];
}

// Value and derivatives by the coordinates u of the points origin + unit u, all from one call.
Expansion expand(const MixtureModel& model, const Vector& origin, const Vector& unit,
                 const Vector& u) {
  const Index d = u.size();
  constexpr double h = difference_step;
  std::vector<Vector> steps{Vector::Zero(d)};
  for (Index j = 0; j < d; ++j) {
    for (const double sign : {1.0, -1.0}) steps.emplace_back(sign * h * Vector::Unit(d, j));
  }
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j < i; ++j) {
      for (const double sign : {1.0, -1.0}) {
        steps.emplace_back(sign * h * (Vector::Unit(d, i) + Vector::Unit(d, j)));
      }
    }
  }
  Matrix points(static_cast<Index>(steps.size()), d);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    points.row(static_cast<Index>(i)) = (origin + unit.cwiseProduct(u + steps[i])).transpose();
  }
  const Vector l = model.log_density(points);
  Expansion at{l[0], Vector(d), Matrix(d, d)};
  for (Index j = 0; j < d; ++j) {
    const double up = l[1 + 2 * j];
    const double down = l[2 + 2 * j];
    at.gradient[j] = (up - down) / (2 * h);
    at.hessian(j, j) = (up - 2 * l[0] + down) / (h * h);
  }
  Index next = 1 + 2 * d;
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j < i; ++j, next += 2) {
      const double both = (l[next] - 2 * l[0] + l[next + 1]) / (h * h);
      at.hessian(i, j) = 0.5 * (both - at.hessian(i, i) - at.hessian(j, j));
      at.hessian(j, i) = at.hessian(i, j);
    }
  }
  return at;
}

std::optional<Mode> climb(const MixtureModel& model, const Vector& origin, const Vector& unit) {
  const NewtonResult top = maximize_by_newton(
      Vector::Zero(origin.size()), [&](const Vector& u) { return expand(model, origin, unit, u); },
      [&](const Vector& u) { return log_density_at(model, origin + unit.cwiseProduct(u)); });
  if (!top.converged) return std::nullopt;
  // A saddle, or the flat top of a uniform distribution, is no maximum.
  const Expansion at = expand(model, origin, unit, top.point);
  const Eigen::SelfAdjointEigenSolver<Matrix> curvature(at.hessian, Eigen::EigenvaluesOnly);
  if (!at.usable() || !(curvature.eigenvalues().maxCoeff() < 0)) return std::nullopt;
  return Mode{origin + unit.cwiseProduct(top.point), top.value};
}

// Over whole numbers.
std::optional<Mode> walk(const MixtureModel& model, const Vector& origin) {
  Mode here{origin.array().round(), 0};
  here.log_density = log_density_at(model, here.point);
  if (here.log_density == -infinity) return std::nullopt;
  for (bool moved = true; moved;) {
    moved = false;
    for (Index j = 0; j < origin.size(); ++j) {
      for (const double step : {1.0, -1.0}) {
        Mode next{here.point + step * Vector::Unit(origin.size(), j), 0};
        next.log_density = log_density_at(model, next.point);
        if (!(next.log_density > here.log_density)) continue;
        here = std::move(next);
        moved = true;
      }
    }
  }
  return here;
}

}  // namespace

std::vector<Mode> modes(const MixtureModel& model) {
  std::vector<Mode> found;
  for (Index k = 0; k < model.n_components(); ++k) {
    if (!(model.weights()[k] > 0)) continue;
    const Moments moments = model.family().moments(k);
    const Vector unit = moments.covariance.diagonal().cwiseSqrt();
    if (!moments.mean.allFinite() || !unit.allFinite()) continue;
    const bool whole_numbers =
        log_density_at(model, moments.mean + difference_step * unit) == -infinity;
    const std::optional<Mode> mode =
        whole_numbers ? walk(model, moments.mean) : climb(model, moments.mean, unit);
    if (!mode) continue;
    const bool known = std::any_of(found.begin(), found.end(), [&](const Mode& other) {
      return ((other.point - mode->point).array().abs() <= same_point * unit.array()).all();
    });
    if (!known) found.push_back(*mode);
  }
  std::sort(found.begin(), found.end(),
            [](const Mode& a, const Mode& b) { return a.log_density > b.log_density; });
  return found;
}

}  // namespace mix
