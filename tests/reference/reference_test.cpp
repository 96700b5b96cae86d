// Fits by other programs, on real data: with default options and seed 1 the fit reaches the best
// known log-likelihood of each case. cases.json is derived by derive_cases.py; tests/data/README.md
// tells where the data come from. Every miss is printed by name.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>

#include "mix/mix.h"
#include "mix/parallel.h"

namespace mix {
namespace {

using Case = nlohmann::json;

const std::vector<Case>& all_cases() {
  static const std::vector<Case> cases = [] {
    std::ifstream file(std::string(MIXTURE_TEST_DATA) + "/../reference/cases.json");
    return Case::parse(file).get<std::vector<Case>>();
  }();
  return cases;
}

const Table& table(const std::string& file) {
  static std::mutex mutex;
  static std::map<std::string, Table> tables;
  const std::lock_guard lock(mutex);
  auto found = tables.find(file);
  if (found == tables.end()) {
    found = tables.emplace(file, read_table(std::string(MIXTURE_TEST_DATA) + "/" + file)).first;
  }
  return found->second;
}

// The rows and columns of a case, its weights, and where its trials are.
struct Data {
  Table columns;
  Vector weights;
  bool has_trials = false;
};

// A column of the file, or one computed from it: "x^2", "log(10+x)", "group=treated".
Vector computed_column(const Table& file, const std::string& expression) {
  if (expression.ends_with("^2")) {
    const std::string name = expression.substr(0, expression.size() - 2);
    return file.column_values(file.index_of(name)).array().square();
  }
  if (expression.starts_with("log(10+")) {
    const std::string name = expression.substr(7, expression.size() - 8);
    return (file.column_values(file.index_of(name)).array() + 10).log();
  }
  const std::size_t equals = expression.find('=');
  if (equals == std::string::npos) return file.column_values(file.index_of(expression));
  const Index column = file.index_of(expression.substr(0, equals));
  Vector indicator(file.rows());
  for (Index i = 0; i < file.rows(); ++i) {
    indicator[i] = file.text(i, column) == expression.substr(equals + 1) ? 1 : 0;
  }
  return indicator;
}

Data regression_data(const Case& c) {
  const Table& file = table(c.at("data_file"));
  Data data;
  std::vector<std::string> names;
  for (std::string name : c.at("columns")) {
    data.has_trials = name.starts_with("trials: ");
    if (data.has_trials) name = name.substr(8);
    names.push_back(name);
  }
  Matrix x(file.rows(), static_cast<Index>(names.size()));
  Index j = 0;
  for (const std::string& name : names) x.col(j++) = computed_column(file, name);
  std::vector<Index> rows;
  for (Index i = 0; i < x.rows(); ++i) {
    bool kept = true;
    if (c.contains("more_than")) {
      for (const auto& [name, limit] : c.at("more_than").items()) {
        kept = kept && file.value(i, file.index_of(name)) > limit.get<double>();
      }
    }
    if (kept) rows.push_back(i);
  }
  data.columns = Table::from_matrix(Matrix(x(rows, Eigen::all)), names);
  return data;
}

Data data_of(const Case& c) {
  if (c.at("family").get<std::string>().starts_with("regression_")) return regression_data(c);
  const Table& file = table(c.at("data_file"));
  std::vector<std::string> names;
  std::string weights;
  bool has_trials = false;
  if (c.at("columns").is_string()) {
    for (const std::string& name : file.numeric_columns()) {
      if (name != "target" && name != "digit") names.push_back(name);
    }
    names.resize(64);
  } else {
    for (const std::string column : c.at("columns")) {
      if (column.starts_with("freq column: ")) {
        weights = column.substr(13);
      } else if (column.starts_with("trials: ")) {
        names.push_back(column.substr(8));
        has_trials = true;
      } else {
        names.push_back(column);
      }
    }
  }
  const bool missing = c.at("family") == "gaussian_missing";
  const auto complete = missing ? CompleteRows{file, {}} : file.drop_missing(names);
  Data data{complete.table.select(names), {}, has_trials};
  if (!weights.empty()) {
    data.weights = complete.table.values().col(complete.table.index_of(weights));
  }
  if (c.value("transform", "") == "log") {
    data.columns = Table::from_matrix(data.columns.values().array().log().matrix(), names);
  }
  if (c.value("standardised", false)) {
    data.columns = Table::from_matrix(standardized(data.columns.values()), names);
  }
  if (c.at("family") == "vmf") {
    data.columns = Table::from_matrix(data.columns.values().rowwise().normalized(), names);
  }
  if (c.at("family") == "lca" || c.at("family") == "bernoulli") {
    for (const std::string& name : names) data.columns = data.columns.as_category(name);
  }
  return data;
}

FitOptions default_options(const Data& data) {
  FitOptions options;
  options.sample_weight = data.weights;
  options.seed = 1;
  return options;
}

Structure structure_of(const Case& c) {
  const std::string model = c.at("model");
  if (model == "X" || model == "E") return Structure::EII;
  if (model == "V") return Structure::VII;
  return parse_structure(model);
}

AnyFamily family_of(const Case& c, const Data& data) {
  const std::string family = c.at("family");
  const Index k = c.at("k");
  const Index d = data.columns.column_count();
  if (family == "gaussian" || family == "gaussian_labels" || family == "gaussian_missing") {
    return Gaussians(k, d, {.structure = structure_of(c)});
  }
  if (family == "gaussian_noise") {
    return FamilyList({Gaussians(k, d, {.structure = structure_of(c)}),
                       UniformBox::around(data.columns.values())});
  }
  if (family == "student_t") {
    StudentTOptions options;
    options.scale = c.at("model") == "EEE" ? Scale::common : Scale::per_component;
    const Case& mode = c.at("dof_mode");
    if (mode.is_number()) {
      options.degrees_of_freedom = DegreesOfFreedom::fixed;
      options.dof = mode;
    } else {
      options.degrees_of_freedom =
          mode == "common" ? DegreesOfFreedom::shared : DegreesOfFreedom::per_component;
    }
    return StudentT(k, d, options);
  }
  static const std::map<std::string, std::string> names{
      {"poisson_independent", "poisson"},
      {"lca", "categorical"},
      {"vmf", "von_mises_fisher"},
      {"regression_gaussian", "gaussian_regression"},
      {"regression_poisson", "poisson_regression"},
      {"regression_binomial", "binomial_regression"}};
  const auto found = names.find(family);
  const FamilyEntry& entry = registry().find(found == names.end() ? family : found->second);
  return entry.make({.k = k,
                     .columns = &data.columns,
                     .structure = entry.regression ? c.value("model", "") : "",
                     .has_trials = data.has_trials});
}

struct Outcome {
  std::string id;
  bool solid = false;
  bool met = false;
  bool better = false;
  double reached = 0;
  double wanted = 0;
  std::string note;
};

// The log-likelihood of Gaussians of whole rows by their formula alone, with nothing of the library
// but the parameters: determinants and quadratic forms from an LDL' decomposition in long double.
double plain_log_likelihood(const MixtureModel& model, const Matrix& x, const Vector& w) {
  using Wide = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  const auto& gaussians = *model.family().as<Gaussians>();
  Wide l(x.rows(), gaussians.size());
  for (Index k = 0; k < gaussians.size(); ++k) {
    const Eigen::LDLT<Wide> roots(Wide(gaussians.covariance(k).cast<long double>()));
    const Wide centered = (x.rowwise() - gaussians.means().row(k)).cast<long double>().transpose();
    const long double log_determinant =
        roots.vectorD().array().log().sum() +
        static_cast<long double>(x.cols()) * std::log(2 * std::numbers::pi_v<long double>);
    l.col(k) = std::log(model.weights()[k]) -
               0.5L * (centered.cwiseProduct(roots.solve(centered)).colwise().sum().array() +
                       log_determinant)
                          .transpose();
  }
  long double sum = 0;
  for (Index i = 0; i < x.rows(); ++i) {
    const long double largest = l.row(i).maxCoeff();
    const long double weight = w.size() > 0 ? w[i] : 1.0L;
    sum += weight * (largest + std::log((l.row(i).array() - largest).exp().sum()));
  }
  return static_cast<double>(sum);
}

Outcome fit_case(const Case& c) {
  const Data data = data_of(c);
  Outcome outcome{c.at("id"), c.at("confidence") == "solid", false, false, 0, c.at("loglik"), {}};
  const Fit best =
      fit(MixtureModel(family_of(c, data)), data.columns.values(), default_options(data));
  const double tol = c.at("tol");
  outcome.reached = best.report.log_likelihood;
  outcome.met = outcome.reached >= outcome.wanted - tol && !best.report.flagged;
  outcome.better = outcome.met && outcome.reached > outcome.wanted + tol;
  // What is better than another program's best needs a witness.
  if (outcome.better && c.at("family") == "gaussian") {
    EXPECT_NEAR(plain_log_likelihood(best.model, data.columns.values(), data.weights),
                outcome.reached, 1e-6 * (1 + std::abs(outcome.reached)))
        << outcome.id;
  }
  outcome.note =
      fmt::format("{}{} starts {} moves {} hits {} passes {}",
                  best.report.flagged ? "FLAGGED " : "", to_string(best.report.stop),
                  best.report.starts, best.report.moves, best.report.hits, best.report.n_iter);
  EXPECT_EQ(best.report.parameter_count, c.at("npar").get<Index>()) << outcome.id;
  return outcome;
}

Outcome kmeans_case(const Case& c) {
  const Data data = data_of(c);
  Outcome outcome{c.at("id"), c.at("confidence") == "solid", false, false, 0, c.at("inertia"), {}};
  const KMeans best = kmeans(data.columns.values(), c.at("k"), {.seed = 1});
  const double tol = c.at("rel_tol");
  outcome.reached = best.inertia;
  outcome.met = best.inertia <= outcome.wanted * (1 + tol);
  outcome.better = best.inertia < outcome.wanted * (1 - tol);
  outcome.note = fmt::format("starts {} hits {}", best.starts, best.hits);
  return outcome;
}

struct Share {
  int met = 0;
  int all = 0;
  std::vector<std::string> missed;  // solid cases
  [[nodiscard]] double value() const { return all == 0 ? 1 : static_cast<double>(met) / all; }
};

// Runs the cases of a family and prints the misses. Returns the share met of the solid ones.
template <class Run>
Share run_family(const std::string& family, const Run& run) {
  std::vector<Case> chosen;
  for (const Case& c : all_cases()) {
    if (c.at("family") == family) chosen.push_back(c);
  }
  std::vector<Outcome> outcomes(chosen.size());
  for_each_index(static_cast<Index>(chosen.size()), [&](Index i) {
    const auto at = static_cast<std::size_t>(i);
    outcomes[at] = run(chosen[at]);
  });
  Share solid;
  Share other;
  int better = 0;
  for (const Outcome& o : outcomes) {
    Share& share = o.solid ? solid : other;
    ++share.all;
    share.met += o.met ? 1 : 0;
    better += o.better ? 1 : 0;
    if (!o.met && o.solid) solid.missed.push_back(o.id);
    if (!o.met) {
      fmt::print("  missed{}: {} reached {:.6f}, reference {:.6f}, short by {:.4f}; {}\n",
                 o.solid ? "" : " (not solid)", o.id, o.reached, o.wanted,
                 std::abs(o.wanted - o.reached), o.note);
    } else if (o.better) {
      fmt::print("  better: {} reached {:.6f}, reference {:.6f}; {}\n", o.id, o.reached, o.wanted,
                 o.note);
    }
  }
  fmt::print("{}: {} of {} solid cases met, {} of {} others; better than the reference {}\n",
             family, solid.met, solid.all, other.met, other.all, better);
  EXPECT_GT(solid.all + other.all, 0);
  return solid;
}

class EveryFamily : public testing::TestWithParam<const char*> {};

TEST_P(EveryFamily, ReachesEverySolidReference) {
  EXPECT_EQ(run_family(GetParam(), fit_case).missed, std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Reference, EveryFamily,
                         testing::Values("gaussian_noise", "student_t", "poisson",
                                         "poisson_independent", "multinomial", "lca", "bernoulli",
                                         "binomial", "exponential", "gamma", "weibull", "von_mises",
                                         "vmf", "geometric", "negative_binomial",
                                         "gaussian_missing", "regression_gaussian",
                                         "regression_poisson", "regression_binomial"),
                         [](const auto& each) { return std::string(each.param); });

TEST(Reference, GaussiansReachAtLeast95PercentOfSolidCases) {
  EXPECT_GE(run_family("gaussian", fit_case).value(), 0.95);
}

TEST(Reference, KMeansReachesEverySolidInertia) {
  const Share solid = run_family("kmeans", kmeans_case);
  EXPECT_EQ(solid.met, solid.all);
}

// From known labels there is no search: one exact M-step, and EM to its fixed point, are
// determined.
TEST(Reference, OneStepAndConvergenceFromLabelsEqualOtherPrograms) {
  const Share solid = run_family("gaussian_labels", [](const Case& c) {
    const Data data = data_of(c);
    const Table& file = table(c.at("data_file"));
    std::map<std::string, Index> levels;
    std::vector<Index> labels;
    std::vector<std::string> label_columns = c.at("label_columns");
    std::vector<std::string> texts;
    for (const Index row : file.complete_rows(c.at("columns").get<std::vector<std::string>>())) {
      std::string text;
      for (const std::string& column : label_columns) {
        text += file.text(row, file.index_of(column)) + " ";
      }
      texts.push_back(text);
      levels[text] = 0;
    }
    Index next = 0;
    for (auto& [text, label] : levels) label = next++;
    for (const std::string& text : texts) labels.push_back(levels[text]);

    FitOptions options = default_options(data);
    options.start = start::Labels{labels};
    const MixtureModel model(family_of(c, data));
    Outcome outcome{c.at("id"), c.at("confidence") == "solid", true, false, 0, c.at("loglik"), {}};
    options.max_iter = 1;
    const double one_step = fit(model, data.columns.values(), options).report.log_likelihood;
    if (c.contains("loglik_one_mstep")) {
      const Case& wanted = c.at("loglik_one_mstep");
      const bool equal = std::any_of(wanted.begin(), wanted.end(), [&](const Case& value) {
        return std::abs(one_step - value.get<double>()) <= 1e-8 * std::abs(one_step);
      });
      if (!equal) {
        outcome.met = false;
        outcome.note =
            fmt::format("one M-step gives {:.8f}, references {};", one_step, wanted.dump());
      }
    }
    options.max_iter = 100000;
    const Report report = fit(model, data.columns.values(), options).report;
    outcome.reached = report.log_likelihood;
    if (outcome.reached < outcome.wanted - c.at("tol").get<double>()) {
      outcome.met = false;
      outcome.note += fmt::format(" {} after {} passes", to_string(report.stop), report.n_iter);
    }
    return outcome;
  });
  EXPECT_EQ(solid.met, solid.all);
}

}  // namespace
}  // namespace mix
