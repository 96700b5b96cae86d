#include "mix/distributions/dirichlet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "concentration.h"
#include "gamma_functions.h"
#include "soundness.h"
#include "univariate.h"

namespace mix {
namespace {

// Rows of floats sum to 1 within this.
constexpr double sum_tolerance = 1e-6;

void check_dirichlet(const Vector& concentration) {
  if (concentration.size() < 2) {
    throw std::invalid_argument(
        fmt::format("Dirichlet: {} concentrations; at least 2 are needed", concentration.size()));
  }
  for (const double a : concentration) check_positive("Dirichlet", "concentration", a);
}

template <class Row>
bool is_composition(const Row& row) {
  return (row.array() > 0).all() && std::abs(row.sum() - 1) <= sum_tolerance;
}

}  // namespace

Dirichlet::Dirichlet(Index dimension) {
  if (dimension < 2) {
    throw std::invalid_argument(
        fmt::format("Dirichlet: {} columns; at least 2 are needed", dimension));
  }
  concentration_ = Vector::Ones(dimension);
}

Dirichlet::Dirichlet(Vector concentration) : concentration_(std::move(concentration)) {
  check_dirichlet(concentration_);
}

// With the mean m = a / A: log f = sum C(a_j) - C(A) - sum log x_j - sum a_j (t_j - 1 - log t_j)
// + A (sum x_j - 1), t = x / m and C the constant of gamma densities. Nothing cancels, however
// large A.
void Dirichlet::log_density(Rows x, VectorRef out) const {
  const double total = concentration_.sum();
  const Vector mean = this->mean();
  const double constant =
      concentration_.unaryExpr(&log_gamma_constant).sum() - log_gamma_constant(total);
  for (Index i = 0; i < x.rows(); ++i) {
    out[i] = -infinity;
    if (!is_composition(x.row(i))) continue;
    double sum = constant + total * (x.row(i).sum() - 1);
    for (Index j = 0; j < dimension(); ++j) {
      sum -= std::log(x(i, j)) + concentration_[j] * divergence_from_one(x(i, j) / mean[j]);
    }
    out[i] = sum;
  }
}

void Dirichlet::sample(Rng& rng, VectorRef out) const {
  for (Index j = 0; j < dimension(); ++j) out[j] = log_gamma_draw(rng, concentration_[j]);
  out = (out.array() - out.maxCoeff()).exp();
  // A share that vanished beside the others stays in the support.
  out = out.cwiseMax(std::numeric_limits<double>::min()) / out.sum();
}

void Dirichlet::accumulate(Rows x, Weights w, VectorRef statistics) const {
  for (Index i = 0; i < x.rows(); ++i) {
    if (!(w[i] > 0) || !is_composition(x.row(i))) continue;
    statistics[0] += w[i];
    statistics.tail(dimension()).array() += w[i] * x.row(i).array().log().transpose();
  }
}

void Dirichlet::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0) || !sum.allFinite()) return;
  const Vector estimate =
      dirichlet_concentration((sum.tail(dimension()).array() - penalty()) / sum[0]);
  if (estimate.allFinite() && (estimate.array() > 0).all()) concentration_ = estimate;
}

bool Dirichlet::log_base(Rows /*x*/, VectorRef out) const {
  out.setZero();
  return true;
}

bool Dirichlet::features(Rows x, MatrixRef out) const {
  for (Index i = 0; i < x.rows(); ++i) {
    if (!is_composition(x.row(i))) return false;
  }
  out = x.array().log();
  return true;
}

void Dirichlet::natural_parameters(VectorRef eta) const { eta = concentration_.array() - 1; }

double Dirichlet::log_partition() const {
  const double total = concentration_.sum();
  if (total > largest_natural_concentration) return infinity;
  const auto log_gamma = [](double z) { return z * std::log(z) - z - log_gamma_constant(z); };
  return concentration_.unaryExpr(log_gamma).sum() - log_gamma(total);
}

Vector Dirichlet::coordinates() const { return concentration_.array().log(); }

void Dirichlet::set_coordinates(ConstVectorRef v) {
  for (Index j = 0; j < dimension(); ++j) set_positive(concentration_[j], v[j]);
}

void Dirichlet::prepare(const AnyRows& x, Weights w) {
  const Vector sum = statistics_of(*this, x, w);
  if (!(sum[0] > 0)) return;
  rows_ = sum[0];
  data_concentration_ = concentration_of_all(sum);
}

double Dirichlet::penalty() const {
  return concentration_penalty(rows_, data_concentration_, dimension());
}

double Dirichlet::log_prior() const { return -penalty() * concentration_.sum(); }

std::string Dirichlet::check_support(Rows x) const {
  return check_cells(x, [&](Index row, Index column) {
    if (!(x(row, column) > 0)) {
      return fmt::format("{} is not a share above 0: replace zeros by a small share of the row",
                         x(row, column));
    }
    if (column + 1 < x.cols() || is_composition(x.row(row))) return std::string();
    return fmt::format("the row sums to {}, not to 1: divide each row by its sum",
                       x.row(row).sum());
  });
}

Matrix Dirichlet::embed(Rows x) const { return x.cwiseMax(0).cwiseSqrt(); }

std::string Dirichlet::flaw(double mass) const {
  return narrow_flaw(rows_, mass, (data_concentration_ + 1) / (concentration_.sum() + 1));
}

Moments Dirichlet::moments() const {
  const Vector m = mean();
  Matrix covariance = -m * m.transpose();
  covariance.diagonal() += m;
  return {m, covariance / (1 + concentration_.sum())};
}

void Dirichlet::fields(Fields& visit) {
  visit("concentration", concentration_);
  visit("data_rows", rows_);
  visit("data_concentration", data_concentration_);
  if (!visit.loading()) return;
  check_dirichlet(concentration_);
  check_positive("Dirichlet", "data_concentration", data_concentration_);
}

void Dirichlet::describe(Fields& visit) const {
  Vector concentration = concentration_;
  visit("concentration", concentration);
}

}  // namespace mix
