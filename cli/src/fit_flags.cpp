#include "fit_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <tuple>

#include "checkpoint_option.h"
#include "mix/kernels.h"
#include "text.h"
#include "validators.h"

namespace mix::cli {
namespace {

constexpr Index default_most_components = 9;
constexpr const char* labels_prefix = "labels:";
constexpr std::string_view annihilation_prefix = "mml:";

std::optional<Index> parse_index(std::string_view text) {
  Index value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// One run downwards instead of a fit for each number.
bool annihilates(std::string_view components) {
  return components.starts_with(annihilation_prefix);
}

Components parse_components(const std::string& given) {
  const std::string text = annihilates(given) ? given.substr(annihilation_prefix.size()) : given;
  const auto dash = text.find('-', 1);
  const std::optional<Index> first = parse_index(text.substr(0, dash));
  const std::optional<Index> last =
      dash == std::string::npos ? first : parse_index(text.substr(dash + 1));
  if (!first || !last) {
    throw std::invalid_argument(
        fmt::format("--components is a number such as 3, a range such as 1-9, or one of both after "
                    "mml: (mml:20), not \"{}\"",
                    given));
  }
  if (*first < 1 || *last < *first) {
    throw std::invalid_argument(fmt::format(
        "--components {}: a mixture has at least 1 component, and a range goes upwards", given));
  }
  if (annihilates(given) && dash == std::string::npos) return {1, *last};
  return {*first, *last};
}

// "truncated:5", or "truncated:5,5,1", or "truncated:5,5" with the default for the last.
std::optional<Truncated> parse_truncated(const std::string& text) {
  const std::string prefix = "truncated:";
  if (!text.starts_with(prefix)) return std::nullopt;
  std::vector<Index> numbers;
  for (std::size_t begin = prefix.size(); begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::optional<Index> number = parse_index(text.substr(begin, end - begin));
    const Index least = numbers.size() < 2 ? 1 : 0;
    if (!number || *number < least || numbers.size() == 3) return std::nullopt;
    numbers.push_back(*number);
    begin = end + 1;
  }
  Truncated policy{.keep = numbers[0]};
  if (numbers.size() > 1) policy.neighbors = numbers[1];
  if (numbers.size() > 2) policy.extra = numbers[2];
  return policy;
}

// "saem", or "saem:100" with another number of passes before statistics are averaged.
std::optional<Saem> parse_saem(const std::string& text) {
  const std::string prefix = "saem:";
  if (text == "saem") return Saem{};
  if (!text.starts_with(prefix)) return std::nullopt;
  const std::optional<Index> passes = parse_index(std::string_view(text).substr(prefix.size()));
  if (!passes || *passes < 0) return std::nullopt;
  return Saem{.burn_in = *passes};
}

AnyAssignment parse_assignment(const std::string& text) {
  if (text == "soft") return Soft{};
  if (text == "hard") return Hard{};
  if (text == "stochastic") return Stochastic{};
  if (text == "annealed") return Annealed{};
  if (const auto truncated = parse_truncated(text)) return *truncated;
  if (const auto saem = parse_saem(text)) return *saem;
  throw std::invalid_argument(
      fmt::format("--assignment is soft, hard, stochastic, saem, saem:BURN_IN, annealed, "
                  "truncated:KEEP or truncated:KEEP,NEIGHBORS,EXTRA with KEEP and NEIGHBORS at "
                  "least 1 and BURN_IN and EXTRA at least 0, not \"{}\"",
                  text));
}

std::string start_label_column(const std::string& init) {
  return init.starts_with(labels_prefix) ? init.substr(std::string(labels_prefix).size())
                                         : std::string();
}

Components choose_components(const FitFlags& flags, const Data& data) {
  const Index labels =
      std::max({data.labels.count(), data.start_labels.count(), data.label_prior.cols()});
  Components components;
  if (!flags.components.empty()) {
    components = parse_components(flags.components);
  } else if (labels > 0) {
    components = {labels, labels};
  } else {
    components = {1, std::max<Index>(1, distinct_rows(data.table, default_most_components))};
    if (!data.groups.empty()) components.last = std::min(components.last, data.groups.count());
  }
  if (const Index prior = data.label_prior.cols(); prior > 0 && annihilates(flags.components)) {
    if (components.last <= prior) {
      throw std::invalid_argument(fmt::format(
          "--components {}: --label-prior names {}, which stay; begin with more components",
          flags.components, count_of(prior, "component")));
    }
  } else if (prior > 0 && (components.first != prior || components.last != prior)) {
    throw std::invalid_argument(
        fmt::format("--components {}: --label-prior names {}, one for each component",
                    flags.components, count_of(prior, "column")));
  }
  // On the way down a component with a label stays anyway.
  if (annihilates(flags.components) && components.last >= labels) {
    components.first = std::max(components.first, labels);
  }
  if (components.first < labels) {
    throw std::invalid_argument(
        fmt::format("--components {}: there are {} different labels, and each needs a component",
                    flags.components, labels));
  }
  if (!data.groups.empty() && components.last > data.groups.count()) {
    throw std::invalid_argument(fmt::format(
        "--components {}: {} cannot have {}; ask for at most as many as groups", components.last,
        count_of(data.groups.count(), "group"), count_of(components.last, "component")));
  }
  if (components.last > data.table.rows()) {
    throw std::invalid_argument(fmt::format(
        "--components {}: {} cannot have {}; ask for at most as many as rows", flags.components,
        count_of(data.table.rows(), "row"), count_of(components.last, "component")));
  }
  return components;
}

FitOptions choose_fit_options(const FitFlags& flags, const Data& data) {
  FitOptions fit = flags.fit;
  fit.sample_weight = data.weights;
  fit.assignment = parse_assignment(flags.assignment);
  fit.effort = parse_effort(flags.effort);
  fit.precision = parse_precision(flags.precision);
  fit.acceleration = parse_acceleration(flags.acceleration);
  if (flags.equal_weights) fit.mixing = MixingWeights::equal;
  if (data.start_labels.count() > 0) {
    fit.start = start::Labels{data.start_labels.labels};
  } else {
    fit.start = parse_start(flags.init);
  }
  if (data.labels.count() > 0) {
    if (flags.assignment != "soft") {
      throw std::invalid_argument("--labels and --assignment exclude each other");
    }
    fit.assignment = Known{data.labels.labels};
  }
  if (data.label_prior.cols() > 0) fit.assignment = LabelPrior(data.label_prior);
  if (flags.trim > 0) {
    const bool soft =
        flags.assignment == "soft" && data.labels.count() == 0 && data.label_prior.cols() == 0;
    if (!soft) {
      throw std::invalid_argument(
          "--trim is for rows that are shared softly and without known labels; leave out "
          "--assignment, --labels and --label-prior, or --trim");
    }
    fit.assignment = Trimmed{flags.trim};
  }
  fit.groups = data.groups;
  return fit;
}

std::vector<Candidate> candidates_for(const Data& data, const FamilyChoice& choice,
                                      const CandidateOptions& options) {
  try {
    return make_candidates(choice, data.table, options);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(with_places(error.what(), data.table));
  }
}

// The first candidate that cannot do with some cells of a row; empty where there is none.
std::string takes_whole_rows(const std::vector<Candidate>& candidates) {
  for (const Candidate& candidate : candidates) {
    try {
      if (!candidate.make(1).takes_missing_cells()) return candidate.name;
    } catch (const std::exception&) {  // compare lists it with the reason
    }
  }
  return {};
}

// Refuses mixed precision where nothing that is to be fitted can do with floats.
void check_precision(const FitFlags& flags, const CompareOptions& options) {
  if (options.fit.precision == Precision::full) return;
  if (options.fit.assignment.as<Truncated>() != nullptr) {
    throw std::invalid_argument(fmt::format(
        "--precision mixed is for passes over all components, and --assignment {} takes "
        "those of each row, in double precision; leave one of them out",
        flags.assignment));
  }
  const auto serves = [](const Candidate& candidate) {
    try {
      return candidate.make(1).takes_single_precision();
    } catch (const std::exception&) {  // compare lists it with the reason
      return false;
    }
  };
  if (std::any_of(options.families.begin(), options.families.end(), serves)) return;
  throw std::invalid_argument(fmt::format(
      "--precision mixed concerns gaussian of at least {} columns whose covariances are neither "
      "diagonal nor common, such as --structure VVV, without --gate; leave it out",
      kernels::most_small_columns + 1));
}

// Takes over what the schema says where no option says it.
void apply(const Schema& schema, const FitFlags& flags, ColumnRoles& roles, FamilyChoice& choice) {
  const Roles& own = schema.roles;
  const auto joined = [](const std::vector<std::string>& names) { return join_names(names, ','); };
  for (const auto& [option, role, value] :
       {std::tuple("--weights", &roles.weights, own.weights),
        std::tuple("--labels", &roles.labels, own.label),
        std::tuple("--label-prior", &roles.label_prior, joined(own.label_prior)),
        std::tuple("--groups", &roles.groups, own.groups),
        std::tuple("--errors", &roles.errors, joined(own.errors)),
        std::tuple("--trials", &roles.trials, own.trials),
        std::tuple("--response", &roles.response, own.response),
        std::tuple("--covariates", &roles.covariates, joined(own.covariates)),
        std::tuple("--offset", &roles.offset, own.offset),
        std::tuple("--gate", &roles.gate, joined(own.gate))}) {
    if (value.empty()) continue;
    if (!role->empty()) {
      throw std::invalid_argument(
          fmt::format("{} {}, but the schema {} says {}; leave the option out", option, *role,
                      in_quotes(flags.schema), value));
    }
    *role = value;
  }
  roles.ignored = joined(own.ignored);
  if (schema.blocks.empty()) return;
  if (!flags.family.empty()) {
    throw std::invalid_argument(
        fmt::format("{} and the families of the schema {} exclude each other; leave the option out",
                    flags.family, in_quotes(flags.schema)));
  }
  choice = FamilyChoice{{schema.blocks}};
}

bool given(const FitFlags& flags, const std::string& option) {
  const CLI::Option* found = flags.command->get_option_no_throw(option);
  return found != nullptr && found->count() > 0;
}

void check_criterion(const FitFlags& flags) {
  const std::string& name = flags.criterion;
  const std::vector<std::string>& known = comparison_criteria();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw std::invalid_argument(fmt::format(
        "there is no criterion named \"{}\"; the known ones are {}", name, join(known, ", ")));
  }
  for (const char* option : {"--folds", "--repeats"}) {
    if (name == "cv" || !given(flags, option)) continue;
    throw std::invalid_argument(
        fmt::format("{} is of cross-validation; say --criterion cv too", option));
  }
}

}  // namespace

void add_fit_flags(CLI::App& command, FitFlags& flags) {
  flags.command = &command;
  command.add_option("DATA", flags.file, "table to read: .csv, .tsv, .npy or .mtx")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--columns", flags.roles.described,
                  "columns to describe (default: all that the family can describe)")
      ->check(not_empty())
      ->type_name("A,B,...");
  command
      .add_option("--components", flags.components,
                  "number of components, or a range; mml:K or mml:K-K: one run from the most "
                  "components down, which keeps those that shorten the message length (default: "
                  "1-9)")
      ->type_name("K | K-K");
  command
      .add_option("--structure", flags.candidates.structure,
                  "covariances: VVV and the other 13 names of mclust, or full, tied, diag, "
                  "spherical; several with commas; or all (default: all)")
      ->type_name("NAME");
  command
      .add_option("--criterion", flags.criterion,
                  "what models are ranked by, smaller is better: " +
                      join(comparison_criteria(), ", ") + " (cross-validation) (default: bic)")
      ->type_name("NAME");
  command
      .add_option("--folds", flags.cross_validation.folds,
                  "of cv: how many parts the rows are divided into (default: 5)")
      ->check(at_least(2))
      ->type_name("N");
  command
      .add_option("--repeats", flags.cross_validation.repeats,
                  "of cv: how often they are divided anew (default: 1)")
      ->check(at_least(1))
      ->type_name("N");
  command.add_option("--weights", flags.roles.weights, "column with the weight of each row")
      ->type_name("COLUMN");
  command
      .add_option("--labels", flags.roles.labels,
                  "column with the known component of each row, missing where unknown; the default "
                  "number of components is then the number of labels")
      ->type_name("COLUMN");
  command
      .add_option("--label-prior", flags.roles.label_prior,
                  "columns with how probable each component is for a row beforehand, one for each "
                  "component; all missing where nothing is known")
      ->type_name("A,B,...");
  command
      .add_option("--groups", flags.roles.groups,
                  "column whose equal cells mark rows of one component: repeated measurements")
      ->type_name("COLUMN");
  command
      .add_option("--errors", flags.roles.errors,
                  "columns with the standard errors of the described columns, in their order: "
                  "Gaussians of the values without these errors")
      ->type_name("A,B,...");
  command
      .add_option("--trials", flags.roles.trials,
                  "column with the numbers of trials, for the families binomial and beta_binomial")
      ->type_name("COLUMN");
  command
      .add_option("--response", flags.roles.response,
                  "of a regression: the column that it predicts from the covariates")
      ->type_name("COLUMN");
  command
      .add_option("--covariates", flags.roles.covariates,
                  "of a regression: the columns that it predicts from (default: the columns of "
                  "numbers that play no other part)")
      ->type_name("COLUMNS");
  command
      .add_option("--offset", flags.roles.offset,
                  "of a regression: the column that is added to its linear predictor")
      ->type_name("COLUMN");
  command
      .add_option("--gate", flags.roles.gate,
                  "columns that the mixing weights depend on, by multinomial logits")
      ->type_name("COLUMNS");
  command
      .add_option("--init", flags.init,
                  "start: auto, k-means++, kmeans, random, hierarchical, growing, short-runs, or "
                  "labels:COLUMN (default: auto)")
      ->type_name("NAME");
  command
      .add_option("--effort", flags.effort,
                  "how hard to look for the best optimum: fast, default or thorough (default: "
                  "default)")
      ->check(CLI::IsMember({"fast", "default", "thorough"}).description(""))
      ->type_name("NAME");
  add_checkpoint(command, flags.checkpoint);
  command.add_option("--n-init", flags.fit.n_init, "number of starts; 0 chooses (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
  command
      .add_option(
          "--prior", flags.candidates.prior,
          "prior: none; of covariances conjugate or chen-tan; of any family data, imaginary "
          "rows like the data (default: none)")
      ->check(CLI::IsMember({"none", "conjugate", "chen-tan", "data"}).description(""))
      ->type_name("NAME");
  command
      .add_option("--prior-weight", flags.candidates.prior_weight,
                  "of --prior data: how many rows it counts as in each component (default: 1)")
      ->type_name("W");
  command
      .add_option(
          "--eigenvalue-ratio", flags.candidates.eigenvalue_ratio,
          "largest factor by which eigenvalues of gaussian covariances may differ, in units "
          "of the data's; tries the structures that have such a limit (default: none)")
      ->check(number_from(1))
      ->type_name("C");
  command
      .add_option("--fix", flags.fixed,
                  "parameters of the components that have a known value: shape=2,scale=1.5")
      ->type_name("NAME=VALUE,...");
  command
      .add_option("--share", flags.shared,
                  "parameters that all components have in common: standard_deviation")
      ->type_name("NAME,...");
  command
      .add_option("--schema", flags.schema,
                  "file that says what each column is for (JSON), or a model that was fitted with "
                  "one")
      ->type_name("FILE");
  command
      .add_option("--dof", flags.candidates.dof,
                  "degrees of freedom of student_t: per_component or shared, both estimated, or a "
                  "number that stays fixed (default: per_component)")
      ->type_name("CHOICE");
  command
      .add_option("--factors", flags.candidates.factors,
                  "number of factors of factor_analyzers, several with commas (default: 2)")
      ->delimiter(',')
      ->check(at_least(1))
      ->type_name("Q");
  command
      .add_option("--scree", flags.candidates.scree,
                  "threshold of the scree test that chooses each component's own number, at most "
                  "--factors, such as 0.2 (default: by BIC)")
      ->type_name("T");
  command
      .add_option("--bounds", flags.candidates.bounds,
                  "bounds that values are seen within, of truncated_normal and its like: 0,inf")
      ->delimiter(',')
      ->expected(2)
      ->type_name("LOWER,UPPER");
  command
      .add_option("--assignment", flags.assignment,
                  "how rows are shared among components: soft, hard, stochastic, saem[:BURN_IN], "
                  "annealed or truncated:KEEP[,NEIGHBORS[,EXTRA]] (default: soft)")
      ->type_name("NAME");
  command
      .add_option("--trim", flags.trim,
                  "share of the rows, the least probable ones, that is left out of the fit: 0.05 "
                  "(default: 0)")
      ->check(not_negative())
      ->type_name("SHARE");
  command
      .add_option(
          "--precision", flags.precision,
          "arithmetic of Gaussian passes: full, or mixed, which is faster with 5 columns or "
          "more and covariances that are neither diagonal nor common, and refused without such "
          "(default: full)")
      ->check(CLI::IsMember({"full", "mixed"}).description(""))
      ->type_name("NAME");
  command
      .add_option("--accelerate", flags.acceleration,
                  "extrapolation of slow runs: auto, none, squarem or anderson (default: auto)")
      ->check(CLI::IsMember({"auto", "none", "squarem", "anderson"}).description(""))
      ->type_name("NAME");
  command.add_flag("--equal-weights", flags.equal_weights, "all components equally probable");
  command.add_flag("--noise", flags.candidates.noise,
                   "one more component, uniform on the range of the data, for outliers");
  command
      .add_option("--tol", flags.fit.tol,
                  "stop when less than this is still to gain, in nats (default: 0.001)")
      ->check(not_negative())
      ->type_name("T");
  command
      .add_option("--max-iter", flags.fit.max_iter,
                  "largest number of passes over the data (default: 5000)")
      ->check(at_least(1))
      ->type_name("N");
  flags.fit.seed = 1;
  command.add_option("--seed", flags.fit.seed, "seed of the random starts (default: 1)")
      ->check(seed())
      ->type_name("N");
  command
      .add_option("--threads", flags.fit.threads,
                  "threads, 0 for one per core; the result is the same (default: 0)")
      ->check(at_least(0))
      ->type_name("N");
}

std::vector<std::string> Problem::component_names(Index n_components) const {
  std::vector<std::string> names = data.prior_names;
  for (const LabelColumn* labels : {&data.labels, &data.start_labels}) {
    if (names.empty()) names = labels->names;
  }
  if (static_cast<Index>(names.size()) > n_components) return {};
  if (!names.empty()) names.resize(static_cast<std::size_t>(n_components));
  return names;
}

Vector Problem::counted_weights(const MixtureModel& model) const {
  Vector w = data.weights.size() > 0 ? data.weights : Vector::Ones(data.table.rows());
  const auto* policy = options.fit.assignment.as<Trimmed>();
  if (policy == nullptr) return w;
  return kept_weights(model.state(), data.table.cells(), w, policy->share);
}

std::vector<Index> Problem::trimmed_lines(const MixtureModel& model) const {
  if (options.fit.assignment.as<Trimmed>() == nullptr) return {};
  const Vector kept = counted_weights(model);
  std::vector<Index> lines;
  for (Index i = 0; i < kept.size(); ++i) {
    const double all = data.weights.size() > 0 ? data.weights[i] : 1;
    if (all > 0 && kept[i] < all / 2) lines.push_back(data.table.line_of(i));
  }
  return lines;
}

Problem make_problem(const FitFlags& flags, FamilyChoice choice) {
  // What needs no data comes first: a typing mistake should not wait for a large file.
  check_criterion(flags);
  if (!flags.components.empty()) (void)parse_components(flags.components);
  (void)parse_assignment(flags.assignment);
  ColumnRoles roles = flags.roles;
  roles.start_labels = start_label_column(flags.init);
  if (roles.start_labels.empty()) (void)parse_start(flags.init);
  Problem problem;
  if (!flags.schema.empty()) {
    problem.schema = load_schema(flags.schema);
    apply(*problem.schema, flags, roles, choice);
  }
  if (!roles.label_prior.empty() && (!roles.labels.empty() || flags.assignment != "soft")) {
    throw std::invalid_argument("--label-prior excludes --labels and --assignment");
  }
  CandidateOptions candidates = flags.candidates;
  candidates.restrictions = parse_restrictions(flags.fixed, flags.shared);
  if (candidates.prior_weight && candidates.prior != "data") {
    throw std::invalid_argument(
        "--prior-weight is the weight of imaginary rows; say --prior data too");
  }
  candidates.trials = roles.trials;
  if (!roles.trials.empty()) choice.add_trials(roles.trials);
  candidates.errors = split_names(roles.errors, ',');
  if (!candidates.errors.empty()) {
    choice.add_errors(candidates.errors);
    if (candidates.noise) {
      throw std::invalid_argument(
          "--noise is uniform on the range of all columns, but errors have no distribution: leave "
          "--noise or --errors out");
    }
  }
  candidates.offset = roles.offset;
  choice.check_response(roles.response, roles.covariates + roles.offset);

  const ChosenColumns chosen = read_columns(flags.file, roles, choice, Floats::kept);
  candidates.gate = split_names(roles.gate, ',');
  candidates.gate_only = chosen.gate_only;
  problem.data = chosen.rows(IncompleteRows::kept);
  const Data& data = problem.data;
  CompareOptions& options = problem.options;
  options.families = candidates_for(data, choice, candidates);
  // All candidates are compared by the likelihood of the same cells.
  const std::string unable = data.table.has_missing() ? takes_whole_rows(options.families) : "";
  if (!unable.empty()) {
    problem.data = chosen.rows(IncompleteRows::left_out);
    options.families = candidates_for(data, choice, candidates);
  }
  data.say_what_is_missing(unable.empty() ? "" : fmt::format(", for {} takes none", unable));
  options.components = choose_components(flags, data);
  options.annihilate = annihilates(flags.components);
  options.criterion = flags.criterion;
  const std::vector<std::string> always_said{"bic", "aic", "icl"};
  problem.names_criterion =
      given(flags, "--criterion") &&
      std::find(always_said.begin(), always_said.end(), flags.criterion) == always_said.end();
  if (options.annihilate && !given(flags, "--criterion")) options.criterion = "mml";
  options.cross_validation = flags.cross_validation;
  if (const Index units = data.groups.empty() ? data.table.rows() : data.groups.count();
      flags.criterion == "cv" && flags.cross_validation.folds > units) {
    throw std::invalid_argument(fmt::format(
        "--folds {}: there are only {}; ask for at most as many", flags.cross_validation.folds,
        count_of(units, data.groups.empty() ? "row" : "group")));
  }
  options.fit = choose_fit_options(flags, data);
  const AnyAssignment& policy = options.fit.assignment;
  const bool serves = policy.as<Soft>() != nullptr || policy.as<Known>() != nullptr ||
                      policy.as<LabelPrior>() != nullptr;
  if (options.annihilate && (flags.equal_weights || !serves)) {
    throw std::invalid_argument(fmt::format(
        "--components {} excludes --equal-weights, --assignment and --trim; give a range without "
        "mml: instead",
        flags.components));
  }
  check_precision(flags, options);
  if (!flags.checkpoint.empty()) {
    options.fit.checkpoint =
        open_checkpoint(flags.checkpoint, *flags.command, data.table, data.weights);
  }
  return problem;
}

}  // namespace mix::cli
