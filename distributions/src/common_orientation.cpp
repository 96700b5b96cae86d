#include "common_orientation.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "mix/kernels.h"
#include "mix/stacked_matrices.h"
#include "stacked_scatter.h"
#include "stagnation.h"

namespace mix {
namespace {

constexpr int exploring_sweeps = 2;

int most_sweeps(Steps steps) { return steps == Steps::all ? 500 : 4; }

// A sweep that lowers the objective per unit of mass by less than this ends the search.
double negligible_decrease(Steps steps) { return steps == Steps::all ? 1e-18 : 1e-12; }

// Jacobi sweeps over pairs of columns of D. The diagonal of R_k = D'W_kD enters the objective
// through a concave function; its tangent at the present D has slopes b_kj = u_k / R_k,jj, u_k =
// n_k (VVE) or g_k = geometric mean of diag R_k (EVE), both with the volume kept in. Rotating two
// columns to the minimum of the tangent therefore never raises the objective (Flury & Gautschi
// 1986).
class Rotation {
 public:
  Rotation(Scratch& scratch, const StackedScatter& scatter, ConstVectorRef mass, Part volume,
           ConstMatrixRef orientation)
      : mass_(scratch.vector(scatter.lanes())),
        volume_(volume),
        d_(scratch.matrix(orientation.rows(), orientation.cols())),
        r_(scratch.matrix(scatter.lanes(), kernels::lower_entries(orientation.rows()))),
        floor_(scratch.vector(scatter.lanes())),
        slope_(scratch.vector(scatter.lanes())) {
    mass_.setZero();
    mass_.head(mass.size()) = mass;
    d_ = orientation;
    scatter.rotate(d_, r_);
    const Index d = d_.rows();
    floor_.setConstant(1e-300);
    for (Index j = 0; j < d; ++j) floor_ += 1e-15 / static_cast<double>(d) * diagonal(j);
    refresh();
  }
  // A copy would share the memory.
  Rotation(const Rotation&) = delete;
  Rotation& operator=(const Rotation&) = delete;

  [[nodiscard]] const MatrixMap& orientation() const { return d_; }

  // The objective after the last run.
  [[nodiscard]] double reached() const { return reached_; }

  // Returns how many sweeps were made.
  Index run(int most, double negligible_per_mass) {
    Stagnation stagnation;
    Index made = 0;
    refresh();
    for (bool falls = true; falls && made < most; ++made) {
      const double total = slope_.sum();
      const double decrease =
          kernels::rotate_in_common(r_, floor_, slope_, volume_ == Part::equal, d_);
      falls = decrease > negligible_per_mass * total && !stagnation(std::sqrt(decrease / total));
    }
    reached_ = objective();
    return made;
  }

 private:
  [[nodiscard]] double objective() {
    Scratch scratch;
    VectorMap logs = scratch.vector(mass_.size());
    write_mean_logs(logs);
    if (volume_ != Part::equal) return mass_.dot(logs);
    return (mass_.array() > 0).select(logs.array().exp(), 0).sum();
  }

  [[nodiscard]] VectorMap diagonal(Index j) {
    return {r_.col(kernels::lower_entry(j, j)).data(), r_.rows()};
  }

  // Of the diagonals of R_k.
  void write_mean_logs(VectorMap& logs) {
    const Index d = d_.rows();
    Scratch scratch;
    VectorMap entries = scratch.vector(logs.size());
    VectorMap one = scratch.vector(logs.size());
    logs.setZero();
    for (Index j = 0; j < d; ++j) {
      entries = diagonal(j).cwiseMax(floor_);
      kernels::logarithm(entries, one);
      logs += one / static_cast<double>(d);
    }
  }

  void refresh() {
    if (volume_ != Part::equal) {
      slope_ = mass_;
      return;
    }
    Scratch scratch;
    VectorMap logs = scratch.vector(mass_.size());
    write_mean_logs(logs);
    kernels::exponential(logs, slope_);
    slope_ = (mass_.array() > 0).select(slope_, 0);
  }

  VectorMap mass_;
  Part volume_;
  MatrixMap d_;
  MatrixMap r_;      // D'W_kD
  VectorMap floor_;  // what a diagonal entry counts at least, against division by zero
  VectorMap slope_;  // u_k
  double reached_ = 0;
};

// Undoes the rounding of thousands of rotations.
void orthonormalize(ConstMatrixRef nearly, MatrixRef out) {
  // One Newton step for the polar factor: the error falls to its square.
  Scratch scratch;
  MatrixMap square = scratch.matrix(nearly.cols(), nearly.cols());
  square.noalias() = nearly.transpose() * nearly;
  out.noalias() = -0.5 * nearly * square;
  out += 1.5 * nearly;
}

// The eigenvectors of the sum and of each of the matrices, and the axes.
MatrixStack first_orientations(Scratch& scratch, const MatrixStack& scatter) {
  const Index d = scatter.dimension();
  const Index count = scatter.size();
  MatrixStack all(scratch, d, count + 2);
  Scratch own;
  const MatrixStack symmetric(own, d, count + 1);
  symmetric[count].setZero();
  for (Index k = 0; k < count; ++k) {
    symmetric[k] = scatter[k];
    symmetric[count] += scatter[k];
  }
  MatrixMap values = own.matrix(d, count + 1);
  decompose_each(symmetric, values, all);
  all[count + 1].setIdentity();
  return all;
}

}  // namespace

Index common_orientation(const MatrixStack& scatter, ConstVectorRef mass, Part volume,
                         Matrix& orientation, Steps steps) {
  Scratch scratch;
  const StackedScatter stacked(scratch, scatter);
  if (orientation.size() > 0) {
    Rotation only(scratch, stacked, mass, volume, orientation);
    const Index sweeps = only.run(most_sweeps(steps), negligible_decrease(steps));
    orthonormalize(only.orientation(), orientation);
    return sweeps;
  }
  std::vector<std::unique_ptr<Rotation>> rotations;
  const MatrixStack starts = first_orientations(scratch, scatter);
  for (Index i = 0; i < starts.size(); ++i) {
    rotations.push_back(std::make_unique<Rotation>(scratch, stacked, mass, volume, starts[i]));
  }
  const auto better = [](const auto& a, const auto& b) { return a->reached() < b->reached(); };
  // The better half goes on, for more sweeps.
  Index sweeps = 0;
  for (int most = exploring_sweeps;; most *= 2) {
    for (auto& rotation : rotations) sweeps += rotation->run(most, negligible_decrease(steps));
    std::stable_sort(rotations.begin(), rotations.end(), better);
    if (rotations.size() <= 2) break;
    rotations.resize((rotations.size() + 1) / 2);
  }
  sweeps += rotations.front()->run(most_sweeps(steps), negligible_decrease(steps));
  orientation.resize(scatter.dimension(), scatter.dimension());
  orthonormalize(rotations.front()->orientation(), orientation);
  return sweeps;
}

}  // namespace mix
