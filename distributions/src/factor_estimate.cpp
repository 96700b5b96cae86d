#include "factor_estimate.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "component_loop.h"
#include "small_matrix.h"
#include "stacked_scatter.h"

namespace mix {
namespace {

// Alternations of loadings and noise inside EM, which iterates anyway, and to convergence.
constexpr int few_alternations = 2;
constexpr int most_alternations = 1000;
// EM steps with common loadings and separate noise likewise; they are cheaper and shorter.
constexpr int few_em_steps = 10;
constexpr int most_em_steps = 20000;
constexpr double alternation_tolerance = 1e-11;

// How the variances along the axes of a subspace relate (HDDC).
enum class Axes { separate, equal, common };

Axes axes_of(FactorStructure structure) {
  switch (with_equal_numbers(structure)) {
    case FactorStructure::AkBkQkD:
    case FactorStructure::AkBQkD:
    case FactorStructure::ABQD:
      return Axes::equal;
    case FactorStructure::ABkQkD:
    case FactorStructure::ABQkD:
      return Axes::common;
    default:
      return Axes::separate;
  }
}

// Eigenvalues in descending order, and the leading eigenvectors.
struct Spectrum {
  Spectrum(const Matrix& symmetric, Index leading) {
    const Index d = symmetric.rows();
    Scratch scratch;
    const MatrixStack whole(scratch, d, 1);
    const MatrixStack columns(scratch, d, 1);
    MatrixMap ascending = scratch.matrix(d, 1);
    whole[0] = symmetric;
    decompose_each(whole, ascending, columns);
    values = ascending.col(0).reverse();
    vectors = columns[0].rightCols(leading).rowwise().reverse();
  }

  Vector values;
  Matrix vectors;
};

// A variance that is the mean of others, and what these weigh.
struct Level {
  double value = 0;
  double weight = 0;

  void add(double v, double w) {
    if (!(w > 0)) return;
    weight += w;
    value += (v - value) * w / weight;
  }
};

// The maximizer where no axis may be narrower than the noise: the means of those that would be and
// of the noise levels above them are one variance, as in isotonic regression.
void keep_axes_above_noise(const std::vector<Level*>& axes, const std::vector<Level*>& noise) {
  double low = infinity;
  double high = 0;
  for (const Level* level : axes) low = std::min(low, level->value);
  for (const Level* level : noise) high = std::max(high, level->value);
  if (low >= high) return;
  const auto pooled = [&](double t) {
    Level mean;
    for (const Level* level : axes) {
      if (level->value < t) mean.add(level->value, level->weight);
    }
    for (const Level* level : noise) {
      if (level->value > t) mean.add(level->value, level->weight);
    }
    return mean.value;
  };
  // The mean falls short of t from its root on.
  constexpr int halvings = 100;
  for (int i = 0; i < halvings; ++i) {
    const double middle = 0.5 * (low + high);
    (pooled(middle) > middle ? low : high) = middle;
  }
  const double t = pooled(0.5 * (low + high));
  for (Level* level : axes) level->value = std::max(level->value, t);
  for (Level* level : noise) level->value = std::min(level->value, t);
}

// Equal noise: closed form, from the eigenvalues of the rows' covariances.
class Subspaces {
 public:
  using Numbers = std::vector<Index>;

  Subspaces(const FactorProblem& problem, const std::vector<Matrix>& covariances,
            const Vector& share)
      : structure_(problem.structure),
        kind_(axes_of(problem.structure)),
        common_noise_(problem.noise.cols() == 1),
        share_(share),
        least_(problem.least_noise[0]),
        penalty_(problem.parameter_penalty / problem.mass.sum()),
        spectra_(covariances.size(), Spectrum(Matrix::Identity(1, 1), 1)) {
    const Index d = covariances.front().rows();
    for_each_component(share.size(), d, [&](Index g) {
      const auto i = static_cast<std::size_t>(g);
      if (share[g] > 0) spectra_[i] = Spectrum(covariances[i], problem.factors);
    });
  }

  // Variances along the axes of each component, and in all other directions.
  struct Variances {
    std::vector<Vector> axes;
    std::vector<double> noise;
  };

  [[nodiscard]] Variances variances(const Numbers& numbers) const;
  // The objective, less the penalty, per unit of weight.
  [[nodiscard]] double value(const Numbers& numbers) const;
  // What makes that largest, one component after the other from these numbers on.
  [[nodiscard]] Numbers best_numbers(Numbers numbers, Index most) const;
  [[nodiscard]] bool has_rows(std::size_t g) const { return share_[static_cast<Index>(g)] > 0; }
  [[nodiscard]] const Spectrum& spectrum(std::size_t g) const { return spectra_[g]; }

