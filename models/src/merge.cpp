#include "mix/models/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "arguments.h"
#include "mix/distributions/gated.h"
#include "mix/errors.h"
#include "mix/parallel.h"

namespace mix {
namespace {

double x_log_x(double x) { return x > 0 ? x * std::log(x) : 0; }

// Responsibilities of clusters, which become fewer: a column for each, that of a joined one in the
// place of its first.
class ClusterShares {
 public:
  ClusterShares(Matrix r, Vector w, MergeRule rule)
      : r_(std::move(r)), w_(std::move(w)), rule_(rule) {
    for (Index k = 0; k < r_.cols(); ++k) {
      left_.push_back(k);
      number_.push_back(k);
    }
    value_ = Matrix::Zero(r_.cols(), r_.cols());
    if (rule_ == MergeRule::misclassification) {
      misclassify();
    } else {
      for (const Index k : left_) value_.col(k) = entropies_removed(k);
    }
  }

  // -sum w r log r; rounding must not make it negative.
  [[nodiscard]] double entropy() const {
    const Vector sum =
        sum_over_blocks(r_.rows(), 1, [&](Index first, Index count, VectorRef terms) {
          for (const Index k : left_) {
            for (Index i = first; i < first + count; ++i) terms[0] += w_[i] * x_log_x(r_(i, k));
          }
        });
    return std::max(0.0, -sum[0]);
  }

  MergeStep join() {
    Index a = left_[0];
    Index b = left_[1];
    for (std::size_t i = 0; i < left_.size(); ++i) {
      for (std::size_t j = i + 1; j < left_.size(); ++j) {
        if (value_(left_[i], left_[j]) > value_(a, b)) {
          a = left_[i];
          b = left_[j];
        }
      }
    }
    MergeStep step{number_of(a), number_of(b), value_(a, b)};
    step.rows = rows_of(a, b);
    r_.col(a) += r_.col(b);
    std::erase(left_, b);
    number_[static_cast<std::size_t>(a)] = next_number_++;
    if (rule_ == MergeRule::misclassification) {
      misclassify();
    } else {
      value_.col(a) = entropies_removed(a);
      value_.row(a) = value_.col(a).transpose();
    }
    step.entropy = entropy();
    return step;
  }

 private:
  [[nodiscard]] Index number_of(Index k) const { return number_[static_cast<std::size_t>(k)]; }

  [[nodiscard]] Index most_probable_of(Index row) const {
    Index best = left_[0];
    for (const Index k : left_) {
      if (r_(row, k) > r_(row, best)) best = k;
    }
    return best;
  }

  [[nodiscard]] double rows_of(Index a, Index b) const {
    return sum_over_blocks(r_.rows(), 1, [&](Index first, Index count, VectorRef sum) {
      for (Index i = first; i < first + count; ++i) {
        const Index best = most_probable_of(i);
        if (best == a || best == b) sum[0] += w_[i];
      }
    })[0];
  }

  // What joining cluster k with each of the others would take from the entropy.
  [[nodiscard]] Vector entropies_removed(Index k) const {
    return sum_over_blocks(r_.rows(), r_.cols(), [&](Index first, Index count, VectorRef sum) {
      for (const Index other : left_) {
        if (other == k) continue;
        for (Index i = first; i < first + count; ++i) {
          const double a = r_(i, k);
          const double b = r_(i, other);
          // Most pairs of clusters have no row in common.
          if (a > 0 && b > 0) sum[other] += w_[i] * (x_log_x(a + b) - x_log_x(a) - x_log_x(b));
        }
      }
    });
  }

  // P(given to j | from k), estimated by sum_n r_nk [j is the most probable of row n] / sum_n r_nk;
  // of each pair the larger direction.
  void misclassify() {
    const Index size = r_.cols();
    Vector given =
        sum_over_blocks(r_.rows(), size * size, [&](Index first, Index count, VectorRef sum) {
          for (Index i = first; i < first + count; ++i) {
            const Index best = most_probable_of(i);
            for (const Index k : left_) sum[k + size * best] += w_[i] * r_(i, k);
          }
        });
    const Eigen::Map<const Matrix> from_to(given.data(), size, size);
    const Vector from = from_to.rowwise().sum();
    const auto probability = [&](Index k, Index j) {
      return from[k] > 0 ? from_to(k, j) / from[k] : 0;
    };
    for (const Index k : left_) {
      for (const Index j : left_) {
        if (k != j) value_(k, j) = std::max(probability(k, j), probability(j, k));
      }
    }
  }

