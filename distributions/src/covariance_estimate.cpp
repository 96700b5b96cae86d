// The M-steps of the 14 covariance structures. Notation of the header: W_k scatter, n_k mass, N
// their sum, Sigma_k = lambda_k D_k A_k D_k'; equations: Celeux & Govaert (1995).

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "common_orientation.h"
#include "mix/distributions/covariance_structure.h"
#include "small_matrix.h"
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

double geometric_mean(const Vector& v) {
  return std::exp(v.array().max(smallest_variance).log().mean());
}

// A diagonal of determinant one.
Vector normalized(const Vector& v) { return v.array().max(smallest_variance) / geometric_mean(v); }

// Scatter and mass of all components, none without mass.
struct Problem {
  const std::vector<Matrix>& scatter;
  const Vector& mass;
};

void fill_empty_components(std::vector<Matrix>& scatter, Vector& mass,
                           const std::vector<Matrix>& factors) {
  const double total = mass.cwiseMax(0).sum();
  const std::vector<Matrix> given = scatter;
  const Vector given_mass = mass;
  for (std::size_t k = 0; k < scatter.size(); ++k) {
    double& n = mass[static_cast<Index>(k)];
    if (n > 0) continue;
    n = phantom_mass * total;
    if (!factors.empty()) {
      scatter[k] = n * product_with_transpose(factors[k]);
    } else {
      scatter[k].setZero();
      for (std::size_t j = 0; j < given.size(); ++j) {
        if (given_mass[static_cast<Index>(j)] > 0) scatter[k] += phantom_mass * given[j];
      }
    }
  }
}

// The lower factor of a matrix that is positive definite up to rounding.
Matrix cholesky(Matrix matrix, Index& repairs) {
  Matrix lower = matrix;
  if (Eigen::LLT<Eigen::Ref<Matrix>>(lower).info() != Eigen::Success) {
    ++repairs;
    const Vector diagonal = matrix.diagonal().cwiseMax(1e-16 * matrix.diagonal().maxCoeff());
    Eigen::ComputationInfo info = Eigen::NumericalIssue;
    for (double t = 1e-14; info != Eigen::Success && t < 1; t *= 10) {
      matrix.diagonal() += t * diagonal;
      lower = matrix;
      info = Eigen::LLT<Eigen::Ref<Matrix>>(lower).info();
    }
  }
  lower.triangularView<Eigen::StrictlyUpper>().setZero();
  return lower;
}

// |L L'|^(1/d).
double volume(const Matrix& lower) { return std::exp(2 * lower.diagonal().array().log().mean()); }

Vector volumes(const std::vector<Matrix>& factors) {
  Vector v(static_cast<Index>(factors.size()));
  for (std::size_t k = 0; k < factors.size(); ++k) v[static_cast<Index>(k)] = volume(factors[k]);
  return v;
}

// The lower factor of D diag(v) D'. The product itself would lose the digits of small variances.
Matrix factor_of(const Matrix& orientation, Vector variances, Index& repairs) {
  const double smallest = 1e-16 * variances.maxCoeff();
  if (variances.minCoeff() < smallest) {
    ++repairs;
    variances = variances.cwiseMax(smallest);
  }
  const Eigen::HouseholderQR<Matrix> qr(variances.cwiseSqrt().asDiagonal() *
                                        orientation.transpose());
  Matrix lower = qr.matrixQR().triangularView<Eigen::Upper>().transpose();
  for (Index j = 0; j < lower.cols(); ++j) {
    if (lower(j, j) < 0) lower.col(j) *= -1;
  }
  return lower;
}

// Alternates `update`, which maps volumes to better volumes, until they stay, or change by rounding
// only. Returns how often.
template <class Update>
Index alternate(Vector& lambda, Steps steps, const Update& update) {
  Stagnation stagnation;
  Index made = 0;
  for (bool moves = true; moves && made < most_alternations(steps); ++made) {
    const Vector next = update(lambda);
    const double change = (next.array() / lambda.array()).log().abs().maxCoeff();
    lambda = next;
    moves = change > volume_tolerance && !stagnation(change);
  }
  return made;
}

// Of diagonal scatter (column k: component k).
struct EqualShape {
  Vector lambda;  // volumes
  Vector shape;
  Index steps = 0;

  [[nodiscard]] Matrix variances() const { return shape * lambda.transpose(); }
};

EqualShape equal_shape(const Matrix& scatter, const Vector& mass, Vector lambda, Steps steps) {
  const auto d = static_cast<double>(scatter.rows());
  EqualShape result;
  Vector& shape = result.shape;
  result.steps = alternate(lambda, steps, [&](const Vector& current) -> Vector {
    shape = normalized(scatter * current.cwiseInverse());
    return (scatter.transpose() * shape.cwiseInverse()).array().max(smallest_variance) /
           (d * mass.array());
  });
  result.lambda = std::move(lambda);
  return result;
}

