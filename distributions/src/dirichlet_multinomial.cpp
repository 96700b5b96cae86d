#include "mix/distributions/dirichlet_multinomial.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "counts.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/summed_statistics.h"
#include "mix/special.h"
#include "polya.h"

namespace mix {

DirichletMultinomial::DirichletMultinomial(Index dimension) {
  if (dimension < 1) {
    throw std::invalid_argument(
        fmt::format("DirichletMultinomial: {} outcomes; at least 1 is needed", dimension));
  }
  concentrations_ = Vector::Ones(dimension);
  derive();
}

DirichletMultinomial::DirichletMultinomial(Vector concentrations, Index trials)
    : concentrations_(std::move(concentrations)), trials_(trials) {
  check();
  derive();
}

void DirichletMultinomial::check() const {
  check_concentrations("DirichletMultinomial", concentrations_);
  if (concentrations_.size() < 1) {
    throw std::invalid_argument("DirichletMultinomial: 0 outcomes; at least 1 is needed");
  }
  if (trials_ < 0) {
    throw std::invalid_argument(
        fmt::format("DirichletMultinomial: {} trials; at least 0 are needed", trials_));
  }
}

void DirichletMultinomial::derive() {
  density_ = std::make_shared<const PolyaDensity>(concentrations_);
}

void DirichletMultinomial::log_density(Rows x, VectorRef out) const {
  for (Index i = 0; i < x.rows(); ++i) {
    double total = 0;
    double sum = 0;
    for (Index j = 0; j < dimension(); ++j) {
      const double count = x(i, j);
      if (!is_count(count)) {
        sum = -infinity;
        break;
      }
      if (count == 0) continue;
      total += count;
      sum += density_->of_outcome(j, count) - log_factorial(count);
    }
    out[i] = sum > -infinity ? sum + log_factorial(total) - density_->of_total(total) : -infinity;
  }
}

void DirichletMultinomial::sample(Rng& rng, VectorRef out) const {
  Multinomial(random_probabilities(rng, concentrations_), trials_).sample(rng, out);
}

Index DirichletMultinomial::statistics_size() const { return polya_statistics(dimension()); }

void DirichletMultinomial::accumulate(Rows x, Weights w, VectorRef statistics) const {
  const PolyaTally tally(concentrations_);
  for (Index i = 0; i < x.rows(); ++i) {
    // A row that no parameters explain may hold anything, also NaN, and contributes nothing.
    if (!(w[i] > 0) || !x.row(i).unaryExpr(&is_count).all()) continue;
    tally.add(x.row(i).transpose(), w[i], statistics);
  }
}

void DirichletMultinomial::maximize(ConstVectorRef sum) {
  // A single outcome is certain, whatever its concentration.
  if (dimension() < 2) return;
  maximize_polya(sum, concentrations_);
  derive();
}

void DirichletMultinomial::start(const AnyRows& x, Weights w) {
  start_polya(x, w, dimension(), concentrations_, [](Rows block, Index i) -> Vector {
    const Vector row = block.row(i).transpose();
    return row.unaryExpr(&is_count).all() ? row : Vector();
  });
  maximize(summed_statistics(*this, x, w));
  derive();
}

Vector DirichletMultinomial::coordinates() const { return concentrations_.array().log(); }

void DirichletMultinomial::set_coordinates(ConstVectorRef v) {
  set_polya_coordinates(v, concentrations_);
  derive();
}

void DirichletMultinomial::prepare(const AnyRows& x, Weights w) {
  Multinomial same(concentrations_ / concentrations_.sum(), trials_);
  same.prepare(x, w);
  trials_ = same.trials();
}

std::string DirichletMultinomial::check_support(Rows x) const { return check_counts(x); }

Matrix DirichletMultinomial::embed(Rows x) const { return Multinomial(dimension()).embed(x); }

std::string DirichletMultinomial::caution() const { return multinomial_caution(concentrations_); }

Moments DirichletMultinomial::moments() const {
  const double sum = concentrations_.sum();
  Moments moments = Multinomial(concentrations_ / sum, trials_).moments();
  moments.covariance *= (static_cast<double>(trials_) + sum) / (1 + sum);
  return moments;
}

void DirichletMultinomial::fields(Fields& visit) {
  visit("concentrations", concentrations_);
  visit("trials", trials_);
  if (!visit.loading()) return;
  check();
  derive();
}

void DirichletMultinomial::describe(Fields& visit) const {
  Vector concentrations = concentrations_;
  visit("concentrations", concentrations);
}

}  // namespace mix
