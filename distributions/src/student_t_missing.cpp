// t distributions of rows with missing cells, all of one pattern.

#include <cmath>

#include "conditional_normal.h"
#include "degrees_of_freedom.h"
#include "mix/distributions/student_t.h"
#include "mix/scratch.h"
#include "mix/special.h"
#include "small_matrix.h"

namespace mix {
namespace {

// Component k's missing cells given the others, for as long as the scratch.
ConditionalNormal given_observed(Scratch& scratch, const Matrix& factor, ConstVectorRef mean,
                                 const MissingColumns& columns) {
  MatrixMap inverse = scratch.matrix(factor.rows(), factor.cols());
  invert_lower(factor, inverse);
  return {scratch, inverse, mean, columns};
}

}  // namespace

void StudentT::observed_log_densities(Rows x, const MissingColumns& columns, MatrixRef out) const {
  const auto observed = static_cast<double>(columns.observed.size());
  Scratch outer;
  MatrixMap completed = outer.matrix(x.rows(), x.cols());
  VectorMap squares = outer.vector(x.rows());
  for (Index k = 0; k < size(); ++k) {
    Scratch scratch;
    const Matrix& factor = factors_[scale_index(k)];
    const ConditionalNormal given = given_observed(scratch, factor, means_.col(k), columns);
    given.complete(x, completed, squares);
    const double constant = t_log_normalizer(dof_[k], observed) -
                            factor.diagonal().array().log().sum() - 0.5 * given.log_determinant();
    out.col(k) = constant - 0.5 * (dof_[k] + observed) * (squares.array() / dof_[k]).log1p();
  }
}

// In cycle 1 a row with fewer cells has another normalizer and another factor of the logarithm than
// maximize_dof reckons with, so the logarithm of a complete row takes in the difference.
void StudentT::accumulate_expected(Rows x, const MissingColumns& columns, Shares shares,
                                   VectorRef statistics) const {
  const Index d = dimension();
  const auto all = static_cast<double>(d);
  const auto observed = static_cast<double>(columns.observed.size());
  const Index length = statistics_size() / size();
  Scratch outer;
  MatrixMap completed = outer.matrix(x.rows(), d);
  VectorMap squares = outer.vector(x.rows());
  VectorMap pu = outer.vector(x.rows());
  MatrixMap scatter = outer.matrix(d, d);
  for (Index k = 0; k < size(); ++k) {
    const auto p = shares.col(k).array();
    const double mass = p.sum();
    if (!(mass > 0)) continue;
    Scratch scratch;
    const ConditionalNormal given =
        given_observed(scratch, factors_[scale_index(k)], means_.col(k), columns);
    given.complete(x, completed, squares);
    auto sums = statistics.segment(k * length, length);
    sums[0] += mass;
    if (cycle_ == 0) {
      pu = p * (dof_[k] + observed) / (dof_[k] + squares.array());
      completed.rowwise() -= means_.col(k).transpose();
      sums[1] += pu.sum();
      sums.segment(2, d).noalias() += completed.transpose() * pu;
      scatter.setZero();
      for (Index j = 0; j < d; ++j) {
        for (Index i = j; i < d; ++i) {
          scatter(i, j) = (completed.col(i).array() * completed.col(j).array() * pu.array()).sum();
        }
      }
      given.add_covariance(mass, false, scatter);
      for (Index j = 0, place = 2 + d; j < d; place += d - j, ++j) {
        sums.segment(place, d - j) += scatter.col(j).tail(d - j);
      }
      continue;
    }
    const auto logarithm = [&](double dof) {
      const double less = t_log_normalizer(dof, all) - t_log_normalizer(dof, observed);
      return 2 / (dof + all) *
             (mass * less +
              0.5 * (dof + observed) * (p * (squares.array() * (1 / dof)).log1p()).sum());
    };
    const LogWindow window = dof_window(dof_[k]);
    sums[1] += logarithm(dof_[k]);
    for (Index j = 0; j < window_nodes; ++j) sums[2 + j] += logarithm(std::exp(window.node(j)));
  }
}

void StudentT::impute(Index k, MatrixRef x, Rng* rng) const {
  replace_missing(x, [&](MatrixRef rows, const MissingColumns& columns) {
    Scratch scratch;
    MatrixMap completed = scratch.matrix(rows.rows(), rows.cols());
    VectorMap squares = scratch.vector(rows.rows());
    const ConditionalNormal given =
        given_observed(scratch, factors_[scale_index(k)], means_.col(k), columns);
    given.complete(rows, completed, squares);
    const double dof = dof_[k] + static_cast<double>(columns.observed.size());
    if (rng == nullptr && !(dof > 1)) return;  // there is no mean
    rows = completed;
    if (rng == nullptr) return;
    for (Index i = 0; i < rows.rows(); ++i) {
      const double chi_squared = 2 * standard_gamma(*rng, dof / 2);
      given.add_noise(*rng, std::sqrt((dof_[k] + squares[i]) / chi_squared), rows.row(i));
    }
  });
}

}  // namespace mix
