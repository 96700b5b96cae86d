#include "starter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "group_starts.h"
#include "lloyd.h"
#include "mix/block_memory.h"
#include "mix/parallel.h"

namespace mix {
namespace {

// Shares that a first M-step sees at once; of more they are made block by block.
constexpr Index most_shares = Index{1} << 25;
// Rows times components cubed of growing that is worth its time, and the memory of its shares.
constexpr double growing_work_limit = 1e9;

template <class T>
const T* as(const Start& start) {
  return std::get_if<T>(&start);
}

}  // namespace

std::string to_string(Effort effort) {
  switch (effort) {
    case Effort::fast:
      return "fast";
    case Effort::standard:
      return "default";
    case Effort::thorough:
      return "thorough";
  }
  return "unknown";
}

Effort parse_effort(std::string_view name) {
  using enum Effort;
  for (const Effort effort : {fast, standard, thorough}) {
    if (name == to_string(effort)) return effort;
  }
  throw std::invalid_argument(
      fmt::format("unknown effort \"{}\": use one of fast, default, thorough", name));
}

bool rows_are_exchangeable(const FitOptions& options) {
  const auto exchangeable = [](const Start& start) {
    return !std::holds_alternative<start::Labels>(start) &&
           !std::holds_alternative<start::Responsibilities>(start);
  };
  return !options.assignment.by_row() && options.groups.empty() && exchangeable(options.start) &&
         std::all_of(options.more_starts.begin(), options.more_starts.end(), exchangeable);
}

Starter::Starter(const MixtureModel& model, const AnyRows& x, Weights w, const FitOptions& options,
                 PartitionPool* pool)
    : model_(model), x_(x), w_(w), options_(options), prepared_(model.family()), pool_(pool) {
  prepared_.prepare(x, w);
  learnable_ = learnable_components(prepared_);
  groups_ = static_cast<Index>(learnable_.size());
}

bool Starter::moves_follow() const {
  return options_.effort != Effort::fast && options_.n_init == 0 &&
         as<start::Auto>(options_.start) != nullptr && groups_ > 1 &&
         !options_.assignment.numbered() && x_.rows() * prepared_.size() <= most_shares;
}

Index Starter::default_draws() const {
  const Index few = affordable_starts(8, model_.n_components());
  const Index times = options_.effort == Effort::thorough ? 4 : 1;
  if (options_.effort == Effort::fast) {
    // A tree of all rows is enough beside what grew from one component less.
    return !options_.more_starts.empty() && partitions().hierarchy_is_cheap() &&
                   partitions().hierarchy_sees_all_rows()
               ? 1
               : affordable_starts(3, model_.n_components());
  }
  // Small problems cost little, so they get many starts; large ones the least that is sensible.
  const double work = static_cast<double>(x_.rows()) * static_cast<double>(model_.n_components());
  const double tiny = std::min(200.0, 3e4 / work);
  const auto least = static_cast<double>(few);
  const double usual = moves_follow() ? least : std::clamp(3e5 / work, least, 40.0);
  return times * static_cast<Index>(std::max(tiny, usual));
}

Partitions& Starter::partitions() const {
  return *partitions_.get([&] {
    Matrix points = prepared_.embed(x_);
    if (!options_.groups.empty()) points = group_points(points, w_, options_.groups);
    return pool_ != nullptr ? pool_->of(std::move(points), w_, options_.seed)
                            : std::make_shared<Partitions>(std::move(points), w_, options_.seed);
  });
}

std::vector<PlannedStart> Starter::plan(const ShareBlocks& first) const {
  std::vector<PlannedStart> planned;
  if (first) {
    planned.push_back({start::Responsibilities{}, 0, first});
  } else {
    plan_one(options_.start, planned);
  }
  for (const Start& start : options_.more_starts) plan_one(start, planned);
  return planned;
}

void Starter::plan_one(const Start& start, std::vector<PlannedStart>& planned) const {
  const bool random = as<start::KMeansPlusPlus>(start) != nullptr ||
                      as<start::KMeans>(start) != nullptr || as<start::Random>(start) != nullptr;
  if (as<start::Hierarchical>(start) != nullptr && groups_ > 1 &&
      groups_ > partitions().most_hierarchical_groups()) {
    throw std::invalid_argument(
        fmt::format("fit: start \"hierarchical\" makes at most {} groups, one for each row of its "
                    "tree, but the "
                    "model has {} components; use \"k-means++\" or \"kmeans\"",
                    partitions().most_hierarchical_groups(), groups_));
  }
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
  if (options_.assignment.numbered()) {
    // Soft labels are a start of their own; else only seeds for components of which no row is
    // known are free.
    if (const auto* prior = options_.assignment.as<LabelPrior>(); prior && !prior->certain()) {
      planned.push_back({start::Responsibilities{prior->shares()}, 0});
    }
    const Index draws = options_.n_init > 0 ? options_.n_init : default_draws();
    for (Index draw = 0; draw < draws; ++draw) planned.push_back({start::KMeansPlusPlus{}, draw});
    return;
  }
  // The portfolio: no single start is best everywhere, and seeds that are not moved by Lloyd
  // iterations reach better optima of full covariances than k-means partitions do.
  const Index draws = options_.n_init > 0 ? options_.n_init : default_draws();
  const bool quick = options_.effort == Effort::fast;
  if (partitions().hierarchy_is_cheap() && groups_ <= partitions().most_hierarchical_groups() &&
      (quick || (draws > 1 && partitions().hierarchy_sees_all_rows()))) {
    planned.push_back({start::Hierarchical{}, 0});
  }
  if (grows() && growing_is_cheap() && draws > 2 && !quick)
    planned.push_back({start::Growing{}, 0});
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

bool Starter::growing_is_cheap() const {
  return static_cast<double>(x_.rows()) * std::pow(static_cast<double>(groups_), 3) <=
         growing_work_limit;
}

// Rows of known components stay there; the others go to the nearest of those components' means and
// of seeds for the components that no row is known of, among those that they may belong to.
template <class Policy>
std::vector<Index> Starter::labels_around(const Policy& known, const Matrix& embedded,
                                          Rng& rng) const {
  const Index k = model_.n_components();
  Matrix means = Matrix::Zero(k, embedded.cols());
  Vector mass = Vector::Zero(k);
  Vector unknown = w_;
  Vector evidence(k);
  for (Index i = 0; i < x_.rows(); ++i) {
    known.evidence(i, evidence);
    for (Index c = 0; c < k; ++c) {
      if (!(evidence[c] > 0)) continue;
      means.row(c) += w_[i] * evidence[c] * embedded.row(i);
      mass[c] += w_[i] * evidence[c];
    }
    unknown[i] *= 1 - evidence.maxCoeff();
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
  std::vector<Index> labels = nearest_centers(embedded, means);
  for (Index i = 0; i < x_.rows(); ++i) {
    Index& label = labels[static_cast<std::size_t>(i)];
    if (known.allows(i, label)) continue;
    double nearest = infinity;
    for (Index c = 0; c < k; ++c) {
      const double distance = (embedded.row(i) - means.row(c)).squaredNorm();
      if (!known.allows(i, c) || !(distance < nearest)) continue;
      nearest = distance;
      label = c;
    }
  }
  return labels;
}

template <class Policy>
ShareBlocks Starter::shares_around(const Policy& known, Index draw) const {
  Rng rng(options_.seed, Purpose::start, static_cast<std::uint64_t>(draw));
  return [this, labels = labels_around(known, points(draw), rng)](Index first, MatrixRef r) {
    r.setZero();
    for (Index i = 0; i < r.rows(); ++i) {
      r(i, labels[static_cast<std::size_t>(first + i)]) = w_[first + i];
    }
  };
}

ShareBlocks Starter::shares(const PlannedStart& planned) const {
  const Start& start = planned.start;
  if (const auto* labels = as<start::Labels>(start)) {
    return [this, labels](Index first, MatrixRef r) {
      r.setZero();
      for (Index i = 0; i < r.rows(); ++i) {
        const Index label = labels->labels[static_cast<std::size_t>(first + i)];
        if (label < 0) {
          r.row(i).setConstant(1.0 / static_cast<double>(r.cols()));
        } else {
          r(i, label) = 1;
        }
      }
      r.array().colwise() *= w_.segment(first, r.rows()).array();
    };
  }
  if (const auto* given = as<start::Responsibilities>(start)) {
    return [this, given](Index first, MatrixRef r) {
      r = given->r.middleRows(first, r.rows());
      r.array().colwise() *= w_.segment(first, r.rows()).array();
    };
  }
  if (groups_ == 1) {
    return share_blocks(std::vector<Index>(static_cast<std::size_t>(x_.rows()), 0), w_, prepared_);
  }
  if (as<start::Hierarchical>(start) == nullptr && as<start::Random>(start) == nullptr) {
    const AnyAssignment& policy = options_.assignment;
    if (const auto* known = policy.as<Known>()) return shares_around(*known, planned.draw);
    if (const auto* prior = policy.as<LabelPrior>()) return shares_around(*prior, planned.draw);
  }
  return share_blocks(partitions().labels(start, planned.draw, groups_), w_, prepared_);
}

MixtureState Starter::begin(const PlannedStart& planned) const {
  if (as<start::Parameters>(planned.start) != nullptr) return {model_.weights(), prepared_};
  const ShareBlocks of_rows = planned.shares ? planned.shares : shares(planned);
  const Groups& groups = options_.groups;
  if (groups.empty()) return begin(of_rows);
  return begin(shares_of_rows(shares_of_groups(of_rows, prepared_.size(), w_, groups), w_, groups));
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

MixtureState Starter::begin(const Matrix& shares, Index groups) const {
  if (options_.groups.empty()) return begin_from(shares, groups);
  const auto given = [&](Index first, MatrixRef r) { r = shares.middleRows(first, r.rows()); };
  Matrix constant(shares.rows(), shares.cols());
  shares_of_rows(shares_of_groups(given, shares.cols(), w_, options_.groups), w_, options_.groups)(
      0, constant);
  return begin_from(constant, groups);
}

MixtureState Starter::begin_from(const Matrix& shares, Index groups) const {
  MixtureState state{model_.weights(), smaller(groups)};
  if (groups < groups_) {
    state.weights.setConstant(shares.cols(), 1.0 / static_cast<double>(shares.cols()));
  }
  state.family.start(x_, shares);
  set_weights(state, shares.colwise().sum().transpose());
  return state;
}

MixtureState Starter::begin(const ShareBlocks& shares) const {
  const Index k = prepared_.size();
  if (x_.rows() * k <= most_shares || !prepared_.streams()) {
    Matrix all(x_.rows(), k);
    for_each_block(x_.rows(),
                   [&](Index first, Index count) { shares(first, all.middleRows(first, count)); });
    return begin_from(all, groups_);
  }
  MixtureState state{model_.weights(), prepared_};
  constexpr int passes = 2;
  for (int pass = 0; pass < passes; ++pass) {
    for (Index cycle = 0; cycle < state.family.cycles(); ++cycle) {
      state.family.select_cycle(cycle);
      const Index size = state.family.statistics_size();
      const Vector sum =
          sum_over_blocks(x_.rows(), size + k, [&](Index first, Index count, VectorRef into) {
            const BorrowedMemory memory;
            Matrix& room = memory->matrix(0, count, k);
            MatrixRef r = room.topLeftCorner(count, k);
            shares(first, r);
            into.tail(k) += r.colwise().sum().transpose();
            state.family.accumulate(x_.middleRows(first, count), r, into.head(size));
          });
      state.family.maximize(sum.head(size));
      set_weights(state, sum.tail(k));
    }
  }
  return state;
}

void Starter::set_weights(MixtureState& state, ConstVectorRef mass) const {
  if (options_.mixing == MixingWeights::free) {
    state.weights = mass / mass.sum();
  } else if (options_.mixing == MixingWeights::equal) {
    state.weights.setConstant(1.0 / static_cast<double>(state.weights.size()));
  }
}

}  // namespace mix
