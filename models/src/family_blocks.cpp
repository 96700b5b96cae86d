#include "mix/models/family_blocks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string_view>
#include <tuple>

#include "mix/distributions/imaginary_rows.h"
#include "mix/distributions/interval_censored.h"
#include "mix/distributions/product.h"
#include "mix/errors.h"
#include "mix/models/model_file.h"
#include "mix/split.h"
#include "mix/support.h"

namespace mix {
namespace {

constexpr std::string_view imaginary_prior = "data";

// The name itself; throws std::invalid_argument that lists the names there are.
std::string known_family(const std::string& name) {
  std::vector<std::string> known;
  for (const FamilyEntry& entry : registry().entries()) {
    if (entry.make) known.push_back(entry.name);
  }
  if (std::find(known.begin(), known.end(), name) != known.end()) return name;
  throw std::invalid_argument(
      fmt::format("there is no family named {}; the known families are {}{}", in_quotes(name),
                  fmt::join(known, ", "), did_you_mean(name, known)));
}

// Names of the families that suit all columns of the table, and its missing cells.
std::vector<std::string> suitable_names(const Table& table, bool bounded) {
  const bool missing = table.has_missing();
  std::vector<std::string> names;
  for (const FamilyEntry& entry : registry().entries()) {
    if (!entry.make || entry.takes_bounds != bounded || !entry.suits || !entry.suits(table))
      continue;
    FamilyRequest request{.k = 1, .columns = &table, .has_bounds = bounded};
    request.lower = -infinity;
    request.upper = infinity;
    if (missing && !entry.make(request).takes_missing_cells()) continue;
    names.push_back(entry.name);
  }
  return names;
}

// One column of the values that stand for the intervals between the two columns: counts where some
// are known and all ends are whole numbers.
Table values_of_intervals(const Table& ends) {
  const DenseRows cells(ends.cells());
  const Rows& x = *cells;
  const bool whole = x.unaryExpr([](double end) {
                        return !std::isfinite(end) || is_count(end) ? 1.0 : 0.0;
                      }).minCoeff() > 0;
  const bool counts = whole && (x.col(0).array() == x.col(1).array()).any();
  const ColumnKind kind = counts ? ColumnKind::count : ColumnKind::real;
  return {{{ends.column(0).name, kind}}, Matrix(middles_of_intervals(x, counts))};
}

// Throws for what the block was told and its family does not have.
void check_options(const FamilyBlock& block, const FamilyEntry& entry) {
  const BlockOptions& own = block.options;
  const bool structured = !entry.structures.empty();
  const bool of_covariances = own.prior == "conjugate" || own.prior == "chen-tan";
  const bool known_prior =
      of_covariances || own.prior.empty() || own.prior == "none" || own.prior == imaginary_prior;
  const auto refuse = [&](const std::string& option, const std::string& why) {
    throw std::invalid_argument(
        fmt::format("{}: {}; leave {} out of its options", block.family, why, option));
  };
  if (!known_prior) {
    throw std::invalid_argument(
        fmt::format("{}: the prior is none, conjugate, chen-tan or data, not {}", block.family,
                    in_quotes(own.prior)));
  }
  if (!own.structure.empty() && !structured) refuse("structure", "it has no structures");
  if (of_covariances && !structured) {
    refuse("prior " + own.prior, "it has no covariances; data is a prior for any family");
  }
  if (own.prior_weight && own.prior != imaginary_prior) {
    refuse("prior_weight", "it is the weight of the prior data");
  }
  if (!own.degrees_of_freedom.empty() && block.family != "student_t") {
    refuse("degrees_of_freedom", "only student_t has them");
  }
  if (own.factors != 0 && !entry.takes_factors) refuse("factors", "it has no factors");
  if (own.scree != 0 && !entry.takes_factors) refuse("scree", "it has no factors");
  if (own.bounds && !entry.takes_bounds) refuse("bounds", "it has no bounds");
  if (own.eigenvalue_ratio != 0 && entry.ratio_structures.empty()) {
    refuse("eigenvalue_ratio", "its covariances, if any, have no such limit");
  }
}

BlockOptions with_defaults(BlockOptions own, const BlockOptions& defaults) {
  if (own.structure.empty()) own.structure = defaults.structure;
  if (own.prior.empty()) {
    own.prior = defaults.prior;
    own.prior_weight = defaults.prior_weight;
  }
  if (own.degrees_of_freedom.empty()) own.degrees_of_freedom = defaults.degrees_of_freedom;
  if (own.factors == 0) own.factors = defaults.factors;
  if (own.scree == 0) own.scree = defaults.scree;
  if (!own.bounds) own.bounds = defaults.bounds;
  if (own.eigenvalue_ratio == 0) own.eigenvalue_ratio = defaults.eigenvalue_ratio;
  own.has_trials = defaults.has_trials;
  own.has_offset = defaults.has_offset;
  return own;
}

// The restrictions among `defaults` that concern parameters of the family, besides its own.
Restrictions with_defaults(Restrictions own, const AnyFamily& component,
                           const Restrictions& defaults) {
  if (defaults.empty()) return own;
  const std::vector<std::string> known = Restricted::parameters_of(component);
  const auto is_free = [&](const std::string& parameter) {
    return std::count(known.begin(), known.end(), parameter) > 0 &&
           !own.fixed.contains(parameter) &&
           std::count(own.shared.begin(), own.shared.end(), parameter) == 0;
  };
  for (const std::string& parameter : defaults.shared) {
    if (is_free(parameter)) own.shared.push_back(parameter);
  }
  for (const auto& [parameter, value] : defaults.fixed) {
    if (is_free(parameter)) own.fixed[parameter] = value;
  }
  return own;
}

// Takes the parameters that the family keeps by itself out of what is fixed, its own and the
// defaults, of which its own count first.
std::map<std::string, double> take_kept(const FamilyEntry& entry, Restrictions& own,
                                        Restrictions& defaults) {
  std::map<std::string, double> kept;
  for (const std::string& parameter : entry.keeps) {
    for (std::map<std::string, double>* fixed : {&own.fixed, &defaults.fixed}) {
      const auto found = fixed->find(parameter);
      if (found == fixed->end()) continue;
      kept.insert(*found);
      fixed->erase(found);
    }
  }
  return kept;
}

// The components of one block, some of whose parameters may be restricted.
AnyFamily make_components(const FamilyEntry& entry, const FamilyRequest& request,
                          const Restrictions& own, const Restrictions& defaults) {
  if (own.empty() && defaults.empty()) return entry.make(request);
  FamilyRequest one = request;
  one.k = 1;
  const AnyFamily made = entry.make(one);
  const auto restricted = [&](const AnyFamily& component) -> AnyFamily {
    const Restrictions all = with_defaults(own, component, defaults);
    return all.empty() ? AnyFamily() : AnyFamily(Restricted(component, request.k, all));
  };
  // A family of one column describes several by a block of each.
  if (const auto* columns = made.as<Product>()) {
    std::vector<Product::Block> blocks;
    for (const Product::Block& column : columns->blocks()) {
      AnyFamily family = restricted(column.family);
      if (family.size() == 0) return entry.make(request);
      blocks.push_back({column.columns, std::move(family)});
    }
    return Product(std::move(blocks));
  }
  AnyFamily family = restricted(made);
  return family.size() == 0 ? entry.make(request) : family;
}

AnyFamily make_plain_block(const FamilyBlock& block, const Table& columns, Index k,
                           const BlockOptions& defaults) {
  const FamilyEntry& entry = registry().find(block.family);
  check_options(block, entry);
  const BlockOptions options = with_defaults(block.options, defaults);
  FamilyRequest request{.k = k, .columns = &columns};
  const bool imaginary = options.prior == imaginary_prior;
  if (!entry.structures.empty()) {
    request.structure = options.structure;
    if (!imaginary) request.prior = options.prior;
  }
  if (block.family == "student_t") request.degrees_of_freedom = options.degrees_of_freedom;
  request.has_trials = options.has_trials && entry.takes_trials;
  request.has_offset = options.has_offset && entry.regression;
  if (entry.takes_factors) request.factors = options.factors;
  if (entry.takes_bounds && options.bounds) {
    request.has_bounds = true;
    std::tie(request.lower, request.upper) = *options.bounds;
  }
  if (!entry.ratio_structures.empty()) request.eigenvalue_ratio = options.eigenvalue_ratio;
  if (entry.takes_factors) request.scree = options.scree;
  Restrictions own = options.restrictions;
  Restrictions of_all = defaults.restrictions;
  request.kept = take_kept(entry, own, of_all);
  AnyFamily family = make_components(entry, request, own, of_all);
  if (imaginary) return with_prior(std::move(family), options.prior_weight.value_or(1));
  return family;
}

bool describes_intervals(const FamilyBlock& block, const Table& columns) {
  return block.intervals || are_interval_ends(columns.names());
}

// The block of the values of which two columns say intervals.
FamilyBlock block_of_values(const FamilyBlock& block, const Table& ends) {
  if (ends.column_count() != 2) {
    throw std::invalid_argument(
        "intervals need two columns, the lower ends and the upper ends, in this order");
  }
  FamilyBlock values = block;
  values.columns.clear();
  values.intervals = false;
  // One column of a Gaussian has no covariance structure.
  if (block.family == "gaussian") values.family = "normal";
  return values;
}

AnyFamily make_block(const FamilyBlock& block, const Table& columns, Index k,
                     const BlockOptions& defaults) {
  if (!describes_intervals(block, columns)) return make_plain_block(block, columns, k, defaults);
  FamilyBlock values = block_of_values(block, columns);
  const BlockOptions options = with_defaults(block.options, defaults);
  const bool imaginary = options.prior == imaginary_prior;
  // The imaginary rows are intervals, as the data's are.
  if (imaginary) values.options.prior = "none";
  values.options.prior_weight.reset();
  AnyFamily family =
      IntervalCensored(make_plain_block(values, values_of_intervals(columns), k, defaults));
  if (imaginary) return with_prior(std::move(family), options.prior_weight.value_or(1));
  return family;
}

// Throws unless each of the restrictions of all blocks concerns one at least.
void check_restrictions(const FamilyBlocks& blocks, std::span<const Table> tables,
                        const BlockOptions& defaults) {
  if (defaults.restrictions.empty()) return;
  std::set<std::string> known;
  std::string text;
  std::set<std::string> kept;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    FamilyBlock block = blocks[i];
    // What the family keeps by itself may be what lets the others move alone.
    BlockOptions free = defaults;
    Restrictions none;
    free.restrictions = {.fixed =
                             take_kept(registry().find(block.family), none, free.restrictions)};
    block.options.restrictions = {};
    block.options.prior = "none";
    block.options.prior_weight.reset();
    const bool intervals = describes_intervals(block, tables[i]);
    const AnyFamily one = intervals ? make_plain_block(block_of_values(block, tables[i]),
                                                       values_of_intervals(tables[i]), 1, free)
                                    : make_plain_block(block, tables[i], 1, free);
    const auto* columns = one.as<Product>();
    const std::vector<std::string> own =
        Restricted::parameters_of(columns != nullptr ? columns->blocks().front().family : one);
    known.insert(own.begin(), own.end());
    const std::vector<std::string>& keeps = registry().find(block.family).keeps;
    kept.insert(keeps.begin(), keeps.end());
    text +=
        fmt::format("{}{} has {}", text.empty() ? "" : "; ", block.family,
                    own.empty() ? "none that move alone" : fmt::format("{}", fmt::join(own, ", ")));
    if (!keeps.empty()) text += fmt::format(" (fixed only: {})", fmt::join(keeps, ", "));
  }
  std::vector<std::string> asked = defaults.restrictions.shared;
  for (const auto& [parameter, value] : defaults.restrictions.fixed) {
    if (!kept.contains(parameter)) asked.push_back(parameter);
  }
  for (const std::string& parameter : asked) {
    if (known.contains(parameter)) continue;
    throw std::invalid_argument(
        fmt::format("there is no parameter {} to fix or to share; {}", in_quotes(parameter), text));
  }
}

// Those families of `names` that can describe values of which only intervals are known.
std::vector<FamilyBlocks> blocks_for_intervals(const Table& ends,
                                               const std::vector<std::string>& names) {
  std::vector<FamilyBlocks> blocks;
  for (const std::string& name : names) {
    const FamilyBlock block{.family = name, .columns = ends.names(), .intervals = true};
    try {
      if (make_block(block, ends, 1, {}).check_support(ends.cells()).empty()) {
        blocks.push_back({block});
      }
    } catch (const std::invalid_argument&) {  // no cdf, or a support without coordinates
    }
  }
  return blocks;
}

}  // namespace

