#pragma once

#include <cmath>
#include <vector>

#include "mix/distributions/gaussians.h"
#include "mix/em.h"

namespace mix::testing_support {

struct Data {
  Matrix x;
  Vector w;
  std::vector<Index> labels;
};

/// Three overlapping groups with covariances that differ in volume, shape and orientation.
inline Data three_groups(Index n, Index d, std::uint64_t seed = 1) {
  Rng rng(seed);
  Data data{Matrix(n, d), Vector::Ones(n), {}};
  for (Index i = 0; i < n; ++i) {
    const Index group = i % 3;
    const auto size = static_cast<double>(1 + group);
    double before = 0;
    for (Index j = 0; j < d; ++j) {
      const double stretch = 1 + static_cast<double>((j + group) % 3);
      const double z = size * stretch * standard_normal(rng);
      data.x(i, j) = z + 0.4 * static_cast<double>(group) * before +
                     4 * static_cast<double>((j + 2 * group) % 3);
      before = z;
    }
    data.labels.push_back(group);
  }
  return data;
}

/// Shares near the labels: a start that is not yet the solution.
inline Matrix perturbed_labels(const Data& data) {
  Matrix shares(data.x.rows(), 3);
  for (Index i = 0; i < shares.rows(); ++i) {
    for (Index k = 0; k < 3; ++k)
      shares(i, k) = 0.3 + 0.1 * std::sin(static_cast<double>(3 * (i % 60) + k));
    shares(i, data.labels[static_cast<std::size_t>(i)]) += 1;
    shares.row(i) *= data.w[i] / shares.row(i).sum();
  }
  return shares;
}

/// A mixture of three after some steps of EM from the perturbed labels.
inline MixtureState fitted(const Data& data, const GaussianOptions& options, Index steps) {
  Gaussians family(3, data.x.cols(), options);
  family.prepare(data.x, data.w);
  family.start(data.x, perturbed_labels(data));
  MixtureState state{Vector::Constant(3, 1.0 / 3), family};
  run_em(state, data.x, data.w, {.tol = -1, .max_iter = steps});
  return state;
}

}  // namespace mix::testing_support
