#include "search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "mix/models/kmeans.h"
#include "seeding.h"

namespace mix {
namespace {

constexpr Index hierarchy_row_limit = 2000;
// Rows squared times columns cubed of a tree that is worth its time.
constexpr double hierarchy_work_limit = 3e8;

template <class T>
const T* as(const Start& start) {
  return std::get_if<T>(&start);
}

}  // namespace

bool rows_are_exchangeable(const FitOptions& options) {
  const auto exchangeable = [](const Start& start) {
    return !std::holds_alternative<start::Labels>(start) &&
           !std::holds_alternative<start::Responsibilities>(start);
  };
  return !options.assignment.by_row() && exchangeable(options.start) &&
         std::all_of(options.more_starts.begin(), options.more_starts.end(), exchangeable);
}

Starter::Starter(const MixtureModel& model, Rows x, Weights w, const FitOptions& options)
    : model_(model), x_(x), w_(w), options_(options), prepared_(model.family()) {
  prepared_.prepare(x, w);
  learnable_ = learnable_components(prepared_);
  groups_ = static_cast<Index>(learnable_.size());
}

Index Starter::default_draws() const {
  // Small problems cost little, so they get many starts; large ones the least that is sensible.
  const double work = static_cast<double>(x_.rows()) * static_cast<double>(model_.n_components());
  const double tiny = std::min(200.0, 3e4 / work);
  return static_cast<Index>(std::max(tiny, std::clamp(3e5 / work, 8.0, 40.0)));
}

bool Starter::hierarchy_fits() const {
  const auto n = static_cast<double>(std::min(x_.rows(), hierarchy_row_limit));
  const auto d = static_cast<double>(embedded_.cols() > 0 ? embedded_.cols() : x_.cols());
  return n * n * d * d * d < hierarchy_work_limit;
}

std::vector<PlannedStart> Starter::plan() const {
  std::vector<PlannedStart> planned;
  plan_one(options_.start, planned);
  for (const Start& start : options_.more_starts) plan_one(start, planned);
  return planned;
}

void Starter::plan_one(const Start& start, std::vector<PlannedStart>& planned) const {
  const bool random = as<start::KMeansPlusPlus>(start) != nullptr ||
                      as<start::KMeans>(start) != nullptr || as<start::Random>(start) != nullptr;
  if (as<start::Auto>(start) == nullptr) {
    const Index draws = random ? std::max<Index>(options_.n_init, 1) : 1;
    if (const auto* several = as<start::ShortRuns>(start); several && options_.n_init > 0) {
      planned.push_back({start::ShortRuns{options_.n_init, several->iterations}, 0});
      return;
    }
    for (Index draw = 0; draw < draws; ++draw) planned.push_back({start, draw});
    return;
  }
  if (groups_ == 1) {
    planned.push_back({start::KMeansPlusPlus{}, 0});
    return;
  }
  if (options_.assignment.as<Known>() != nullptr) {
    // Only seeds for the components without known rows are free.
    const Index draws = options_.n_init > 0 ? options_.n_init : default_draws();
    for (Index draw = 0; draw < draws; ++draw) planned.push_back({start::KMeansPlusPlus{}, draw});
    return;
  }
  // The portfolio: no single start is best everywhere, and seeds that are not moved by Lloyd
  // iterations reach better optima of full covariances than k-means partitions do.
  const Index draws = options_.n_init > 0 ? options_.n_init : default_draws();
  if (x_.rows() <= hierarchy_row_limit && hierarchy_fits() && draws > 1) {
    planned.push_back({start::Hierarchical{}, 0});
  }
  if (grows() && draws > 2) planned.push_back({start::Growing{}, 0});
  for (Index draw = 0; static_cast<Index>(planned.size()) < draws; ++draw) {
    switch (draw % 6) {
      case 2:
        planned.push_back({start::KMeans{}, draw});
        break;
      case 5:
        planned.push_back({start::Random{}, draw});
        break;
      default:
        planned.push_back({start::KMeansPlusPlus{}, draw});
        break;
    }
  }
}

const Matrix& Starter::points(Index draw) {
  if (embedded_.size() == 0) embedded_ = prepared_.embed(x_);
  if (draw % 2 == 0 || embedded_.cols() < 2) return embedded_;
  if (!sphered_) sphered_ = sphered(embedded_);
  return *sphered_;
}

std::vector<Index> Starter::hierarchical_labels(Index k) {
  const Matrix& embedded = points(1);
  if (!hierarchy_) {
    hierarchy_rows_.resize(static_cast<std::size_t>(x_.rows()));
    std::iota(hierarchy_rows_.begin(), hierarchy_rows_.end(), Index{0});
    if (x_.rows() > hierarchy_row_limit) {
      Rng rng(options_.seed, Purpose::start, 1U << 20U);
      hierarchy_rows_ = sample_without_replacement(rng, x_.rows(), hierarchy_row_limit);
      std::sort(hierarchy_rows_.begin(), hierarchy_rows_.end());
    }
    Matrix chosen(static_cast<Index>(hierarchy_rows_.size()), embedded.cols());
    for (std::size_t i = 0; i < hierarchy_rows_.size(); ++i) {
      chosen.row(static_cast<Index>(i)) = embedded.row(hierarchy_rows_[i]);
    }
    hierarchy_.emplace(chosen);
  }
  std::vector<Index> chosen_labels = hierarchy_->labels(k);
  if (static_cast<Index>(hierarchy_rows_.size()) == x_.rows()) return chosen_labels;
  // The rows left out go to the nearest cluster mean.
  Matrix means = Matrix::Zero(k, embedded.cols());
  Vector sizes = Vector::Zero(k);
  for (std::size_t i = 0; i < hierarchy_rows_.size(); ++i) {
    means.row(chosen_labels[i]) += embedded.row(hierarchy_rows_[i]);
    sizes[chosen_labels[i]] += 1;
  }
  means.array().colwise() /= sizes.array();
  std::vector<Index> labels(static_cast<std::size_t>(x_.rows()));
  for (Index i = 0; i < x_.rows(); ++i) {
    (means.rowwise() - embedded.row(i))
        .rowwise()
        .squaredNorm()
        .minCoeff(&labels[static_cast<std::size_t>(i)]);
  }
  return labels;
}

Matrix Starter::shares(const PlannedStart& planned) {
  const Index k = model_.n_components();
  const Start& start = planned.start;
  if (const auto* labels = as<start::Labels>(start)) {
    Matrix r = Matrix::Zero(x_.rows(), k);
    for (Index i = 0; i < x_.rows(); ++i) {
      const Index label = labels->labels[static_cast<std::size_t>(i)];
      if (label < 0) {
        r.row(i).setConstant(1.0 / static_cast<double>(k));
      } else {
        r(i, label) = 1;
      }
    }
    r.array().colwise() *= w_.array();
    return r;
  }
  if (const auto* given = as<start::Responsibilities>(start)) {
    Matrix r = given->r;
    r.array().colwise() *= w_.array();
    return r;
  }
  if (groups_ == 1) {
    return shares_from_labels(std::vector<Index>(static_cast<std::size_t>(x_.rows()), 0), w_,
                              prepared_);
  }
  if (as<start::Hierarchical>(start) != nullptr) {
    return shares_from_labels(hierarchical_labels(groups_), w_, prepared_);
  }
  Rng rng(options_.seed, Purpose::start, static_cast<std::uint64_t>(planned.draw));
  const Matrix& embedded = points(planned.draw);
  if (as<start::Random>(start) != nullptr) {
    return shares_from_labels(nearest_rows(embedded, random_rows(w_, groups_, rng)), w_, prepared_);
  }
  if (const auto* known = options_.assignment.as<Known>())
    return shares_around(*known, embedded, rng);
  const std::vector<Index> seeds = seed_rows(embedded, w_, groups_, rng);
  if (as<start::KMeans>(start) != nullptr) {
    KMeansOptions lloyd;
    lloyd.sample_weight = w_;
    lloyd.centers = embedded(seeds, Eigen::all);
    lloyd.max_iter = 30;
    return shares_from_labels(kmeans(embedded, groups_, lloyd).labels, w_, prepared_);
  }
  return shares_from_labels(nearest_rows(embedded, seeds), w_, prepared_);
}

// Rows of known components stay there; the others go to the nearest of those components' means and
// of seeds for the components that no row is known of.
Matrix Starter::shares_around(const Known& known, const Matrix& embedded, Rng& rng) const {
  const Index k = model_.n_components();
  Matrix means = Matrix::Zero(k, embedded.cols());
  Vector mass = Vector::Zero(k);
  Vector unknown = w_;
  for (Index i = 0; i < x_.rows(); ++i) {
    const Index label = known.labels[static_cast<std::size_t>(i)];
    if (label < 0) continue;
    means.row(label) += w_[i] * embedded.row(i);
    mass[label] += w_[i];
    unknown[i] = 0;
  }
  const Index missing = (mass.array() == 0).count();
  const std::vector<Index> seeds = seed_rows(embedded, unknown.sum() > 0 ? unknown : Vector(w_),
                                             std::max<Index>(missing, 1), rng);
  auto seed = seeds.begin();
  for (Index c = 0; c < k; ++c) {
    if (mass[c] > 0) {
      means.row(c) /= mass[c];
    } else {
      means.row(c) = embedded.row(*seed++);
    }
  }
  Matrix r = Matrix::Zero(x_.rows(), k);
  for (Index i = 0; i < x_.rows(); ++i) {
    Index label = known.labels[static_cast<std::size_t>(i)];
    if (label < 0) (means.rowwise() - embedded.row(i)).rowwise().squaredNorm().minCoeff(&label);
    r(i, label) = w_[i];
  }
  return r;
}

MixtureState Starter::begin(const PlannedStart& planned) {
  if (as<start::Parameters>(planned.start) != nullptr) return {model_.weights(), prepared_};
  return begin(shares(planned), groups_);
}

AnyFamily Starter::smaller(Index groups) const {
  AnyFamily family = prepared_;
  if (groups == groups_) return family;
  std::vector<Index> kept;
  for (Index k = 0; k < prepared_.size(); ++k) {
    const auto found = std::find(learnable_.begin(), learnable_.end(), k);
    if (found == learnable_.end() || found - learnable_.begin() < groups) kept.push_back(k);
  }
  family.select(kept);
  return family;
}

MixtureState Starter::begin(const Matrix& shares, Index groups) {
  MixtureState state{model_.weights(), smaller(groups)};
  if (groups < groups_) {
    state.weights.setConstant(shares.cols(), 1.0 / static_cast<double>(shares.cols()));
  }
  state.family.start(x_, shares);
  if (options_.mixing == MixingWeights::free) {
    const Vector mass = shares.colwise().sum();
    state.weights = mass / mass.sum();
  } else if (options_.mixing == MixingWeights::equal) {
    state.weights.setConstant(1.0 / static_cast<double>(state.weights.size()));
  }
  return state;
}

}  // namespace mix
