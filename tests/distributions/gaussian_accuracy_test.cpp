// Gaussians against arithmetic of 50 digits, where double precision has little to spare.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <cmath>
#include <vector>

#include "mix/distributions/gaussians.h"
#include "mix/em.h"
#include "mix/random.h"

namespace mix::accuracy {
namespace {

using Exact = boost::multiprecision::number<boost::multiprecision::cpp_bin_float<50>,
                                            boost::multiprecision::et_off>;
using Numbers = std::vector<Exact>;
using Table = std::vector<Numbers>;

Table exact(const Matrix& m) {
  Table t;
  for (Index i = 0; i < m.rows(); ++i) {
    t.emplace_back();
    for (Index j = 0; j < m.cols(); ++j) t.back().emplace_back(m(i, j));
  }
  return t;
}

// Mixture of Gaussians with all covariances free (VVV), common (EEE), diagonal (VVI) or spherical
// (VII), estimated and evaluated by the definitions.
class Reference {
 public:
  Reference(const Matrix& x, Index k, Structure structure)
      : x_(exact(x)), k_(static_cast<std::size_t>(k)), structure_(structure) {}

  void maximize(const Table& shares) {
    const std::size_t d = x_[0].size();
    weights_.assign(k_, 0);
    means_.assign(k_, Numbers(d, 0));
    std::vector<Table> scatter(k_, Table(d, Numbers(d, 0)));
    for (std::size_t c = 0; c < k_; ++c) {
      for (std::size_t n = 0; n < x_.size(); ++n) {
        weights_[c] += shares[n][c];
        for (std::size_t j = 0; j < d; ++j) means_[c][j] += shares[n][c] * x_[n][j];
      }
      for (Exact& m : means_[c]) m /= weights_[c];
      for (std::size_t n = 0; n < x_.size(); ++n) {
        for (std::size_t i = 0; i < d; ++i) {
          for (std::size_t j = 0; j <= i; ++j) {
            scatter[c][i][j] +=
                shares[n][c] * (x_[n][i] - means_[c][i]) * (x_[n][j] - means_[c][j]);
          }
        }
      }
    }
    set_factors(scatter);
    for (Exact& w : weights_) w /= static_cast<double>(x_.size());
  }

  // Row, component.
  [[nodiscard]] Table log_densities() const {
    const std::size_t d = x_[0].size();
    const Exact two_pi = 8 * atan(Exact(1));
    Table out(x_.size(), Numbers(k_));
    for (std::size_t c = 0; c < k_; ++c) {
      Exact constant = -log(two_pi) * static_cast<double>(d) / 2;
      for (std::size_t j = 0; j < d; ++j) constant -= log(factors_[c][j][j]);
      for (std::size_t n = 0; n < x_.size(); ++n) {
        Numbers y(d);
        Exact distance = 0;
        for (std::size_t i = 0; i < d; ++i) {
          y[i] = x_[n][i] - means_[c][i];
          for (std::size_t j = 0; j < i; ++j) y[i] -= factors_[c][i][j] * y[j];
          y[i] /= factors_[c][i][i];
          distance += y[i] * y[i];
        }
        out[n][c] = constant - distance / 2;
      }
    }
    return out;
  }

  // Turns log densities into shares; returns the log-likelihood.
  Exact share_out(Table& l) const {
    Exact sum = 0;
    for (Numbers& row : l) {
      Exact total = 0;
      for (std::size_t c = 0; c < k_; ++c) total += row[c] = weights_[c] * exp(row[c]);
      for (Exact& r : row) r /= total;
      sum += log(total);
    }
    return sum;
  }

 private:
  void set_factors(std::vector<Table> scatter) {
    const std::size_t d = x_[0].size();
    const auto pooled = scatter;
    for (std::size_t c = 0; c < k_; ++c) {
      Exact trace = 0;
      for (std::size_t i = 0; i < d; ++i) trace += scatter[c][i][i] / weights_[c];
      for (std::size_t i = 0; i < d; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          Exact& s = scatter[c][i][j];
          s /= weights_[c];
          if (structure_ == Structure::EEE) {
            s = 0;
            for (const Table& each : pooled) s += each[i][j] / static_cast<double>(x_.size());
          } else if (structure_ != Structure::VVV && i != j) {
            s = 0;
          } else if (structure_ == Structure::VII) {
            s = trace / static_cast<double>(d);
          }
        }
      }
    }
    factors_ = std::move(scatter);
    for (Table& l : factors_) {  // Cholesky in place
      for (std::size_t i = 0; i < d; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          for (std::size_t m = 0; m < j; ++m) l[i][j] -= l[i][m] * l[j][m];
          l[i][j] = i == j ? Exact(sqrt(l[i][i])) : Exact(l[i][j] / l[j][j]);
        }
      }
    }
  }

  Table x_;
  std::size_t k_;
  Structure structure_;
  Numbers weights_;
  Table means_;
  std::vector<Table> factors_;
};

