#include "mix/distributions/beta_binomial.h"

#include <algorithm>
#include <utility>

#include "mix/distributions/summed_statistics.h"
#include "mix/special.h"
#include "polya.h"
#include "univariate.h"

namespace mix {

BetaBinomial::BetaBinomial(Index trials, double alpha, double beta)
    : BetaBinomial(Trials(trials), alpha, beta) {}

BetaBinomial::BetaBinomial(Trials trials, double alpha, double beta)
    : trials_(std::move(trials)), concentrations_(Vector{{alpha, beta}}) {
  check();
  derive();
}

BetaBinomial BetaBinomial::with_trials_column(double alpha, double beta) {
  return {Trials::in_column(), alpha, beta};
}

void BetaBinomial::check() const {
  trials_.check("BetaBinomial");
  check_concentrations("BetaBinomial", concentrations_);
}

void BetaBinomial::derive() { density_ = std::make_shared<const PolyaDensity>(concentrations_); }

Eigen::Vector2d BetaBinomial::counts_of(Rows x, Index row) const {
  return {x(row, 0), trials_.of(x, row) - x(row, 0)};
}

void BetaBinomial::log_density(Rows x, VectorRef out) const {
  for (Index i = 0; i < x.rows(); ++i) {
    if (!trials_.explain(x, i)) {
      out[i] = -infinity;
      continue;
    }
    const Eigen::Vector2d counts = counts_of(x, i);
    out[i] = log_choose(counts.sum(), counts[0]) + density_->of_outcome(0, counts[0]) +
             density_->of_outcome(1, counts[1]) - density_->of_total(counts.sum());
  }
}

void BetaBinomial::sample(Rng& rng, VectorRef out) const {
  const auto n = static_cast<double>(trials());
  out[0] = mix::binomial(rng, n, random_probabilities(rng, concentrations_)[0]);
  if (trials_.by_row()) out[1] = n;
}

Index BetaBinomial::statistics_size() const { return polya_statistics(2); }

void BetaBinomial::accumulate(Rows x, Weights w, VectorRef statistics) const {
  const PolyaTally tally(concentrations_);
  for (Index i = 0; i < x.rows(); ++i) {
    // A row that no parameters explain may hold anything, also NaN, and contributes nothing.
    if (w[i] > 0 && trials_.explain(x, i)) tally.add(counts_of(x, i), w[i], statistics);
  }
}

void BetaBinomial::maximize(ConstVectorRef sum) {
  maximize_polya(sum, concentrations_);
  derive();
}

void BetaBinomial::start(const AnyRows& x, Weights w) {
  start_polya(x, w, 2, concentrations_, [&](Rows block, Index i) -> Vector {
    return trials_.explain(block, i) ? Vector(counts_of(block, i)) : Vector();
  });
  maximize(summed_statistics(*this, x, w));
}

Vector BetaBinomial::coordinates() const { return concentrations_.array().log(); }

void BetaBinomial::set_coordinates(ConstVectorRef v) {
  set_polya_coordinates(v, concentrations_);
  derive();
}

void BetaBinomial::prepare(const AnyRows& x, Weights w) { trials_.prepare(x, w); }

std::string BetaBinomial::check_support(Rows x) const { return trials_.check_support(x); }

Matrix BetaBinomial::embed(Rows x) const { return trials_.embed(x); }

std::string BetaBinomial::caution() const { return multinomial_caution(concentrations_); }

double BetaBinomial::cdf(double x) const {
  const Index n = trials();
  return cdf_of_counts(x, [&](double count) {
    if (count >= static_cast<double>(n)) return 1.0;
    const auto rows = static_cast<Index>(count) + 1;
    Vector l(rows);
    log_density(Vector::LinSpaced(rows, 0, count), l);
    return std::min(1.0, l.array().exp().sum());
  });
}

Moments BetaBinomial::moments() const {
  trials_.check_fixed(name);
  const auto n = static_cast<double>(trials());
  const double sum = concentrations_.sum();
  const double mean = n * probability();
  return Moments::of(mean, mean * (1 - probability()) * ((n + sum) / (1 + sum)));
}

void BetaBinomial::fields(Fields& visit) {
  visit("alpha", concentrations_[0]);
  visit("beta", concentrations_[1]);
  trials_.fields(visit);
  if (!visit.loading()) return;
  check();
  derive();
}

void BetaBinomial::describe(Fields& visit) const {
  double first = alpha();
  double second = beta();
  Index number = trials();
  visit("alpha", first);
  visit("beta", second);
  if (!trials_.by_row()) visit("trials", number);
}

}  // namespace mix
