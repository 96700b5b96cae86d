#include "workloads.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "mix/distributions/categorical.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/poisson.h"
#include "mix/npy.h"
#include "mix/parallel.h"
#include "mix/random.h"

namespace bench {
namespace {

using mix::Rng;

struct GaussianRecipe {
  std::string_view name;
  Kind kind;
  Index n, d, k;
  double separation;  // of two random centers, in standard deviations
};

constexpr GaussianRecipe recipes[] = {
    {"a", Kind::gaussian, 1000000, 2, 4, 3},   {"b", Kind::gaussian, 200000, 16, 16, 4},
    {"c", Kind::gaussian, 100000, 64, 16, 5},  {"d", Kind::gaussian, 20000, 256, 8, 6},
    {"e", Kind::gaussian, 1000000, 1, 3, 3},   {"w", Kind::gaussian, 1000000, 10, 10, 5},
    {"i", Kind::gaussian, 5000, 2, 3, 1.5},    {"f1", Kind::kmeans, 1000000, 16, 64, 5},
    {"f2", Kind::kmeans, 200000, 128, 256, 6}, {"f3", Kind::kmeans, 100000, 64, 1000, 6},
};

// The generator of the parameters (row 0) or of one row.
Rng stream(std::string_view name, Index row) {
  std::uint64_t seed = 20240;
  for (const char c : name) seed = 31 * seed + static_cast<unsigned char>(c);
  return Rng(seed, mix::Purpose::user, 0, static_cast<std::uint64_t>(row));
}

Matrix standard_normals(Rng& rng, Index rows, Index cols) {
  Matrix m(rows, cols);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < cols; ++j) m(i, j) = mix::standard_normal(rng);
  }
  return m;
}

Vector dirichlet(Rng& rng, Index size, double concentration) {
  Vector p(size);
  for (double& each : p) each = mix::standard_gamma(rng, concentration);
  return p / p.sum();
}

// A generator for each row, so that rows can be made in any order.
template <class Body>
void for_each_row(std::string_view name, Index rows, const Body& body) {
  mix::for_each_block(rows, [&](Index first, Index count) {
    for (Index i = first; i < first + count; ++i) {
      Rng rng = stream(name, i + 1);
      body(i, rng);
    }
  });
}

Matrix pooled_covariance(const Matrix& x) {
  const Matrix centered = x.rowwise() - x.colwise().mean();
  return centered.transpose() * centered / static_cast<double>(x.rows());
}

Workload make_gaussian(const GaussianRecipe& recipe) {
  const auto [name, kind, n, d, k, separation] = recipe;
  Workload w{std::string(name), kind, k, Matrix(n, d), {}, {}, {}};
  Rng rng = stream(name, 0);
  const Matrix means =
      standard_normals(rng, k, d) * separation / std::sqrt(2 * static_cast<double>(d));
  const Vector weights = dirichlet(rng, k, 10);
  std::vector<Matrix> roots;
  for (Index c = 0; c < k; ++c) {
    const Matrix q = Eigen::HouseholderQR<Matrix>(standard_normals(rng, d, d)).householderQ();
    Vector deviations(d);
    for (double& s : deviations) s = 0.5 * std::pow(3.0, mix::uniform(rng));
    roots.push_back(q * deviations.asDiagonal());
  }

  for_each_row(name, n, [&](Index i, Rng& row) {
    const Index c = mix::categorical(row, weights);
    const Vector z = standard_normals(row, 1, d).transpose();
    w.x.row(i) = means.row(c) + (roots[static_cast<std::size_t>(c)] * z).transpose();
  });

  if (d < 64 || kind == Kind::kmeans) {
    std::vector<Index> rows = mix::sample_without_replacement(rng, n, k);
    std::sort(rows.begin(), rows.end());
    w.start = w.x(rows, Eigen::all);
  } else {  // rows in many columns make degenerate components
    w.start = means + 0.3 * standard_normals(rng, k, d);
  }
  if (kind == Kind::gaussian) w.covariance = pooled_covariance(w.x);
  return w;
}

Workload make_poisson_column() {
  Workload w{"g1", Kind::poisson, 4, Matrix(1000000, 1), Matrix(4, 1), {}, {}};
  const Vector rates{{1, 4, 10, 25}};
  w.start << 0.5, 3, 8, 30;
  for_each_row(w.name, w.x.rows(), [&](Index i, Rng& row) {
    w.x(i, 0) = mix::poisson(row, rates[mix::uniform_index(row, w.components)]);
  });
  return w;
}

