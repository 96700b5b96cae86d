// The M-steps of the 14 covariance structures. Notation of the header: W_k scatter, n_k mass, N
// their sum, Sigma_k = lambda_k D_k A_k D_k'; equations: docs/design, table of Gaussian families.

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "common_orientation.h"
#include "mix/distributions/covariance_structure.h"

namespace mix {
namespace {

// Alternating estimates end when no volume changes by more than this factor (less one); the
// objective is flat there, so its error is of the order of the square.
constexpr double volume_tolerance = 1e-11;
constexpr int max_alternations = 2000;
// The mass, relative to all, that a component without any is given, with its current covariance: it
// then keeps what is its own, and its weight in what is shared is lost in rounding.
constexpr double phantom_mass = 1e-30;
constexpr double smallest_variance = 1e-300;

double geometric_mean(const Vector& v) {
  return std::exp(v.array().max(smallest_variance).log().mean());
}

// A diagonal of determinant one.
Vector normalized(const Vector& v) { return v.array().max(smallest_variance) / geometric_mean(v); }

struct Problem {
  std::vector<Matrix> scatter;
  Vector mass;
};

Problem without_empty_components(const std::vector<Matrix>& scatter, const Vector& mass,
                                 const std::vector<Matrix>& current) {
  Problem problem{scatter, mass};
  const double total = mass.cwiseMax(0).sum();
  for (std::size_t k = 0; k < scatter.size(); ++k) {
    double& n = problem.mass[static_cast<Index>(k)];
    if (n > 0) continue;
    n = phantom_mass * total;
    if (!current.empty()) {
      problem.scatter[k] = n * current[k];
    } else {
      problem.scatter[k].setZero();
      for (std::size_t j = 0; j < scatter.size(); ++j) {
        if (mass[static_cast<Index>(j)] > 0) problem.scatter[k] += phantom_mass * scatter[j];
      }
    }
  }
  return problem;
}

// Factors a matrix that is positive definite up to rounding.
Eigen::LLT<Matrix> cholesky(Matrix matrix) {
  Eigen::LLT<Matrix> factor(matrix);
  const Vector diagonal = matrix.diagonal().cwiseMax(1e-16 * matrix.diagonal().maxCoeff());
  for (double t = 1e-14; factor.info() != Eigen::Success && t < 1; t *= 10) {
    matrix.diagonal() += t * diagonal;
    factor.compute(matrix);
  }
  return factor;
}

double log_determinant(const Eigen::LLT<Matrix>& factor) {
  return 2 * factor.matrixLLT().diagonal().array().log().sum();
}

// |Sigma|^(1/d) of each matrix.
Vector volumes(const std::vector<Matrix>& matrices) {
  Vector v(static_cast<Index>(matrices.size()));
  for (std::size_t k = 0; k < matrices.size(); ++k) {
    v[static_cast<Index>(k)] =
        std::exp(log_determinant(cholesky(matrices[k])) / static_cast<double>(matrices[k].rows()));
  }
  return v;
}

// Alternates `update`, which maps volumes to better volumes, until they stay.
template <class Update>
void alternate(Vector& volume, const Update& update) {
  for (int i = 0; i < max_alternations; ++i) {
    const Vector next = update(volume);
    const double change = (next.array() / volume.array()).log().abs().maxCoeff();
    volume = next;
    if (!(change > volume_tolerance)) break;
  }
}

// Common shape A and volumes lambda_k of diagonal scatter (column k: component k).
std::pair<Vector, Vector> equal_shape(const Matrix& scatter, const Vector& mass, Vector volume) {
  const auto d = static_cast<double>(scatter.rows());
  Vector shape;
  alternate(volume, [&](const Vector& current) -> Vector {
    shape = normalized(scatter * current.cwiseInverse());
    return (scatter.transpose() * shape.cwiseInverse()).array().max(smallest_variance) /
           (d * mass.array());
  });
  return {volume, shape};
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

// D diag(v) D', symmetric to the last bit.
Matrix compose(const Matrix& orientation, const Vector& variances) {
  Matrix m = orientation * variances.asDiagonal() * orientation.transpose();
  m.triangularView<Eigen::StrictlyUpper>() = m.transpose();
  return m;
}

std::vector<Matrix> estimate_vee(const Problem& p, const std::vector<Matrix>& current) {
  const Index d = p.scatter.front().rows();
  Vector volume = current.empty()
                      ? Vector(traces(p.scatter).cwiseQuotient(p.mass) / static_cast<double>(d))
                      : volumes(current);
  Matrix shape;
  alternate(volume, [&](const Vector& lambda) -> Vector {
    shape = Matrix::Zero(d, d);
    for (std::size_t k = 0; k < p.scatter.size(); ++k) {
      shape += p.scatter[k] / lambda[static_cast<Index>(k)];
    }
    Eigen::LLT<Matrix> factor = cholesky(shape);
    const double size = std::exp(log_determinant(factor) / static_cast<double>(d));
    shape /= size;
    Vector next(lambda.size());
    for (std::size_t k = 0; k < p.scatter.size(); ++k) {
      const auto i = static_cast<Index>(k);
      next[i] = factor.solve(p.scatter[k]).trace() * size / (static_cast<double>(d) * p.mass[i]);
    }
    return next.cwiseMax(smallest_variance);
  });
  std::vector<Matrix> covariances;
  for (Index k = 0; k < volume.size(); ++k) covariances.emplace_back(volume[k] * shape);
  return covariances;
}

// EEV and VEV: eigenvectors of W_k, eigenvalues in the same order in every component.
std::vector<Matrix> estimate_own_orientation(const Problem& p, Part volume,
                                             const std::vector<Matrix>& current) {
  const Index d = p.scatter.front().rows();
  Matrix eigenvalues(d, p.mass.size());
  std::vector<Matrix> orientations;
  for (std::size_t k = 0; k < p.scatter.size(); ++k) {
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(p.scatter[k]);
    eigenvalues.col(static_cast<Index>(k)) = eigen.eigenvalues().cwiseMax(0);
    orientations.push_back(eigen.eigenvectors());
  }
  Matrix variances(d, p.mass.size());
  if (volume == Part::equal) {
    variances.colwise() = Vector(eigenvalues.rowwise().sum() / p.mass.sum());
  } else {
    const Vector first =
        current.empty() ? Vector(traces(p.scatter).cwiseQuotient(p.mass) / static_cast<double>(d))
                        : volumes(current);
    const auto [lambda, shape] = equal_shape(eigenvalues, p.mass, first);
    variances = shape * lambda.transpose();
  }
  std::vector<Matrix> covariances;
  for (std::size_t k = 0; k < orientations.size(); ++k) {
    covariances.push_back(compose(orientations[k], variances.col(static_cast<Index>(k))));
  }
  return covariances;
}

std::vector<Matrix> estimate_evv(const Problem& p) {
  const Vector size = volumes(p.scatter);
  const double lambda = size.sum() / p.mass.sum();
  std::vector<Matrix> covariances;
  for (std::size_t k = 0; k < p.scatter.size(); ++k) {
    covariances.emplace_back(lambda / size[static_cast<Index>(k)] * p.scatter[k]);
  }
  return covariances;
}

Covariances estimate_common_orientation(const Problem& p, Part volume, const Matrix& current) {
  Covariances result;
  result.orientation = common_orientation(p.scatter, p.mass, volume, current);
  Matrix rotated(result.orientation.rows(), p.mass.size());
  for (std::size_t k = 0; k < p.scatter.size(); ++k) {
    rotated.col(static_cast<Index>(k)) =
        (result.orientation.transpose() * p.scatter[k] * result.orientation).diagonal();
  }
  const Matrix variances =
      estimate_diagonal(volume == Part::equal ? Structure::EVI : Structure::VVI, rotated, p.mass);
  for (Index k = 0; k < p.mass.size(); ++k) {
    result.matrices.push_back(compose(result.orientation, variances.col(k)));
  }
  return result;
}

std::vector<Matrix> as_matrices(const Matrix& variances) {
  std::vector<Matrix> matrices;
  for (Index k = 0; k < variances.cols(); ++k) {
    matrices.emplace_back(variances.col(k).asDiagonal());
  }
  return matrices;
}

}  // namespace

Matrix estimate_diagonal(Structure structure, const Matrix& given_scatter, const Vector& given_mass,
                         const Matrix& current) {
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
      const auto [volume, shape] = equal_shape(scatter, mass, first);
      return shape * volume.transpose();
    }
    case Structure::EVI: {
      double volume = 0;
      for (Index k = 0; k < mass.size(); ++k) volume += geometric_mean(scatter.col(k));
      volume /= mass.sum();
      Matrix variances(d, mass.size());
      for (Index k = 0; k < mass.size(); ++k) {
        variances.col(k) = volume * normalized(scatter.col(k));
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
                     const Covariances& current) {
  if (scatter.empty() || static_cast<Index>(scatter.size()) != mass.size()) {
    throw std::invalid_argument("estimate: one scatter matrix and one mass per component");
  }
  const Index d = scatter.front().rows();
  const StructureParts part = parts(structure);
  if (d == 1 && part.shape != Part::identity) {
    return estimate(part.volume == Part::equal ? Structure::EII : Structure::VII, scatter, mass,
                    current);
  }
  if (!(mass.cwiseMax(0).sum() > 0)) {
    if (!current.matrices.empty()) return current;
    return {std::vector<Matrix>(scatter.size(), Matrix::Identity(d, d)), {}};
  }
  if (part.orientation == Part::identity) {
    return {as_matrices(estimate_diagonal(structure, diagonals(scatter), mass,
                                          diagonals(current.matrices))),
            {}};
  }
  const Problem problem = without_empty_components(scatter, mass, current.matrices);
  switch (structure) {
    case Structure::EEE: {
      Matrix sum = Matrix::Zero(d, d);
      for (const Matrix& w : problem.scatter) sum += w;
      return {std::vector<Matrix>(scatter.size(), sum / problem.mass.sum()), {}};
    }
    case Structure::VEE:
      return {estimate_vee(problem, current.matrices), {}};
    case Structure::EVE:
    case Structure::VVE:
      return estimate_common_orientation(problem, part.volume, current.orientation);
    case Structure::EEV:
    case Structure::VEV:
      return {estimate_own_orientation(problem, part.volume, current.matrices), {}};
    case Structure::EVV:
      return {estimate_evv(problem), {}};
    default:
      break;
  }
  Covariances result;
  for (std::size_t k = 0; k < scatter.size(); ++k) {
    result.matrices.emplace_back(problem.scatter[k] / problem.mass[static_cast<Index>(k)]);
  }
  return result;
}

}  // namespace mix
