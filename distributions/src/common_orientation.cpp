#include "common_orientation.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "stagnation.h"

namespace mix {
namespace {

constexpr int exploring_sweeps = 4;

int most_sweeps(Steps steps) { return steps == Steps::all ? 500 : 30; }

// A sweep that lowers the objective per unit of mass by less than this ends the search.
double negligible_decrease(Steps steps) { return steps == Steps::all ? 1e-18 : 1e-17; }

// Jacobi sweeps over pairs of columns of D. The diagonal of R_k = D'W_kD enters the objective
// through a concave function; its tangent at the present D has slopes b_kj = u_k / R_k,jj, u_k =
// n_k (VVE) or g_k = geometric mean of diag R_k (EVE), both with the volume kept in. Rotating two
// columns to the minimum of the tangent therefore never raises the objective (Flury & Gautschi
// 1986).
class Rotation {
 public:
  Rotation(Scratch& scratch, const MatrixStack& scatter, ConstVectorRef mass, Part volume,
           ConstMatrixRef orientation)
      : mass_(scratch.vector(mass.size())),
        volume_(volume),
        d_(scratch.matrix(orientation.rows(), orientation.cols())),
        r_(scratch, orientation.rows(), mass.size()),
        floor_(scratch.vector(mass.size())),
        slope_(scratch.vector(mass.size())) {
    mass_ = mass;
    d_ = orientation;
    Scratch own;
    MatrixMap half = own.matrix(d_.rows(), d_.cols());
    for (Index k = 0; k < mass_.size(); ++k) {
      half.noalias() = scatter[k] * d_;
      r_[k].noalias() = d_.transpose() * half;
      floor_[k] = 1e-15 * r_[k].diagonal().mean() + 1e-300;
    }
    refresh();
  }
  // A copy would share the memory.
  Rotation(const Rotation&) = delete;
  Rotation& operator=(const Rotation&) = delete;

  [[nodiscard]] const MatrixMap& orientation() const { return d_; }

  [[nodiscard]] double objective() const {
    double sum = 0;
    for (Index k = 0; k < mass_.size(); ++k) {
      sum += volume_ == Part::equal ? geometric_mean(k) : mass_[k] * mean_log(k);
    }
    return sum;
  }

  // Returns how many sweeps were made.
  Index run(int most, double negligible_per_mass) {
    Stagnation stagnation;
    Index made = 0;
    for (bool falls = true; falls && made < most; ++made) {
      refresh();
      const double negligible = negligible_per_mass * slope_.sum();
      double decrease = 0;
      for (Index a = 0; a < d_.cols(); ++a) {
        for (Index b = a + 1; b < d_.cols(); ++b) {
          const double first = turn(a, b);
          decrease += first;
          // The slopes have changed: approach the pair's own minimum.
          if (first > 0.1 * negligible) decrease += turn(a, b);
        }
      }
      falls = decrease > negligible && !stagnation(std::sqrt(decrease / slope_.sum()));
    }
    return made;
  }

 private:
  [[nodiscard]] double mean_log(Index k) const {
    return r_[k].diagonal().array().max(floor_[k]).log().mean();
  }
  [[nodiscard]] double geometric_mean(Index k) const { return std::exp(mean_log(k)); }

  void refresh() {
    slope_ = mass_;
    if (volume_ != Part::equal) return;
    for (Index k = 0; k < mass_.size(); ++k) slope_[k] = geometric_mean(k);
  }

  // Rotates columns a and b of D; returns by how much the tangent falls.
  double turn(Index a, Index b) {
    double cosine = 0;  // coefficients of cos and sin of twice the angle
    double sine = 0;
    for (Index k = 0; k < mass_.size(); ++k) {
      const MatrixMap r = r_[k];
      const double raa = std::max(r(a, a), floor_[k]);
      const double rbb = std::max(r(b, b), floor_[k]);
      const double gap = raa - rbb;
      const double difference = -slope_[k] * (gap / raa / rbb);
      cosine += 0.5 * difference * gap;
      sine += difference * r(a, b);
    }
    const double length = std::sqrt(cosine * cosine + sine * sine);
    if (!(length > 0)) return 0;
    // length + cosine, without cancellation (the cosine's coefficient is never positive).
    const double decrease = sine * sine / (length - cosine);
    if (!(decrease > 0)) return 0;
    // Half of the angle whose cosine and sine are -cosine / length (never negative) and
    // -sine / length.
    const double c = std::sqrt(0.5 * (1 - cosine / length));
    const double s = -0.5 * sine / length / c;
    for (Index i = 0; i < d_.rows(); ++i) {
      const double da = d_(i, a);
      const double db = d_(i, b);
      d_(i, a) = c * da + s * db;
      d_(i, b) = c * db - s * da;
    }
    for (Index k = 0; k < mass_.size(); ++k) rotate(k, a, b, c, s);
    return decrease;
  }

