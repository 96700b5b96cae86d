#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

#include "arguments.h"
#include "chosen_cells.h"
#include "group_gate.h"
#include "mix/coordinates.h"
#include "mix/errors.h"
#include "mix/models/standard_errors.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// The step by which scales are found, in coordinates, and then that of differences, in standard
// errors of one row if all else were known: the second differences of second order err by about
// its square, and by rounding divided by its square.
constexpr double probe_step = 1e-4;
constexpr double step_in_errors = 5e-4;
constexpr double longest_step = 1e-2;
constexpr double shortest_step = 1e-8;
// A component does not depend on a coordinate that moves its log densities by less than rounding.
constexpr double rounding_of_squares = 1e-16;
constexpr double rounding_beside_others = 1e-12;
// Steps of one length and of two give curvatures that differ by no more than this where there is a
// second derivative; and the complete data's is no smaller part of the scores' variation.
constexpr double rough_curvature = 0.05;
constexpr double flat_curvature = 1e-6;
// A step changes log densities by more than this beside the one to the other side, in squares,
// unless it meets a bound.
constexpr double one_sided = 1e-10;
constexpr Index most_coordinates = 1000;
// Families with moved parameters that are in memory at a time.
constexpr Index points_at_once = 512;

// Rows in an order in which those of a unit (a row, or a group) are neighbors, and pieces of them
// that consist of whole units.
class Units {
 public:
  struct Piece {
    Index first_row;
    Index rows;
    Index first;
    Index count;
  };

  Units(const AnyRows& x, const Vector& w, const Groups& groups)
      : order_(order_of(groups)),
        ordered_(groups.empty() ? std::nullopt : std::optional(ChosenCells::of_rows(x, order_))),
        x_(ordered_ ? ordered_->view() : x),
        w_(w) {
    if (groups.empty()) {
      for (Index first = 0; first < x.rows(); first += block_rows) {
        const Index count = std::min(block_rows, x.rows() - first);
        pieces_.push_back({first, count, first, count});
      }
      weight_ = w;
      return;
    }
    w_ = Vector(w(order_));
    weight_ = (groups.sums(w).array() > 0).cast<double>();
    Piece piece{0, 0, 0, 0};
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const bool begins = i == 0 || groups[order_[i]] != groups[order_[i - 1]];
      if (begins && piece.rows >= block_rows) {
        pieces_.push_back(piece);
        piece = {piece.first_row + piece.rows, 0, piece.first + piece.count, 0};
      }
      ++piece.rows;
      if (begins) ++piece.count;
      of_row_.push_back(groups[order_[i]]);
    }
    pieces_.push_back(piece);
  }

  [[nodiscard]] Index rows() const { return x_.rows(); }
  [[nodiscard]] AnyRows rows_of(const Piece& piece) const {
    return x_.middleRows(piece.first_row, piece.rows);
  }
  /// How often each unit counts.
  [[nodiscard]] const Vector& weight() const { return weight_; }

  // The sums over the rows of each unit of the piece.
  [[nodiscard]] Matrix sums(const Piece& piece, Matrix of_rows) const {
    if (of_row_.empty()) return of_rows;
    Matrix sum = Matrix::Zero(piece.count, of_rows.cols());
    for (Index i = 0; i < piece.rows; ++i) {
      const Index unit = of_row_[static_cast<std::size_t>(piece.first_row + i)] - piece.first;
      sum.row(unit) += w_[piece.first_row + i] * of_rows.row(i);
    }
    return sum;
  }

  // Adds up over all pieces; the same bits for any number of threads.
  template <class Body>
  [[nodiscard]] Vector sum(Index size, const Body& body) const {
    const auto count = static_cast<Index>(pieces_.size());
    return sum_over_blocks(count * block_rows, size, [&](Index first, Index rows, VectorRef total) {
      for (Index i = first / block_rows; i < (first + rows) / block_rows; ++i) {
        body(pieces_[static_cast<std::size_t>(i)], total);
      }
    });
  }

 private:
  static std::vector<Index> order_of(const Groups& groups) {
    std::vector<Index> order(static_cast<std::size_t>(groups.rows()));
    std::iota(order.begin(), order.end(), Index{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return groups[a] < groups[b]; });
    return order;
  }

  std::vector<Index> order_;  // of the rows in groups
  std::optional<ChosenCells> ordered_;
  AnyRows x_;
  Vector w_;
  Vector weight_;
  std::vector<Piece> pieces_;
  std::vector<Index> of_row_;  // empty where every row is a unit
};

