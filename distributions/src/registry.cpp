#include "mix/distributions/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "mix/distributions/bernoulli.h"
#include "mix/distributions/beta.h"
#include "mix/distributions/beta_binomial.h"
#include "mix/distributions/binomial.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/deconvolved_gaussians.h"
#include "mix/distributions/dirichlet.h"
#include "mix/distributions/dirichlet_multinomial.h"
#include "mix/distributions/exponential.h"
#include "mix/distributions/factor_analyzers.h"
#include "mix/distributions/free_uniform.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gated.h"
#include "mix/distributions/gaussian_regression.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/generalized_linear.h"
#include "mix/distributions/geometric.h"
#include "mix/distributions/given_columns.h"
#include "mix/distributions/gumbel.h"
#include "mix/distributions/imaginary_rows.h"
#include "mix/distributions/interval_censored.h"
#include "mix/distributions/inverse_gamma.h"
#include "mix/distributions/inverse_gaussian.h"
#include "mix/distributions/laplace.h"
#include "mix/distributions/logistic.h"
#include "mix/distributions/lognormal.h"
#include "mix/distributions/markov_chain.h"
#include "mix/distributions/multinomial.h"
#include "mix/distributions/negative_binomial.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/pareto.h"
#include "mix/distributions/poisson.h"
#include "mix/distributions/product.h"
#include "mix/distributions/rayleigh.h"
#include "mix/distributions/restricted.h"
#include "mix/distributions/shifted.h"
#include "mix/distributions/shifted_exponential.h"
#include "mix/distributions/skew_normal.h"
#include "mix/distributions/skew_t.h"
#include "mix/distributions/student_t.h"
#include "mix/distributions/truncated.h"
#include "mix/distributions/uniform_box.h"
#include "mix/distributions/von_mises.h"
#include "mix/distributions/von_mises_fisher.h"
#include "mix/distributions/weibull.h"
#include "mix/distributions/zero_modified.h"
#include "suitable_columns.h"

namespace mix {
namespace {

Index columns(const FamilyRequest& request) { return request.columns->column_count(); }

// Whether the columns are what a distribution of whole rows accepts.
template <class D>
bool suits_rows(const Table& table) {
  return suits_continuous(table) && table.column_count() > 1 &&
         AnyFamily(D(table.column_count())).check_support(table.cells()).empty();
}

GaussianOptions gaussian_options(const FamilyRequest& request) {
  GaussianOptions options;
  if (!request.structure.empty()) options.structure = parse_structure(request.structure);
  options.prior = parse_gaussian_prior(request.prior.empty() ? "none" : request.prior);
  options.eigenvalue_ratio = request.eigenvalue_ratio;
  return options;
}

AnyFamily make_deconvolved_gaussian(const FamilyRequest& request) {
  if (columns(request) % 2 != 0 || columns(request) == 0) {
    throw std::invalid_argument(fmt::format(
        "deconvolved_gaussian describes values and then their standard errors, one for each, but "
        "there are {} columns; name the columns of errors in --errors",
        columns(request)));
  }
  return DeconvolvedGaussians(request.k, columns(request) / 2, gaussian_options(request));
}

template <class Use>
std::vector<std::string> structure_names(const Use& use) {
  std::vector<std::string> names;
  for (const Structure structure : all_structures()) {
    if (use(structure)) names.push_back(to_string(structure));
  }
  return names;
}

void choose_degrees_of_freedom(const std::string& text, StudentTOptions& options) {
  if (text.empty() || text == "per_component") return;
  if (text == "shared") {
    options.degrees_of_freedom = DegreesOfFreedom::shared;
    return;
  }
  options.degrees_of_freedom = DegreesOfFreedom::fixed;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), options.dof);
  if (error == std::errc() && end == text.data() + text.size()) return;
  throw std::invalid_argument(fmt::format(
      "student_t has degrees of freedom per_component, shared or a fixed number, not \"{}\"",
      text));
}

AnyFamily make_student_t(const FamilyRequest& request) {
  StudentTOptions options;
  if (!request.structure.empty()) {
    const Structure structure = parse_structure(request.structure);
    if (structure != Structure::VVV && structure != Structure::EEE) {
      throw std::invalid_argument(fmt::format(
          "student_t has scale matrices of structure VVV or EEE, not {}", request.structure));
    }
    options.scale = structure == Structure::EEE ? Scale::common : Scale::per_component;
  }
  if (!request.prior.empty() && request.prior != "none") {
    throw std::invalid_argument(
        fmt::format("student_t has no prior {}; use gaussian, or leave it out", request.prior));
  }
  choose_degrees_of_freedom(request.degrees_of_freedom, options);
  return AnyFamily(StudentT(request.k, columns(request), options));
}

