// How often do 95 % intervals hold the truth? Rows of known mixtures of two components, 1000 at a
// time, fitted from the truth; a line for each mixture, with the share of intervals of each
// parameter that hold it. Arguments: replicates (2000), then the information matrix (observed),
// then a part of the names of the designs to run (all). The share of 2000 errs by 0.5 %.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "mix/distributions/categorical.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/product.h"
#include "mix/distributions/student_t.h"
#include "mix/matching.h"
#include "mix/models/fit.h"
#include "mix/models/parameter_values.h"
#include "mix/models/standard_errors.h"
#include "mix/parallel.h"

namespace {

using namespace mix;

constexpr Index n = 1000;
constexpr double missing_share = 0.2;

struct Design {
  std::string name;
  MixtureModel truth;
  double missing = 0;  // of the cells, completely at random
};

MixtureModel gaussians(double distance) {
  Matrix means(2, 2);
  means << 0, 0, distance, 0.5 * distance;
  Matrix round = Matrix::Identity(2, 2);
  Matrix tilted(2, 2);
  tilted << 1, 0.5, 0.5, 2;
  return mixture({0.4, 0.6}, Gaussians(means, {round, tilted}));
}

MixtureModel poissons(double low, double high) {
  return mixture({0.4, 0.6}, Untied<Poisson>({Poisson(Vector::Constant(1, low)),
                                              Poisson(Vector::Constant(1, high))}));
}

Matrix means_of_three_columns() {
  Matrix means(2, 3);
  means << 0, 0, 0, 3, 2, -2;
  return means;
}

Matrix correlated() {
  Matrix covariance(3, 3);
  covariance << 1, 0.5, 0.2, 0.5, 2, -0.4, 0.2, -0.4, 1;
  return covariance;
}

MixtureModel gaussians_of_three_columns(Structure structure) {
  Matrix second = 1.5 * Matrix::Identity(3, 3);
  second(0, 1) = second(1, 0) = -0.5;
  std::vector<Matrix> covariances{correlated(), second};
  if (structure == Structure::EEE) covariances[1] = covariances[0];
  if (structure == Structure::VVI) {
    for (Matrix& covariance : covariances) covariance = Matrix(covariance.diagonal().asDiagonal());
  }
  return mixture({0.4, 0.6}, Gaussians(means_of_three_columns(), std::move(covariances),
                                       {.structure = structure}));
}

MixtureModel students() {
  const Matrix round = Matrix::Identity(3, 3);
  Vector dof(2);
  dof << 5, 8;
  return mixture({0.4, 0.6}, StudentT(1.5 * means_of_three_columns(), {correlated(), round}, dof));
}

// Two correlated columns, a count and a category.
MixtureModel mixed_columns() {
  const auto rate = [](double value) { return Poisson(Vector::Constant(1, value)); };
  Matrix shares(2, 3);
  shares << 0.6, 0.3, 0.1, 0.2, 0.3, 0.5;
  return mixture({0.4, 0.6},
                 Product({{{0, 1}, gaussians(3).family()},
                          {{2}, Untied<Poisson>({rate(3), rate(7)})},
                          {{3},
                           Untied<Categorical>({Categorical({Vector(shares.row(0))}),
                                                Categorical({Vector(shares.row(1))})})}}));
}

std::vector<Design> designs() {
  return {
      {"normal, well separated", mixture({0.4, 0.6}, Normal(0, 1), Normal(6, 1.5))},
      {"normal, fairly separated", mixture({0.4, 0.6}, Normal(0, 1), Normal(4, 1.5))},
      {"Poisson, well separated", poissons(2, 15)},
      {"Poisson, fairly separated", poissons(2, 8)},
      {"Gaussian of 2 columns, well separated", gaussians(5)},
      {"Gaussian of 2 columns, fairly separated", gaussians(3)},
      {"gamma, well separated", mixture({0.4, 0.6}, Gamma(4, 1), Gamma(40, 0.5))},
      {"gamma, fairly separated", mixture({0.4, 0.6}, Gamma(4, 1), Gamma(20, 0.6))},
      {"missing cells, Gaussian VVV", gaussians_of_three_columns(Structure::VVV), missing_share},
      {"missing cells, Gaussian EEE", gaussians_of_three_columns(Structure::EEE), missing_share},
      {"missing cells, Gaussian VVI", gaussians_of_three_columns(Structure::VVI), missing_share},
      {"missing cells, Student t", students(), missing_share},
      {"missing cells, mixed columns", mixed_columns(), missing_share}};
}

// Loses this share of the cells, whatever they hold; a row that would lose all keeps all.
Matrix with_missing_cells(Matrix x, double share, std::uint64_t seed) {
  Rng rng(seed, Purpose::sample, 1);
  for (Index i = 0; i < x.rows(); ++i) {
    Vector row = x.row(i);
    for (double& cell : row) {
      if (uniform(rng) < share) cell = quiet_nan;
    }
    if (!row.array().isNaN().all()) x.row(i) = row.transpose();
  }
  return x;
}

struct Result {
  std::vector<bool> holds;  // by the numbers of the truth
  std::vector<std::string> names;
  bool sound = false;
};

Result one_replicate(const Design& design, Index replicate, InformationKind kind) {
  const auto seed = static_cast<std::uint64_t>(replicate) + 1;
  Matrix x = design.truth.sample(n, seed).x;
  if (design.missing > 0) x = with_missing_cells(std::move(x), design.missing, seed);
  const MixtureModel model = fit(design.truth, x, {.start = start::Parameters{}}).model;
  const StandardErrors errors = standard_errors(model, x, {.information = kind});
  const Matrix agreement = design.truth.responsibilities(x).transpose() * model.responsibilities(x);
  const std::vector<Index> partner = best_matching(agreement);
  Result result{{}, {}, errors.warnings.empty()};
  for (const ParameterValue& number : parameter_values(design.truth)) {
    for (const ParameterEstimate& e : errors.parameters) {
      if (e.component != partner[static_cast<std::size_t>(number.component)]) continue;
      if (e.name != number.name) continue;
      result.holds.push_back(e.lower <= number.value && number.value <= e.upper);
      result.names.push_back(fmt::format("{}{}", number.name, number.component + 1));
    }
  }
  return result;
}

void report(const Design& design, Index replicates, InformationKind kind) {
  std::vector<Result> results(static_cast<std::size_t>(replicates));
  for_each_index(replicates, [&](Index i) {
    results[static_cast<std::size_t>(i)] = one_replicate(design, i, kind);
  });
  std::vector<double> share(results.front().holds.size(), 0);
  Index sound = 0;
  for (const Result& result : results) {
    if (result.sound) ++sound;
    for (std::size_t j = 0; j < share.size(); ++j) share[j] += result.holds.at(j) ? 1 : 0;
  }
  std::string text;
  for (std::size_t j = 0; j < share.size(); ++j) {
    share[j] *= 100 / static_cast<double>(replicates);
    text += fmt::format(" {} {:.1f}", results.front().names[j], share[j]);
  }
  const auto [least, most] = std::minmax_element(share.begin(), share.end());
  fmt::print("{:<40} {:.1f} to {:.1f} %, {} of {} without warning:{}\n", design.name, *least, *most,
             sound, replicates, text);
}

}  // namespace

int main(int argc, char** argv) {
  constexpr Index usual_replicates = 2000;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const Index replicates = arguments.empty() ? usual_replicates : std::stol(arguments[0]);
  const InformationKind kind =
      arguments.size() > 1 ? mix::parse_information(arguments[1]) : InformationKind::observed;
  const std::string part = arguments.size() > 2 ? arguments[2] : "";
  for (const Design& design : designs()) {
    if (design.name.find(part) != std::string::npos) report(design, replicates, kind);
  }
}
