#include "mix/distributions/autodiff.h"

#include <cmath>

#include "bessel_functions.h"

namespace mix {
namespace {

// Where the data are, and how wide.
struct ParameterPlace {
  Vector mean;
  double deviation;
};

// Puts a parameter's numbers where the data are; those that this does not suit stay.
void guess_numbers(const Parameter& p, const ParameterPlace& place, bool located, bool scaled,
                   double factor, Index& column, double* numbers) {
  std::vector<double> guess(numbers, numbers + p.size());
  const auto scale = [&](double value) { return factor * (scaled ? place.deviation : value); };
  if (p.range == ParameterRange::interval && p.lower == -infinity && p.upper == infinity &&
      located) {
    for (double& number : guess) number = place.mean[std::min(column++, place.mean.size() - 1)];
  } else if (p.range == ParameterRange::interval && p.lower == 0 && p.upper == infinity) {
    for (double& number : guess) number = scale(number);
  } else if (p.range == ParameterRange::covariance_factor) {
    for (int i = 0, next = 0; i < p.extent; ++i) {
      for (int j = 0; j < i; ++j) guess[static_cast<std::size_t>(next++)] = 0;
      double& diagonal = guess[static_cast<std::size_t>(next++)];
      diagonal = scale(diagonal);
    }
  }
  if (p.contains(guess.data())) std::copy(guess.begin(), guess.end(), numbers);
}

}  // namespace

double log_bessel_i(double v, double x) { return log_bessel_scaled(v, x) + v * std::log(x) + x; }

double bessel_i_ratio(double v, double x) { return bessel_ratio(v, x).ratio; }

Cells log_bessel_i(double v, const Cells& x) {
  return x.transformed([v](double z) { return log_bessel_i(v, z); });
}

Cells bessel_i_ratio(double v, const Cells& x) {
  return x.transformed([v](double z) { return bessel_i_ratio(v, z); });
}

std::vector<Vector> rough_guesses(const Parameter* parameters, std::size_t count,
                                  const Vector& values, Rows x, Weights w) {
  const double total = w.sum();
  const Vector mean = x.transpose() * w / total;
  const Vector variance =
      (x.rowwise() - mean.transpose()).array().square().matrix().transpose() * w / total;
  const ParameterPlace place{mean, std::sqrt(variance.maxCoeff())};
  std::vector<Vector> guesses;
  for (const bool located : {true, false}) {
    for (const bool scaled : {true, false}) {
      // From the narrowest that may do; wider ones give every row a density.
      for (const double factor : {0.01, 0.1, 1.0, 10.0, 100.0, 1e4, 1e7, 1e12}) {
        Vector guess = values;
        Index column = 0;
        double* numbers = guess.data();
        for (std::size_t i = 0; i < count; ++i) {
          const Parameter& p = parameters[i];
          guess_numbers(p, place, located, scaled, factor, column, numbers);
          numbers += p.size();
        }
        guesses.push_back(std::move(guess));
      }
    }
  }
  return guesses;
}

}  // namespace mix
