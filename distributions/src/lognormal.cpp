#include "mix/distributions/lognormal.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "univariate.h"

namespace mix {
namespace {

// A standard deviation of less than this share of the data's makes the terms of the natural form
// cancel more digits than a density has to spare.
constexpr double least_natural_share = 1e-3;

}  // namespace

Lognormal::Lognormal(double log_mean, double log_standard_deviation) {
  check_finite("Lognormal", "log_mean", log_mean);
  check_positive("Lognormal", "log_standard_deviation", log_standard_deviation);
  logarithm_ = Normal(log_mean, log_standard_deviation);
}

double Lognormal::mean() const {
  return std::exp(log_mean() + 0.5 * log_standard_deviation() * log_standard_deviation());
}

void Lognormal::log_density(Rows x, VectorRef out) const {
  const Mapped logs = mapped_logarithms(x, Vector::Ones(x.rows()));
  logarithm_.log_density(logs.x, out);
  // The density of x is that of log x divided by x.
  out = (logs.w.array() > 0).select(out - logs.x.col(0), -infinity);
}

void Lognormal::sample(Rng& rng, VectorRef out) const {
  logarithm_.sample(rng, out);
  out[0] = std::exp(out[0]);
}

void Lognormal::accumulate(Rows x, Weights w, VectorRef statistics) const {
  const Mapped logs = mapped_logarithms(x, w);
  const auto away = logs.x.col(0).array() - center();
  statistics[0] += logs.w.sum();
  statistics[1] += (logs.w.array() * away).sum();
  statistics[2] += (logs.w.array() * away.square()).sum();
}

void Lognormal::maximize(ConstVectorRef sum) {
  if (!(sum[0] > 0)) return;
  const double shift = sum[1] / sum[0];
  const double variance = sum[2] / sum[0] - shift * shift;
  logarithm_.start({sum[0], center() + shift, std::max(variance, 0.0)});
}

bool Lognormal::log_base(Rows x, VectorRef out) const {
  const Mapped logs = mapped_logarithms(x, Vector::Ones(x.rows()));
  out = -0.5 * std::log(2 * std::numbers::pi) - logs.x.col(0).array();
  return (logs.w.array() > 0).all();
}

bool Lognormal::features(Rows x, MatrixRef out) const {
  const Mapped logs = mapped_logarithms(x, Vector::Ones(x.rows()));
  out.col(0) = logs.x.col(0).array() - center();
  out.col(1) = out.col(0).cwiseAbs2();
  return (logs.w.array() > 0).all();
}

void Lognormal::natural_parameters(VectorRef eta) const {
  const double precision = 1 / (log_standard_deviation() * log_standard_deviation());
  eta[0] = (log_mean() - center()) * precision;
  eta[1] = -0.5 * precision;
}

double Lognormal::log_partition() const {
  const double deviation = log_standard_deviation();
  if (!(deviation > least_natural_share * logarithm_.data().unit())) return infinity;
  const double away = (log_mean() - center()) / deviation;
  return 0.5 * away * away + std::log(deviation);
}

Vector Lognormal::coordinates() const { return logarithm_.coordinates(); }

void Lognormal::set_coordinates(ConstVectorRef v) { logarithm_.set_coordinates(v); }

void Lognormal::prepare(const AnyRows& x, Weights w) {
  logarithm_.prepare(learn_spread(name, x, w, log_of));
}

std::string Lognormal::check_support(Rows x) const {
  return check_cells(x, is_positive, expected_positive);
}

Matrix Lognormal::embed(Rows x) const { return embed_logarithm(x); }

std::string Lognormal::flaw(double mass) const { return logarithm_.flaw(mass); }

double Lognormal::cdf(double x) const {
  return cdf_between(0, infinity, x, [&](double at) { return logarithm_.cdf(std::log(at)); });
}

Moments Lognormal::moments() const {
  const double variance = log_standard_deviation() * log_standard_deviation();
  return Moments::of(mean(), std::expm1(variance) * mean() * mean());
}

void Lognormal::fields(Fields& visit) {
  double log_mean = logarithm_.mean();
  double log_standard_deviation = logarithm_.standard_deviation();
  DataSpread data = logarithm_.data();
  visit("log_mean", log_mean);
  visit("log_standard_deviation", log_standard_deviation);
  data.fields(visit);
  if (!visit.loading()) return;
  *this = Lognormal(log_mean, log_standard_deviation);
  logarithm_.prepare(data);
}

void Lognormal::describe(Fields& visit) const {
  double log_mean = logarithm_.mean();
  double log_standard_deviation = logarithm_.standard_deviation();
  visit("log_mean", log_mean);
  visit("log_standard_deviation", log_standard_deviation);
}

}  // namespace mix
