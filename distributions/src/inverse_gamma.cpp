#include "mix/distributions/inverse_gamma.h"

#include <cmath>

#include "data_moments.h"
#include "gamma_functions.h"
#include "univariate.h"

namespace mix {
namespace {

double reciprocal_of(double x) { return 1 / x; }
// Both x and 1/x must be finite.
bool is_invertible(double x) { return is_positive(x) && is_positive(1 / x); }

Gamma reciprocal_with(double shape, double scale) {
  check_positive("InverseGamma", "shape", shape);
  check_positive("InverseGamma", "scale", scale);
  return {shape, 1 / scale};
}

}  // namespace

InverseGamma::InverseGamma(double shape, double scale)
    : reciprocal_(reciprocal_with(shape, scale)) {}

void InverseGamma::log_density(Rows x, VectorRef out) const {
  const Mapped reciprocals = mapped_rows(x, Vector::Ones(x.rows()), is_invertible, reciprocal_of);
  reciprocal_.log_density(reciprocals.x, out);
  // The density of x is that of 1/x divided by x^2.
  out = (reciprocals.w.array() > 0)
            .select(out.array() + 2 * reciprocals.x.col(0).array().log(), -infinity);
}

void InverseGamma::sample(Rng& rng, VectorRef out) const {
  reciprocal_.sample(rng, out);
  out[0] = 1 / out[0];
}

void InverseGamma::accumulate(Rows x, Weights w, VectorRef statistics) const {
  const Mapped reciprocals = mapped_rows(x, w, is_invertible, reciprocal_of);
  reciprocal_.accumulate(reciprocals.x, reciprocals.w, statistics);
}

void InverseGamma::maximize(ConstVectorRef sum) { reciprocal_.maximize(sum); }

bool InverseGamma::log_base(Rows x, VectorRef out) const {
  out = -2 * x.col(0).array().log();
  return (out.array() * 0).sum() == 0;
}

bool InverseGamma::features(Rows x, MatrixRef out) const {
  return reciprocal_.features(x.cwiseInverse(), out);
}

void InverseGamma::natural_parameters(VectorRef eta) const { reciprocal_.natural_parameters(eta); }

double InverseGamma::log_partition() const { return reciprocal_.log_partition(); }

Vector InverseGamma::coordinates() const { return reciprocal_.coordinates(); }

void InverseGamma::set_coordinates(ConstVectorRef v) { reciprocal_.set_coordinates(v); }

void InverseGamma::prepare(const AnyRows& x, Weights w) {
  reciprocal_.prepare(learn_spread(name, x, w, log_of));
  check_sums(name, x, w, Summed::inverses);
}

std::string InverseGamma::check_support(Rows x) const {
  return check_cells(x, is_invertible, expected_positive);
}

Matrix InverseGamma::embed(Rows x) const { return embed_logarithm(x); }

std::string InverseGamma::flaw(double mass) const { return reciprocal_.flaw(mass); }

// Saved as what the density is computed from: the reciprocal of a reciprocal has other bits.
double InverseGamma::cdf(double x) const {
  return cdf_between(0, infinity, x, [&](double at) { return gamma_above(shape(), scale() / at); });
}

Moments InverseGamma::moments() const {
  if (!(shape() > 1)) return Moments::of(infinity, quiet_nan);
  const double mean = scale() / (shape() - 1);
  return Moments::of(mean, shape() > 2 ? mean * mean / (shape() - 2) : infinity);
}

void InverseGamma::fields(Fields& visit) { reciprocal_.fields(visit); }

void InverseGamma::describe(Fields& visit) const {
  double shape = this->shape();
  double scale = this->scale();
  visit("shape", shape);
  visit("scale", scale);
}

}  // namespace mix