Matrix log_densities(const AnyFamily& family, const AnyRows& x) {
  Matrix l(x.rows(), family.size());
  family.log_densities(x, l);
  return l;
}

// Where a component does not explain a row it has no share in it either.
Matrix finite(const Matrix& differences) {
  return differences.array().isFinite().select(differences, 0.0);
}

// Coordinates that no two of which one component depends on: they can be moved together.
using Color = std::vector<Index>;

class Differences {
 public:
  Differences(const MixtureModel& model, const AnyRows& x, const StandardErrorOptions& options)
      : model_(model),
        state_(model.state()),
        free_weights_(model.mixing() == MixingWeights::free),
        offset_(free_weights_ ? model.n_components() : 0),
        at_(state_.family.coordinates()),
        w_(options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows())),
        units_(x, w_, options.groups) {
    const Posterior posterior = options.groups.empty()
                                    ? mix::posterior(state_, x)
                                    : mix::posterior(state_, x, w_, options.groups);
    check_densities(posterior.log_density);
    r_ = posterior.responsibilities;
    r_.array().colwise() *= units_.weight().array();
    found_.mass = r_.colwise().sum();
    for (Index i = 0; i < posterior.log_density.size(); ++i) {
      if (units_.weight()[i] > 0) {
        found_.log_likelihood += units_.weight()[i] * posterior.log_density[i];
      }
    }
    found_.coordinates.resize(size());
    found_.coordinates << state_.weights.head(offset_).array().log().matrix(), at_;
  }

  Information run() {
    find_steps();
    color();
    const Vector curvatures = add_scores();
    if (has_second_derivatives(curvatures)) {
      found_.complete = -curvature_of_components(curvatures);
      add_weights();
    }
    add_prior();
    if (found_.complete.size() > 0) {
      found_.observed = found_.complete + found_.scores - found_.complete_scores;
    }
    found_.step.resize(size());
    found_.step << Vector::Constant(offset_, step_in_errors), step_;
    return std::move(found_);
  }

 private:
  [[nodiscard]] Index components() const { return state_.family.size(); }
  [[nodiscard]] Index own() const { return at_.size(); }
  [[nodiscard]] Index size() const { return offset_ + own(); }

  void check_densities(const Vector& log_density) const {
    for (Index i = 0; i < log_density.size(); ++i) {
      if (!(units_.weight()[i] > 0) || log_density[i] > -infinity) continue;
      throw std::invalid_argument(fmt::format(
          "standard_errors: {} {} has {} under the model; leave it out or fit the model to it",
          units_.weight().size() == units_.rows() ? "row" : "group", i + 1,
          log_density[i] == -infinity ? "density 0" : "no density"));
    }
  }

  [[nodiscard]] AnyFamily moved(const Vector& change) const {
    AnyFamily family = state_.family;
    family.set_coordinates(at_ + change);
    return family;
  }
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
  void find_steps() {
    const Index k = components();
    depends_ = Matrix::Zero(k, own());
    step_ = Vector::Constant(own(), probe_step);
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
  }
  // From the sums over rows of squared slopes, by share and by weight, and of squared changes to
  // either side.
  void set_step(Index j, const Vector& sums) {
    const Index components_count = components();
    const auto shared = sums.head(components_count);
    const auto squares = sums.segment(components_count, components_count);
    const double up = sums.segment(2 * components_count, components_count).sum();
    const double down = sums.tail(components_count).sum();
    // A parameter at a bound moves to one side only: it counts as known.
    if (std::min(up, down) < one_sided * std::max(up, down)) return;
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
    if (information > 0) {
      step_[j] = std::clamp(step_in_errors * std::sqrt(mass / information),
                            shortest_step * (1 + std::abs(at_[j])), longest_step);
    } else {
      depends_.col(j).setZero();  // only components without rows
    }
  }

  void color() {
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

  // The derivatives of the components' log densities by the coordinates of each color, one matrix
  // per component; and, added to `curvature`, those of second order of one step and of two.
  [[nodiscard]] std::vector<Matrix> slopes(const Units::Piece& piece,
                                           const std::vector<AnyFamily>& points,
                                           VectorRef curvature) const {
    const AnyRows x = units_.rows_of(piece);
    const Matrix here = log_densities(state_.family, x);
    std::vector<Matrix> all(static_cast<std::size_t>(components()),
                            Matrix::Zero(piece.count, colors()));
    for (Index c = 0; c < colors(); ++c) {
      const auto difference = [&](Index i) {
        const Matrix there = log_densities(points[static_cast<std::size_t>(4 * c + i)], x);
        return units_.sums(piece, finite(there - here));
      };
      const Matrix up = difference(0);
      const Matrix down = difference(1);
      const Matrix far_up = difference(2);
      const Matrix far_down = difference(3);
      for (Index k = 0; k < components(); ++k) {
        const Index j = coordinate(k, c);
        if (j < 0) continue;
        const double h = step_[j];
        all[static_cast<std::size_t>(k)].col(c) =
            (8 * (up.col(k) - down.col(k)) - (far_up.col(k) - far_down.col(k))) / (12 * h);
        const auto own_shares = shares(piece).col(k);
        const Index place = 2 * (k * colors() + c);
        curvature[place] += own_shares.dot(up.col(k) + down.col(k)) / (h * h);
        curvature[place + 1] += own_shares.dot(far_up.col(k) + far_down.col(k)) / (4 * h * h);
      }
    }
    return all;
  }

  // Score, J and the complete data's information; returns the curvatures of single coordinates.
  [[nodiscard]] Vector add_scores() {
    std::vector<AnyFamily> points;
    for (const Color& color : colors_) {
      for (const double steps : {1.0, -1.0, 2.0, -2.0}) points.push_back(moved(color, steps));
    }
    const Index p = size();
    const Index curvatures = 2 * components() * colors();
    const Vector sum =
        units_.sum(p + 2 * p * p + curvatures, [&](const Units::Piece& piece, VectorRef total) {
          const std::vector<Matrix> g = slopes(piece, points, total.tail(curvatures));
          add_piece(piece, g, total);
        });
    found_.score = sum.head(p);
    found_.complete_scores = Eigen::Map<const Matrix>(sum.data() + p, p, p);
    found_.scores = Eigen::Map<const Matrix>(sum.data() + p + p * p, p, p);
    return sum.tail(curvatures);
  }
  void add_piece(const Units::Piece& piece, const std::vector<Matrix>& g, VectorRef total) const {
    const Index p = size();
    Eigen::Map<Matrix> complete(total.data() + p, p, p);
    Eigen::Map<Matrix> scores(total.data() + p + p * p, p, p);
    const auto r = shares(piece);
    const Vector u = units_.weight().segment(piece.first, piece.count);
    Matrix s = Matrix::Zero(piece.count, p);  // times the unit's weight
    if (offset_ > 0) s.leftCols(offset_) = r - u * state_.weights.transpose();
    for (Index k = 0; k < components(); ++k) {
      const Matrix& own_slopes = g[static_cast<std::size_t>(k)];
      const Matrix shared = r.col(k).asDiagonal() * own_slopes;
      const Matrix product = own_slopes.transpose() * shared;
      const Vector sum = shared.colwise().sum();
      for (Index a = 0; a < colors(); ++a) {
        const Index i = coordinate(k, a);
        if (i < 0) continue;
        s.col(offset_ + i) += shared.col(a);
        for (Index b = 0; b < colors(); ++b) {
          if (const Index j = coordinate(k, b); j >= 0) {
            complete(offset_ + i, offset_ + j) += product(a, b);
          }
        }
        if (offset_ == 0) continue;
        Vector beside_weights = -sum[a] * state_.weights;
        beside_weights[k] += sum[a];
        complete.col(offset_ + i).head(offset_) += beside_weights;
        complete.row(offset_ + i).head(offset_) += beside_weights.transpose();
      }
    }
    if (offset_ > 0) {
      const Vector mass = r.colwise().sum();
      complete.topLeftCorner(offset_, offset_) +=
          Matrix(mass.asDiagonal()) - mass * state_.weights.transpose() -
          state_.weights * mass.transpose() + u.sum() * state_.weights * state_.weights.transpose();
    }
    total.head(p) += s.colwise().sum().transpose();
    const Vector inverse = u.unaryExpr([](double weight) { return weight > 0 ? 1 / weight : 0; });
    scores.noalias() += s.transpose() * inverse.asDiagonal() * s;
  }

  [[nodiscard]] bool has_second_derivatives(const Vector& curvatures) const {
    Vector once = Vector::Zero(own());
    Vector twice = Vector::Zero(own());
    for (Index k = 0; k < components(); ++k) {
      for (Index c = 0; c < colors(); ++c) {
        const Index j = coordinate(k, c);
        if (j < 0) continue;
        once[j] += curvatures[2 * (k * colors() + c)];
        twice[j] += curvatures[2 * (k * colors() + c) + 1];
      }
    }
    for (Index j = 0; j < own(); ++j) {
      const double information = found_.complete_scores(offset_ + j, offset_ + j);
      if (!(information > 0)) continue;
      if (std::abs(once[j] - twice[j]) > rough_curvature * std::max(std::abs(once[j]), information))
        return false;
      if (std::abs(once[j]) < flat_curvature * information) return false;
    }
    return true;
  }

  // Sum over units and components of share times second derivative of the log density.
  [[nodiscard]] Matrix curvature_of_components(const Vector& curvatures) const {
    Matrix all = Matrix::Zero(size(), size());
    // Fourth order along the coordinates themselves.
    for (Index k = 0; k < components(); ++k) {
      for (Index c = 0; c < colors(); ++c) {
        const Index j = coordinate(k, c);
        if (j < 0) continue;
        const Index place = 2 * (k * colors() + c);
        all(offset_ + j, offset_ + j) += (4 * curvatures[place] - curvatures[place + 1]) / 3;
      }
    }
    std::vector<std::pair<Index, Index>> pairs;
    for (Index b = 0; b < colors(); ++b) {
      for (Index a = 0; a < b; ++a) {
        bool meet = false;
        for (Index k = 0; k < components(); ++k) {
          meet = meet || (coordinate(k, a) >= 0 && coordinate(k, b) >= 0);
        }
        if (meet) pairs.emplace_back(a, b);
      }
    }
    const auto count = static_cast<Index>(pairs.size());
    for (Index first = 0; first < count; first += points_at_once / 2) {
      const Index end = std::min(first + points_at_once / 2, count);
      add_mixed({pairs.begin() + first, pairs.begin() + end}, curvatures, all);
    }
    return all;
  }

  // f(+a+b) + f(-a-b) - 2 f holds the curvatures along a and along b and twice the mixed one.
  void add_mixed(const std::vector<std::pair<Index, Index>>& pairs, const Vector& curvatures,
                 Matrix& all) const {
    const auto count = static_cast<Index>(pairs.size());
    std::vector<std::pair<AnyFamily, AnyFamily>> points(pairs.size());
    for_each_index(count, [&](Index i) {
      const auto& [a, b] = pairs[static_cast<std::size_t>(i)];
      Vector change = Vector::Zero(own());
      for (const Index color : {a, b}) {
        for (const Index j : colors_[static_cast<std::size_t>(color)]) change[j] = step_[j];
      }
      points[static_cast<std::size_t>(i)] = {moved(change), moved(-change)};
    });
    const Index k = components();
    const Vector sum = units_.sum(k * count, [&](const Units::Piece& piece, VectorRef total) {
      const AnyRows x = units_.rows_of(piece);
      const Matrix here = 2 * log_densities(state_.family, x);
      for (Index i = 0; i < count; ++i) {
        const auto& [up, down] = points[static_cast<std::size_t>(i)];
        const Matrix second =
            units_.sums(piece, finite(log_densities(up, x) + log_densities(down, x) - here));
        total.segment(k * i, k) += second.cwiseProduct(shares(piece)).colwise().sum().transpose();
      }
    });
    for (Index i = 0; i < count; ++i) {
      const auto& [a, b] = pairs[static_cast<std::size_t>(i)];
      for (Index c = 0; c < k; ++c) {
        const Index ja = coordinate(c, a);
        const Index jb = coordinate(c, b);
        if (ja < 0 || jb < 0) continue;
        const double of_a = step_[ja] * step_[ja] * curvatures[2 * (c * colors() + a)];
        const double of_b = step_[jb] * step_[jb] * curvatures[2 * (c * colors() + b)];
        const double mixed = (sum[k * i + c] - of_a - of_b) / (2 * step_[ja] * step_[jb]);
        all(offset_ + ja, offset_ + jb) += mixed;
        all(offset_ + jb, offset_ + ja) += mixed;
      }
    }
  }

  // The second derivative of sum over k of mass_k log pi_k.
  void add_weights() {
    if (offset_ == 0) return;
    found_.complete.topLeftCorner(offset_, offset_) +=
        units_.weight().sum() *
        (Matrix(state_.weights.asDiagonal()) - state_.weights * state_.weights.transpose());
  }

  // What the prior adds to score and curvature.
  void add_prior() {
    const auto prior_at = [&](const Vector& change) { return moved(change).log_prior(); };
    const double here = state_.family.log_prior();
    const auto unit = [&](Index j) -> Vector { return step_[j] * Vector::Unit(own(), j); };
    Vector up(own());
    Vector down(own());
    for (Index j = 0; j < own(); ++j) {
      up[j] = prior_at(unit(j));
      down[j] = prior_at(-unit(j));
    }
    if ((up.array() == here).all() && (down.array() == here).all()) return;
    for (Index i = 0; i < own(); ++i) {
      found_.score[offset_ + i] += (up[i] - down[i]) / (2 * step_[i]);
      if (found_.complete.size() == 0) continue;
      const double own_curvature = up[i] + down[i] - 2 * here;
      found_.complete(offset_ + i, offset_ + i) -= own_curvature / (step_[i] * step_[i]);
      for (Index j = 0; j < i; ++j) {
        const Vector both = unit(i) + unit(j);
        const double second = prior_at(both) + prior_at(-both) - 2 * here;
        const double mixed =
            (second - own_curvature - (up[j] + down[j] - 2 * here)) / (2 * step_[i] * step_[j]);
        found_.complete(offset_ + i, offset_ + j) -= mixed;
        found_.complete(offset_ + j, offset_ + i) -= mixed;
      }
    }
  }

  const MixtureModel& model_;
  const MixtureState& state_;
  bool free_weights_;
  Index offset_;  // of the family's coordinates
  Vector at_;
  Vector w_;
  Units units_;
  Matrix r_;        // units x components: responsibilities times the units' weights
  Matrix depends_;  // components x coordinates, 0 or 1
  Vector step_;
  std::vector<Color> colors_;
  std::vector<Index> of_color_;  // components x colors
  Information found_;
};

}  // namespace

Information information(const MixtureModel& model, const AnyRows& x,
                        const StandardErrorOptions& options) {
  constexpr const char* what = "standard_errors";
  check_rows(model, x, options.sample_weight, what);
  check_groups(options.groups, x.rows(), what);
  if (!model.family().charted()) {
    throw NotAvailable(fmt::format(
        "{}: the parameters of family {} have no coordinates without bounds, or are at its edges, "
        "so there is no information matrix; use the bootstrap",
        what, in_quotes(model.family().name())));
  }
  const Index count = model.family().coordinates().size();
  if (count > most_coordinates) {
    throw NotAvailable(
        fmt::format("{}: the family has {} coordinates, more than the limit of {}; use the "
                    "bootstrap, or a family with fewer parameters",
                    what, count, most_coordinates));
  }
  std::optional<Information> found;
  if (const auto gate = group_gate(model, x, options.sample_weight, options.groups)) {
    with_threads(options.threads,
                 [&] { found = Differences(gate->model, gate->rows, options).run(); });
    return *std::move(found);
  }
  with_threads(options.threads, [&] { found = Differences(model, x, options).run(); });
  return *std::move(found);
}

}  // namespace mix
