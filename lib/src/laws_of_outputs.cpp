#include <cmath>
#include <vector>

#include "laws.h"
#include "mix/errors.h"
#include "mix/moments.h"

// The laws of what only some families offer. Where one throws NotAvailable its law does not apply.
namespace mix::laws {
namespace {

// Standard errors that one in some ten thousand right families would exceed.
constexpr double most_errors = 5;

std::vector<double> distinct(Vector values) {
  std::sort(values.begin(), values.end());
  return {values.begin(), std::unique(values.begin(), values.end())};
}

// By Simpson's rule.
double integral(const AnyFamily& family, Index k, double from, double to) {
  constexpr Index panels = 256;
  const Vector points = Vector::LinSpaced(2 * panels + 1, from, to);
  const Vector density = log_densities(family, Matrix(points)).col(k).array().exp();
  double sum = density[0] + density[2 * panels];
  for (Index i = 1; i < 2 * panels; ++i) sum += (i % 2 == 1 ? 4 : 2) * density[i];
  return sum * (to - from) / static_cast<double>(6 * panels);
}

}  // namespace

// As many rows of component k as the law `sampler` draws.
Matrix Laws::draws(Index k) {
  Matrix drawn(options_.draws, x_.cols());
  Vector row(x_.cols());
  for (Index i = 0; i < drawn.rows(); ++i) {
    Rng rng(options_.seed, Purpose::sample, 2, static_cast<std::uint64_t>(k * drawn.rows() + i));
    fitted_.sample(k, rng, row);
    drawn.row(i) = row.transpose();
  }
  return drawn;
}

// The test of Kolmogorov and Smirnov, which is strict for continuous distributions and mild for
// others.
void Laws::agrees_with_draws(const AnyFamily& family, Index k, Vector drawn, const char* what) {
  std::sort(drawn.begin(), drawn.end());
  const auto n = static_cast<double>(drawn.size());
  double largest = 0;
  for (Index i = 0; i < drawn.size(); ++i) {
    if (i + 1 < drawn.size() && drawn[i + 1] == drawn[i]) continue;
    largest = std::max(largest, std::abs(family.cdf(k, drawn[i]) - static_cast<double>(i + 1) / n));
  }
  if (std::sqrt(n) * largest < 2.2) return;
  fail(fmt::format("{} {} differs by {:.3g} from the share of {} drawn rows", what, k + 1, largest,
                   drawn.size()));
}

// That of the points of the support above `from` and up to `to`.
double Laws::probability(Index k, double from, double to) {
  const auto place = options_.support.col(0).array();
  const Vector inside = (place > from && place <= to).cast<double>();
  const Vector density = log_densities(fitted_, options_.support).col(k).array().exp();
  return (density.array() * options_.measure.array() * inside.array()).sum();
}

void Laws::cdf() {
  const std::vector<double> points = distinct(x_.col(0));
  for (Index k = 0; k < k_; ++k) {
    require(fitted_.cdf(k, -infinity) == 0 && std::abs(fitted_.cdf(k, infinity) - 1) < 1e-12,
            "the cdf does not reach from 0 to 1");
    // A jump is a probability, as the density is where it is one.
    bool jumps = false;
    for (const double x : points) {
      const double jump = fitted_.cdf(k, x) - fitted_.cdf(k, std::nextafter(x, -infinity));
      if (!(jump > 1e-9)) continue;
      jumps = true;
      const double density = std::exp(log_densities(fitted_, Matrix::Constant(1, 1, x))(0, k));
      require_equal(Vector::Constant(1, jump), Vector::Constant(1, density), 1e-8,
                    "the cdf jumps by another probability than the density gives");
    }
    // What it rises by between the examples. There may be probabilities between them too.
    for (std::size_t i = 1; i < points.size() && !(jumps && options_.support.rows() == 0); ++i) {
      // Densities may have edges and corners at the points.
      const double margin = jumps ? 0 : (points[i] - points[i - 1]) / 8;
      const double from = points[i - 1] + margin;
      const double to = points[i] - margin;
      const double rise = fitted_.cdf(k, to) - fitted_.cdf(k, from);
      const double sum = jumps ? probability(k, from, to) : integral(fitted_, k, from, to);
      if (std::abs(rise - sum) <= 1e-6 * sum + 1e-9) continue;
      fail(
          fmt::format("the cdf of component {} rises by {:.10g} from {} to {}, where the density "
                      "sums to {:.10g}",
                      k + 1, rise, from, to, sum));
      return;
    }
    if (fitted_.samples()) agrees_with_draws(fitted_, k, draws(k).col(0), "the cdf of component");
  }
}

void Laws::moments() {
  for (Index k = 0; k < k_; ++k) {
    const Moments stated = fitted_.moments(k);
    require(stated.mean.size() == x_.cols() && stated.covariance.rows() == x_.cols() &&
                stated.covariance.cols() == x_.cols(),
            "the moments are of another number of columns");
    if (!has_nan(stated.covariance)) {
      require_equal(stated.covariance, stated.covariance.transpose(), options_.tolerance,
                    "the covariance is not symmetric");
    }
    if (!fitted_.samples() || !stated.covariance.allFinite()) continue;
    const Matrix drawn = draws(k);
    const auto n = static_cast<double>(drawn.rows());
    for (Index j = 0; j < x_.cols(); ++j) {
      const Vector away = drawn.col(j).array() - stated.mean[j];
      const double unit = std::sqrt(stated.covariance(j, j));
      if (std::abs(away.mean()) > most_errors * unit / std::sqrt(n) + 1e-9 * unit) {
        fail(fmt::format("the mean of column {} is {:.6g}, of {} drawn rows {:.6g}", j + 1,
                         stated.mean[j], drawn.rows(), drawn.col(j).mean()));
      }
      for (Index i = 0; i <= j; ++i) {
        const Vector product = away.cwiseProduct(Vector(drawn.col(i).array() - stated.mean[i]));
        const double error =
            std::sqrt((product.array() - product.mean()).square().sum() / n) / std::sqrt(n);
        const double slack = 1e-9 * unit * std::sqrt(stated.covariance(i, i));
        // Draws from heavy tails do not know their own error.
        if (error > 0.05 * unit * std::sqrt(stated.covariance(i, i))) continue;
        if (std::abs(product.mean() - stated.covariance(i, j)) <= most_errors * error + slack) {
          continue;
        }
        fail(fmt::format("the covariance of columns {} and {} is {:.6g}, of {} drawn rows {:.6g}",
                         i + 1, j + 1, stated.covariance(i, j), drawn.rows(), product.mean()));
      }
    }
  }
}

void Laws::marginal() {
  applies_ = x_.cols() > 1;
  if (!applies_) return;
  // All columns the other way round are a marginal too.
  std::vector<Index> reversed(static_cast<std::size_t>(x_.cols()));
  for (std::size_t j = 0; j < reversed.size(); ++j) {
    reversed[j] = x_.cols() - 1 - static_cast<Index>(j);
  }
  require_equal(log_densities(fitted_.marginal(reversed), x_.rowwise().reverse()),
                log_densities(fitted_, x_), options_.tolerance,
                "the columns in another order have another density");
  reversed.pop_back();
  const AnyFamily some = fitted_.marginal(reversed);
  for (Index k = 0; k < k_; ++k) {
    try {
      const Moments stated = fitted_.moments(k);
      const Moments own = some.moments(k);
      require_equal(own.mean, stated.mean(reversed), options_.tolerance,
                    "a marginal distribution has another mean");
      require_equal(own.covariance, stated.covariance(reversed, reversed), options_.tolerance,
                    "a marginal distribution has another covariance");
    } catch (const NotAvailable&) {
    }
    if (!fitted_.samples()) continue;
    const Matrix drawn = draws(k);
    for (Index j = 0; j < x_.cols(); ++j) {
      try {
        agrees_with_draws(fitted_.marginal({j}), k, drawn.col(j),
                          "the cdf of a single column of component");
      } catch (const NotAvailable&) {
      }
    }
  }
}

void Laws::conditional() {
  applies_ = x_.cols() > 1;
  if (!applies_) return;
  for (const std::vector<Index>& given :
       {std::vector<Index>{x_.cols() - 1}, other_columns(x_.cols(), {x_.cols() / 2})}) {
    const std::vector<Index> others = other_columns(x_.cols(), given);
    for (Index i = 0; i < std::min<Index>(n_, 10); ++i) {
      const Matrix row = x_.row(i);
      const Matrix chosen = row(Eigen::all, given);
      const Matrix rest = row(Eigen::all, others);
      require_equal(log_densities(fitted_.marginal(given), chosen) +
                        log_densities(fitted_.conditional(given, chosen.transpose()), rest),
                    log_densities(fitted_, row), options_.tolerance,
                    "marginal times conditional density is not the joint density");
    }
  }
}

}  // namespace mix::laws
