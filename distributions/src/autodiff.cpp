#include "mix/distributions/autodiff.h"

#include <cmath>

namespace mix {

std::vector<Vector> rough_guesses(const Parameter* parameters, const Vector& values, Rows x,
                                  Weights w) {
  const double total = w.sum();
  const Vector mean = x.transpose() * w / total;
  const Vector deviation =
      ((x.rowwise() - mean.transpose()).array().square().matrix().transpose() * w / total)
          .cwiseSqrt();
  std::vector<Vector> guesses;
  for (const bool located : {true, false}) {
    for (const bool scaled : {true, false}) {
      // From the narrowest that may do; wider ones give every row a density.
      for (const double factor : {0.01, 0.1, 1.0, 10.0, 100.0, 1e4, 1e7, 1e12}) {
        Vector guess = values;
        Index column = 0;
        for (Index i = 0; i < values.size(); ++i) {
          const Parameter& p = parameters[i];
          if (p.lower == -infinity && p.upper == infinity && located) {
            guess[i] = mean[std::min(column++, x.cols() - 1)];
          } else if (p.lower == 0 && p.upper == infinity) {
            guess[i] = factor * (scaled ? deviation.maxCoeff() : values[i]);
          }
          if (!p.contains(guess[i])) guess[i] = values[i];
        }
        guesses.push_back(std::move(guess));
      }
    }
  }
  return guesses;
}

}  // namespace mix