std::vector<std::string> factor_structure_names() {
  std::vector<std::string> names;
  for (const FactorStructure structure : all_factor_structures()) {
    names.push_back(to_string(structure));
  }
  return names;
}

AnyFamily make_factor_analyzers(const FamilyRequest& request) {
  FactorOptions options;
  if (!request.structure.empty()) options.structure = parse_factor_structure(request.structure);
  if (!request.prior.empty() && request.prior != "none") {
    throw std::invalid_argument(fmt::format(
        "factor_analyzers has no prior {}; use gaussian, or leave it out", request.prior));
  }
  constexpr Index usual = 2;
  options.scree = request.scree;
  options.factors = request.factors;
  if (options.factors == 0) {
    options.factors =
        std::clamp<Index>(most_factors(options.structure, columns(request)), 1, usual);
  }
  return AnyFamily(FactorAnalyzers(request.k, columns(request), options));
}

AnyFamily make_categorical(const FamilyRequest& request) {
  std::vector<Index> levels;
  for (Index d = 0; d < columns(request); ++d) {
    const Column& column = request.columns->column(d);
    const Vector codes = request.columns->column_values(d);
    levels.push_back(column.kind == ColumnKind::category
                         ? static_cast<Index>(column.levels.size())
                         : static_cast<Index>(codes.maxCoeff()) + 1);
  }
  return Untied(Categorical(std::move(levels)), request.k);
}

AnyFamily make_markov_chain(const FamilyRequest& request) {
  const Column& first = request.columns->column(0);
  for (Index d = 1; d < columns(request); ++d) {
    const Column& column = request.columns->column(d);
    if (column.kind == first.kind && column.levels == first.levels) continue;
    if (column.kind != ColumnKind::category && first.kind != ColumnKind::category) continue;
    throw std::invalid_argument(fmt::format(
        "markov_chain takes the columns of a row for the states of a sequence, but the categories "
        "of columns '{}' and '{}' differ: write states as the same numbers 0, 1, 2, ... in all "
        "columns",
        first.name, column.name));
  }
  const auto levels = static_cast<Index>(first.levels.size());
  return first.kind == ColumnKind::category
             ? Untied(MarkovChain(columns(request), levels), request.k)
             : Untied(MarkovChain(columns(request)), request.k);
}

// The entry of a distribution of successes in trials.
template <class D>
FamilyEntry trials_entry() {
  return {.name = std::string(D::name),
          .empty = [] { return AnyFamily(Untied<D>()); },
          .make = [](const FamilyRequest& request) -> AnyFamily {
            if (request.has_trials) return Untied(D::with_trials_column(), request.k);
            throw std::invalid_argument(fmt::format(
                "{} needs the number of trials: name their column with --trials", D::name));
          },
          .takes_trials = true};
}

// The columns of a regression: covariates, offset, response, trials.
RegressionColumns regression_columns(const FamilyRequest& request, std::string_view family) {
  RegressionColumns parts{.offset = request.has_offset, .trials = request.has_trials};
  parts.covariates = columns(request) - parts.dimension();
  if (parts.covariates >= 0) return parts;
  throw std::invalid_argument(fmt::format(
      "{} describes a response given {}covariates{}: {} columns are too few", family,
      parts.offset ? "offset and " : "", parts.trials ? " and trials" : "", columns(request)));
}

AnyFamily make_gaussian_regression(const FamilyRequest& request) {
  const std::string& structure = request.structure;
  if (!structure.empty() && structure != "V" && structure != "E") {
    throw std::invalid_argument(fmt::format(
        "gaussian_regression has error variances of structure V or E, not {}", structure));
  }
  if (!request.prior.empty() && request.prior != "none") {
    throw std::invalid_argument(
        fmt::format("gaussian_regression has no prior {}; leave it out", request.prior));
  }
  return GaussianRegression(
      request.k, regression_columns(request, GaussianRegression::name),
      structure == "E" ? ErrorVariance::common : ErrorVariance::per_component);
}

template <class F>
FamilyEntry generalized_linear_entry(bool takes_trials) {
  return {.name = std::string(F::name),
          .empty = [] { return AnyFamily(F()); },
          .make = [](const FamilyRequest& request) -> AnyFamily {
            return F(request.k, regression_columns(request, F::name));
          },
          .takes_trials = takes_trials,
          .regression = true};
}

