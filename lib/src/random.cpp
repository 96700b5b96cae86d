#include "mix/random.h"

#include <boost/random/binomial_distribution.hpp>
#include <boost/random/exponential_distribution.hpp>
#include <boost/random/gamma_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/poisson_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <numeric>
#include <utility>

namespace mix {

// Boost.Random, not <random>: the standard leaves the algorithms of its distributions open, so that
// a seed would mean other numbers with another standard library.

double uniform(Rng& rng) {
  // 52 bits, shifted by half a step so that neither 0 nor 1 occurs.
  return (static_cast<double>(rng() >> 12U) + 0.5) * 0x1.0p-52;
}

Index uniform_index(Rng& rng, Index n) {
  return boost::random::uniform_int_distribution<Index>(0, n - 1)(rng);
}

double standard_normal(Rng& rng) { return boost::random::normal_distribution<double>()(rng); }

double standard_exponential(Rng& rng) {
  return boost::random::exponential_distribution<double>()(rng);
}

double standard_gamma(Rng& rng, double shape) {
  return boost::random::gamma_distribution<double>(shape, 1.0)(rng);
}

double poisson(Rng& rng, double mean) {
  if (!(mean > 0)) return 0;
  return static_cast<double>(boost::random::poisson_distribution<std::int64_t, double>(mean)(rng));
}

double binomial(Rng& rng, double trials, double probability) {
  if (!(trials > 0) || !(probability > 0)) return 0;
  if (probability >= 1) return trials;
  return static_cast<double>(boost::random::binomial_distribution<std::int64_t, double>(
      static_cast<std::int64_t>(trials), probability)(rng));
}

Index categorical(Rng& rng, ConstVectorRef weights) {
  const double target = uniform(rng) * weights.sum();
  double sum = 0;
  Index last = 0;
  for (Index i = 0; i < weights.size(); ++i) {
    if (!(weights[i] > 0)) continue;
    sum += weights[i];
    last = i;
    if (target < sum) return i;
  }
  return last;
}

std::vector<Index> sample_without_replacement(Rng& rng, Index n, Index k) {
  std::vector<Index> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), Index{0});
  for (Index i = 0; i < k; ++i) {
    std::swap(all[static_cast<std::size_t>(i)],
              all[static_cast<std::size_t>(i + uniform_index(rng, n - i))]);
  }
  all.resize(static_cast<std::size_t>(k));
  return all;
}

}  // namespace mix
