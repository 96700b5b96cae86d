#include "common_orientation.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <utility>

namespace mix {
namespace {

constexpr int exploring_sweeps = 30;
constexpr int max_sweeps = 500;
// A sweep that lowers the objective per unit of mass by less than this ends the search.
constexpr double negligible_decrease = 1e-16;

// Jacobi sweeps over pairs of columns of D. The diagonal of R_k = D'W_kD enters the objective
// through a concave function; its tangent at the present D has slopes b_kj = u_k / R_k,jj, u_k =
// n_k (VVE) or g_k = geometric mean of diag R_k (EVE), both with the volume kept in. Rotating two
// columns to the minimum of the tangent therefore never raises the objective (Flury & Gautschi
// 1986).
class Rotation {
 public:
  Rotation(const std::vector<Matrix>& scatter, const Vector& mass, Part volume, Matrix orientation)
      : mass_(mass), volume_(volume), d_(std::move(orientation)) {
    for (const Matrix& w : scatter) {
      Matrix rotated = d_.transpose() * w * d_;
      const double floor = 1e-15 * rotated.diagonal().mean() + 1e-300;
      floor_.push_back(floor);
      r_.push_back(std::move(rotated));
    }
    refresh();
  }

  [[nodiscard]] const Matrix& orientation() const { return d_; }

  [[nodiscard]] double objective() const {
    double sum = 0;
    for (std::size_t k = 0; k < r_.size(); ++k) {
      sum +=
          volume_ == Part::equal ? geometric_mean(k) : mass_[static_cast<Index>(k)] * mean_log(k);
    }
    return sum;
  }

  void run(int sweeps) {
    for (int i = 0; i < sweeps; ++i) {
      refresh();
      double decrease = 0;
      for (Index a = 0; a < d_.cols(); ++a) {
        for (Index b = a + 1; b < d_.cols(); ++b) {
          decrease += turn(a, b);
          decrease += turn(a, b);  // the slopes have changed: approach the pair's own minimum
        }
      }
      if (!(decrease > negligible_decrease * slope_.sum())) break;
    }
  }

 private:
  [[nodiscard]] double diagonal(std::size_t k, Index j) const {
    return std::max(r_[k](j, j), floor_[k]);
  }
  [[nodiscard]] double mean_log(std::size_t k) const {
    return r_[k].diagonal().array().max(floor_[k]).log().mean();
  }
  [[nodiscard]] double geometric_mean(std::size_t k) const { return std::exp(mean_log(k)); }

  void refresh() {
    slope_ = mass_;
    if (volume_ != Part::equal) return;
    for (std::size_t k = 0; k < r_.size(); ++k) slope_[static_cast<Index>(k)] = geometric_mean(k);
  }

  // Rotates columns a and b of D; returns by how much the tangent falls.
  double turn(Index a, Index b) {
    double cosine = 0;  // coefficients of cos and sin of twice the angle
    double sine = 0;
    for (std::size_t k = 0; k < r_.size(); ++k) {
      const double raa = diagonal(k, a);
      const double rbb = diagonal(k, b);
      const double difference = slope_[static_cast<Index>(k)] * (1 / raa - 1 / rbb);
      cosine += 0.5 * difference * (raa - rbb);
      sine += difference * r_[k](a, b);
    }
    const double length = std::hypot(cosine, sine);
    if (!(length > 0)) return 0;
    // length + cosine, without cancellation (the cosine's coefficient is never positive).
    const double decrease = sine * sine / (length - cosine);
    if (!(decrease > 0)) return 0;
    const double angle = 0.5 * std::atan2(-sine, -cosine);
    const double c = std::cos(angle);
    const double s = std::sin(angle);
    rotate_columns(d_, a, b, c, s);
    for (std::size_t k = 0; k < r_.size(); ++k) {
      const double before = diagonal(k, a) * diagonal(k, b);
      rotate_columns(r_[k], a, b, c, s);
      rotate_rows(r_[k], a, b, c, s);
      if (volume_ == Part::equal) {
        const double ratio = diagonal(k, a) * diagonal(k, b) / before;
        slope_[static_cast<Index>(k)] *= std::pow(ratio, 1 / static_cast<double>(d_.cols()));
      }
    }
    return decrease;
  }

  static void rotate_columns(Matrix& m, Index a, Index b, double c, double s) {
    for (Index i = 0; i < m.rows(); ++i) {
      const double ma = m(i, a);
      const double mb = m(i, b);
      m(i, a) = c * ma + s * mb;
      m(i, b) = c * mb - s * ma;
    }
  }
  static void rotate_rows(Matrix& m, Index a, Index b, double c, double s) {
    for (Index j = 0; j < m.cols(); ++j) {
      const double ma = m(a, j);
      const double mb = m(b, j);
      m(a, j) = c * ma + s * mb;
      m(b, j) = c * mb - s * ma;
    }
  }

  Vector mass_;
  Part volume_;
  Matrix d_;
  std::vector<Matrix> r_;      // D'W_kD
  std::vector<double> floor_;  // what a diagonal entry counts at least, against division by zero
  Vector slope_;               // u_k
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
                          const Matrix& current) {
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

  std::vector<Rotation> rotations;
  for (const Matrix& start : starts) {
    rotations.emplace_back(scatter, mass, volume, start);
    if (starts.size() > 1) rotations.back().run(exploring_sweeps);
  }
  auto best = std::min_element(
      rotations.begin(), rotations.end(),
      [](const Rotation& a, const Rotation& b) { return a.objective() < b.objective(); });
  best->run(max_sweeps);
  return orthonormalized(best->orientation());
}

}  // namespace mix
