#include "problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

#include "checkpoint_option.h"
#include "flag_values.h"
#include "mix/kernels.h"
#include "text.h"

namespace mix::cli {
namespace {

constexpr Index default_most_components = 9;
constexpr const char* labels_prefix = "labels:";

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
    } catch (const std::exception&) {  // the fit says why
      return true;
    }
  };
  if (std::any_of(options.families.begin(), options.families.end(), serves)) return;
  throw std::invalid_argument(fmt::format(
      "--precision mixed concerns gaussian of at least {} columns whose covariances are neither "
      "diagonal nor common, such as --structure VVV, without --gate and --errors; leave it out",
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
