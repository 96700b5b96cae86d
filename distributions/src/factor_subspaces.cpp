#include "factor_subspaces.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <utility>

#include "component_loop.h"
#include "stacked_scatter.h"

namespace mix {
namespace {

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

}  // namespace

Spectrum::Spectrum(const Matrix& symmetric, Index leading) {
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

}  // namespace mix
