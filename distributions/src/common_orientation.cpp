#include "common_orientation.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <utility>

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
  Rotation(const std::vector<Matrix>& scatter, const Vector& mass, Part volume, Matrix orientation)
      : mass_(mass),
        volume_(volume),
        d_(std::move(orientation)),
        r_(d_.rows(), d_.rows() * mass.size()),
        floor_(mass.size()) {
    for (Index k = 0; k < mass_.size(); ++k) {
      r_.middleCols(k * d_.rows(), d_.rows()).noalias() =
          d_.transpose() * scatter[static_cast<std::size_t>(k)] * d_;
      floor_[k] = 1e-15 * diagonal(k).mean() + 1e-300;
    }
    refresh();
  }

  [[nodiscard]] const Matrix& orientation() const { return d_; }

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
  [[nodiscard]] Vector diagonal(Index k) const {
    return r_.middleCols(k * d_.rows(), d_.rows()).diagonal();
  }
  [[nodiscard]] double mean_log(Index k) const {
    return diagonal(k).array().max(floor_[k]).log().mean();
  }
  [[nodiscard]] double geometric_mean(Index k) const { return std::exp(mean_log(k)); }

  void refresh() {
    slope_ = mass_;
    if (volume_ != Part::equal) return;
    for (Index k = 0; k < mass_.size(); ++k) slope_[k] = geometric_mean(k);
  }

  // Rotates columns a and b of D; returns by how much the tangent falls.
  double turn(Index a, Index b) {
    const Index d = d_.rows();
    double cosine = 0;  // coefficients of cos and sin of twice the angle
    double sine = 0;
    for (Index k = 0; k < mass_.size(); ++k) {
      const double raa = std::max(r_(a, k * d + a), floor_[k]);
      const double rbb = std::max(r_(b, k * d + b), floor_[k]);
      const double gap = raa - rbb;
      const double difference = -slope_[k] * (gap / raa / rbb);
      cosine += 0.5 * difference * gap;
      sine += difference * r_(a, k * d + b);
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
    for (Index i = 0; i < d; ++i) {
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
    auto r = r_.middleCols(k * d, d);
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

  Vector mass_;
  Part volume_;
  Matrix d_;
  Matrix r_;      // D'W_kD, one beside the other
  Vector floor_;  // what a diagonal entry counts at least, against division by zero
  Vector slope_;  // u_k
};

Matrix eigenvectors(const Matrix& symmetric) {
  return Eigen::SelfAdjointEigenSolver<Matrix>(symmetric).eigenvectors();
}

// Undoes the rounding of thousands of rotations.
Matrix orthonormalized(const Matrix& nearly) {
  // One Newton step for the polar factor: the error falls to its square.
  return 1.5 * nearly - 0.5 * nearly * (nearly.transpose() * nearly);
}

}  // namespace

Matrix common_orientation(const std::vector<Matrix>& scatter, const Vector& mass, Part volume,
                          const Matrix& current, Steps steps, Index& sweeps) {
  const Index d = scatter.front().rows();
  std::vector<Matrix> starts;
  if (current.size() > 0) {
    starts.push_back(current);
  } else {
    Matrix sum = Matrix::Zero(d, d);
    for (const Matrix& w : scatter) sum += w;
    starts.push_back(eigenvectors(sum));
    for (const Matrix& w : scatter) starts.push_back(eigenvectors(w));
    starts.emplace_back(Matrix::Identity(d, d));
  }

  if (starts.size() == 1) {
    Rotation only(scatter, mass, volume, std::move(starts.front()));
    sweeps += only.run(most_sweeps(steps), negligible_decrease(steps));
    return orthonormalized(only.orientation());
  }
  // The better half goes on, for more sweeps.
  std::vector<Rotation> rotations;
  rotations.reserve(starts.size());
  for (Matrix& start : starts) rotations.emplace_back(scatter, mass, volume, std::move(start));
  const auto better = [](const Rotation& a, const Rotation& b) {
    return a.objective() < b.objective();
  };
  for (int most = exploring_sweeps;; most *= 2) {
    for (Rotation& rotation : rotations) sweeps += rotation.run(most, negligible_decrease(steps));
    std::stable_sort(rotations.begin(), rotations.end(), better);
    if (rotations.size() <= 2) break;
    rotations.erase(rotations.begin() + static_cast<std::ptrdiff_t>((rotations.size() + 1) / 2),
                    rotations.end());
  }
  sweeps += rotations.front().run(most_sweeps(steps), negligible_decrease(steps));
  return orthonormalized(rotations.front().orientation());
}

}  // namespace mix
