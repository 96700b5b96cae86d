#include "mix/models/kmeans.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "arguments.h"
#include "mix/parallel.h"
#include "seeding.h"

namespace mix {
namespace {

// Gaussians with one common spherical covariance of known size: under hard assignment and equal
// weights its size cancels, so it is one throughout (Luecke & Forster 2019).
class Centers {
 public:
  static constexpr std::string_view name = "centers";

  explicit Centers(Matrix centers) : centers_(std::move(centers)) {}
  [[nodiscard]] const Matrix& centers() const { return centers_; }

  [[nodiscard]] Index size() const { return centers_.rows(); }
  [[nodiscard]] Index dimension() const { return centers_.cols(); }
  [[nodiscard]] Index parameter_count() const { return centers_.size(); }
  void log_densities(Rows x, MatrixRef out) const {
    // From the differences, never from the expanded square: that would lose digits and change ties.
    for (Index k = 0; k < size(); ++k) {
      out.col(k) = -0.5 * (x.rowwise() - centers_.row(k)).rowwise().squaredNorm();
    }
  }
  [[nodiscard]] Index statistics_size() const { return size() * (dimension() + 1); }
  void accumulate(Rows x, Shares shares, VectorRef statistics) const {
    const Index d = dimension();
    for (Index i = 0; i < x.rows(); ++i) {
      for (Index k = 0; k < size(); ++k) {
        const double share = shares(i, k);
        if (!(share > 0)) continue;
        statistics[k * (d + 1)] += share;
        statistics.segment(k * (d + 1) + 1, d) += share * (x.row(i) - centers_.row(k)).transpose();
      }
    }
  }
  void maximize(ConstVectorRef sum) {
    const Index d = dimension();
    for (Index k = 0; k < size(); ++k) {
      const double mass = sum[k * (d + 1)];
      if (mass > 0) centers_.row(k) += sum.segment(k * (d + 1) + 1, d).transpose() / mass;
    }
  }

 private:
  Matrix centers_;
};

// Rows above which single rows are not exchanged: a pass costs as much as one of Lloyd's, but in
// one thread.
constexpr Index most_exchanged_rows = 20000;

// Moves single rows between clusters while that lowers the inertia (Hartigan & Wong 1979). Lloyd's
// optima are not always optima of this kind, but every one of these is a fixed point of Lloyd's.
void exchange_rows(Rows x, Weights w, KMeans& result) {
  const Index k = result.centers.rows();
  Vector mass = Vector::Zero(k);
  for (Index i = 0; i < x.rows(); ++i) mass[result.labels[static_cast<std::size_t>(i)]] += w[i];
  for (bool moved = true; moved;) {
    moved = false;
    for (Index i = 0; i < x.rows(); ++i) {
      Index& label = result.labels[static_cast<std::size_t>(i)];
      if (!(w[i] > 0) || !(mass[label] > w[i])) continue;
      const Vector distance = (result.centers.rowwise() - x.row(i)).rowwise().squaredNorm();
      const double saved = distance[label] * mass[label] / (mass[label] - w[i]);
      Index best = label;
      double least = saved * (1 - 1e-12);  // a move must gain more than rounding, or it never ends
      for (Index c = 0; c < k; ++c) {
        const double cost = distance[c] * mass[c] / (mass[c] + w[i]);
        if (c != label && cost < least) {
          least = cost;
          best = c;
        }
      }
      if (best == label) continue;
      result.centers.row(label) +=
          (result.centers.row(label) - x.row(i)) * (w[i] / (mass[label] - w[i]));
      result.centers.row(best) +=
          (x.row(i) - result.centers.row(best)) * (w[i] / (mass[best] + w[i]));
      mass[label] -= w[i];
      mass[best] += w[i];
      label = best;
      moved = true;
    }
  }
}

KMeans run_once(Rows x, Weights w, Matrix centers, const KMeansOptions& options) {
  const Index k = centers.rows();
  MixtureState state{Vector::Constant(k, 1.0 / static_cast<double>(k)),
                     Centers(std::move(centers))};
  EmOptions em;
  em.assignment = Hard{};
  em.mixing = MixingWeights::equal;
  em.empty = EmptyComponent::reseed;
  em.max_iter = options.max_iter;
  em.tol = -1;  // ends when the labels repeat, never earlier
  const EmReport report = run_em(state, x, w, em);

  KMeans result;
  result.centers = state.family.as<Centers>()->centers();
  result.n_iter = report.n_iter;
  result.stop = report.stop;
  result.labels.resize(static_cast<std::size_t>(x.rows()));
  const Vector inertia = sum_over_blocks(x.rows(), 1, [&](Index first, Index count, VectorRef sum) {
    Matrix l(count, k);
    state.family.log_densities(x.middleRows(first, count), l);
    for (Index i = 0; i < count; ++i) {
      Index best = 0;
      const double highest = l.row(i).maxCoeff(&best);
      result.labels[static_cast<std::size_t>(first + i)] = best;
      if (w[first + i] > 0) sum[0] += w[first + i] * -2 * highest;
    }
  });
  result.inertia = inertia[0];
  return result;
}

void check_arguments(Rows x, Index k, const KMeansOptions& options) {
  if (k < 1 || k > x.rows()) {
    throw std::invalid_argument(
        fmt::format("kmeans: k must be from 1 to the number of rows, {}, but is {}", x.rows(), k));
  }
  check_cells(x, "kmeans");
  if (options.sample_weight.size() > 0) check_weights(options.sample_weight, x.rows(), "kmeans");
  if (options.centers && (options.centers->rows() != k || options.centers->cols() != x.cols())) {
    throw std::invalid_argument(
        fmt::format("kmeans: the start centers must be {} x {}, but are {} x {}", k, x.cols(),
                    options.centers->rows(), options.centers->cols()));
  }
}

KMeans kmeans_here(Rows x, Index k, const KMeansOptions& options) {
  const Vector w =
      options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows());
  if (options.centers) {
    KMeans only = run_once(x, w, *options.centers, options);
    only.starts = only.hits = 1;
    return only;
  }
  const double work = static_cast<double>(x.rows()) * static_cast<double>(k * x.cols());
  const Index starts = options.n_init > 0
                           ? options.n_init
                           : std::clamp(static_cast<Index>(2e6 / work), Index{10}, Index{100});
  const Matrix points = x;
  KMeans best;
  std::vector<double> inertias;
  for (Index start = 0; start < starts; ++start) {
    Rng rng(options.seed, Purpose::start, static_cast<std::uint64_t>(start));
    KMeans next = run_once(x, w, points(seed_rows(points, w, k, rng), Eigen::all), options);
    if (x.rows() <= most_exchanged_rows) {
      exchange_rows(x, w, next);
      const Index lloyd = next.n_iter;
      next = run_once(x, w, std::move(next.centers), options);
      next.n_iter += lloyd;
    }
    inertias.push_back(next.inertia);
    if (start == 0 || next.inertia < best.inertia) best = std::move(next);
  }
  best.starts = starts;
  best.hits = std::count_if(inertias.begin(), inertias.end(),
                            [&](double inertia) { return inertia <= best.inertia * (1 + 1e-6); });
  return best;
}

}  // namespace

KMeans kmeans(Rows x, Index k, const KMeansOptions& options) {
  check_arguments(x, k, options);
  KMeans result;
  with_threads(options.threads, [&] { result = kmeans_here(x, k, options); });
  return result;
}

}  // namespace mix