struct Case {
  Structure structure;
  Index columns;
  double smallest;  // standard deviation in the narrowest direction, relative to the widest
  double offset;    // of all columns
  double apart;     // of the two groups, in standard deviations of the widest direction
  double error;     // the largest of a log density, relative to 1 + its size
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << to_string(c.structure) << ", " << c.columns << " columns, smallest deviation "
       << c.smallest << ", offset " << c.offset << ", " << c.apart << " apart";
}

// Two groups with deviations from 1 down to `smallest` along axes that are turned, unless the
// structure is diagonal.
Matrix rows_of(const Case& c, Index n, Matrix& shares) {
  Rng rng(7);
  Matrix axes = Matrix::Identity(c.columns, c.columns);
  if (c.structure == Structure::VVV || c.structure == Structure::EEE) {
    axes = Matrix::NullaryExpr(c.columns, c.columns, [&] { return standard_normal(rng); })
               .householderQr()
               .householderQ();
  }
  Matrix x(n, c.columns);
  shares.resize(n, 2);
  for (Index i = 0; i < n; ++i) {
    Vector z(c.columns);
    for (Index j = 0; j < c.columns; ++j) {
      const double power = static_cast<double>(j) / static_cast<double>(c.columns - 1);
      z[j] = std::pow(c.smallest, power) * (standard_normal(rng) + (i % 2 == 0 ? 0 : c.apart));
    }
    x.row(i) = (axes * z).array() + c.offset;
    shares(i, 0) = i % 2 == 0 ? 0.875 : 0.25;
    shares(i, 1) = 1 - shares(i, 0);
  }
  return x;
}

class GaussianAccuracy : public testing::TestWithParam<Case> {};

TEST_P(GaussianAccuracy, OfEstimatesAndDensitiesIsThatOfDoublePrecision) {
  const Case& c = GetParam();
  constexpr Index n = 300;
  Matrix shares;
  const Matrix x = rows_of(c, n, shares);

  // Estimates from the same shares, over and over: each is about the one before.
  AnyFamily family = Gaussians(2, c.columns, {.structure = c.structure, .floor = 0});
  family.start(x, shares);
  for (int i = 0; i < 3; ++i) family.fit(x, shares);
  Reference reference(x, 2, c.structure);
  reference.maximize(exact(shares));

  Matrix l(n, 2);
  family.log_densities(x, l);
  Table expected = reference.log_densities();
  double worst = 0;
  for (Index i = 0; i < n; ++i) {
    for (Index k = 0; k < 2; ++k) {
      const Exact& e = expected[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)];
      worst = std::max(worst, static_cast<double>(abs(l(i, k) - e) / (1 + abs(e))));
    }
  }
  EXPECT_LT(worst, c.error);

  // One iteration of EM from there.
  MixtureState state{shares.colwise().mean().transpose(), family};
  const EmReport report = run_em(state, x, Vector::Ones(n), {.tol = -1, .max_iter = 2});
  const Exact before = reference.share_out(expected);
  reference.maximize(expected);
  Table after_densities = reference.log_densities();
  const Exact after = reference.share_out(after_densities);
  const auto relative = [](double value, const Exact& truth) {
    return static_cast<double>(abs(value - truth) / abs(truth));
  };
  EXPECT_LT(relative(report.objective_history[0], before), c.error);
  EXPECT_LT(relative(report.objective_history[1], after), c.error);
}

INSTANTIATE_TEST_SUITE_P(Condition, GaussianAccuracy,
                         testing::Values(Case{Structure::VVV, 3, 1e-6, 0, 1, 1e-8},
                                         Case{Structure::VVV, 6, 1e-6, 0, 1, 1e-8},
                                         Case{Structure::VVV, 17, 1e-6, 0, 1, 1e-8},
                                         Case{Structure::EEE, 3, 1e-6, 0, 1, 1e-8},
                                         Case{Structure::EEE, 6, 1e-6, 0, 1, 1e-8},
                                         Case{Structure::VVI, 6, 1e-6, 0, 1, 1e-12}));
// A mean of 1e8 is rounded to 1e-8, which is all that is lost, relative to the narrowest deviation.
INSTANTIATE_TEST_SUITE_P(Offset, GaussianAccuracy,
                         testing::Values(Case{Structure::VVV, 1, 1, 1e8, 1, 1e-8},
                                         Case{Structure::VVV, 2, 1e-2, 1e8, 1, 1e-6},
                                         Case{Structure::VVV, 6, 1e-2, 1e8, 1, 1e-6},
                                         Case{Structure::EEE, 6, 1e-2, 1e8, 1, 1e-6},
                                         Case{Structure::VVI, 6, 1e-2, 1e8, 1, 1e-6},
                                         Case{Structure::VII, 6, 1, 1e8, 1, 1e-8}));
INSTANTIATE_TEST_SUITE_P(Separation, GaussianAccuracy,
                         testing::Values(Case{Structure::VVV, 6, 1, 0, 300, 1e-9},
                                         Case{Structure::EEE, 6, 1, 0, 300, 1e-9},
                                         Case{Structure::VVI, 6, 1, 0, 1e6, 1e-9},
                                         Case{Structure::VII, 6, 1, 0, 40, 1e-9},
                                         Case{Structure::VII, 6, 1, 0, 1e6, 1e-9}));

}  // namespace
}  // namespace mix::accuracy
