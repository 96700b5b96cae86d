#include "mix/distributions/lognormal.h"

#include <cmath>

#include "univariate.h"

namespace mix {
namespace {

double minus_log_of(double x) { return -std::log(x); }

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
  evaluate_mapped(logarithm_, x, is_positive, log_of, minus_log_of, out);
}

void Lognormal::sample(Rng& rng, VectorRef out) const {
  logarithm_.sample(rng, out);
  out[0] = std::exp(out[0]);
}

void Lognormal::accumulate(Rows x, Weights w, VectorRef statistics) const {
  const Mapped logs = mapped_rows(x, w, is_positive, log_of);
  logarithm_.accumulate(logs.x, logs.w, statistics);
}

void Lognormal::maximize(ConstVectorRef sum) { logarithm_.maximize(sum); }

void Lognormal::start(const AnyRows& x, Weights w) { logarithm_.start(spread_of(x, w, log_of)); }

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
