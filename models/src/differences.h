#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "mix/models/standard_errors.h"
#include "model_chart.h"
#include "units.h"

/// How information() works inside.
namespace mix::differences {

// In units of one row's standard error if all else were known: the second differences of second
// order err by about its square, and by rounding divided by its square.
inline constexpr double step_in_errors = 5e-4;
// Families with moved parameters that are in memory at a time.
inline constexpr Index points_at_once = 512;

inline Matrix log_densities(const AnyFamily& family, const AnyRows& x) {
  Matrix l(x.rows(), family.size());
  family.log_densities(x, l);
  return l;
}

// Where a component does not explain a row it has no share in it either.
inline Matrix finite(const Matrix& differences) {
  return differences.array().isFinite().select(differences, 0.0);
}

// Coordinates no two of which one component depends on: they can be moved together.
using Color = std::vector<Index>;

/// The terms of Louis's identity by central differences, in the coordinates of a chart.
class Differences {
 public:
  Differences(const MixtureModel& model, const AnyRows& x, const StandardErrorOptions& options);

  Information run();

 private:
  [[nodiscard]] Index components() const { return state_.family.size(); }
  [[nodiscard]] Index own() const { return chart_->own().size(); }
  [[nodiscard]] Index size() const { return offset_ + own(); }

  void check_densities(const Vector& log_density) const;

  [[nodiscard]] AnyFamily moved(const Vector& change) const { return chart_->family(change); }
  [[nodiscard]] AnyFamily moved(const Color& color, double steps) const {
    Vector change = Vector::Zero(own());
    for (const Index j : color) change[j] = steps * step_[j];
    return moved(change);
  }
  [[nodiscard]] Eigen::Block<const Matrix> shares(const Units::Piece& piece) const {
    return r_.middleRows(piece.first, piece.count);
  }
  [[nodiscard]] Index& coordinate(Index component, Index color) {
    return of_color_[static_cast<std::size_t>(component * colors() + color)];
  }
  // The coordinate of that color on which the component depends; -1 where there is none.
  [[nodiscard]] Index coordinate(Index component, Index color) const {
    return of_color_[static_cast<std::size_t>(component * colors() + color)];
  }
  [[nodiscard]] Index colors() const { return static_cast<Index>(colors_.size()); }

  // Which component depends on which coordinate, and how much one row says of each.
  void find_steps();
  // From the sums over rows of squared slopes, by share and by weight, and of squared changes to
  // either side.
  void set_step(Index j, const Vector& sums);
  // Of those, coordinates of which the data say so little that they are as good as at a bound.
  void find_bounds(const std::vector<Index>& weak);
  void count_as_known(Index j);

  void color();

  // What is summed besides the scores of a component and a color: second derivatives by one step
  // and by two, and squares of the slope and of what one step and two make it differ.
  enum Term : Index { by_one_step, by_two_steps, squared_slope, squared_gap, terms };
  [[nodiscard]] Index place(Index component, Index color, Term term) const {
    return terms * (component * colors() + color) + term;
  }
  // Whether steps were too long for how fast some slopes change, and are shorter now.
  bool shorten_steps(const Vector& curvatures);

  // The derivatives of the components' log densities by the coordinates of each color, one matrix
  // per component; the terms of each are added to `curvature`.
  [[nodiscard]] std::vector<Matrix> slopes(const Units::Piece& piece,
                                           const std::vector<AnyFamily>& points,
                                           VectorRef curvature) const;

  // Score, J and the complete data's information; returns the curvatures of single coordinates.
  [[nodiscard]] Vector add_scores();
  void add_piece(const Units::Piece& piece, const std::vector<Matrix>& g, VectorRef total) const;

  [[nodiscard]] bool has_second_derivatives(const Vector& curvatures) const;

  // Sum over units and components of share times second derivative of the log density.
  [[nodiscard]] Matrix curvature_of_components(const Vector& curvatures) const;

  // f(+a+b) + f(-a-b) - 2 f holds the curvatures along a and along b and twice the mixed one.
  void add_mixed(const std::vector<std::pair<Index, Index>>& pairs, const Vector& curvatures,
                 Matrix& all) const;

  // The second derivative of sum over k of mass_k log pi_k.
  void add_weights();

  // What the prior adds to score and curvature.
  void add_prior();

  const MixtureState& state_;
  std::shared_ptr<const ModelChart> chart_;
  Index offset_;  // of the family's coordinates
  Vector w_;
  Units units_;
  Matrix r_;        // units x components: responsibilities times the units' weights
  Matrix depends_;  // components x coordinates, 0 or 1
  Vector step_;
  Vector information_;  // of each coordinate if all else were known, by the complete data
  std::vector<Color> colors_;
  std::vector<Index> of_color_;  // components x colors
  Information found_;
};

}  // namespace mix::differences