bool are_interval_ends(const std::vector<std::string>& names) {
  if (names.size() != 2) return false;
  const std::string_view low = names[0];
  const std::string_view high = names[1];
  if (low == "lo" && high == "hi") return true;
  return low.ends_with("_lo") && high.ends_with("_hi") &&
         low.substr(0, low.size() - 3) == high.substr(0, high.size() - 3);
}

FamilyBlocks parse_blocks(std::string_view text) {
  if (text.find('=') == std::string_view::npos) return {{known_family(std::string(text))}};
  FamilyBlocks blocks;
  for (const std::string& part : split_names(text, ',')) {
    const auto equals = part.rfind('=');
    FamilyBlock block;
    // The part is trimmed, so what follows an equals sign that is not its end is a name.
    if (equals + 1 < part.size()) {
      std::string columns = part.substr(0, equals);
      const auto dots = find_outside_quotes(columns, "..");
      block.intervals = dots != std::string::npos;
      if (block.intervals) columns.replace(dots, 2, "+");
      block.columns = split_names(columns, '+');
    }
    if (equals == std::string::npos || block.columns.empty() ||
        std::count(block.columns.begin(), block.columns.end(), "") > 0) {
      throw std::invalid_argument(fmt::format(
          "{} is not COLUMNS=FAMILY; write for example a+b=gaussian,c=poisson, or from..to=weibull "
          "for intervals",
          in_quotes(part)));
    }
    block.family = known_family(part.substr(part.find_first_not_of(' ', equals + 1)));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

bool add_errors(FamilyBlocks& blocks, const std::vector<std::string>& errors) {
  bool added = false;
  std::size_t named = 0;
  auto next = errors.begin();
  for (FamilyBlock& block : blocks) {
    const bool has_own = registry().find(block.family).takes_errors && block.columns.empty();
    if (block.family != "gaussian" && !has_own) continue;
    block.family = "deconvolved_gaussian";
    added = true;
    named += block.columns.size();
    const auto count = std::min(static_cast<std::ptrdiff_t>(block.columns.size()),
                                std::distance(next, errors.end()));
    block.columns.insert(block.columns.end(), next, next + count);
    next += count;
  }
  if (named > 0 && named != errors.size()) {
    throw std::invalid_argument(
        fmt::format("standard errors are in {} columns, but the Gaussians describe {}; name one "
                    "for each of these, in their order",
                    errors.size(), named));
  }
  return added;
}

bool add_trials(FamilyBlocks& blocks, const std::string& trials) {
  bool added = false;
  for (FamilyBlock& block : blocks) {
    if (!registry().find(block.family).takes_trials) continue;
    added = true;
    if (!block.columns.empty()) block.columns.push_back(trials);
  }
  return added;
}

AnyFamily make_family(const FamilyBlocks& blocks, const Table& table, Index k,
                      const BlockOptions& defaults) {
  const bool whole =
      blocks.size() == 1 && (blocks[0].columns.empty() || blocks[0].columns == table.names());
  std::vector<Table> tables;
  if (!whole) {
    for (const FamilyBlock& block : blocks) tables.push_back(table.select(block.columns));
  }
  check_restrictions(blocks, whole ? std::span(&table, 1) : std::span<const Table>(tables),
                     defaults);
  if (whole) return make_block(blocks[0], table, k, defaults);
  std::vector<Product::Block> parts;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    std::vector<Index> positions;
    for (const std::string& column : blocks[i].columns) positions.push_back(table.index_of(column));
    parts.push_back({std::move(positions), make_block(blocks[i], tables[i], k, defaults)});
  }
  return Product(std::move(parts));
}

std::vector<std::string> structures_of(const FamilyBlocks& blocks, double eigenvalue_ratio) {
  std::optional<std::vector<std::string>> common;
  for (const FamilyBlock& block : blocks) {
    const FamilyEntry& entry = registry().find(block.family);
    const bool limited = eigenvalue_ratio != 0 || block.options.eigenvalue_ratio != 0;
    const std::vector<std::string>& own =
        limited && !entry.ratio_structures.empty() ? entry.ratio_structures : entry.structures;
    if (own.empty() || !block.options.structure.empty()) continue;
    if (!common) common = own;
    std::erase_if(*common, [&](const std::string& structure) {
      return std::find(own.begin(), own.end(), structure) == own.end();
    });
  }
  return common.value_or(std::vector<std::string>{""});
}

std::vector<FamilyBlocks> suitable_blocks(const Table& table, bool bounded) {
  if (are_interval_ends(table.names())) {
    return blocks_for_intervals(table, suitable_names(values_of_intervals(table), bounded));
  }
  std::vector<FamilyBlocks> alternatives;
  for (const std::string& name : suitable_names(table, bounded)) alternatives.push_back({{name}});
  if (!alternatives.empty()) return alternatives;
  FamilyBlock categories{"categorical"};
  std::vector<std::string> numbers;
  for (const Column& column : table.columns()) {
    (column.kind == ColumnKind::category ? categories.columns : numbers).push_back(column.name);
  }
  if (numbers.empty() || categories.columns.empty()) return {};
  for (const std::string& name : suitable_names(table.select(numbers), bounded)) {
    alternatives.push_back({{name, numbers}, categories});
  }
  return alternatives;
}

}  // namespace mix
