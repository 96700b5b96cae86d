#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "../../docs/examples/common_variance.h"
#include "../../docs/examples/gumbel.h"
#include "../../docs/examples/laplace.h"
#include "../../docs/examples/natural_rayleigh.h"
#include "../../docs/examples/rayleigh.h"
#include "mix/distributions/student_t.h"
#include "mix/random.h"
#include "mix/testing/check_distribution.h"

// Every law, for StudentT, Autodiff and the distributions of the documentation.
namespace {

using namespace mix;

struct Entry {
  std::string name;
  AnyFamily family;
  Matrix x;
  LawOptions options = {};
};

struct GumbelByColumns : Gumbel {
  static constexpr bool by_columns = true;
};

void PrintTo(const Entry& entry, std::ostream* out) { *out << entry.name; }

Matrix heavy_tails(Index rows, Index columns) {
  Rng rng(7);
  Matrix x(rows, columns);
  for (Index i = 0; i < rows; ++i) {
    const double stretch = std::sqrt(2 / standard_gamma(rng, 2));
    for (Index j = 0; j < columns; ++j) x(i, j) = 3 + stretch * standard_normal(rng);
  }
  return x;
}

Matrix lengths(Index rows) { return heavy_tails(rows, 2).rowwise().norm(); }

std::vector<Entry> entries() {
  std::vector<Entry> all;
  for (const Scale scale : {Scale::per_component, Scale::common}) {
    const std::string tied = scale == Scale::common ? "_common_scale" : "";
    for (const auto& [dof, suffix] : {std::pair{DegreesOfFreedom::per_component, ""},
                                      {DegreesOfFreedom::shared, "_shared_dof"},
                                      {DegreesOfFreedom::fixed, "_fixed_dof"}}) {
      all.push_back({"student_t" + tied + suffix,
                     StudentT(2, 2, {.scale = scale, .degrees_of_freedom = dof, .dof = 6}),
                     heavy_tails(120, 2)});
    }
  }
  // Half of this grid's error is in the tails beyond it.
  const Index n = 400000;
  const LawOptions line{.support = Vector::LinSpaced(n, -1000 + 0.0025, 1000 - 0.0025),
                        .measure = Vector::Constant(n, 0.005),
                        .normalization_tolerance = 1e-3};
  all.push_back({"student_t_on_the_line", StudentT(1, 1), heavy_tails(120, 1), line});
  all.push_back({"gumbel", Untied(Autodiff<NamedGumbel>({0.0, 1.0}), 2), heavy_tails(80, 1), line});
  all.push_back({"gumbel_by_columns", Untied(Autodiff<GumbelByColumns>({0.0, 1.0}), 2),
                 heavy_tails(80, 1), line});
  all.push_back({"rayleigh", Untied(Rayleigh(), 2), lengths(80), line});
  all.push_back({"natural_rayleigh", Untied(NaturalRayleigh(), 2), lengths(80), line});
  // The median moves in steps, from row to row: no derivatives to count parameters by.
  LawOptions stepwise = line;
  stepwise.skip = {"parameter_count"};
  all.push_back({"laplace", Untied(Laplace(), 2), heavy_tails(80, 1), stepwise});
  all.push_back({"common_variance", CommonVariance(2), heavy_tails(80, 1), line});
  return all;
}

class CustomLaws : public testing::TestWithParam<Entry> {};

TEST_P(CustomLaws, HoldForEveryFamily) {
  const Entry& entry = GetParam();
  const LawReport report = check_family(entry.family, entry.x, entry.options);
  EXPECT_TRUE(report.ok()) << report.text();
  // All, except those that may find nothing to check.
  const AnyFamily& family = entry.family;
  const std::size_t expected = 32 - (family.one_by_one() ? 0 : 1) - (family.separable() ? 0 : 1) -
                               (family.charted() ? 0 : 1) -
                               (entry.options.support.rows() > 0 ? 0 : 1) -
                               (family.streams() ? 0 : 4) - (family.samples() ? 0 : 1) -
                               (family.parameter_count() > 0 ? 0 : 1) - entry.options.skip.size();
  EXPECT_GE(report.checked.size(), expected);
}

INSTANTIATE_TEST_SUITE_P(All, CustomLaws, testing::ValuesIn(entries()),
                         [](const auto& entry) { return entry.param.name; });

}  // namespace