 private:
  FactorStructure structure_;
  Axes kind_;
  bool common_noise_;
  Vector share_;
  double least_;
  double penalty_;
  std::vector<Spectrum> spectra_;
};

Subspaces::Variances Subspaces::variances(const Numbers& numbers) const {
  const std::size_t count = spectra_.size();
  // One level per axis and component, of which equal ones are the same.
  std::vector<std::vector<Level>> axes(count);
  for (std::size_t g = 0; g < count; ++g) axes[g].resize(static_cast<std::size_t>(numbers[g]));
  std::vector<Level> noise(count);
  Level common;
  const auto axis_of = [&](std::size_t g, Index j) -> Level& {
    if (kind_ == Axes::common) return common;
    return axes[g][kind_ == Axes::equal ? 0 : static_cast<std::size_t>(j)];
  };
  const auto noise_of = [&](std::size_t g) -> Level& { return noise[common_noise_ ? 0 : g]; };
  for (std::size_t g = 0; g < count; ++g) {
    if (!has_rows(g)) continue;
    const double n = share_[static_cast<Index>(g)];
    const Vector& values = spectra_[g].values;
    const Index rest = values.size() - numbers[g];
    for (Index j = 0; j < numbers[g]; ++j) axis_of(g, j).add(values[j], n);
    noise_of(g).add(std::max(values.tail(rest).mean(), 0.0), static_cast<double>(rest) * n);
  }
  const bool linked = kind_ == Axes::common || common_noise_;
  std::vector<Level*> above;
  std::vector<Level*> below;
  if (kind_ == Axes::common) above.push_back(&common);
  for (std::size_t g = 0; g < count; ++g) {
    if (!linked) {
      above.clear();
      below.clear();
    }
    for (Level& level : axes[g]) {
      if (level.weight > 0) above.push_back(&level);
    }
    if (noise[g].weight > 0) below.push_back(&noise[g]);
    const bool last = g + 1 == count;
    if ((last || !linked) && !above.empty()) keep_axes_above_noise(above, below);
  }
  Variances result{std::vector<Vector>(count), std::vector<double>(count)};
  for (std::size_t g = 0; g < count; ++g) {
    if (!has_rows(g)) continue;
    result.noise[g] = std::max(noise_of(g).value, least_);
    result.axes[g].resize(numbers[g]);
    for (Index j = 0; j < numbers[g]; ++j) {
      result.axes[g][j] = std::max(axis_of(g, j).value, result.noise[g]);
    }
  }
  return result;
}

double Subspaces::value(const Numbers& numbers) const {
  const Variances found = variances(numbers);
  double sum = 0;
  Index d = 0;
  for (std::size_t g = 0; g < spectra_.size(); ++g) {
    if (!has_rows(g)) continue;
    const Vector& values = spectra_[g].values;
    const auto axes = found.axes[g].array();
    const double b = found.noise[g];
    d = values.size();
    const Index rest = d - numbers[g];
    sum -= 0.5 * share_[static_cast<Index>(g)] *
           ((axes.log() + values.head(numbers[g]).array() / axes).sum() +
            static_cast<double>(rest) * std::log(b) + values.tail(rest).sum() / b);
  }
  return sum - penalty_ * static_cast<double>(factor_parameter_count(structure_, d, numbers));
}

Subspaces::Numbers Subspaces::best_numbers(Numbers numbers, Index most) const {
  double best = value(numbers);
  for (bool better = true; better;) {
    better = false;
    for (std::size_t g = 0; g < numbers.size(); ++g) {
      if (!has_rows(g)) continue;
      for (Index q = 1; q <= most; ++q) {
        Numbers other = numbers;
        other[g] = q;
        const double moved = value(other);
        if (!(moved > best)) continue;
        best = moved;
        numbers = other;
        better = true;
      }
    }
  }
  return numbers;
}

// The objective of the present parameters, in the same terms as Subspaces::value.
double present_value(const FactorProblem& problem, const std::vector<Matrix>& covariances,
                     const Vector& share, const Subspaces::Numbers& numbers) {
  double sum = 0;
  for (std::size_t g = 0; g < covariances.size(); ++g) {
    const auto k = static_cast<Index>(g);
    if (!(share[k] > 0)) continue;
    const Vector noise = problem.noise.col(problem.noise.cols() == 1 ? 0 : k);
    Matrix sigma = noise.asDiagonal();
    sigma += problem.loadings[g] * problem.loadings[g].transpose();
    const Eigen::LLT<Matrix> factor(sigma);
    const double log_determinant = 2 * factor.matrixLLT().diagonal().array().log().sum();
    sum -= 0.5 * share[k] * (log_determinant + factor.solve(covariances[g]).trace());
  }
  const double penalty = problem.parameter_penalty / problem.mass.sum();
  return sum - penalty * static_cast<double>(factor_parameter_count(
                             problem.structure, covariances.front().rows(), numbers));
}

// The numbers that the scree test proposes, where the value does not fall below the present one.
Subspaces::Numbers scree_numbers(FactorProblem& problem, const Subspaces& subspaces,
                                 const Subspaces::Numbers& present, double least) {
  problem.proposed = present;
  for (std::size_t g = 0; g < present.size(); ++g) {
    if (!subspaces.has_rows(g)) continue;
    problem.proposed[g] =
        scree_number(subspaces.spectrum(g).values, problem.scree, problem.factors);
  }
  return subspaces.value(problem.proposed) < least ? present : problem.proposed;
}

void estimate_spectral(FactorProblem& problem, const std::vector<Matrix>& covariances,
                       const Vector& share, Steps steps) {
  const Subspaces subspaces(problem, covariances, share);
  Subspaces::Numbers numbers;
  for (const Matrix& l : problem.loadings) numbers.push_back(l.cols());
  if (has_own_numbers(problem.structure) && problem.scree > 0) {
    const double least =
        steps == Steps::few ? present_value(problem, covariances, share, numbers) : -infinity;
    numbers = scree_numbers(problem, subspaces, numbers, least);
  } else if (has_own_numbers(problem.structure)) {
    // From few as well as from the present ones: where components share variances, the choice of
    // one depends on the others'.
    const Subspaces::Numbers one(numbers.size(), 1);
    Subspaces::Numbers fresh = subspaces.best_numbers(one, problem.factors);
    numbers = subspaces.best_numbers(numbers, problem.factors);
    if (subspaces.value(fresh) > subspaces.value(numbers)) numbers = std::move(fresh);
  }
  const Subspaces::Variances found = subspaces.variances(numbers);
  for (std::size_t g = 0; g < covariances.size(); ++g) {
    if (!subspaces.has_rows(g)) continue;
    const double b = found.noise[g];
    if (problem.noise.cols() == 1) {
      problem.noise.setConstant(b);
    } else {
      problem.noise.col(static_cast<Index>(g)).setConstant(b);
    }
    const Vector lengths = (found.axes[g].array() - b).sqrt();
    problem.loadings[g] = subspaces.spectrum(g).vectors.leftCols(numbers[g]) * lengths.asDiagonal();
  }
}

// The inverse of L L' + P by Woodbury's identity.
Matrix precision_matrix(const Matrix& loadings, const Vector& noise) {
  const Matrix scaled = noise.cwiseInverse().asDiagonal() * loadings;
  const Index q = loadings.cols();
  const Eigen::LLT<Matrix> inner(Matrix::Identity(q, q) + loadings.transpose() * scaled);
  const Matrix half = inner.matrixL().solve(scaled.transpose());
  Matrix precision = noise.cwiseInverse().asDiagonal();
  precision.noalias() -= half.transpose() * half;
  return precision;
}

// Components with loadings of their own and noise in common; a single one has its own.
struct NoiseGroup {
  std::vector<const Matrix*> covariances;
  std::vector<Matrix*> loadings;
  Vector share;  // of each in the rows
};

// The loadings that maximize the likelihood given the noise.
void maximize_loadings(const NoiseGroup& group, const Vector& noise) {
  const Vector root = noise.cwiseSqrt();
  const Vector inverse = root.cwiseInverse();
  const auto count = static_cast<Index>(group.loadings.size());
  for_each_component(count, noise.size(), [&](Index g) {
    const auto i = static_cast<std::size_t>(g);
    Matrix& loadings = *group.loadings[i];
    const Spectrum spectrum(inverse.asDiagonal() * *group.covariances[i] * inverse.asDiagonal(),
                            loadings.cols());
    const Vector lengths =
        (spectrum.values.head(loadings.cols()).array() - 1).cwiseMax(0).cwiseSqrt();
    loadings = root.asDiagonal() * spectrum.vectors * lengths.asDiagonal();
  });
}

// Each noise variance given all else: with s = (S^-1)_ii and b = (S^-1 C S^-1)_ii, more of it by t
// changes -2/n times the objective by log(1 + t s) - t b/(1 + t s), least at t = (b - s)/s^2; of
// several components, Fisher's scoring step is halved until it is no rise. Returns the largest
// relative change.
double maximize_noise(const NoiseGroup& group, const Vector& least, Vector& noise) {
  const Index d = noise.size();
  const std::size_t count = group.loadings.size();
  std::vector<Matrix> precisions(count);
  std::vector<Matrix> products(count);
  for_each_component(static_cast<Index>(count), d, [&](Index g) {
    const auto i = static_cast<std::size_t>(g);
    precisions[i] = precision_matrix(*group.loadings[i], noise);
    products[i] = precisions[i] * *group.covariances[i] * precisions[i];
  });
  double largest = 0;
  for (Index i = 0; i < d; ++i) {
    double slope = 0;
    double curvature = 0;
    for (std::size_t g = 0; g < count; ++g) {
      const double share = group.share[static_cast<Index>(g)];
      const double s = precisions[g](i, i);
      slope += share * (products[g](i, i) - s);
      curvature += share * s * s;
    }
    const auto worse = [&](double t) {
      double change = 0;
      for (std::size_t g = 0; g < count; ++g) {
        const double s = precisions[g](i, i);
        change += group.share[static_cast<Index>(g)] *
                  (std::log1p(t * s) - t * products[g](i, i) / (1 + t * s));
      }
      return !(change <= 0);
    };
    double step = std::max(slope / curvature, least[i] - noise[i]);
    constexpr int halvings = 40;
    for (int h = 0; h < halvings && count > 1 && worse(step); ++h) step /= 2;
    if (!std::isfinite(step) || (count > 1 && worse(step))) continue;
    largest = std::max(largest, std::abs(step) / noise[i]);
    noise[i] += step;
    for (std::size_t g = 0; g < count; ++g) {
      const Vector p = precisions[g].col(i);
      const Vector v = products[g].col(i);
      const double b = v[i];
      const double factor = step / (1 + step * p[i]);
      precisions[g].noalias() -= factor * p * p.transpose();
      products[g].noalias() -= factor * (p * v.transpose() + v * p.transpose());
      products[g].noalias() += factor * factor * b * p * p.transpose();
    }
  }
  return largest;
}

// What columns leave to others of their variance, as if these did not vary quite as much: where the
// iteration begins.
Vector first_noise(const NoiseGroup& group, const Vector& least) {
  constexpr double ridge = 0.1;
  Vector noise = Vector::Zero(least.size());
  for (std::size_t g = 0; g < group.covariances.size(); ++g) {
    Matrix covariance = *group.covariances[g];
    covariance.diagonal() += ridge * covariance.diagonal().cwiseMax(least);
    const Eigen::LLT<Matrix> factor(covariance);
    Vector left = covariance.diagonal() / 2;
    if (factor.info() == Eigen::Success) {
      left = factor.solve(Matrix::Identity(least.size(), least.size())).diagonal().cwiseInverse();
    }
    noise += group.share[static_cast<Index>(g)] * left;
  }
  return noise.cwiseMax(least);
}

void estimate_group(const NoiseGroup& group, const Vector& least, Steps steps, Vector& noise) {
  if (steps == Steps::all) {
    noise = first_noise(group, least);
    maximize_loadings(group, noise);
  }
  const int most = steps == Steps::all ? most_alternations : few_alternations;
  for (int i = 0; i < most; ++i) {
    const double change = maximize_noise(group, least, noise);
    maximize_loadings(group, noise);
    if (change < alternation_tolerance) break;
  }
}

// Noise that differs between columns: one group per component, or all in one.
void estimate_profile(FactorProblem& problem, const std::vector<Matrix>& covariances,
                      const Vector& mass, Steps steps) {
  std::vector<NoiseGroup> groups;
  std::vector<Index> columns;
  for (std::size_t g = 0; g < covariances.size(); ++g) {
    const double n = mass[static_cast<Index>(g)];
    if (!(n > 0)) continue;
    if (groups.empty() || problem.noise.cols() > 1) {
      groups.emplace_back();
      columns.push_back(problem.noise.cols() > 1 ? static_cast<Index>(g) : 0);
    }
    NoiseGroup& group = groups.back();
    group.covariances.push_back(&covariances[g]);
    group.loadings.push_back(&problem.loadings[g]);
    group.share.conservativeResize(group.share.size() + 1);
    group.share[group.share.size() - 1] = n;
  }
  for_each_component(static_cast<Index>(groups.size()), covariances.front().rows(),
                     [&](Index index) {
                       NoiseGroup& group = groups[static_cast<std::size_t>(index)];
                       group.share /= group.share.sum();
                       const Index column = columns[static_cast<std::size_t>(index)];
                       Vector noise = problem.noise.col(column);
                       estimate_group(group, problem.least_noise, steps, noise);
                       problem.noise.col(column) = noise;
                     });
}

// Common loadings and separate noise: EM on the covariances, row by row of the loadings (McNicholas
// & Murphy 2008).
void estimate_common_loadings(FactorProblem& problem, const Vector& share, Steps steps) {
  Matrix& loadings = problem.loadings.front();
  const Index d = loadings.rows();
  const Index q = loadings.cols();
  const Index k = share.size();
  const bool equal = has_equal_noise(problem.structure);
  std::vector<Matrix> cross(static_cast<std::size_t>(k));   // C beta'
  std::vector<Matrix> second(static_cast<std::size_t>(k));  // of the factors
  const int most = steps == Steps::all ? most_em_steps : few_em_steps;
  for (int step = 0; step < most; ++step) {
    for_each_component(k, d, [&](Index c) {
      const auto i = static_cast<std::size_t>(c);
      if (!(share[c] > 0)) return;
      const Matrix scaled = problem.noise.col(c).cwiseInverse().asDiagonal() * loadings;
      const Eigen::LLT<Matrix> inner(Matrix::Identity(q, q) + loadings.transpose() * scaled);
      const Matrix beta = inner.solve(scaled.transpose());
      cross[i] = problem.covariances[i] * beta.transpose();
      second[i] = inner.solve(Matrix::Identity(q, q)) + beta * cross[i];
    });
    double change = 0;
    Matrix normal(q, q);
    Vector right(q);
    for (Index j = 0; j < d; ++j) {
      normal.setZero();
      right.setZero();
      for (Index c = 0; c < k; ++c) {
        if (!(share[c] > 0)) continue;
        const auto i = static_cast<std::size_t>(c);
        const double weight = share[c] / problem.noise(j, c);
        normal += weight * second[i];
        right += weight * cross[i].row(j).transpose();
      }
      const Vector row = normal.llt().solve(right);
      change = std::max(change, (row.transpose() - loadings.row(j)).norm() /
                                    (row.norm() + std::sqrt(problem.noise.row(j).minCoeff())));
      loadings.row(j) = row.transpose();
    }
    for (Index c = 0; c < k; ++c) {
      if (!(share[c] > 0)) continue;
      const auto i = static_cast<std::size_t>(c);
      Vector left = problem.covariances[i].diagonal();
      left -= 2 * loadings.cwiseProduct(cross[i]).rowwise().sum();
      left += (loadings * second[i]).cwiseProduct(loadings).rowwise().sum();
      if (equal) left.setConstant(left.mean());
      problem.noise.col(c) = left.cwiseMax(problem.least_noise);
    }
    if (change < alternation_tolerance) break;
  }
}

Matrix pooled_covariance(const FactorProblem& problem, const Vector& share) {
  Matrix pooled =
      Matrix::Zero(problem.covariances.front().rows(), problem.covariances.front().cols());
  for (Index c = 0; c < share.size(); ++c) {
    if (share[c] > 0) pooled += share[c] * problem.covariances[static_cast<std::size_t>(c)];
  }
  return pooled;
}

}  // namespace

void estimate_factors(FactorProblem& problem, Steps steps) {
  const double total = problem.mass.sum();
  if (!(total > 0)) return;
  const Vector share = problem.mass / total;
  const bool common = has_common_loadings(problem.structure);
  const bool separate_noise = problem.noise.cols() > 1;
  if (!common) {
    if (is_spectral(problem.structure)) {
      estimate_spectral(problem, problem.covariances, share, steps);
    } else {
      estimate_profile(problem, problem.covariances, share, steps);
    }
    return;
  }
  // All in one, which is also where common loadings beside separate noise begin.
  if (!separate_noise || steps == Steps::all) {
    const std::vector<Matrix> pooled{pooled_covariance(problem, share)};
    const Matrix noise = problem.noise;
    problem.noise = noise.col(0);
    if (has_equal_noise(problem.structure)) {
      estimate_spectral(problem, pooled, Vector::Ones(1), steps);
    } else {
      estimate_profile(problem, pooled, Vector::Ones(1), steps);
    }
    if (separate_noise) problem.noise = problem.noise.col(0).replicate(1, noise.cols()).eval();
  }
  if (separate_noise) estimate_common_loadings(problem, share, steps);
}

}  // namespace mix