AnyFamily make_normal(const FamilyRequest& request) {
  if (columns(request) != 1) {
    throw std::invalid_argument(
        fmt::format("normal describes one column, not {}; use gaussian", columns(request)));
  }
  return Untied(Normal(), request.k);
}

// The entry of a distribution of one column.
template <class D>
FamilyEntry one_column_entry(const std::function<bool(const Table&)>& suits) {
  return entry_of(D(), suits);
}

ShiftedExponential with_known_shift(const ShiftedExponential& d, double shift) {
  return {shift, d.rate(), ShiftIs::fixed};
}

template <class D>
Shifted<D> with_known_shift(const Shifted<D>& d, double shift) {
  return Shifted<D>(d.base(), shift, ShiftIs::fixed);
}

// The entry of a distribution of one column whose shift is moved where it is not known.
template <class D>
FamilyEntry shifted_entry() {
  return {.name = std::string(D::name),
          .empty = [] { return AnyFamily(Untied<D>()); },
          .make = [](const FamilyRequest& request) -> AnyFamily {
            if (const auto known = request.kept.find("shift"); known != request.kept.end()) {
              return for_columns(Untied(with_known_shift(D(), known->second), request.k),
                                 columns(request));
            }
            if (columns(request) == 1) return Untied(D(), request.k);
            throw std::invalid_argument(fmt::format(
                "{} describes one column, not {}: the shifts of several cannot be moved", D::name,
                columns(request)));
          },
          .keeps = {"shift"}};
}

// The entry of a distribution of one column that is seen between bounds only.
template <class D>
FamilyEntry truncated_entry(const D& base, const std::function<bool(const Table&)>& suits) {
  return {.name = std::string(TruncatedTo<D>::name),
          .empty = [] { return AnyFamily(Untied<TruncatedTo<D>>()); },
          .make = [base](const FamilyRequest& r) -> AnyFamily {
            if (r.has_bounds) {
              return for_columns(Untied(TruncatedTo<D>(base, r.lower, r.upper), r.k), columns(r));
            }
            throw std::invalid_argument(
                fmt::format("{} needs the bounds outside of which nothing is seen: --bounds "
                            "LOWER,UPPER, for example 0,inf",
                            TruncatedTo<D>::name));
          },
          .suits = suits,
          .takes_bounds = true};
}

}  // namespace

AnyFamily for_columns(const AnyFamily& family, Index columns) {
  if (columns == family.dimension()) return family;
  if (family.dimension() != 1) {
    throw std::invalid_argument(
        fmt::format("{} describes {} columns, not {}", family.name(), family.dimension(), columns));
  }
  std::vector<Product::Block> blocks;
  for (Index j = 0; j < columns; ++j) blocks.push_back({{j}, family});
  return Product(std::move(blocks));
}