  Matrix r_;
  Vector w_;
  MergeRule rule_;
  std::vector<Index> left_;    // columns of the clusters that are left
  std::vector<Index> number_;  // of the cluster in a column
  Index next_number_ = r_.cols();
  Matrix value_;  // of each pair of clusters that are left
};

// The sum of squares around the least-squares line through the points.
double around_line(ConstVectorRef x, ConstVectorRef y) {
  const Vector dx = x.array() - x.mean();
  const Vector dy = y.array() - y.mean();
  const double squares = dx.squaredNorm();
  const double slope = squares > 0 ? dx.dot(dy) / squares : 0;
  return (dy - slope * dx).squaredNorm();
}

// The number of clusters at which two lines meet that fit the entropy best.
Index elbow(const MergeTree& tree) {
  const Index k = tree.n_components;
  if (k <= 2) return k;
  // Point c - 1 is that of c clusters; the rows joined are counted from a single cluster upwards.
  Vector joined = Vector::Zero(k);
  Vector entropy(k);
  entropy[k - 1] = tree.entropy;
  for (Index c = 2; c <= k; ++c) {
    const MergeStep& step = tree.steps[static_cast<std::size_t>(k - c)];  // leaves c - 1 clusters
    entropy[c - 2] = step.entropy;
    joined[c - 1] = joined[c - 2] + step.rows;
  }
  Index best = 2;
  double least = infinity;
  for (Index c = 2; c < k; ++c) {
    const double squares = around_line(joined.head(c), entropy.head(c)) +
                           around_line(joined.tail(k - c + 1), entropy.tail(k - c + 1));
    if (squares < least) {
      least = squares;
      best = c;
    }
  }
  return best;
}

Index above_cutoff(const MergeTree& tree, double cutoff) {
  Index clusters = tree.n_components;
  for (const MergeStep& step : tree.steps) {
    if (step.value < cutoff) break;
    --clusters;
  }
  return clusters;
}

}  // namespace

std::string to_string(MergeRule rule) { return rule == MergeRule::entropy ? "entropy" : "demp"; }

MergeRule parse_merge_rule(std::string_view name) {
  for (const MergeRule rule : {MergeRule::entropy, MergeRule::misclassification}) {
    if (name == to_string(rule)) return rule;
  }
  throw std::invalid_argument(fmt::format(
      "there is no rule of merging named \"{}\"; the known ones are entropy and demp", name));
}

std::vector<Index> MergeTree::clusters(Index count) const {
  if (count < 1 || count > n_components) {
    throw std::invalid_argument(
        fmt::format("clusters: {} components can be from 1 to {} clusters, not {}", n_components,
                    n_components, count));
  }
  std::vector<Index> of_component;
  for (Index k = 0; k < n_components; ++k) of_component.push_back(k);
  for (Index s = 0; s < n_components - count; ++s) {
    const MergeStep& step = steps[static_cast<std::size_t>(s)];
    for (Index& cluster : of_component) {
      if (cluster == step.first || cluster == step.second) cluster = n_components + s;
    }
  }
  std::vector<Index> seen;
  for (Index& cluster : of_component) {
    auto known = std::find(seen.begin(), seen.end(), cluster);
    if (known == seen.end()) known = seen.insert(known, cluster);
    cluster = known - seen.begin();
  }
  return of_component;
}

MergeTree merge_components(const MixtureModel& model, const AnyRows& x,
                           const MergeOptions& options) {
  check_rows(model, x, options.sample_weight, "merge_components");
  check_groups(options.groups, x.rows(), "merge_components");
  if (!(options.cutoff >= 0 && options.cutoff <= 1)) {
    throw std::invalid_argument(fmt::format(
        "merge_components: the cutoff is a probability, from 0 to 1, but is {}", options.cutoff));
  }
  MergeTree tree{options.rule, model.n_components()};
  with_threads(options.threads, [&] {
    Vector w = options.sample_weight.size() > 0 ? options.sample_weight : Vector::Ones(x.rows());
    Matrix r;
    if (options.groups.empty()) {
      r = model.responsibilities(x);
    } else {
      r = posterior(model.state(), x, w, options.groups).responsibilities;
      w = (options.groups.sums(w).array() > 0).cast<double>();
    }
    ClusterShares clusters(std::move(r), std::move(w), options.rule);
    tree.entropy = clusters.entropy();
    for (Index k = 1; k < tree.n_components; ++k) tree.steps.push_back(clusters.join());
  });
  tree.suggested =
      options.rule == MergeRule::entropy ? elbow(tree) : above_cutoff(tree, options.cutoff);
  return tree;
}

MixtureModel mixture_of_clusters(const MixtureModel& model, const std::vector<Index>& cluster) {
  if (static_cast<Index>(cluster.size()) != model.n_components()) {
    throw std::invalid_argument(fmt::format(
        "mixture_of_clusters: there are {} components and {} clusters of them; name the "
        "cluster of each component",
        model.n_components(), cluster.size()));
  }
  const AnyFamily& family = model.family();
  if (family.as<Gated>() != nullptr || !family.selects()) {
    throw NotAvailable(fmt::format("components of {} cannot be taken apart", family.title()));
  }
  const Index count = *std::max_element(cluster.begin(), cluster.end()) + 1;
  std::vector<AnyFamily> families;
  Vector weights(count);
  for (Index c = 0; c < count; ++c) {
    std::vector<Index> own;
    for (std::size_t k = 0; k < cluster.size(); ++k) {
      if (cluster[k] == c) own.push_back(static_cast<Index>(k));
    }
    if (own.empty() || *std::min_element(cluster.begin(), cluster.end()) < 0) {
      throw std::invalid_argument(fmt::format(
          "mixture_of_clusters: clusters are numbered from 0 without gaps, but no component is in "
          "{}",
          c));
    }
    AnyFamily chosen = family;
    chosen.select(own);
    const Vector inner = model.weights()(own);
    weights[c] = inner.sum();
    if (own.size() == 1) {
      families.push_back(std::move(chosen));
    } else if (weights[c] > 0) {
      families.emplace_back(MixtureModel(Vector(inner / weights[c]), std::move(chosen)));
    } else {
      families.emplace_back(MixtureModel(std::move(chosen)));
    }
  }
  return {std::move(weights), AnyFamily(FamilyList(std::move(families)))};
}

}  // namespace mix