Vector traces(const std::vector<Matrix>& scatter) {
  Vector t(static_cast<Index>(scatter.size()));
  for (std::size_t k = 0; k < scatter.size(); ++k) t[static_cast<Index>(k)] = scatter[k].trace();
  return t;
}

Matrix diagonals(const std::vector<Matrix>& matrices) {
  Matrix columns(matrices.empty() ? 0 : matrices.front().rows(),
                 static_cast<Index>(matrices.size()));
  for (std::size_t k = 0; k < matrices.size(); ++k) {
    columns.col(static_cast<Index>(k)) = matrices[k].diagonal();
  }
  return columns;
}

Vector first_volumes(const Problem& p, const std::vector<Matrix>& current) {
  if (!current.empty()) return volumes(current);
  return traces(p.scatter).cwiseQuotient(p.mass) / static_cast<double>(p.scatter.front().rows());
}

Covariances estimate_vee(const Problem& p, const std::vector<Matrix>& current, Steps steps) {
  const Index d = p.scatter.front().rows();
  Covariances result;
  Vector lambda = first_volumes(p, current);
  Matrix shape;  // the factor of the common matrix of determinant one
  Matrix sum(d, d);
  Matrix half(d, d);
  Matrix whole(d, d);
  result.steps = alternate(lambda, steps, [&](const Vector& present) -> Vector {
    sum.setZero();
    for (std::size_t k = 0; k < p.scatter.size(); ++k) {
      sum += p.scatter[k] / present[static_cast<Index>(k)];
    }
    shape = cholesky(sum, result.repairs);
    shape /= std::sqrt(volume(shape));
    Vector next(present.size());
    for (std::size_t k = 0; k < p.scatter.size(); ++k) {
      const auto i = static_cast<Index>(k);
      half = p.scatter[k];
      solve_lower(shape, half);
      whole = half.transpose();
      solve_lower(shape, whole);
      next[i] = whole.trace() / (static_cast<double>(d) * p.mass[i]);
    }
    return next.cwiseMax(smallest_variance);
  });
  for (Index k = 0; k < lambda.size(); ++k) {
    result.factors.emplace_back(std::sqrt(lambda[k]) * shape);
  }
  return result;
}

// EEV and VEV: eigenvectors of W_k, eigenvalues in the same order in every component.
Covariances estimate_own_orientation(const Problem& p, Part volume_part,
                                     const std::vector<Matrix>& current, Steps steps) {
  Matrix eigenvalues(p.scatter.front().rows(), p.mass.size());
  std::vector<Matrix> orientations;
  for (std::size_t k = 0; k < p.scatter.size(); ++k) {
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(p.scatter[k]);
    eigenvalues.col(static_cast<Index>(k)) = eigen.eigenvalues().cwiseMax(0);
    orientations.push_back(eigen.eigenvectors());
  }
  Covariances result;
  Matrix variances(eigenvalues.rows(), p.mass.size());
  if (volume_part == Part::equal) {
    variances.colwise() = Vector(eigenvalues.rowwise().sum() / p.mass.sum());
  } else {
    const EqualShape equal = equal_shape(eigenvalues, p.mass, first_volumes(p, current), steps);
    variances = equal.variances();
    result.steps = equal.steps;
  }
  for (std::size_t k = 0; k < orientations.size(); ++k) {
    result.factors.push_back(
        factor_of(orientations[k], variances.col(static_cast<Index>(k)), result.repairs));
  }
  return result;
}

Covariances estimate_evv(const Problem& p) {
  Covariances result;
  for (const Matrix& w : p.scatter) result.factors.push_back(cholesky(w, result.repairs));
  const Vector size = volumes(result.factors);
  const double lambda = size.sum() / p.mass.sum();
  for (std::size_t k = 0; k < p.scatter.size(); ++k) {
    result.factors[k] *= std::sqrt(lambda / size[static_cast<Index>(k)]);
  }
  return result;
}

Covariances estimate_common_orientation(const Problem& p, Part volume_part, const Matrix& current,
                                        Steps steps) {
  Covariances result;
  result.orientation =
      common_orientation(p.scatter, p.mass, volume_part, current, steps, result.steps);
  Matrix rotated(result.orientation.rows(), p.mass.size());
  for (std::size_t k = 0; k < p.scatter.size(); ++k) {
    rotated.col(static_cast<Index>(k)) =
        (result.orientation.transpose() * p.scatter[k] * result.orientation).diagonal();
  }
  const Matrix variances = estimate_diagonal(
      volume_part == Part::equal ? Structure::EVI : Structure::VVI, rotated, p.mass);
  for (Index k = 0; k < p.mass.size(); ++k) {
    result.factors.push_back(factor_of(result.orientation, variances.col(k), result.repairs));
  }
  return result;
}

}  // namespace

