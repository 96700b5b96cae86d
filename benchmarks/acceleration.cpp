// How many passes do slow runs need with and without extrapolation? Twenty mixtures whose
// components overlap, of eleven families, each from one start. Prints a line
//   CASE METHOD PASSES RATIO OPTIMUM
// for each run: passes to within 1e-6 nats of the optimum that it comes to, their ratio to plain
// EM's and that optimum, then the geometric means of the ratios and what ended in a worse optimum
// than plain EM.
//
// usage: bench_acceleration [CASE...]

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "mix/mix.h"
#include "mix/parallel.h"

namespace {

using mix::Acceleration;
using mix::AnyFamily;
using mix::Index;
using mix::Matrix;
using mix::MixtureModel;
using mix::MixtureState;
using mix::Vector;

// As near to the optimum a run has arrived, in nats.
constexpr double arrived = 1e-6;
// Optima that differ by less are the same.
constexpr double same = 1e-3;
constexpr Index most_passes = 60000;
constexpr Index polishing_passes = 3000;

struct Case {
  std::string name;
  MixtureModel truth;
  AnyFamily family;
  Index rows;
};

// k Gaussians in d columns with means `spread` standard deviations from 0 and random covariances.
MixtureModel overlapping(Index k, Index d, double spread) {
  mix::Rng rng(static_cast<std::uint64_t>(100 * d + k));
  const auto draws = [&](Index rows, Index columns) {
    Matrix z(rows, columns);
    for (double& value : z.reshaped()) value = mix::standard_normal(rng);
    return z;
  };
  const Matrix means = spread * draws(k, d);
  std::vector<Matrix> covariances;
  for (Index c = 0; c < k; ++c) {
    const Matrix a = 0.5 * draws(d, d);
    covariances.emplace_back(a * a.transpose() + 0.5 * Matrix::Identity(d, d));
  }
  return mix::mixture(mix::Gaussians(means, covariances));
}

AnyFamily gaussians(Index k, Index d, mix::Structure structure = mix::Structure::VVV) {
  return mix::Gaussians(k, d, {.structure = structure});
}

template <class D>
AnyFamily untied(const D& distribution, Index k) {
  return mix::Untied<D>(distribution, k);
}

std::vector<Case> all_cases() {
  using namespace mix;  // NOLINT(google-build-using-namespace): names of families
  const auto vector = [](std::initializer_list<double> values) {
    return Vector(Eigen::Map<const Vector>(values.begin(), static_cast<Index>(values.size())));
  };
  const auto rate = [&](double value) { return vector({value}); };
  return {
      {"gaussian-3x2", overlapping(3, 2, 1.0), gaussians(3, 2), 1000},
      {"gaussian-4x4", overlapping(4, 4, 1.2), gaussians(4, 4), 1500},
      {"gaussian-4x4-near", overlapping(4, 4, 0.7), gaussians(4, 4), 1500},
      {"gaussian-6x8", overlapping(6, 8, 0.8), gaussians(6, 8), 2000},
      {"gaussian-5x6", overlapping(5, 6, 0.6), gaussians(5, 6), 2000},
      {"gaussian-too-many", overlapping(2, 2, 2.0), gaussians(4, 2), 800},
      {"gaussian-VVI", overlapping(4, 3, 1.0), gaussians(4, 3, Structure::VVI), 1000},
      {"gaussian-EEE", overlapping(4, 3, 1.0), gaussians(4, 3, Structure::EEE), 1000},
      {"gaussian-VEE", overlapping(4, 3, 1.2), gaussians(4, 3, Structure::VEE), 1000},
      {"normal-2", mixture({0.4, 0.6}, Normal(-0.8, 1), Normal(0.8, 1.5)), untied(Normal(), 2),
       500},
      {"normal-3", mixture({0.4, 0.3, 0.3}, Normal(-2, 1), Normal(0, 0.7), Normal(2, 1)),
       untied(Normal(), 3), 800},
      {"gamma", mixture({0.5, 0.5}, Gamma(3, 1), Gamma(6, 1)), untied(Gamma(), 2), 800},
      {"poisson-2", mixture({0.35, 0.65}, Poisson(rate(4)), Poisson(rate(7))),
       untied(Poisson(1), 2), 500},
      {"poisson-3", mixture({0.3, 0.4, 0.3}, Poisson(rate(3)), Poisson(rate(7)), Poisson(rate(13))),
       untied(Poisson(1), 3), 800},
      {"negative-binomial", mixture({0.5, 0.5}, NegativeBinomial(4, 8), NegativeBinomial(12, 8)),
       untied(NegativeBinomial(), 2), 800},
      {"student-t", overlapping(3, 2, 1.6), AnyFamily(StudentT(3, 2)), 800},
      {"factor-analyzers", overlapping(3, 8, 0.8), AnyFamily(FactorAnalyzers(3, 8, {.factors = 2})),
       1000},
      {"exponential", mixture({0.5, 0.5}, Exponential(rate(1)), Exponential(rate(3))),
       untied(Exponential(1), 2), 600},
      {"weibull", mixture({0.5, 0.5}, Weibull(2, 1), Weibull(3, 2)), untied(Weibull(), 2), 800},
      {"bernoulli",
       mixture({0.5, 0.3, 0.2}, Bernoulli(vector({.8, .7, .7, .6, .3, .2})),
               Bernoulli(vector({.3, .4, .3, .5, .6, .7})),
               Bernoulli(vector({.5, .2, .8, .2, .7, .4}))),
       untied(Bernoulli(6), 3), 800},
  };
}

struct Outcome {
  std::vector<std::pair<Index, double>> trail;  // pass and objective
  double optimum = -mix::infinity;
};

Outcome run(MixtureState state, const Matrix& x, Acceleration acceleration) {
  const Vector w = Vector::Ones(x.rows());
  Outcome outcome;
  mix::EmOptions options{.tol = 1e-9, .max_iter = most_passes, .acceleration = acceleration};
  options.progress = [&](const mix::Progress& progress) {
    outcome.trail.emplace_back(progress.iteration, progress.objective);
    return true;
  };
  const mix::EmReport report = mix::run_em(state, x, w, options);
  outcome.trail.emplace_back(report.n_iter, report.objective);
  outcome.optimum =
      mix::run_em(
          state, x, w,
          {.tol = -1, .max_iter = polishing_passes, .acceleration = Acceleration::automatic})
          .objective;
  return outcome;
}

Index passes_to(const Outcome& outcome, double optimum) {
  for (const auto& [pass, objective] : outcome.trail) {
    if (objective >= optimum - arrived) return pass;
  }
  return outcome.trail.back().first;  // at least
}

struct Summary {
  double logarithms = 0;
  int cases = 0;
  std::vector<std::string> worse;
};

void compare(const Case& example, std::map<std::string, Summary>& summaries) {
  const Matrix x = example.truth.sample(example.rows, 1).x;
  MixtureState start = mix::fit(MixtureModel(example.family), x,
                                {.start = mix::start::KMeansPlusPlus{}, .n_init = 1, .max_iter = 2})
                           .model.state();
  start.family.prepare(x, Vector::Ones(x.rows()));
  std::vector<std::pair<std::string, Outcome>> outcomes;
  for (const Acceleration acceleration : {Acceleration::none, Acceleration::squarem,
                                          Acceleration::anderson, Acceleration::automatic}) {
    outcomes.emplace_back(to_string(acceleration), run(start, x, acceleration));
  }
  // The same optimum means the highest value that any run has of it.
  const auto optimum_of = [&](const Outcome& outcome) {
    double highest = outcome.optimum;
    for (const auto& other : outcomes) {
      if (std::abs(other.second.optimum - outcome.optimum) < same) {
        highest = std::max(highest, other.second.optimum);
      }
    }
    return highest;
  };
  const double plain_optimum = optimum_of(outcomes.front().second);
  const Index plain = passes_to(outcomes.front().second, plain_optimum);
  for (const auto& [method, outcome] : outcomes) {
    const double optimum = optimum_of(outcome);
    const Index passes = passes_to(outcome, optimum);
    const double ratio = static_cast<double>(passes) / static_cast<double>(plain);
    fmt::print("{:<20} {:<9} {:>6} {:>7.3f} {:>16.6f}\n", example.name, method, passes, ratio,
               optimum);
    Summary& summary = summaries[method];
    summary.logarithms += std::log(ratio);
    ++summary.cases;
    if (optimum < plain_optimum - same) {
      summary.worse.push_back(
          fmt::format("{} by {:.3f} nats", example.name, plain_optimum - optimum));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> chosen(argv + 1, argv + argc);
  std::map<std::string, Summary> summaries;
  mix::with_threads(1, [&] {
    for (const Case& example : all_cases()) {
      if (chosen.empty() || std::find(chosen.begin(), chosen.end(), example.name) != chosen.end()) {
        compare(example, summaries);
      }
    }
  });
  for (const auto& [method, summary] : summaries) {
    fmt::print("{:<9} ratio {:.3f} of {} cases; worse optima: {}\n", method,
               std::exp(summary.logarithms / summary.cases), summary.cases,
               summary.worse.empty() ? "none" : fmt::format("{}", fmt::join(summary.worse, ", ")));
  }
  return 0;
}
