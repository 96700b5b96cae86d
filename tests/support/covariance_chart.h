#pragma once

#include <Eigen/Dense>
#include <vector>

#include "mix/distributions/covariance_structure.h"

namespace mix::testing_support {

/// Covariances of a structure as a smooth function of free numbers: log volumes, log shapes (their
/// mean is taken off, so one number per shape is redundant) and Cayley transforms of skew matrices.
class Chart {
 public:
  Chart(Structure structure, Index k, Index d) : parts_(parts(structure)), k_(k), d_(d) {}

  [[nodiscard]] Index size() const {
    return count(parts_.volume) + d_ * count(parts_.shape) +
           d_ * (d_ - 1) / 2 * count(parts_.orientation);
  }

  [[nodiscard]] std::vector<Matrix> operator()(const Vector& theta) const {
    std::vector<Matrix> covariances;
    const Index pairs = d_ * (d_ - 1) / 2;
    const Index shapes = count(parts_.volume);
    const Index rotations = shapes + d_ * count(parts_.shape);
    for (Index k = 0; k < k_; ++k) {
      Vector log_variance = Vector::Constant(d_, theta[which(parts_.volume, k)]);
      if (parts_.shape != Part::identity) {
        const Vector raw = theta.segment(shapes + d_ * which(parts_.shape, k), d_);
        log_variance.array() += raw.array() - raw.mean();
      }
      Matrix rotation = Matrix::Identity(d_, d_);
      if (parts_.orientation != Part::identity) {
        Matrix skew = Matrix::Zero(d_, d_);
        Index next = rotations + pairs * which(parts_.orientation, k);
        for (Index i = 0; i < d_; ++i) {
          for (Index j = 0; j < i; ++j, ++next) {
            skew(i, j) = theta[next];
            skew(j, i) = -theta[next];
          }
        }
        const Matrix one = Matrix::Identity(d_, d_);
        rotation = (one - skew).partialPivLu().solve(one + skew);
      }
      covariances.emplace_back(rotation * log_variance.array().exp().matrix().asDiagonal() *
                               rotation.transpose());
    }
    return covariances;
  }

 private:
  [[nodiscard]] Index count(Part part) const {
    return part == Part::identity ? 0 : part == Part::equal ? 1 : k_;
  }
  [[nodiscard]] static Index which(Part part, Index k) { return part == Part::variable ? k : 0; }

  StructureParts parts_;
  Index k_;
  Index d_;
};

}  // namespace mix::testing_support