Matrix estimate_diagonal(Structure structure, const Matrix& given_scatter, const Vector& given_mass,
                         const Matrix& current, Steps steps) {
  const Index d = given_scatter.rows();
  const auto columns = static_cast<double>(d);
  Matrix scatter = given_scatter;
  Vector mass = given_mass;
  const double total = mass.cwiseMax(0).sum();
  if (!(total > 0)) return current.size() > 0 ? current : Matrix::Ones(d, mass.size());
  const Vector pooled = given_scatter * (given_mass.array() > 0).cast<double>().matrix();
  for (Index k = 0; k < mass.size(); ++k) {
    if (mass[k] > 0) continue;
    mass[k] = phantom_mass * total;
    scatter.col(k) =
        current.size() > 0 ? Vector(mass[k] * current.col(k)) : Vector(phantom_mass * pooled);
  }

  const Vector size = scatter.colwise().sum();
  switch (structure) {
    case Structure::EII:
      return Matrix::Constant(d, mass.size(), size.sum() / (mass.sum() * columns));
    case Structure::VII:
      return Vector::Ones(d) * size.cwiseQuotient(mass * columns).transpose();
    case Structure::EEI:
      return Vector(scatter.rowwise().sum() / mass.sum()).replicate(1, mass.size());
    case Structure::VEI: {
      Vector first = size.cwiseQuotient(mass * columns).cwiseMax(smallest_variance);
      if (current.size() > 0) {
        for (Index k = 0; k < mass.size(); ++k) first[k] = geometric_mean(current.col(k));
      }
      return equal_shape(scatter, mass, first, steps).variances();
    }
    case Structure::EVI: {
      double lambda = 0;
      for (Index k = 0; k < mass.size(); ++k) lambda += geometric_mean(scatter.col(k));
      lambda /= mass.sum();
      Matrix variances(d, mass.size());
      for (Index k = 0; k < mass.size(); ++k) {
        variances.col(k) = lambda * normalized(scatter.col(k));
      }
      return variances;
    }
    case Structure::VVI:
      return scatter.array().rowwise() / mass.transpose().array();
    default:
      throw std::invalid_argument("estimate_diagonal: " + to_string(structure) +
                                  " is not a diagonal structure");
  }
}

Covariances estimate(Structure structure, const std::vector<Matrix>& scatter, const Vector& mass,
                     const Covariances& current, Steps steps) {
  if (scatter.empty() || static_cast<Index>(scatter.size()) != mass.size()) {
    throw std::invalid_argument("estimate: one scatter matrix and one mass per component");
  }
  const Index d = scatter.front().rows();
  const StructureParts part = parts(structure);
  if (d == 1 && part.shape != Part::identity) {
    return estimate(part.volume == Part::equal ? Structure::EII : Structure::VII, scatter, mass,
                    current, steps);
  }
  if (!(mass.cwiseMax(0).sum() > 0)) {
    if (!current.factors.empty()) return current;
    return {std::vector<Matrix>(scatter.size(), Matrix::Identity(d, d)), {}};
  }
  Covariances result;
  if (part.orientation == Part::identity) {
    const Matrix variances = estimate_diagonal(structure, diagonals(scatter), mass,
                                               diagonals(current.factors).cwiseAbs2(), steps);
    for (Index k = 0; k < mass.size(); ++k) {
      result.factors.emplace_back(variances.col(k).cwiseSqrt().asDiagonal());
    }
    return result;
  }
  const bool complete = (mass.array() > 0).all();
  std::vector<Matrix> filled;
  Vector filled_mass;
  if (!complete) {
    filled = scatter;
    filled_mass = mass;
    fill_empty_components(filled, filled_mass, current.factors);
  }
  const Problem problem{complete ? scatter : filled, complete ? mass : filled_mass};
  switch (structure) {
    case Structure::EEE: {
      Matrix sum = Matrix::Zero(d, d);
      for (const Matrix& w : problem.scatter) sum += w;
      const Matrix factor = cholesky(sum / problem.mass.sum(), result.repairs);
      result.factors.assign(scatter.size(), factor);
      return result;
    }
    case Structure::VEE:
      return estimate_vee(problem, current.factors, steps);
    case Structure::EVE:
    case Structure::VVE:
      return estimate_common_orientation(problem, part.volume, current.orientation, steps);
    case Structure::EEV:
    case Structure::VEV:
      return estimate_own_orientation(problem, part.volume, current.factors, steps);
    case Structure::EVV:
      return estimate_evv(problem);
    default:
      break;
  }
  for (std::size_t k = 0; k < scatter.size(); ++k) {
    result.factors.push_back(
        cholesky(problem.scatter[k] / problem.mass[static_cast<Index>(k)], result.repairs));
  }
  return result;
}

}  // namespace mix
