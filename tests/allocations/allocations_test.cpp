#include <gtest/gtest.h>

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "mix/distributions/bernoulli.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/geometric.h"
#include "mix/distributions/inverse_gaussian.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/pareto.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/product.h"
#include "mix/distributions/rayleigh.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/von_mises.h"
#include "mix/em.h"
#include "mix/models/fit.h"
#include "mix/models/mixture_model.h"
#include "mix/parallel.h"
#include "mix/random.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool counts_allocations = false;
#else
constexpr bool counts_allocations = true;
#endif

namespace {
thread_local std::size_t allocations = 0;
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Eigen, the containers and operator new all come here.
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
#endif

namespace {

using namespace mix;

struct Case {
  std::string name;
  AnyFamily family;
  Matrix x;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// Three groups of rows.
template <class Cell>
Matrix groups(Index rows, Index columns, const Cell& cell) {
  Rng rng(11);
  Matrix x(rows, columns);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) x(i, j) = cell(rng, i % 3);
  }
  return x;
}
Matrix reals(Index rows, Index columns) {
  return groups(rows, columns, [](Rng& rng, Index group) {
    return 2 * static_cast<double>(group) + standard_normal(rng);
  });
}
Matrix counts(Index rows, Index columns) {
  return groups(rows, columns, [](Rng& rng, Index group) {
    return poisson(rng, 2 + 4 * static_cast<double>(group));
  });
}
Matrix codes(Index rows, Index columns) {
  return groups(rows, columns, [](Rng& rng, Index group) {
    return binomial(rng, 2, 0.2 + 0.3 * static_cast<double>(group));
  });
}

std::vector<Case> cases() {
  std::vector<Case> all;
  // One register kernel for few columns, panels of rows for more.
  for (const Index d : {1, 2, 5, 16}) {
    for (const Structure structure : distinct_structures(d)) {
      all.push_back({"gaussian_" + to_string(structure) + "_" + std::to_string(d),
                     Gaussians(3, d, {.structure = structure}), reals(1500, d)});
    }
  }
  for (const Structure structure : distinct_structures(5)) {
    all.push_back(
        {"gaussian_conjugate_" + to_string(structure),
         Gaussians(3, 5,
                   {.structure = structure, .prior = {.kind = GaussianPrior::Kind::conjugate}}),
         reals(1500, 5)});
  }
  all.push_back({"normal", Untied(Normal(), 3), reals(1500, 1)});
  all.push_back({"student_t", StudentT(3, 2), reals(1500, 2)});
  all.push_back(
      {"student_t_common",
       StudentT(3, 2, {.scale = Scale::common, .degrees_of_freedom = DegreesOfFreedom::shared}),
       reals(1500, 2)});
  all.push_back({"exponential", Untied(Exponential(3), 3), reals(1500, 3).cwiseAbs()});
  all.push_back({"poisson", Untied(Poisson(3), 3), counts(1500, 3)});
  all.push_back({"binomial", Untied(Binomial(20), 3), counts(1500, 1).cwiseMin(20)});
  all.push_back({"bernoulli", Untied(Bernoulli(4), 3), codes(1500, 4).cwiseMin(1)});
  all.push_back({"multinomial", Untied(Multinomial(4), 3), counts(1500, 4)});
  all.push_back({"categorical", Untied(Categorical(std::vector<Index>(4, 3)), 3), codes(1500, 4)});
  const Matrix positive = reals(1500, 1).array().exp();
  const auto add_positive = [&](const auto& distribution) {
    all.push_back({std::string(distribution.name), Untied(distribution, 3), positive});
  };
  add_positive(Gamma());
  add_positive(InverseGaussian());
  add_positive(Rayleigh());
  add_positive(Pareto());
  all.push_back({"von_mises", Untied(VonMises(), 3), reals(1500, 1)});
  all.push_back({"geometric", Untied(Geometric(), 3), counts(1500, 1)});
  all.push_back({"product",
                 Product(std::vector<Product::Block>{{{0, 1}, Gaussians(3, 2)},
                                                     {{2}, Untied(Poisson(1), 3)}}),
                 (Matrix(1500, 3) << reals(1500, 2), counts(1500, 1)).finished()});
  return all;
}

// A third of the cells is missing.
Matrix with_holes(Matrix x) {
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index j = 0; j < x.cols(); ++j) {
      if ((i * i + j * (i + 3)) % 3 == 0) x(i, j) = quiet_nan;
    }
  }
  return x;
}

std::vector<Case> incomplete_cases() {
  std::vector<Case> all;
  for (const Structure structure : {Structure::VVV, Structure::EEE, Structure::VVI}) {
    all.push_back({"gaussian_" + to_string(structure), Gaussians(3, 5, {.structure = structure}),
                   with_holes(reals(1500, 5))});
  }
  all.push_back({"student_t", StudentT(3, 3), with_holes(reals(1500, 3))});
  all.push_back({"poisson", Untied(Poisson(3), 3), with_holes(counts(1500, 3))});
  all.push_back({"bernoulli", Untied(Bernoulli(4), 3), with_holes(codes(1500, 4).cwiseMin(1))});
  all.push_back({"normal", Untied(Normal(), 3), with_holes(reals(1500, 1))});
  return all;
}

class Iterations : public ::testing::TestWithParam<Case> {};

// What more passes take from the system beyond what fewer take: nothing.
TEST_P(Iterations, AllocateNothing) {
  if (!counts_allocations) GTEST_SKIP() << "a sanitizer replaces malloc";
  const Case& c = GetParam();
  const Vector w = Vector::Ones(c.x.rows());
  const auto start = fit(MixtureModel(c.family), c.x, {.max_iter = 5, .threads = 1});
  with_threads(1, [&] {
    const auto taken = [&](Index passes) {
      MixtureState state = start.model.state();
      const std::size_t before = allocations;
      run_em(state, c.x, w, {.tol = -1, .max_iter = passes});
      return allocations - before;
    };
    taken(20);  // the memory that the thread keeps
    EXPECT_EQ(taken(60), taken(20));
  });
}

INSTANTIATE_TEST_SUITE_P(EveryFamily, Iterations, ::testing::ValuesIn(cases()),
                         [](const auto& entry) { return entry.param.name; });
INSTANTIATE_TEST_SUITE_P(MissingCells, Iterations, ::testing::ValuesIn(incomplete_cases()),
                         [](const auto& entry) { return entry.param.name; });

}  // namespace