std::vector<FamilyEntry> distribution_entries() {
  using Request = const FamilyRequest&;
  // name, empty for loading, made for fitting, columns it suits, structures
  return {
      {.name = "gaussian",
       .empty = [] { return AnyFamily(Gaussians()); },
       .make = [](Request r) { return AnyFamily(Gaussians(r.k, columns(r), gaussian_options(r))); },
       .suits = suits_continuous,
       .structures = structure_names([](Structure /*any*/) { return true; }),
       .ratio_structures = structure_names(
           [](Structure structure) { return takes_eigenvalue_ratio(structure, 2); })},
      {.name = "deconvolved_gaussian",
       .empty = [] { return AnyFamily(DeconvolvedGaussians()); },
       .make = make_deconvolved_gaussian,
       .structures = structure_names([](Structure /*any*/) { return true; }),
       .takes_errors = true},
      {"student_t",
       [] { return AnyFamily(StudentT()); },
       make_student_t,
       suits_continuous,
       {"VVV", "EEE"}},
      {.name = "factor_analyzers",
       .empty = [] { return AnyFamily(FactorAnalyzers()); },
       .make = make_factor_analyzers,
       .suits = suits_many_columns,
       .structures = factor_structure_names(),
       .takes_factors = true},
      {"normal", [] { return AnyFamily(Untied<Normal>()); }, make_normal},
      {"exponential", [] { return AnyFamily(Untied<Exponential>()); },
       [](Request r) { return AnyFamily(Untied(Exponential(columns(r)), r.k)); }, suits_positive},
      one_column_entry<Gamma>(suits_above_zero),
      one_column_entry<Lognormal>(suits_above_zero),
      one_column_entry<Weibull>(suits_above_zero),
      one_column_entry<InverseGaussian>(suits_above_zero),
      one_column_entry<InverseGamma>(suits_above_zero),
      one_column_entry<Pareto>(suits_above_zero),
      one_column_entry<Rayleigh>(suits_above_zero),
      one_column_entry<Laplace>(suits_one_column),
      one_column_entry<Gumbel>(suits_one_column),
      one_column_entry<Logistic>(suits_one_column),
      one_column_entry<SkewNormal>(suits_measurements),
      one_column_entry<SkewT>(nullptr),  // ten times as slow as the others
      one_column_entry<Beta>(suits_shares),
      one_column_entry<VonMises>(nullptr),
      truncated_entry<Normal>(Normal(), suits_measurements),
      truncated_entry<Exponential>(Exponential(1), suits_above_zero),
      truncated_entry<Gamma>(Gamma(), suits_above_zero),
      truncated_entry<Lognormal>(Lognormal(), suits_above_zero),
      {"dirichlet", [] { return AnyFamily(Untied<Dirichlet>()); },
       [](Request r) { return AnyFamily(Untied(Dirichlet(columns(r)), r.k)); },
       suits_rows<Dirichlet>},
      {"von_mises_fisher", [] { return AnyFamily(Untied<VonMisesFisher>()); },
       [](Request r) { return AnyFamily(Untied(VonMisesFisher(columns(r)), r.k)); },
       suits_rows<VonMisesFisher>},
      {"poisson", [] { return AnyFamily(Untied<Poisson>()); },
       [](Request r) { return AnyFamily(Untied(Poisson(columns(r)), r.k)); }, suits_counts},
      one_column_entry<Geometric>(suits_counts),
      one_column_entry<NegativeBinomial>(suits_counts),
      one_column_entry<ZeroInflated<Poisson>>(suits_counts_with_zeros),
      one_column_entry<ZeroInflated<NegativeBinomial>>(suits_counts_with_zeros),
      one_column_entry<Hurdle<Poisson>>(nullptr),
      one_column_entry<Hurdle<NegativeBinomial>>(nullptr),
      one_column_entry<ZeroTruncated<Poisson>>(suits_counts_from_one),
      one_column_entry<ZeroTruncated<NegativeBinomial>>(suits_counts_from_one),
      trials_entry<Binomial>(),
      trials_entry<BetaBinomial>(),
      {"bernoulli", [] { return AnyFamily(Untied<Bernoulli>()); },
       [](Request r) { return AnyFamily(Untied(Bernoulli(columns(r)), r.k)); }, suits_binary},
      {"multinomial", [] { return AnyFamily(Untied<Multinomial>()); },
       [](Request r) { return AnyFamily(Untied(Multinomial(columns(r)), r.k)); }},
      {"dirichlet_multinomial", [] { return AnyFamily(Untied<DirichletMultinomial>()); },
       [](Request r) { return AnyFamily(Untied(DirichletMultinomial(columns(r)), r.k)); }},
      {"categorical", [] { return AnyFamily(Untied<Categorical>()); }, make_categorical,
       suits_categories},
      {"markov_chain", [] { return AnyFamily(Untied<MarkovChain>()); }, make_markov_chain},
      {"uniform", [] { return AnyFamily(Untied<UniformBox>()); },
       [](Request r) { return AnyFamily(Untied(UniformBox::around(r.columns->cells()), r.k)); }},
      {.name = "gaussian_regression",
       .empty = [] { return AnyFamily(GaussianRegression()); },
       .make = make_gaussian_regression,
       .structures = {"V", "E"},
       .regression = true},
      generalized_linear_entry<PoissonRegression>(false),
      generalized_linear_entry<BinomialRegression>(true),
      generalized_linear_entry<NegativeBinomialRegression>(false),
      {"gated", [] { return AnyFamily(Gated()); }},
      {"given_columns", [] { return AnyFamily(GivenColumns()); }},
      {"free_uniform", [] { return AnyFamily(Untied<FreeUniform>()); },
       [](Request r) { return AnyFamily(Untied(FreeUniform(columns(r)), r.k)); }},
      shifted_entry<ShiftedExponential>(),
      shifted_entry<Shifted<Weibull>>(),
      shifted_entry<Shifted<Gamma>>(),
      shifted_entry<Shifted<Lognormal>>(),
      shifted_entry<Shifted<InverseGaussian>>(),
      {"interval_censored", [] { return AnyFamily(IntervalCensored()); }},
      {"product", [] { return AnyFamily(Product()); }},
      {"restricted", [] { return AnyFamily(Restricted()); }},
      {"with_imaginary_rows", [] { return AnyFamily(WithImaginaryRows()); }},
  };
}

}  // namespace mix
