// The M-steps of the 14 covariance structures. Notation of the header: W_k scatter, n_k mass, N
// their sum, Sigma_k = lambda_k D_k A_k D_k'; equations: Celeux & Govaert (1995).

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "common_orientation.h"
#include "covariance_problem.h"
#include "small_matrix.h"
#include "stacked_scatter.h"
#include "stagnation.h"

namespace mix {
namespace {

// Alternating estimates end when no volume changes by more than this factor (less one); the
// objective is flat there, so its error is of the order of the square.
constexpr double volume_tolerance = 1e-10;

int most_alternations(Steps steps) { return steps == Steps::all ? 2000 : 10; }

// The mass, relative to all, that a component without any is given, with its current covariance: it
// then keeps what is its own, and its weight in what is shared is lost in rounding.
constexpr double phantom_mass = 1e-30;
constexpr double smallest_variance = 1e-300;

double geometric_mean(ConstVectorRef v) {
  return std::exp(v.array().max(smallest_variance).log().mean());
}

// A diagonal of determinant one.
void normalize(VectorRef v) {
  v = v.cwiseMax(smallest_variance);
  v /= geometric_mean(v);
}

void fill_empty_components(CovarianceProblem& p) {
  const Index d = p.scatter.dimension();
  const double total = p.mass.cwiseMax(0).sum();
  Scratch scratch;
  MatrixMap pooled = scratch.matrix(d, d);
  pooled.setZero();
  for (Index k = 0; k < p.mass.size(); ++k) {
    if (p.mass[k] > 0) pooled += phantom_mass * p.scatter[k];
  }
  for (Index k = 0; k < p.mass.size(); ++k) {
    if (p.mass[k] > 0) continue;
    p.mass[k] = phantom_mass * total;
    if (p.has_current) {
      MatrixMap scatter = p.scatter[k];
      scatter.setZero();
      add_product_with_transpose(p.factors[k], scatter);
      scatter *= p.mass[k];
    } else {
      p.scatter[k] = pooled;
    }
  }
}

// |L L'|^(1/d).
double volume(ConstMatrixRef lower) { return std::exp(2 * lower.diagonal().array().log().mean()); }

// Writes the lower factors of D_k diag(v_k) D_k'. The products themselves would lose the digits of
// small variances.
template <class Orientation>
void factors_of(const Orientation& orientation, MatrixRef variances, CovarianceProblem& p) {
  Scratch scratch;
  const MatrixStack roots(scratch, p.scatter.dimension(), p.mass.size());
  for (Index k = 0; k < p.mass.size(); ++k) {
    auto own = variances.col(k);
    const double smallest = 1e-16 * own.maxCoeff();
    if (own.minCoeff() < smallest) {
      ++p.repairs;
      own = own.cwiseMax(smallest);
    }
    const auto axes = entries(orientation(k));
    double* root = roots[k].data();
    with_size(own.size(), [&](auto d) {
      for_range(zero, d, [&](auto j) {
        const double deviation = std::sqrt(own[j]);
        for_range(zero, d, [&](auto i) { root[i + j * d] = deviation * axes(i, j); });
      });
    });
  }
  factorize_each_square(roots, p.factors);
}

// Alternates `update(present, next)`, which maps volumes to better volumes, until they stay, or
// change by rounding only. Returns how often.
template <class Update>
Index alternate(VectorRef lambda, Steps steps, const Update& update) {
  Scratch scratch;
  VectorMap next = scratch.vector(lambda.size());
  Stagnation stagnation;
  Index made = 0;
  for (bool moves = true; moves && made < most_alternations(steps); ++made) {
    update(lambda, next);
    const auto ratio = next.array() / lambda.array();
    const double change = std::log(std::max(ratio.maxCoeff(), 1 / ratio.minCoeff()));
    lambda = next;
    moves = change > volume_tolerance && !stagnation(change);
  }
  return made;
}

// Of diagonal scatter (column k: component k): volumes, from the given ones, and the shape that all
// have in common. Returns the number of alternations.
Index equal_shape(ConstMatrixRef scatter, ConstVectorRef mass, VectorRef lambda, VectorRef shape,
                  Steps steps) {
  const auto d = static_cast<double>(scatter.rows());
  Scratch scratch;
  VectorMap inverse_volumes = scratch.vector(lambda.size());
  VectorMap inverse_shape = scratch.vector(shape.size());
  return alternate(lambda, steps, [&](const VectorRef& present, VectorMap& next) {
    inverse_volumes = present.cwiseInverse();
    shape.noalias() = scatter * inverse_volumes;
    normalize(shape);
    inverse_shape = shape.cwiseInverse();
    next.noalias() = scatter.transpose() * inverse_shape;
    next = next.array().max(smallest_variance) / (d * mass.array());
  });
}

void first_volumes(const CovarianceProblem& p, VectorRef lambda) {
  const auto d = static_cast<double>(p.scatter.dimension());
  for (Index k = 0; k < lambda.size(); ++k) {
    lambda[k] = p.has_current ? volume(p.factors[k]) : p.scatter[k].trace() / p.mass[k] / d;
  }
}

void estimate_eee(CovarianceProblem& p) {
  const Index d = p.scatter.dimension();
  Scratch scratch;
  MatrixMap sum = scratch.matrix(d, d);
  sum.setZero();
  for (Index k = 0; k < p.mass.size(); ++k) sum += p.scatter[k];
  sum /= p.mass.sum();
  MatrixMap first = p.factors[0];
  factorize(sum, first, p.repairs);
  for (Index k = 1; k < p.mass.size(); ++k) p.factors[k] = first;
}

// sum += m / divisor.
void add_quotient(ConstMatrixRef m, double divisor, MatrixRef sum) {
  const auto from = entries(m);
  const auto to = entries(sum);
  with_size(m.rows(), [&](auto d) {
    for_range(zero, d, [&](auto j) {
      for_range(zero, d, [&](auto i) { to(i, j) += from(i, j) / divisor; });
    });
  });
}

void estimate_vee(CovarianceProblem& p, Steps steps) {
  const Index d = p.scatter.dimension();
  const Index count = p.mass.size();
  Scratch scratch;
  VectorMap lambda = scratch.vector(count);
  first_volumes(p, lambda);
  MatrixMap shape = scratch.matrix(d, d);  // the factor of the common matrix of determinant one
  MatrixMap inverse = scratch.matrix(d, d);
  MatrixMap sum = scratch.matrix(d, d);
  const StackedScatter stacked(scratch, p.scatter);
  VectorMap traces = scratch.vector(stacked.lanes());
  p.steps = alternate(lambda, steps, [&](const VectorRef& present, VectorMap& next) {
    sum.setZero();
    for (Index k = 0; k < count; ++k) add_quotient(p.scatter[k], present[k], sum);
    factorize(sum, shape, p.repairs);
    shape /= std::sqrt(volume(shape));
    invert_lower(shape, inverse);
    stacked.traces(inverse, traces);
    next = (traces.head(count).array() / (static_cast<double>(d) * p.mass.array()))
               .max(smallest_variance);
  });
  for (Index k = 0; k < count; ++k) p.factors[k] = std::sqrt(lambda[k]) * shape;
}

// EEV and VEV: eigenvectors of W_k, eigenvalues in the same order in every component.
void estimate_own_orientation(CovarianceProblem& p, Part volume_part, Steps steps) {
  const Index d = p.scatter.dimension();
  const Index count = p.mass.size();
  Scratch scratch;
  MatrixMap variances = scratch.matrix(d, count);
  VectorMap shape = scratch.vector(d);
  const MatrixStack orientations(scratch, d, count);
  decompose_each(p.scatter, variances, orientations);
  variances = variances.cwiseMax(0);
  if (volume_part == Part::equal) {
    shape = variances.rowwise().sum() / p.mass.sum();
    variances.colwise() = shape;
  } else {
    VectorMap lambda = scratch.vector(count);
    first_volumes(p, lambda);
    p.steps = equal_shape(variances, p.mass, lambda, shape, steps);
    for (Index k = 0; k < count; ++k) variances.col(k) = lambda[k] * shape;
  }
  factors_of([&](Index k) { return orientations[k]; }, variances, p);
}

void estimate_evv(CovarianceProblem& p) {
  const Index count = p.mass.size();
  double sum = 0;
  for (Index k = 0; k < count; ++k) {
    factorize(p.scatter[k], p.factors[k], p.repairs);
    sum += volume(p.factors[k]);
  }
  const double lambda = sum / p.mass.sum();
  for (Index k = 0; k < count; ++k) {
    const double size = volume(p.factors[k]);
    p.factors[k] *= std::sqrt(lambda / size);
  }
}

void estimate_vvv(CovarianceProblem& p) {
  for (Index k = 0; k < p.mass.size(); ++k) {
    p.scatter[k] /= p.mass[k];
    factorize(p.scatter[k], p.factors[k], p.repairs);
  }
}

void estimate_common_orientation(CovarianceProblem& p, Part volume_part, Steps steps) {
  const Index d = p.scatter.dimension();
  const Index count = p.mass.size();
  p.steps += common_orientation(p.scatter, p.mass, volume_part, p.orientation, steps);
  Scratch scratch;
  MatrixMap rotated = scratch.matrix(d, count);
  MatrixMap product = scratch.matrix(d, d);
  for (Index k = 0; k < count; ++k) {
    product.noalias() = p.scatter[k] * p.orientation;
    for (Index j = 0; j < d; ++j) rotated(j, k) = p.orientation.col(j).dot(product.col(j));
  }
  MatrixMap variances = scratch.matrix(d, count);
  estimate_diagonal_in_place(volume_part == Part::equal ? Structure::EVI : Structure::VVI, rotated,
                             p.mass, variances, false, steps);
  factors_of([&](Index /*k*/) -> const Matrix& { return p.orientation; }, variances, p);
}

// Of factors and scatter only the diagonals.
void estimate_axes(Structure structure, CovarianceProblem& p, Steps steps) {
  const Index d = p.scatter.dimension();
  const Index count = p.mass.size();
  Scratch scratch;
  MatrixMap scatter = scratch.matrix(d, count);
  MatrixMap variances = scratch.matrix(d, count);
  for (Index k = 0; k < count; ++k) {
    scatter.col(k) = p.scatter[k].diagonal();
    if (p.has_current) variances.col(k) = p.factors[k].diagonal().cwiseAbs2();
  }
  estimate_diagonal_in_place(structure, scatter, p.mass, variances, p.has_current, steps);
  for (Index k = 0; k < count; ++k) {
    p.factors[k].setZero();
    p.factors[k].diagonal() = variances.col(k).cwiseSqrt();
  }
}

}  // namespace

void estimate_diagonal_in_place(Structure structure, MatrixRef scatter, VectorRef mass,
                                MatrixRef variances, bool has_current, Steps steps) {
  const Index d = scatter.rows();
  const Index count = mass.size();
  const auto columns = static_cast<double>(d);
  const double total = mass.cwiseMax(0).sum();
  if (!(total > 0)) {
    if (!has_current) variances.setOnes();
    return;
  }
  Scratch scratch;
  if (!(mass.array() > 0).all()) {
    VectorMap pooled = scratch.vector(d);
    pooled.setZero();
    for (Index k = 0; k < count; ++k) {
      if (mass[k] > 0) pooled += phantom_mass * scatter.col(k);
    }
    for (Index k = 0; k < count; ++k) {
      if (mass[k] > 0) continue;
      mass[k] = phantom_mass * total;
      if (has_current) {
        scatter.col(k) = mass[k] * variances.col(k);
      } else {
        scatter.col(k) = pooled;
      }
    }
  }

  switch (structure) {
    case Structure::EII:
      variances.setConstant(scatter.sum() / (mass.sum() * columns));
      return;
    case Structure::VII:
      for (Index k = 0; k < count; ++k) {
        variances.col(k).setConstant(scatter.col(k).sum() / (mass[k] * columns));
      }
      return;
    case Structure::EEI:
      variances.col(0) = scatter.rowwise().sum() / mass.sum();
      for (Index k = 1; k < count; ++k) variances.col(k) = variances.col(0);
      return;
    case Structure::VEI: {
      VectorMap lambda = scratch.vector(count);
      for (Index k = 0; k < count; ++k) {
        lambda[k] = has_current
                        ? geometric_mean(variances.col(k))
                        : std::max(scatter.col(k).sum() / (mass[k] * columns), smallest_variance);
      }
      VectorMap shape = scratch.vector(d);
      equal_shape(scatter, mass, lambda, shape, steps);
      for (Index k = 0; k < count; ++k) variances.col(k) = lambda[k] * shape;
      return;
    }
    case Structure::EVI: {
      double lambda = 0;
      for (Index k = 0; k < count; ++k) lambda += geometric_mean(scatter.col(k));
      lambda /= mass.sum();
      for (Index k = 0; k < count; ++k) {
        auto own = variances.col(k);
        own = scatter.col(k);
        normalize(own);
        own *= lambda;
      }
      return;
    }
    case Structure::VVI:
      for (Index k = 0; k < count; ++k) variances.col(k) = scatter.col(k) / mass[k];
      return;
    default:
      throw std::invalid_argument("estimate_diagonal: " + to_string(structure) +
                                  " is not a diagonal structure");
  }
}

void estimate_in_place(Structure structure, CovarianceProblem& problem, Steps steps) {
  const Index d = problem.scatter.dimension();
  const StructureParts part = parts(structure);
  if (d == 1 && part.shape != Part::identity) {
    const bool equal = part.volume == Part::equal;
    return estimate_in_place(equal ? Structure::EII : Structure::VII, problem, steps);
  }
  if (!(problem.mass.cwiseMax(0).sum() > 0)) {
    if (problem.has_current) return;
    for (Index k = 0; k < problem.mass.size(); ++k) problem.factors[k].setIdentity();
    return;
  }
  if (part.orientation == Part::identity) return estimate_axes(structure, problem, steps);

  if (!(problem.mass.array() > 0).all()) fill_empty_components(problem);
  switch (structure) {
    case Structure::EEE:
      return estimate_eee(problem);
    case Structure::VEE:
      return estimate_vee(problem, steps);
    case Structure::EVE:
    case Structure::VVE:
      return estimate_common_orientation(problem, part.volume, steps);
    case Structure::EEV:
    case Structure::VEV:
      return estimate_own_orientation(problem, part.volume, steps);
    case Structure::EVV:
      return estimate_evv(problem);
    default:
      return estimate_vvv(problem);
  }
}

Matrix estimate_diagonal(Structure structure, const Matrix& scatter, const Vector& mass,
                         const Matrix& current, Steps steps) {
  Matrix used_scatter = scatter;
  Vector used_mass = mass;
  Matrix variances = current.size() > 0 ? current : Matrix(scatter.rows(), scatter.cols());
  estimate_diagonal_in_place(structure, used_scatter, used_mass, variances, current.size() > 0,
                             steps);
  return variances;
}

Covariances estimate(Structure structure, const std::vector<Matrix>& scatter, const Vector& mass,
                     const Covariances& current, Steps steps) {
  if (scatter.empty() || static_cast<Index>(scatter.size()) != mass.size()) {
    throw std::invalid_argument("estimate: one scatter matrix and one mass per component");
  }
  const Index d = scatter.front().rows();
  const Index count = mass.size();
  Covariances result;
  result.orientation = current.orientation;
  Scratch scratch;
  CovarianceProblem problem{MatrixStack(scratch, d, count), scratch.vector(count),
                            MatrixStack(scratch, d, count), !current.factors.empty(),
                            result.orientation};
  problem.mass = mass;
  for (Index k = 0; k < count; ++k) {
    const auto i = static_cast<std::size_t>(k);
    problem.scatter[k] = scatter[i];
    if (problem.has_current) problem.factors[k] = current.factors[i];
  }
  estimate_in_place(structure, problem, steps);
  for (Index k = 0; k < count; ++k) result.factors.emplace_back(problem.factors[k]);
  result.repairs = problem.repairs;
  result.steps = problem.steps;
  return result;
}

}  // namespace mix
