// Which optimum does a search end in, and for how many passes? Full covariances on four real sets
// and ten generated ones whose components overlap; several seeds each. Prints a line
//   SET METHOD SEED LOG-LIKELIHOOD PASSES SECONDS SOUND
// for each fit; SOUND is 0 where a component is flagged. Methods: the efforts, and `restarts`:
// single runs from k-means++ seeds, one after the other, until they took as many passes as the
// default search with the same seed.
//
// usage: bench_optima [--seeds N] [--sets DIRECTORY]
// --sets writes the sets as DIRECTORY/NAME-K.csv, for other programs, and fits nothing.

#include <fmt/format.h>
#include <fmt/os.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "mix/mix.h"

namespace {

using mix::Index;
using mix::Matrix;
using mix::Vector;

struct Set {
  std::string name;
  Index k;
  Matrix x;
};

// The columns of numbers of a data set of the tests.
Set real_set(const std::string& name, Index k) {
  const mix::Table table = mix::read_table(fmt::format("{}/{}.csv", MIXTURE_TEST_DATA, name));
  std::vector<Index> numbers;
  for (Index j = 0; j < table.column_count(); ++j) {
    if (table.columns()[static_cast<std::size_t>(j)].levels.empty()) numbers.push_back(j);
  }
  return {name, k, Matrix(table.values()(Eigen::all, numbers))};
}

Matrix normal_draws(mix::Rng& rng, Index rows, Index columns) {
  Matrix z(rows, columns);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) z(i, j) = mix::standard_normal(rng);
  }
  return z;
}

// Centers of `spread` standard deviations; covariances A A' + 0.2 I, random A; uneven weights.
Set generated_set(Index n, Index d, Index k, double spread) {
  mix::Rng rng(static_cast<std::uint64_t>(1000 * d + k));
  const Matrix centers = spread * normal_draws(rng, k, d);
  std::vector<Matrix> factors;
  Vector weights(k);
  for (Index c = 0; c < k; ++c) {
    factors.emplace_back(0.8 / std::sqrt(static_cast<double>(d)) * normal_draws(rng, d, d) +
                         0.5 * Matrix::Identity(d, d));
    weights[c] = 0.3 + mix::uniform(rng);
  }
  Matrix x(n, d);
  for (Index i = 0; i < n; ++i) {
    const Index c = mix::categorical(rng, weights);
    const Matrix z = normal_draws(rng, 2, d);
    x.row(i) = centers.row(c) + z.row(0) * factors[static_cast<std::size_t>(c)].transpose() +
               std::sqrt(0.2) * z.row(1);
  }
  return {fmt::format("generated-{}x{}", n, d), k, x};
}

std::vector<Set> all_sets() {
  return {real_set("diabetes", 4),          real_set("thyroid", 4),
          real_set("banknote", 4),          real_set("iris", 3),
          generated_set(500, 2, 3, 1.0),    generated_set(800, 2, 6, 1.6),
          generated_set(1500, 2, 12, 2.5),  generated_set(600, 3, 4, 0.9),
          generated_set(1500, 4, 10, 1.2),  generated_set(1000, 5, 5, 0.8),
          generated_set(2000, 6, 8, 0.8),   generated_set(2000, 8, 6, 0.6),
          generated_set(3000, 10, 15, 0.9), generated_set(4000, 20, 20, 0.8)};
}

void write(const Set& set, const std::string& directory) {
  std::filesystem::create_directories(directory);
  auto file = fmt::output_file(fmt::format("{}/{}-{}.csv", directory, set.name, set.k));
  for (Index i = 0; i < set.x.rows(); ++i) {
    for (Index j = 0; j < set.x.cols(); ++j) {
      file.print("{}{:.17g}", j > 0 ? "," : "", set.x(i, j));
    }
    file.print("\n");
  }
}

struct Outcome {
  double log_likelihood = -mix::infinity;
  Index passes = 0;
  bool sound = true;
};

Outcome searched(const Set& set, const mix::FitOptions& options) {
  const mix::Fit best = mix::fit(mix::mixture(mix::Gaussians(set.k, set.x.cols())), set.x, options);
  return {best.report.log_likelihood, best.report.passes, !best.report.flagged};
}

Outcome restarted(const Set& set, std::uint64_t seed, Index passes) {
  constexpr std::uint64_t streams = 1000000;
  Outcome all;
  for (std::uint64_t run = 0; all.passes < passes; ++run) {
    const mix::Fit one = mix::fit(mix::mixture(mix::Gaussians(set.k, set.x.cols())), set.x,
                                  {.start = mix::start::KMeansPlusPlus{},
                                   .n_init = 1,
                                   .acceleration = mix::Acceleration::none,
                                   .seed = streams * (seed + 1) + run});
    all.passes += one.report.passes;
    if (!one.report.flagged) {
      all.log_likelihood = std::max(all.log_likelihood, one.report.log_likelihood);
    }
  }
  return all;
}

void compare_methods(const Set& set, std::uint64_t seeds) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    Index usual = 0;
    const auto show = [&](std::string_view method, const auto& make) {
      const auto begin = std::chrono::steady_clock::now();
      const Outcome outcome = make();
      const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
      fmt::print("{}-{} {} {} {:.6f} {} {:.4f} {}\n", set.name, set.k, method, seed,
                 outcome.log_likelihood, outcome.passes, seconds.count(), outcome.sound ? 1 : 0);
      return outcome.passes;
    };
    show("fast", [&] { return searched(set, {.effort = mix::Effort::fast, .seed = seed}); });
    usual = show("default", [&] { return searched(set, {.seed = seed}); });
    show("restarts", [&] { return restarted(set, seed, usual); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 20;
  std::string directory;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string_view(argv[i]) == "--seeds") seeds = std::stoull(argv[i + 1]);
    if (std::string_view(argv[i]) == "--sets") directory = argv[i + 1];
  }
  for (const Set& set : all_sets()) {
    if (directory.empty()) {
      compare_methods(set, seeds);
    } else {
      write(set, directory);
    }
  }
}