Workload make_poisson_columns() {
  constexpr Index k = 8;
  constexpr Index d = 20;
  Workload w{"g2", Kind::poisson, k, Matrix(100000, d), Matrix(k, d), {}, {}};
  Rng rng = stream(w.name, 0);
  Matrix rates(k, d);
  for (double& rate : rates.reshaped()) rate = 1.5 * mix::standard_gamma(rng, 3);
  w.start = (rates.array() * (0.4 * standard_normals(rng, k, d)).array().exp()).max(0.1);
  for_each_row(w.name, w.x.rows(), [&](Index i, Rng& row) {
    const Index c = mix::uniform_index(row, k);
    for (Index j = 0; j < d; ++j) w.x(i, j) = mix::poisson(row, rates(c, j));
  });
  return w;
}

// A component's row holds the probabilities of the levels of the first column, then of the next.
constexpr Index levels = 4;

Workload make_categorical() {
  constexpr Index k = 8;
  constexpr Index d = 20;
  Workload w{"g3", Kind::categorical, k, Matrix(100000, d), Matrix(k, d * levels), {}, {}};
  Rng rng = stream(w.name, 0);
  Matrix p(k, d * levels);
  for (Index c = 0; c < k; ++c) {
    for (Index j = 0; j < d; ++j) {
      p.row(c).segment(j * levels, levels) = dirichlet(rng, levels, 1).transpose();
      w.start.row(c).segment(j * levels, levels) = dirichlet(rng, levels, 3).transpose();
    }
  }
  for_each_row(w.name, w.x.rows(), [&](Index i, Rng& row) {
    const Index c = mix::uniform_index(row, k);
    for (Index j = 0; j < d; ++j) {
      const Vector each = p.row(c).segment(j * levels, levels).transpose();
      w.x(i, j) = static_cast<double>(mix::categorical(row, each));
    }
  });
  return w;
}

Workload make_multinomial() {
  constexpr Index k = 20;
  constexpr Index d = 1000;
  constexpr Index trials = 150;
  Workload w{"g4", Kind::multinomial, k, Matrix::Zero(20000, d), Matrix(k, d), {}, {}};
  Rng rng = stream(w.name, 0);
  Matrix cumulative(k, d);
  for (Index c = 0; c < k; ++c) {
    const Vector p = dirichlet(rng, d, 0.1);
    w.start.row(c) = (0.5 * p + 0.5 * dirichlet(rng, d, 1)).transpose();
    double sum = 0;
    for (Index j = 0; j < d; ++j) cumulative(c, j) = sum += p[j];
  }
  for_each_row(w.name, w.x.rows(), [&](Index i, Rng& row) {
    const Vector edges = cumulative.row(mix::uniform_index(row, k)).transpose();
    for (Index t = 0; t < trials; ++t) {
      const auto edge = std::upper_bound(edges.begin(), edges.end(), mix::uniform(row));
      w.x(i, std::min<Index>(edge - edges.begin(), d - 1)) += 1;
    }
  });
  w.sparse = w.x.sparseView();
  return w;
}

bool is_one_of(const std::string& model, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), model) != names.end();
}

[[noreturn]] void no_workload(std::string_view name) {
  throw std::invalid_argument(
      fmt::format("no workload '{}'; there are {}", name, fmt::join(workload_names(), ", ")));
}

Kind kind_of(std::string_view name) {
  for (const GaussianRecipe& recipe : recipes) {
    if (recipe.name == name) return recipe.kind;
  }
  if (name == "g1" || name == "g2") return Kind::poisson;
  if (name == "g3") return Kind::categorical;
  if (name == "g4") return Kind::multinomial;
  no_workload(name);
}

std::filesystem::path file_of(const std::filesystem::path& directory, std::string_view name,
                              std::string_view part) {
  return directory / fmt::format("{}.{}.npy", name, part);
}

template <class D>
mix::AnyFamily untied(const std::vector<D>& components) {
  return mix::Untied<D>(components);
}

}  // namespace

mix::AnyRows Workload::rows(const std::string& model) const {
  return model == "multinomial_sparse" ? mix::AnyRows(sparse) : mix::AnyRows(x);
}

const std::vector<std::string>& workload_names() {
  static const std::vector<std::string> names{"a",  "b",  "c",  "d",  "e",  "f1", "f2",
                                              "f3", "g1", "g2", "g3", "g4", "i",  "w"};
  return names;
}

Workload make_workload(std::string_view name) {
  for (const GaussianRecipe& recipe : recipes) {
    if (recipe.name == name) return make_gaussian(recipe);
  }
  if (name == "g1") return make_poisson_column();
  if (name == "g2") return make_poisson_columns();
  if (name == "g3") return make_categorical();
  if (name == "g4") return make_multinomial();
  no_workload(name);
}

Workload gaussian_workload(std::string_view name, Index n, Index d, Index k, double separation) {
  return make_gaussian({name, Kind::gaussian, n, d, k, separation});
}

