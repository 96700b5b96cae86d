#include "mix/models/family_blocks.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <tuple>

#include "mix/distributions/interval_censored.h"
#include "mix/distributions/product.h"
#include "mix/models/model_file.h"
#include "mix/support.h"

namespace mix {
namespace {

// Names of the families that suit all columns of the table, and its missing cells.
std::vector<std::string> suitable_names(const Table& table) {
  const bool missing = table.has_missing();
  std::vector<std::string> names;
  for (const FamilyEntry& entry : registry().entries()) {
    if (!entry.make || !entry.suits || !entry.suits(table)) continue;
    if (missing && !entry.make({.k = 1, .columns = &table}).takes_missing_cells()) continue;
    names.push_back(entry.name);
  }
  return names;
}

// One column of the values that stand for the intervals between the two columns: counts where some
// are known and all ends are whole numbers.
Table values_of_intervals(const Table& ends) {
  const DenseRows cells(ends.cells());
  const Rows x = *cells;
  const bool whole = x.unaryExpr([](double end) {
                        return !std::isfinite(end) || is_count(end) ? 1.0 : 0.0;
                      }).minCoeff() > 0;
  const bool counts = whole && (x.col(0).array() == x.col(1).array()).any();
  const ColumnKind kind = counts ? ColumnKind::count : ColumnKind::real;
  return {{{ends.column(0).name, kind}}, Matrix(middles_of_intervals(x, counts))};
}

AnyFamily make_plain_block(const FamilyBlock& block, const Table& columns, Index k,
                           const BlockOptions& options) {
  const FamilyEntry& entry = registry().find(block.family);
  FamilyRequest request{.k = k, .columns = &columns};
  if (!entry.structures.empty()) {
    request.structure = options.structure;
    request.prior = options.prior;
  }
  if (block.family == "student_t") request.degrees_of_freedom = options.degrees_of_freedom;
  request.has_trials = options.has_trials && entry.takes_trials;
  request.has_offset = options.has_offset && entry.regression;
  if (entry.takes_factors) request.factors = options.factors;
  if (entry.takes_bounds && options.bounds) {
    request.has_bounds = true;
    std::tie(request.lower, request.upper) = *options.bounds;
  }
  return entry.make(request);
}

AnyFamily make_block(const FamilyBlock& block, const Table& columns, Index k,
                     const BlockOptions& options) {
  if (!block.intervals && !are_interval_ends(columns.names())) {
    return make_plain_block(block, columns, k, options);
  }
  if (columns.column_count() != 2) {
    throw std::invalid_argument(
        "intervals need two columns, the lower ends and the upper ends, in this order");
  }
  // One column of a Gaussian has no covariance structure.
  const FamilyBlock inner{block.family == "gaussian" ? "normal" : block.family};
  return IntervalCensored(make_plain_block(inner, values_of_intervals(columns), k, options));
}

// Those families of `names` that can describe values of which only intervals are known.
std::vector<FamilyBlocks> blocks_for_intervals(const Table& ends,
                                               const std::vector<std::string>& names) {
  std::vector<FamilyBlocks> blocks;
  for (const std::string& name : names) {
    const FamilyBlock block{name, ends.names(), true};
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

AnyFamily make_family(const FamilyBlocks& blocks, const Table& table, Index k,
                      const BlockOptions& options) {
  if (blocks.size() == 1 && (blocks[0].columns.empty() || blocks[0].columns == table.names())) {
    return make_block(blocks[0], table, k, options);
  }
  std::vector<Product::Block> parts;
  for (const FamilyBlock& block : blocks) {
    std::vector<Index> positions;
    for (const std::string& column : block.columns) positions.push_back(table.index_of(column));
    parts.push_back(
        {std::move(positions), make_block(block, table.select(block.columns), k, options)});
  }
  return Product(std::move(parts));
}

std::vector<std::string> structures_of(const FamilyBlocks& blocks) {
  std::optional<std::vector<std::string>> common;
  for (const FamilyBlock& block : blocks) {
    const std::vector<std::string>& own = registry().find(block.family).structures;
    if (own.empty()) continue;
    if (!common) common = own;
    std::erase_if(*common, [&](const std::string& structure) {
      return std::find(own.begin(), own.end(), structure) == own.end();
    });
  }
  return common.value_or(std::vector<std::string>{""});
}

std::vector<FamilyBlocks> suitable_blocks(const Table& table) {
  if (are_interval_ends(table.names())) {
    return blocks_for_intervals(table, suitable_names(values_of_intervals(table)));
  }
  std::vector<FamilyBlocks> alternatives;
  for (const std::string& name : suitable_names(table)) alternatives.push_back({{name}});
  if (!alternatives.empty()) return alternatives;
  FamilyBlock categories{"categorical"};
  std::vector<std::string> numbers;
  for (const Column& column : table.columns()) {
    (column.kind == ColumnKind::category ? categories.columns : numbers).push_back(column.name);
  }
  if (numbers.empty() || categories.columns.empty()) return {};
  for (const std::string& name : suitable_names(table.select(numbers))) {
    alternatives.push_back({{name, numbers}, categories});
  }
  return alternatives;
}

}  // namespace mix
