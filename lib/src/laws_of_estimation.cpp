#include <Eigen/SVD>
#include <boost/math/distributions/chi_squared.hpp>
#include <stdexcept>
#include <utility>

#include "laws.h"
#include "mix/moments.h"

// The laws of estimation, and those that need a fit: sampling, normalization, counting.
namespace mix::laws {
namespace {

// How often the law `sampler` may accuse a correct sampler, over all seeds.
constexpr double error_probability = 1e-6;

}  // namespace

void Laws::ascent() {
  AnyFamily family = elsewhere_;
  for (int round = 0; round < 5; ++round) {
    const Matrix shares = round == 0 ? shares_ : random_shares().cwiseAbs2().eval();
    double before = objective(family, x_, shares);
    for (int i = 0; i < 4; ++i) {
      step(family, x_, shares);
      const double after = objective(family, x_, shares);
      if (!(after >= before - slack(before))) {
        fail(fmt::format("a step lowers the weighted log-likelihood from {:.10g} to {:.10g}",
                         before, after));
        return;
      }
      before = after;
    }
  }
}

void Laws::missing_cells() {
  Matrix more(n_ + 1, x_.cols());
  more << x_, Matrix::Constant(1, x_.cols(), quiet_nan);
  const Matrix l = log_densities(elsewhere_, more);
  require_equal(l.topRows(n_), log_densities(elsewhere_, x_), options_.tolerance,
                "a row without any cell changes the densities of others");
  require_equal(l.bottomRows(1), Matrix::Zero(1, k_), options_.tolerance,
                "a row without any cell has another log density than 0");
  Matrix holes = x_;
  for (Index i = 0; i < n_; i += 3) holes(i, (i / 3) % x_.cols()) = quiet_nan;
  // A family of any rows may refuse some all the same, as gaps within a sequence.
  const bool accepted = elsewhere_.check_support(holes).empty();
  require(!accepted || elsewhere_.takes_missing_cells(),
          "takes_missing_cells is false, but check_support accepts rows with missing cells");
  if (!accepted) return;
  try {
    const std::vector<Index> observed = other_columns(x_.cols(), {0});
    if (!observed.empty()) {
      const Matrix rest = holes.topRows(1)(Eigen::all, observed);
      require_equal(log_densities(elsewhere_, holes.topRows(1)),
                    log_densities(elsewhere_.marginal(observed), rest), options_.tolerance,
                    "a row with a missing cell has another density than its observed cells");
    }
  } catch (const NotAvailable&) {
  }
  AnyFamily family = elsewhere_;
  double before = objective(family, holes, shares_);
  for (int i = 0; i < 4; ++i) {
    step(family, holes, shares_);
    const double after = objective(family, holes, shares_);
    if (!(after >= before - slack(before))) {
      fail(fmt::format("a step lowers the log-likelihood of observed cells from {:.10g} to {:.10g}",
                       before, after));
      return;
    }
    before = after;
  }
}

void Laws::fixed_point() {
  fitted_ = prepared_;
  converge(fitted_, x_, shares_, options_.max_steps);
  const Matrix l = log_densities(fitted_, x_);
  require(!has_nan(l), "a log density at an example is NaN after the fit");
  require((l.array() > -infinity).all(),
          "an example has density zero after a fit in which it has weight");
  const double top = objective(fitted_, x_, shares_);
  AnyFamily again = fitted_;
  step(again, x_, shares_);
  const double gain = objective(again, x_, shares_) - top;
  if (!(std::abs(gain) <= 10 * slack(top))) {
    fail(fmt::format("repeated steps reach no fixed point: one more gains {:.3g}", gain));
  }
}

void Laws::best() {
  const double top = objective(fitted_, x_, shares_);
  // Refits to other weights are other members of the model; none may explain these weights better.
  for (const double by : {0.003, 0.03, 0.3, 0.9}) {
    for (int i = 0; i < 6; ++i) {
      AnyFamily other = fitted_;
      const Matrix shares = perturbed(shares_, by);
      for (int steps = 0; steps < 3; ++steps) step(other, x_, shares);
      const double value = objective(other, x_, shares_);
      if (value <= top + slack(top)) continue;
      fail(
          fmt::format("the fit is not the best: log-likelihood {:.10g}, but a neighbor has {:.10g}",
                      top, value));
      return;
    }
  }
}

void Laws::start() {
  AnyFamily family = elsewhere_;
  family.start(x_, shares_);
  converge(family, x_, shares_, options_.max_steps);
  require_equal(Matrix::Constant(1, 1, objective(family, x_, shares_)),
                Matrix::Constant(1, 1, objective(fitted_, x_, shares_)), 10 * options_.tolerance,
                "the first estimate depends on the current parameters");
}

void Laws::prepare() {
  AnyFamily family = fitted_;
  family.prepare(x_, Vector::Ones(n_));
  require_equal(log_densities(family, x_), log_densities(fitted_, x_), 0,
                "prepare changes the parameters");
}

// After an extreme estimate: no NaN, and an ordinary estimate from there is as good as ever.
void Laws::no_damage(AnyFamily family, const char* what) {
  if (has_nan(log_densities(family, x_))) fail(fmt::format("a log density is NaN {}", what));
  if (std::isnan(family.log_prior())) fail(fmt::format("the log prior is NaN {}", what));
  family.start(x_, shares_);
  converge(family, x_, shares_, options_.max_steps);
  const double value = objective(family, x_, shares_);
  const double top = objective(fitted_, x_, shares_);
  if (!(std::abs(value - top) <= 100 * slack(top))) {
    fail(fmt::format("a fit {} reaches log-likelihood {:.10g} instead of {:.10g}", what, value,
                     top));
  }
}

void Laws::zero_weight() {
  AnyFamily family = fitted_;
  step(family, x_, Matrix::Zero(n_, k_));
  no_damage(std::move(family), "after a step without weight");
}

void Laws::tiny_weights() {
  AnyFamily family = fitted_;
  step(family, x_, 1e-300 * shares_);
  no_damage(std::move(family), "after weights of 1e-300");
  if (fitted_.log_prior() != 0 || elsewhere_.log_prior() != 0) return;
  AnyFamily scaled = elsewhere_;
  AnyFamily plain = elsewhere_;
  step(scaled, x_, 1e-3 * shares_);
  step(plain, x_, shares_);
  require_equal(log_densities(scaled, x_), log_densities(plain, x_), 100 * options_.tolerance,
                "without a prior, weights in other units give another estimate");
}

void Laws::one_row() {
  AnyFamily family = fitted_;
  Matrix shares = Matrix::Zero(n_, k_);
  shares.row(n_ / 2).setOnes();
  for (int i = 0; i < 3; ++i) step(family, x_, shares);
  require((log_densities(family, x_.row(n_ / 2)).array() > -infinity).all(),
          "the only row with weight has density zero or NaN after the fit");
  no_damage(std::move(family), "after a fit to one row");
}

void Laws::equal_rows() {
  const Matrix equal = x_.row(0).replicate(n_, 1);
  AnyFamily family = prepared_;
  for (int i = 0; i < 3; ++i) step(family, equal, shares_);
  require((log_densities(family, equal.topRows(1)).array() > -infinity).all(),
          "the row has density zero or NaN after a fit to copies of it");
  no_damage(std::move(family), "after a fit to equal rows");
  AnyFamily fresh = given_;
  try {
    fresh.prepare(equal, Vector::Ones(n_));
    fresh.start(equal, shares_);
  } catch (const std::invalid_argument&) {
    return;  // refusing constant data by name is a defined result
  }
  require((log_densities(fresh, equal.topRows(1)).array() > -infinity).all(),
          "the row has density zero or NaN when all data are copies of it");
}

void Laws::repetition() {
  Vector w(n_);
  for (Index i = 0; i < n_; ++i) w[i] = static_cast<double>(1 + i % 3);
  const auto total = static_cast<Index>(w.sum());
  Matrix repeated(total, x_.cols());
  Matrix repeated_shares(total, k_);
  Index row = 0;
  for (Index i = 0; i < n_; ++i) {
    for (Index copy = 0; copy <= i % 3; ++copy, ++row) {
      repeated.row(row) = x_.row(i);
      repeated_shares.row(row) = shares_.row(i);
    }
  }
  const Matrix weighted_shares = w.asDiagonal() * shares_;
  AnyFamily weighted = given_;
  AnyFamily doubled = given_;
  weighted.prepare(x_, w);
  doubled.prepare(repeated, Vector::Ones(total));
  weighted.start(x_, weighted_shares);
  doubled.start(repeated, repeated_shares);
  const double tolerance = 100 * options_.tolerance;
  require_equal(log_densities(weighted, x_), log_densities(doubled, x_), tolerance,
                "a start with integer weights differs from one with repeated rows");
  weighted = elsewhere_;
  doubled = elsewhere_;
  step(weighted, x_, weighted_shares);
  step(doubled, repeated, repeated_shares);
  require_equal(log_densities(weighted, x_), log_densities(doubled, x_), tolerance,
                "a step with integer weights differs from one with repeated rows");
}

void Laws::sampler() {
  applies_ = fitted_.samples();
  if (!applies_) return;
  const Index each = std::max<Index>(1, options_.draws / k_);
  Matrix drawn(each * k_, x_.cols());
  Matrix shares = Matrix::Zero(drawn.rows(), k_);
  Vector row(x_.cols());
  for (Index k = 0; k < k_; ++k) {
    shares.col(k).segment(k * each, each).setOnes();
    for (Index i = 0; i < each; ++i) {
      Rng rng(options_.seed, Purpose::sample, 0, static_cast<std::uint64_t>(k * each + i));
      Rng same = rng;
      fitted_.sample(k, rng, row);
      drawn.row(k * each + i) = row.transpose();
      fitted_.sample(k, same, row);
      if (drawn.row(k * each + i) != row.transpose()) {
        fail("the same random numbers give another row");
        return;
      }
    }
  }
  const double truth = likelihood(fitted_, drawn, shares);
  if (!std::isfinite(truth)) {
    fail("a drawn row has density zero, infinite or NaN");
    return;
  }
  AnyFamily refit = fitted_;
  converge(refit, drawn, shares, std::min<Index>(options_.max_steps, 100));
  // Twice the gain is chi-squared with one degree of freedom per parameter.
  const auto df = static_cast<double>(fitted_.parameter_count());
  const double limit =
      df > 0 ? quantile(complement(boost::math::chi_squared(df), error_probability)) : 0;
  const double gain = likelihood(refit, drawn, shares) - truth;
  if (2 * gain > limit + slack(truth)) {
    fail(
        fmt::format("a refit to {} drawn rows gains {:.4g} nats with {} parameters: rows are drawn "
                    "from another distribution than the density says",
                    drawn.rows(), gain, fitted_.parameter_count()));
  }
}

void Laws::normalized() {
  applies_ = options_.support.rows() > 0;
  if (!applies_) return;
  const Matrix density = log_densities(fitted_, options_.support).array().exp();
  for (Index k = 0; k < k_; ++k) {
    const double sum = density.col(k).dot(options_.measure);
    if (std::abs(sum - 1) <= options_.normalization_tolerance) continue;
    fail(fmt::format("the density of component {} sums to {:.10g}", k + 1, sum));
  }
}

// Small changes of the weights move the fit in all directions of the model. The rank of the
// resulting changes of the log densities is the number of parameters that the density can tell
// apart.
void Laws::parameter_count() {
  const Index count = given_.parameter_count() == fitted_.parameter_count()
                          ? given_.parameter_count()
                          : fitted_.parameter_count();  // prepare may have learned levels
  const Index directions = count + 4;
  if (n_ * k_ < directions) {
    fail(fmt::format("{} parameters need more than {} example rows", count, n_));
    return;
  }
  const double epsilon = 2e-3;
  Matrix tangents(n_ * k_, directions);
  for (Index j = 0; j < directions; ++j) {
    const Matrix direction = perturbed(shares_, 1) - shares_;
    const auto moved = [&](double by) -> Vector {
      AnyFamily family = fitted_;
      converge(family, x_, shares_ + by * direction, options_.max_steps);
      return log_densities(family, x_).reshaped();
    };
    // Richardson extrapolation of central differences: error of order epsilon^4.
    const Vector near = moved(epsilon) - moved(-epsilon);
    const Vector far = moved(2 * epsilon) - moved(-2 * epsilon);
    tangents.col(j) = (8 * near - far) / (12 * epsilon);
  }
  if (!tangents.allFinite()) {
    fail("log densities at the examples are not finite");
    return;
  }
  const Vector s = Eigen::BDCSVD<Matrix>(tangents).singularValues();
  Index rank = 0;
  while (rank < s.size() && s[rank] > 1e-3 * s[0] && s[rank] > 1e-6) ++rank;
  if (rank == count - options_.unmoved_parameters) return;
  fail(fmt::format("{} parameters are counted, but the density has {}{} free directions", count,
                   rank == directions ? "at least " : "", rank));
}

}  // namespace mix::laws
