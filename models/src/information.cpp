#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <utility>

#include "arguments.h"
#include "differences.h"
#include "group_gate.h"
#include "mix/errors.h"
#include "mix/models/standard_errors.h"
#include "mix/parallel.h"

namespace mix {
namespace differences {
namespace {

constexpr Index most_coordinates = 1000;
constexpr int most_shortenings = 3;
constexpr double enough_rows = 1.2;  // per coordinate, that scores may show all of them

}  // namespace

Differences::Differences(const MixtureModel& model, const AnyRows& x,
                         const StandardErrorOptions& options)
    : state_(model.state()),
      chart_(std::make_shared<ModelChart>(model, x)),
      offset_(chart_->weights()),
      w_(options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows())),
      units_(x, w_, options.groups) {
  const Index count = chart_->own().size();
  if (count > most_coordinates) {
    throw NotAvailable(
        fmt::format("standard_errors: the family has {} coordinates, more than the limit of {}; "
                    "use the bootstrap, or a family with fewer parameters",
                    count, most_coordinates));
  }
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
  found_.coordinates = chart_->coordinates();
  found_.at_ratio_limit = chart_->holds_limits();
  found_.moved = [chart = chart_](const Vector& change) { return chart->model(change); };
}

Information Differences::run() {
  find_steps();
  color();
  for (Index k = 0; k < components(); ++k) {
    found_.few_rows = found_.few_rows || found_.mass[k] < enough_rows * depends_.row(k).sum();
  }
  Vector curvatures = add_scores();
  for (int i = 0; i < most_shortenings && shorten_steps(curvatures); ++i) curvatures = add_scores();
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

void Differences::check_densities(const Vector& log_density) const {
  for (Index i = 0; i < log_density.size(); ++i) {
    if (!(units_.weight()[i] > 0) || log_density[i] > -infinity) continue;
    throw std::invalid_argument(fmt::format(
        "standard_errors: {} {} has {} under the model; leave it out or fit the model to it",
        units_.weight().size() == units_.rows() ? "row" : "group", i + 1,
        log_density[i] == -infinity ? "density 0" : "no density"));
  }
}

// The derivatives of the components' log densities by the coordinates of each color, one matrix
// per component; and, added to `curvature`, those of second order of one step and of two.
std::vector<Matrix> Differences::slopes(const Units::Piece& piece,
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
      curvature[place(k, c, by_one_step)] += own_shares.dot(up.col(k) + down.col(k)) / (h * h);
      curvature[place(k, c, by_two_steps)] +=
          own_shares.dot(far_up.col(k) + far_down.col(k)) / (4 * h * h);
      const Vector slope = (up.col(k) - down.col(k)) / (2 * h);
      const Vector gap = slope - (far_up.col(k) - far_down.col(k)) / (4 * h);
      curvature[place(k, c, squared_slope)] += own_shares.dot(slope.cwiseAbs2());
      curvature[place(k, c, squared_gap)] += own_shares.dot(gap.cwiseAbs2());
    }
  }
  return all;
}

// Score, J and the complete data's information; returns the curvatures of single coordinates.
Vector Differences::add_scores() {
  std::vector<AnyFamily> points;
  for (const Color& color : colors_) {
    for (const double steps : {1.0, -1.0, 2.0, -2.0}) points.push_back(moved(color, steps));
  }
  const Index p = size();
  const Index curvatures = terms * components() * colors();
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

void Differences::add_piece(const Units::Piece& piece, const std::vector<Matrix>& g,
                            VectorRef total) const {
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

// The second derivative of sum over k of mass_k log pi_k.
void Differences::add_weights() {
  if (offset_ == 0) return;
  found_.complete.topLeftCorner(offset_, offset_) +=
      units_.weight().sum() *
      (Matrix(state_.weights.asDiagonal()) - state_.weights * state_.weights.transpose());
}

}  // namespace differences

Information information(const MixtureModel& model, const AnyRows& x,
                        const StandardErrorOptions& options) {
  constexpr const char* what = "standard_errors";
  check_rows(model, x, options.sample_weight, what);
  check_groups(options.groups, x.rows(), what);
  std::optional<Information> found;
  if (const auto gate = group_gate(model, x, options.sample_weight, options.groups)) {
    with_threads(options.threads,
                 [&] { found = differences::Differences(gate->model, gate->rows, options).run(); });
    return *std::move(found);
  }
  with_threads(options.threads, [&] { found = differences::Differences(model, x, options).run(); });
  return *std::move(found);
}

}  // namespace mix
