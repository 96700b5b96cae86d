#include "family_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <stdexcept>

#include "mix/distributions/gated.h"
#include "mix/distributions/uniform_box.h"
#include "mix/errors.h"
#include "mix/models/model_file.h"
#include "output.h"
#include "text.h"

namespace mix::cli {
namespace {

CellKind kind_of_family(const std::string& family) {
  if (family == "categorical") return CellKind::categories;
  if (family == "bernoulli" || family == "markov_chain") return CellKind::either;
  return CellKind::numbers;
}

// Everything that the candidates of one choice have in common; they share it.
struct Setting {
  Table table;
  CandidateOptions options;
};

// Without the columns named.
Table without(const Table& table, const std::vector<std::string>& names) {
  std::vector<std::string> kept = table.names();
  std::erase_if(kept, [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  });
  return names.empty() ? table : table.select(kept);
}

// Beside a probability, a density depends on the unit: of 0s and 1s the uniform one is 1, more than
// the probability of either.
void check_has_density(const FamilyBlocks& blocks) {
  for (const FamilyBlock& block : blocks) {
    if (!registry().find(block.family).empty().discrete()) continue;
    throw std::invalid_argument(fmt::format(
        "--noise has a density, but {} gives each value a probability, and mixtures of the two "
        "mean nothing: leave it out; --trim sets improbable rows aside in any family",
        block.family));
  }
}

AnyFamily make_candidate(const FamilyBlocks& blocks, const Setting& setting,
                         const std::string& structure, Index factors, Index k) {
  const CandidateOptions& options = setting.options;
  const Table described = without(setting.table, options.gate_only);
  BlockOptions of_blocks{.structure = structure,
                         .prior = options.prior,
                         .prior_weight = options.prior_weight,
                         .degrees_of_freedom = options.dof,
                         .factors = factors,
                         .scree = options.scree,
                         .restrictions = options.restrictions,
                         .eigenvalue_ratio = options.eigenvalue_ratio,
                         .has_trials = !options.trials.empty(),
                         .has_offset = !options.offset.empty()};
  if (!options.bounds.empty()) of_blocks.bounds = {options.bounds.front(), options.bounds.back()};
  AnyFamily family = make_family(blocks, described, k, of_blocks);
  if (options.noise) {
    check_has_density(blocks);
    family = FamilyList({std::move(family), UniformBox::around(described.cells())});
  }
  if (options.gate.empty()) return family;
  std::vector<Index> gate;
  for (const std::string& name : options.gate) gate.push_back(setting.table.index_of(name));
  return Gated(std::move(family), std::move(gate));
}

// Whether any of the families has this ability.
bool any_block(const FamilyBlocks& blocks, bool FamilyEntry::*ability) {
  return std::any_of(blocks.begin(), blocks.end(), [=](const FamilyBlock& block) {
    return registry().find(block.family).*ability;
  });
}

// The structures to try: those asked for, or all that every block with structures knows.
std::vector<std::string> structures_to_try(const FamilyBlocks& blocks,
                                           const CandidateOptions& options) {
  const std::string& asked = options.structure;
  std::vector<std::string> known = structures_of(blocks, options.eigenvalue_ratio);
  const bool none = known == std::vector<std::string>{""};
  if (!none && !asked.empty() && asked != "all") return split(asked, ',');
  if (options.scree > 0 && any_block(blocks, &FamilyEntry::takes_factors)) {
    // The test is for those whose components have numbers of factors of their own.
    std::erase_if(known, [](const std::string& name) { return !name.ends_with("Dk"); });
  }
  return known;
}

std::vector<FamilyBlocks> alternatives_for(const FamilyChoice& choice, const Table& table,
                                           bool bounded) {
  if (!choice.automatic()) return choice.alternatives;
  std::vector<FamilyBlocks> suitable = suitable_blocks(table, bounded);
  if (suitable.empty()) {
    throw std::invalid_argument("no family suits the columns; name one with --family");
  }
  return suitable;
}

// Those of the families that have none of `structures`.
std::vector<std::string> families_without(const std::vector<FamilyBlocks>& alternatives,
                                          std::vector<std::string> FamilyEntry::*structures) {
  std::vector<std::string> names;
  for (const FamilyBlocks& blocks : alternatives) {
    for (const FamilyBlock& block : blocks) {
      const bool listed = std::find(names.begin(), names.end(), block.family) != names.end();
      if (!listed && (registry().find(block.family).*structures).empty()) {
        names.push_back(block.family);
      }
    }
  }
  return names;
}

// Whether all of the families, some of which `without` names, are without.
bool all_are(const std::vector<std::string>& without,
             const std::vector<FamilyBlocks>& alternatives) {
  for (const FamilyBlocks& blocks : alternatives) {
    for (const FamilyBlock& block : blocks) {
      if (std::find(without.begin(), without.end(), block.family) == without.end()) return false;
    }
  }
  return true;
}

void check_eigenvalue_ratio(const std::vector<FamilyBlocks>& alternatives, double ratio) {
  if (ratio == 0) return;
  const std::vector<std::string> without =
      families_without(alternatives, &FamilyEntry::ratio_structures);
  if (all_are(without, alternatives)) {
    throw std::invalid_argument(
        fmt::format("--eigenvalue-ratio {} concerns the covariances of gaussian; say --family "
                    "gaussian, or leave it out",
                    ratio));
  }
  if (without.empty()) return;
  note(fmt::format("--eigenvalue-ratio concerns covariances of gaussian; {} is fitted without it",
                   join(without, ", ")));
}

bool names_family(const std::vector<FamilyBlocks>& alternatives, std::string_view family) {
  return std::any_of(alternatives.begin(), alternatives.end(), [&](const FamilyBlocks& blocks) {
    return std::any_of(blocks.begin(), blocks.end(),
                       [&](const FamilyBlock& block) { return block.family == family; });
  });
}

bool names_regression(const FamilyChoice& choice) {
  return std::any_of(
      choice.alternatives.begin(), choice.alternatives.end(), [](const FamilyBlocks& blocks) {
        return std::any_of(blocks.begin(), blocks.end(), [](const FamilyBlock& block) {
          return registry().find(block.family).regression;
        });
      });
}

// One family with one structure and one number of factors.
struct Variant {
  std::string structure;
  Index factors;
};

std::vector<Variant> variants_to_try(const FamilyBlocks& blocks, const CandidateOptions& options) {
  std::vector<Index> factors{0};
  if (!options.factors.empty() && any_block(blocks, &FamilyEntry::takes_factors)) {
    factors = options.factors;
  }
  std::vector<Variant> variants;
  for (const std::string& structure : structures_to_try(blocks, options)) {
    for (const Index q : factors) variants.push_back({structure, q});
  }
  return variants;
}

void check_noise(const Table& table) {
  for (Index j = 0; j < table.column_count(); ++j) {
    const Vector values = table.column_values(j);
    if (table.column(j).infinite_cells) {
      throw std::invalid_argument(
          fmt::format("--noise is uniform on the range of values, but column \"{}\" holds ends of "
                      "intervals: leave it out",
                      table.column(j).name));
    }
    if (table.column(j).kind == ColumnKind::category) {
      throw std::invalid_argument(
          fmt::format("--noise is uniform on a box of numbers, but column \"{}\" holds categories",
                      table.column(j).name));
    }
    if (!(values.minCoeff<Eigen::PropagateNumbers>() <
          values.maxCoeff<Eigen::PropagateNumbers>())) {
      throw std::invalid_argument(fmt::format(
          "--noise is uniform on the range of each column, but all values of \"{}\" are the same",
          table.column(j).name));
    }
  }
}

}  // namespace

std::vector<std::string> FamilyChoice::columns() const {
  std::vector<std::string> names;
  for (const FamilyBlocks& blocks : alternatives) {
    for (const FamilyBlock& block : blocks) {
      names.insert(names.end(), block.columns.begin(), block.columns.end());
    }
  }
  return names;
}

bool FamilyChoice::takes_infinite(const std::string& column) const {
  const bool by_name =
      column == "lo" || column == "hi" || column.ends_with("_lo") || column.ends_with("_hi");
  return by_name ||
         std::any_of(alternatives.begin(), alternatives.end(), [&](const FamilyBlocks& blocks) {
           return std::any_of(blocks.begin(), blocks.end(), [&](const FamilyBlock& block) {
             return block.intervals &&
                    std::count(block.columns.begin(), block.columns.end(), column) > 0;
           });
         });
}

CellKind FamilyChoice::kind_of(const std::string& column) const {
  if (automatic()) return CellKind::either;
  // Alternatives may differ: a column is what all agree on, and numbers as soon as one needs them.
  CellKind kind = CellKind::categories;
  for (const FamilyBlocks& blocks : alternatives) {
    for (const FamilyBlock& block : blocks) {
      const bool described = block.columns.empty() ||
                             std::count(block.columns.begin(), block.columns.end(), column) > 0;
      if (!described) continue;
      const CellKind own = kind_of_family(block.family);
      if (own == CellKind::numbers) return own;
      if (own == CellKind::either) kind = own;
    }
  }
  return kind;
}

void FamilyChoice::add_trials(const std::string& trials) {
  bool added = false;
  for (FamilyBlocks& blocks : alternatives) added |= mix::add_trials(blocks, trials);
  if (!added) {
    throw std::invalid_argument(
        "--trials holds the trials of a binomial or beta_binomial; say --family binomial too");
  }
}

void FamilyChoice::add_errors(const std::vector<std::string>& errors) {
  bool added = false;
  for (FamilyBlocks& blocks : alternatives) added |= mix::add_errors(blocks, errors);
  if (!added) {
    throw std::invalid_argument(
        "--errors are standard errors of what Gaussians describe; say --family gaussian too");
  }
}

void FamilyChoice::check_response(const std::string& response, const std::string& others) const {
  const bool asked = !response.empty() || !others.empty();
  if (automatic() && !asked) return;
  std::vector<std::string> regressions;
  for (const FamilyEntry& entry : registry().entries()) {
    if (entry.regression) regressions.push_back(entry.name);
  }
  if (automatic()) {
    throw std::invalid_argument(fmt::format(
        "{} concerns regressions; say which with --family or --families: {}",
        response.empty() ? "--covariates or --offset" : "--response", join(regressions, ", ")));
  }
  for (const FamilyBlocks& blocks : alternatives) {
    for (const FamilyBlock& block : blocks) {
      const bool regression = registry().find(block.family).regression;
      if (regression && block.columns.empty() && response.empty()) {
        throw std::invalid_argument(fmt::format(
            "{} needs the column that it predicts: name it with --response", block.family));
      }
      if (!regression && asked) {
        throw std::invalid_argument(fmt::format(
            "--response, --covariates and --offset concern regressions ({}), and {} is none",
            join(regressions, ", "), block.family));
      }
      if (!block.columns.empty() && asked) {
        throw std::invalid_argument(
            fmt::format("name the columns of {} in --family, the response last, or in --response, "
                        "--covariates and --offset, not in both",
                        block.family));
      }
    }
  }
}

FamilyChoice parse_family(const std::string& text) {
  if (text == "auto") return {};
  if (text.find('=') == std::string::npos && text.find(',') != std::string::npos) {
    throw std::invalid_argument(
        fmt::format("--family takes one family, not \"{0}\"; try 'mixture compare DATA.csv "
                    "--families {0}', or name columns: a+b=gaussian,c=poisson",
                    text));
  }
  return FamilyChoice{{parse_blocks(text)}};
}

Restrictions parse_restrictions(const std::string& fixed, const std::string& shared) {
  Restrictions restrictions{.shared = split(shared, ',')};
  for (const std::string& part : split(fixed, ',')) {
    const auto equals = part.find('=');
    const std::string parameter = split(part.substr(0, equals) + "=", '=').front();
    const std::string text =
        equals == std::string::npos ? "" : split(part.substr(equals), '=').back();
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parameter.empty() || text.empty() || error != std::errc() ||
        end != text.data() + text.size()) {
      throw std::invalid_argument(fmt::format(
          "--fix: {} is not PARAMETER=NUMBER; write for example shape=2", in_quotes(part)));
    }
    restrictions.fixed[parameter] = value;
  }
  if (std::count(restrictions.shared.begin(), restrictions.shared.end(), "") > 0) {
    throw std::invalid_argument("--share takes names of parameters: --share scale,shape");
  }
  return restrictions;
}

