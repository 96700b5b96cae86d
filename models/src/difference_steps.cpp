#include <algorithm>
#include <cmath>

#include "differences.h"

namespace mix::differences {
namespace {

// The step by which scales are found, in coordinates, and the limits of those of differences.
constexpr double probe_step = 1e-4;
constexpr double longest_step = 1e-2;
constexpr double shortest_step = 1e-8;
// A component does not depend on a coordinate that moves its log densities by less than rounding.
constexpr double rounding_of_squares = 1e-16;
constexpr double rounding_beside_others = 1e-12;
// A step changes log densities by more than this beside the one to the other side, in squares,
// unless it meets a bound.
constexpr double one_sided = 1e-10;
// A standard error of a logarithm or a logit, if all else were known, from which an interval says
// nothing; as long a step then shows whether there is a bound to one side, if only in the limit.
constexpr double far_step = 30;
constexpr double one_sided_far = 1e-6;
// Steps of one length and of two give slopes that differ by no more than this share of themselves,
// root mean squares over rows; a step becomes no shorter than the second share of itself at once.
constexpr double rough_slope = 1e-4;
constexpr double shortened_most = 0.16;
constexpr double ruled_out = 1e3;  // nats, of a row that has no density there

}  // namespace

// Which component depends on which coordinate, and how much one row says of each.
void Differences::find_steps() {
  const Index k = components();
  depends_ = Matrix::Zero(k, own());
  step_ = Vector::Constant(own(), probe_step);
  information_ = Vector::Zero(own());
  for (Index begin = 0; begin < own(); begin += points_at_once / 2) {
    const Index count = std::min(points_at_once / 2, own() - begin);
    std::vector<std::pair<AnyFamily, AnyFamily>> points;
    for (Index j = begin; j < begin + count; ++j) {
      points.emplace_back(moved(Color{j}, 1), moved(Color{j}, -1));
    }
    const Vector sum = units_.sum(4 * k * count, [&](const Units::Piece& piece, VectorRef total) {
      const AnyRows x = units_.rows_of(piece);
      const Matrix here = log_densities(state_.family, x);
      const Vector u = units_.weight().segment(piece.first, piece.count);
      for (Index j = 0; j < count; ++j) {
        const auto& [up, down] = points[static_cast<std::size_t>(j)];
        const Matrix above = units_.sums(piece, finite(log_densities(up, x) - here));
        const Matrix below = units_.sums(piece, finite(log_densities(down, x) - here));
        const Matrix square = (above - below).cwiseAbs2() / (4 * probe_step * probe_step);
        auto sums = total.segment(4 * k * j, 4 * k);
        sums.head(k) += square.cwiseProduct(shares(piece)).colwise().sum().transpose();
        sums.segment(k, k) += square.transpose() * u;
        sums.segment(2 * k, k) += above.cwiseAbs2().transpose() * u;
        sums.tail(k) += below.cwiseAbs2().transpose() * u;
      }
    });
    for (Index j = 0; j < count; ++j) set_step(begin + j, sum.segment(4 * k * j, 4 * k));
  }
  std::vector<Index> weak;
  for (Index j = 0; j < own(); ++j) {
    if (depends_.col(j).sum() > 0 && information_[j] * far_step * far_step < 1) weak.push_back(j);
  }
  if (!weak.empty()) find_bounds(weak);
}

// From the sums over rows of squared slopes, by share and by weight, and of squared changes to
// either side.
void Differences::set_step(Index j, const Vector& sums) {
  const Index components_count = components();
  const auto shared = sums.head(components_count);
  const auto squares = sums.segment(components_count, components_count);
  const double up = sums.segment(2 * components_count, components_count).sum();
  const double down = sums.tail(components_count).sum();
  // A parameter at a bound moves to one side only: it counts as known.
  if (std::min(up, down) < one_sided * std::max(up, down)) {
    count_as_known(j);
    return;
  }
  const double least = std::max(rounding_beside_others * squares.maxCoeff(),
                                rounding_of_squares * units_.weight().sum());
  double information = 0;
  double mass = 0;
  for (Index k = 0; k < components_count; ++k) {
    if (!(squares[k] > least)) continue;
    depends_(k, j) = 1;
    information += shared[k];
    mass += found_.mass[k];
  }
  information_[j] = information;
  if (information > 0) {
    step_[j] = std::clamp(step_in_errors * std::sqrt(mass / information),
                          shortest_step * (1 + std::abs(chart_->own()[j])), longest_step);
  } else {
    depends_.col(j).setZero();  // only components without rows
  }
}

// Of a noise variance that goes to 0, say, its logarithm is only known to be low.
void Differences::find_bounds(const std::vector<Index>& weak) {
  const auto count = static_cast<Index>(weak.size());
  std::vector<AnyFamily> points;
  for (const Index j : weak) {
    for (const double side : {far_step, -far_step}) {
      points.push_back(moved(Vector(side * Vector::Unit(own(), j))));
    }
  }
  const Vector sum = units_.sum(2 * count, [&](const Units::Piece& piece, VectorRef total) {
    const AnyRows x = units_.rows_of(piece);
    const Matrix here = log_densities(state_.family, x);
    for (Index i = 0; i < 2 * count; ++i) {
      Matrix change = log_densities(points[static_cast<std::size_t>(i)], x) - here;
      change = here.array().isFinite().select(change, 0.0);
      change = change.array().isFinite().select(change, ruled_out);
      total[i] += units_.sums(piece, change).cwiseAbs2().cwiseProduct(shares(piece)).sum();
    }
  });
  for (Index i = 0; i < count; ++i) {
    const double up = sum[2 * i];
    const double down = sum[2 * i + 1];
    if (std::min(up, down) < one_sided_far * std::max(up, down)) {
      count_as_known(weak[static_cast<std::size_t>(i)]);
    }
  }
}

void Differences::count_as_known(Index j) {
  depends_.col(j).setZero();
  step_[j] = probe_step;
  found_.at_bound.push_back(offset_ + j);
}

void Differences::color() {
  Matrix taken(components(), 0);
  for (Index j = 0; j < own(); ++j) {
    if (!(depends_.col(j).sum() > 0)) continue;
    Index c = 0;
    while (c < taken.cols() && taken.col(c).dot(depends_.col(j)) > 0) ++c;
    if (c == taken.cols()) {
      taken.conservativeResize(Eigen::NoChange, c + 1);
      taken.col(c).setZero();
      colors_.emplace_back();
    }
    taken.col(c) += depends_.col(j);
    colors_[static_cast<std::size_t>(c)].push_back(j);
  }
  of_color_.assign(static_cast<std::size_t>(components() * colors()), -1);
  for (Index c = 0; c < colors(); ++c) {
    for (const Index j : colors_[static_cast<std::size_t>(c)]) {
      for (Index k = 0; k < components(); ++k) {
        if (depends_(k, j) > 0) coordinate(k, c) = j;
      }
    }
  }
}

// Where a row lies near an edge, say, its log density changes within less than a standard error.
bool Differences::shorten_steps(const Vector& curvatures) {
  bool any = false;
  for (Index c = 0; c < colors(); ++c) {
    for (const Index j : colors_[static_cast<std::size_t>(c)]) {
      double slope = 0;
      double gap = 0;
      for (Index k = 0; k < components(); ++k) {
        if (coordinate(k, c) != j) continue;
        slope += curvatures[place(k, c, squared_slope)];
        gap += curvatures[place(k, c, squared_gap)];
      }
      const double rough = slope > 0 ? std::sqrt(gap / slope) : 0;
      if (!(rough > rough_slope)) continue;
      step_[j] *= std::max(shortened_most, std::sqrt(rough_slope / rough));
      any = true;
    }
  }
  return any;
}

}  // namespace mix::differences