  // R_k <- G'R_kG with the rotation G of coordinates a and b.
  void rotate(Index k, Index a, Index b, double c, double s) {
    const Index d = d_.rows();
    MatrixMap r = r_[k];
    for (Index j = 0; j < d; ++j) {
      if (j == a || j == b) continue;
      const double ra = r(j, a);
      const double rb = r(j, b);
      r(j, a) = r(a, j) = c * ra + s * rb;
      r(j, b) = r(b, j) = c * rb - s * ra;
    }
    const double aa = r(a, a);
    const double bb = r(b, b);
    const double ab = r(a, b);
    r(a, a) = c * c * aa + 2 * c * s * ab + s * s * bb;
    r(b, b) = s * s * aa - 2 * c * s * ab + c * c * bb;
    r(a, b) = r(b, a) = (c - s) * (c + s) * ab + c * s * (bb - aa);
    if (volume_ == Part::equal) {
      const double before = std::max(aa, floor_[k]) * std::max(bb, floor_[k]);
      const double after = std::max(r(a, a), floor_[k]) * std::max(r(b, b), floor_[k]);
      slope_[k] *= root(after / before);
    }
  }

  // The root of order d; by its series where the ratio is close to one, as it soon is.
  [[nodiscard]] double root(double ratio) const {
    const double order = 1 / static_cast<double>(d_.cols());
    const double x = ratio - 1;
    if (!(std::abs(x) < 1e-4)) return std::pow(ratio, order);
    return 1 + order * x * (1 + (order - 1) / 2 * x * (1 + (order - 2) / 3 * x));
  }

  VectorMap mass_;
  Part volume_;
  MatrixMap d_;
  MatrixStack r_;    // D'W_kD
  VectorMap floor_;  // what a diagonal entry counts at least, against division by zero
  VectorMap slope_;  // u_k
};

Matrix eigenvectors(const Matrix& symmetric) {
  return Eigen::SelfAdjointEigenSolver<Matrix>(symmetric).eigenvectors();
}

// Undoes the rounding of thousands of rotations.
void orthonormalize(ConstMatrixRef nearly, MatrixRef out) {
  // One Newton step for the polar factor: the error falls to its square.
  Scratch scratch;
  MatrixMap square = scratch.matrix(nearly.cols(), nearly.cols());
  square.noalias() = nearly.transpose() * nearly;
  out.noalias() = -0.5 * nearly * square;
  out += 1.5 * nearly;
}

std::vector<Matrix> first_orientations(const MatrixStack& scatter) {
  const Index d = scatter.dimension();
  Matrix sum = Matrix::Zero(d, d);
  for (Index k = 0; k < scatter.size(); ++k) sum += scatter[k];
  std::vector<Matrix> all{eigenvectors(sum)};
  for (Index k = 0; k < scatter.size(); ++k) all.push_back(eigenvectors(scatter[k]));
  all.emplace_back(Matrix::Identity(d, d));
  return all;
}

}  // namespace

Index common_orientation(const MatrixStack& scatter, ConstVectorRef mass, Part volume,
                         Matrix& orientation, Steps steps) {
  Scratch scratch;
  if (orientation.size() > 0) {
    Rotation only(scratch, scatter, mass, volume, orientation);
    const Index sweeps = only.run(most_sweeps(steps), negligible_decrease(steps));
    orthonormalize(only.orientation(), orientation);
    return sweeps;
  }
  std::vector<std::unique_ptr<Rotation>> rotations;
  for (const Matrix& start : first_orientations(scatter)) {
    rotations.push_back(std::make_unique<Rotation>(scratch, scatter, mass, volume, start));
  }
  const auto better = [](const auto& a, const auto& b) { return a->objective() < b->objective(); };
  // The better half goes on, for more sweeps.
  Index sweeps = 0;
  for (int most = exploring_sweeps;; most *= 2) {
    for (auto& rotation : rotations) sweeps += rotation->run(most, negligible_decrease(steps));
    std::stable_sort(rotations.begin(), rotations.end(), better);
    if (rotations.size() <= 2) break;
    rotations.erase(rotations.begin() + static_cast<std::ptrdiff_t>((rotations.size() + 1) / 2),
                    rotations.end());
  }
  sweeps += rotations.front()->run(most_sweeps(steps), negligible_decrease(steps));
  orientation.resize(scatter.dimension(), scatter.dimension());
  orthonormalize(rotations.front()->orientation(), orientation);
  return sweeps;
}

}  // namespace mix