FamilyChoice parse_families(const std::string& text) {
  if (text == "auto") return {};
  FamilyChoice choice;
  for (const std::string& name : split(text, ',')) {
    choice.alternatives.push_back(parse_blocks(name));
  }
  if (choice.automatic()) throw std::invalid_argument("--families names no family");
  return choice;
}

std::vector<Candidate> make_candidates(const FamilyChoice& choice, const Table& columns,
                                       const CandidateOptions& options) {
  if (options.noise && names_regression(choice)) {
    throw std::invalid_argument(
        "--noise describes all columns, but a regression only the response: leave it out");
  }
  if (options.noise) check_noise(without(columns, options.gate_only));
  const auto setting = std::make_shared<const Setting>(Setting{columns, options});
  const std::vector<FamilyBlocks> alternatives =
      alternatives_for(choice, without(columns, options.gate_only), !options.bounds.empty());
  if (!options.dof.empty() && !names_family(alternatives, "student_t")) {
    throw std::invalid_argument(
        "--dof concerns the degrees of freedom of student_t; say --family student_t too");
  }
  const auto any = [&](bool FamilyEntry::*ability) {
    return std::any_of(alternatives.begin(), alternatives.end(),
                       [=](const FamilyBlocks& blocks) { return any_block(blocks, ability); });
  };
  if (!options.factors.empty() && !any(&FamilyEntry::takes_factors)) {
    throw std::invalid_argument(
        "--factors is a number of factors of factor_analyzers; say --family factor_analyzers too");
  }
  if (options.scree != 0 && !any(&FamilyEntry::takes_factors)) {
    throw std::invalid_argument(
        "--scree chooses numbers of factors of factor_analyzers; say --family factor_analyzers "
        "too");
  }
  if (!options.bounds.empty() && !any(&FamilyEntry::takes_bounds)) {
    throw std::invalid_argument(
        "--bounds are those of a truncated family; say --family truncated_normal, for example");
  }
  check_eigenvalue_ratio(alternatives, options.eigenvalue_ratio);
  std::vector<Candidate> candidates;
  bool structured = false;
  for (const FamilyBlocks& blocks : alternatives) {
    // The likelihood is that of the other columns given trials and errors, for every family.
    std::vector<std::string> left_out;
    if (!options.trials.empty() && !any_block(blocks, &FamilyEntry::takes_trials)) {
      left_out.push_back(options.trials);
    }
    if (!any_block(blocks, &FamilyEntry::takes_errors)) {
      left_out.insert(left_out.end(), options.errors.begin(), options.errors.end());
    }
    auto own = setting;
    std::vector<Index> described;
    if (!left_out.empty()) {
      own = std::make_shared<const Setting>(Setting{without(columns, left_out), options});
      for (const std::string& name : own->table.names())
        described.push_back(columns.index_of(name));
    }
    for (const auto& [structure, factors] : variants_to_try(blocks, options)) {
      structured = structured || !structure.empty();
      const auto make = [blocks, own, structure = structure, factors = factors](Index k) {
        return make_candidate(blocks, *own, structure, factors, k);
      };
      std::string title;
      try {
        title = make(1).title();
      } catch (const std::exception&) {
        // Alone, it is the user's mistake; among others, compare lists it with the reason.
        if (alternatives.size() == 1) throw;
        title = blocks.front().family + (structure.empty() ? "" : " ") + structure;
        if (factors > 0) title += fmt::format(", {} factors", factors);
      }
      const bool taken = std::any_of(candidates.begin(), candidates.end(),
                                     [&](const Candidate& c) { return c.name == title; });
      if (!taken) candidates.push_back({title, make, described});
    }
  }
  const bool of_covariances = options.prior == "conjugate" || options.prior == "chen-tan";
  if (structured && of_covariances) {
    const std::vector<std::string> without =
        families_without(alternatives, &FamilyEntry::structures);
    if (!without.empty()) {
      note(fmt::format("--prior {} concerns covariances; {} is fitted without it", options.prior,
                       join(without, ", ")));
    }
  }
  for (const auto& [option, value] :
       {std::pair("--structure", options.structure),
        std::pair("--prior", of_covariances ? options.prior : std::string())}) {
    if (structured || value.empty() || value == "none") continue;
    throw std::invalid_argument(
        fmt::format("{} {}: the family {} has no covariance structures; leave the option out{}",
                    option, value, candidates.front().name,
                    value == options.prior ? ", or say --prior data, a prior for any family" : ""));
  }
  return candidates;
}

}  // namespace mix::cli
