#include "mix/distributions/weibull.h"

#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "univariate.h"

namespace mix {
namespace {

double minus_log_of(double x) { return -std::log(x); }

Mapped minus_logarithms(Rows x, Weights w) {
  Mapped logs = mapped_logarithms(x, w);
  logs.x = -logs.x;
  return logs;
}

Gumbel minus_logarithm_of(double shape, double scale) {
  check_positive("Weibull", "shape", shape);
  check_positive("Weibull", "scale", scale);
  return {-std::log(scale), 1 / shape};
}

}  // namespace

Weibull::Weibull(double shape, double scale) : minus_logarithm_(minus_logarithm_of(shape, scale)) {}

double Weibull::shape() const { return 1 / minus_logarithm_.scale(); }

double Weibull::scale() const { return std::exp(-minus_logarithm_.location()); }

void Weibull::log_density(Rows x, VectorRef out) const {
  const Mapped logs = minus_logarithms(x, Vector::Ones(x.rows()));
  minus_logarithm_.log_density(logs.x, out);
  // The density of x is that of -log x divided by x.
  out = (logs.w.array() > 0).select(out + logs.x.col(0), -infinity);
}

void Weibull::sample(Rng& rng, VectorRef out) const {
  minus_logarithm_.sample(rng, out);
  out[0] = std::exp(-out[0]);
}

void Weibull::accumulate(Rows x, Weights w, VectorRef statistics) const {
  const Mapped logs = minus_logarithms(x, w);
  minus_logarithm_.accumulate(logs.x, logs.w, statistics);
}

void Weibull::maximize(ConstVectorRef sum) { minus_logarithm_.maximize(sum); }

void Weibull::start(const AnyRows& x, Weights w) {
  minus_logarithm_.start(spread_of(x, w, minus_log_of));
}

Vector Weibull::coordinates() const { return minus_logarithm_.coordinates(); }

void Weibull::set_coordinates(ConstVectorRef v) { minus_logarithm_.set_coordinates(v); }

void Weibull::prepare(const AnyRows& x, Weights w) {
  minus_logarithm_.prepare(learn_spread(name, x, w, minus_log_of));
}

std::string Weibull::check_support(Rows x) const {
  return check_cells(x, is_positive, expected_positive);
}

Matrix Weibull::embed(Rows x) const { return embed_logarithm(x); }

std::string Weibull::flaw(double mass) const { return minus_logarithm_.flaw(mass); }

// Saved as what the density is computed from: e^-location would come back with other bits.
double Weibull::cdf(double x) const {
  return cdf_between(0, infinity, x,
                     [&](double at) { return -std::expm1(-std::pow(at / scale(), shape())); });
}

Moments Weibull::moments() const {
  const double first = boost::math::lgamma(1 + 1 / shape());
  const double second = boost::math::lgamma(1 + 2 / shape());
  const double mean = scale() * std::exp(first);
  return Moments::of(mean, mean * mean * std::expm1(second - 2 * first));
}

void Weibull::fields(Fields& visit) { minus_logarithm_.fields(visit); }

void Weibull::describe(Fields& visit) const {
  double shape = this->shape();
  double scale = this->scale();
  visit("shape", shape);
  visit("scale", scale);
}

}  // namespace mix
