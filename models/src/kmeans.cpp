#include "mix/models/kmeans.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "arguments.h"
#include "lloyd.h"
#include "mix/parallel.h"
#include "mix/support.h"
#include "seeding.h"

namespace mix {
namespace {

// Rows, and rows times centers, above which single rows are not exchanged: a pass costs as much as
// one of Lloyd's, but in one thread.
constexpr Index most_exchanged_rows = 20000;
constexpr Index most_exchanged_pairs = Index{20} << 20;

bool exchanges(Rows x, Index k) {
  return x.rows() <= most_exchanged_rows && x.rows() * k <= most_exchanged_pairs;
}

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

void check_ranges(Rows x) {
  for (Index j = 0; j < x.cols(); ++j) {
    const double low = x.col(j).minCoeff();
    const double high = x.col(j).maxCoeff();
    if (low == high) continue;
    const std::string complaint = check_range(j + 1, low, high);
    if (!complaint.empty()) throw std::invalid_argument("kmeans: " + complaint);
  }
}

void check_arguments(Rows x, Index k, const KMeansOptions& options) {
  if (k < 1 || k > x.rows()) {
    throw std::invalid_argument(
        fmt::format("kmeans: k must be from 1 to the number of rows, {}, but is {}", x.rows(), k));
  }
  if (options.max_iter < 1) {
    throw std::invalid_argument(
        fmt::format("kmeans: max_iter must be at least 1, but is {}", options.max_iter));
  }
  check_cells(x, "kmeans");
  // Seeds are drawn by squares of distances.
  if (!options.centers) check_ranges(x);
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
    KMeans only = lloyd(x, w, *options.centers, options.max_iter);
    only.starts = only.hits = 1;
    return only;
  }
  const double work = static_cast<double>(x.rows()) * static_cast<double>(k * x.cols());
  const Index starts = options.n_init > 0 ? options.n_init
                                          : std::clamp(static_cast<Index>(2e6 / work),
                                                       affordable_starts(10, k), Index{100});
  const Matrix points = x;
  KMeans best;
  std::vector<double> inertias;
  for (Index start = 0; start < starts; ++start) {
    Rng rng(options.seed, Purpose::start, static_cast<std::uint64_t>(start));
    KMeans next = lloyd(x, w, points(seed_rows(points, w, k, rng), Eigen::all), options.max_iter);
    if (exchanges(x, k) && next.n_iter < options.max_iter) {
      exchange_rows(x, w, next);
      const Index before = next.n_iter;
      next = lloyd(x, w, std::move(next.centers), options.max_iter - before);
      next.n_iter += before;
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