void write_workload(const Workload& workload, const std::filesystem::path& directory) {
  mix::write_npy(file_of(directory, workload.name, "x"), workload.x);
  mix::write_npy(file_of(directory, workload.name, "start"), workload.start);
  if (workload.kind == Kind::gaussian) {
    mix::write_npy(file_of(directory, workload.name, "covariance"), workload.covariance);
  }
}

Workload read_workload(std::string_view name, const std::filesystem::path& directory) {
  const auto values = [&](std::string_view part) {
    return mix::read_npy(file_of(directory, name, part)).values();
  };
  Workload w{std::string(name), kind_of(name), 0, values("x"), values("start"), {}, {}};
  w.components = w.start.rows();
  if (w.kind == Kind::gaussian) w.covariance = values("covariance");
  if (w.kind == Kind::multinomial) w.sparse = w.x.sparseView();
  return w;
}

std::vector<std::string> models(std::string_view workload) {
  switch (kind_of(workload)) {
    case Kind::gaussian: {
      if (workload == "e") return {"VVV", "EEE"};  // one column: variances variable or equal
      std::vector<std::string> names{"VVV", "VVI", "VII", "EEE"};
      for (const mix::Structure each : mix::all_structures()) {
        const std::string name = to_string(each);
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
      return names;
    }
    case Kind::kmeans:
      return {"kmeans"};
    case Kind::poisson:
      return {"poisson"};
    case Kind::categorical:
      return {"categorical"};
    case Kind::multinomial:
      return {"multinomial", "multinomial_sparse"};
  }
  return {};
}

mix::MixtureState start_state(const Workload& workload, const std::string& model) {
  const Index k = workload.components;
  const Index d = workload.x.cols();
  const Vector weights = Vector::Constant(k, 1.0 / static_cast<double>(k));
  const auto with = [&](mix::AnyFamily family) {
    family.prepare(workload.x, Vector::Ones(workload.x.rows()));
    return mix::MixtureState{weights, std::move(family)};
  };
  switch (workload.kind) {
    case Kind::gaussian: {
      const mix::Structure structure = mix::parse_structure(model);
      Matrix covariance = workload.covariance;
      if (is_diagonal(structure, d)) covariance = Matrix(covariance.diagonal().asDiagonal());
      if (is_one_of(model, {"EII", "VII"})) {
        covariance = Matrix::Identity(d, d) * (covariance.trace() / static_cast<double>(d));
      }
      return with(mix::Gaussians(workload.start,
                                 std::vector<Matrix>(static_cast<std::size_t>(k), covariance),
                                 {.structure = structure}));
    }
    case Kind::poisson: {
      std::vector<mix::Poisson> components;
      for (Index c = 0; c < k; ++c) components.emplace_back(workload.start.row(c).transpose());
      return with(untied(components));
    }
    case Kind::categorical: {
      std::vector<mix::Categorical> components;
      for (Index c = 0; c < k; ++c) {
        std::vector<Vector> p;
        for (Index j = 0; j < d; ++j) {
          p.emplace_back(workload.start.row(c).segment(j * levels, levels).transpose());
        }
        components.emplace_back(p);
      }
      return with(untied(components));
    }
    case Kind::multinomial: {
      std::vector<mix::Multinomial> components;
      for (Index c = 0; c < k; ++c) components.emplace_back(workload.start.row(c).transpose());
      return with(untied(components));
    }
    case Kind::kmeans:
      break;
  }
  throw std::invalid_argument(
      fmt::format("workload '{}' is for k-means, which has no mixture", workload.name));
}

Work work_per_iteration(const Workload& workload, const std::string& model) {
  const auto n = static_cast<double>(workload.x.rows());
  const auto d = static_cast<double>(workload.x.cols());
  const auto k = static_cast<double>(workload.components);
  Work work{0, n * k, 8 * n * d};
  switch (workload.kind) {
    case Kind::gaussian:
      if (is_one_of(model, {"EII", "VII", "EEI", "EEE"}) && d > 1) {
        work.flops = 4 * n * k * d;
      } else if (is_diagonal(mix::parse_structure(model), workload.x.cols())) {
        work.flops = 8 * n * k * d;
      } else {  // in few columns the terms of lower order weigh
        work.flops = 2 * n * k * d * (d <= 3 ? d + 3 : d);
      }
      break;
    case Kind::kmeans:
      work = {2 * n * k * d, 0, 8 * n * d};
      break;
    case Kind::poisson:
      work.flops = 4 * n * k * d;
      break;
    case Kind::multinomial:
      work.flops = 4 * n * k * d;
      if (model == "multinomial_sparse") {  // of the cells that are not 0, value and column
        const auto cells = static_cast<double>(workload.sparse.nonZeros());
        work.flops = 4 * cells * k;
        work.bytes = 12 * cells;
      }
      break;
    case Kind::categorical:
      work.flops = 4 * n * k * d * static_cast<double>(levels);
      break;
  }
  return work;
}

}  // namespace bench
