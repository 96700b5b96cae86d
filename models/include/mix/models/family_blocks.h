#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mix/registry.h"
#include "mix/table.h"

namespace mix {

/// A named family and the columns it describes; without columns it describes all there are.
struct FamilyBlock {
  std::string family;
  std::vector<std::string> columns{};
  /// Two columns are the lower and the upper ends of intervals of the one column that the family
  /// describes; so they are anyway where their names say it (see `are_interval_ends`).
  bool intervals = false;
};

/// Whether the names are those of the ends of intervals: two, NAME_lo and NAME_hi, or lo and hi.
bool are_interval_ends(const std::vector<std::string>& names);

/// Independent blocks of columns within each component: one block alone is its family, several are
/// a `Product`.
using FamilyBlocks = std::vector<FamilyBlock>;

/// What blocks are made with, besides the columns.
struct BlockOptions {
  std::string structure{};  ///< of the blocks whose families have structures; empty: their default
  std::string prior{};      ///< of the same blocks: "none", "conjugate" or "chen-tan"; empty: none
  /// Of student_t blocks: "per_component", "shared" or a number; empty: per component.
  std::string degrees_of_freedom{};
  bool has_trials = false;  ///< the last column of binomial blocks holds numbers of trials
  bool has_offset = false;  ///< regressions have an offset in the column before the response
  Index factors = 0;        ///< of factor_analyzers blocks; 0: their default
  /// Of truncated blocks: the lower and the upper bound, which may be infinite.
  std::optional<std::pair<double, double>> bounds{};
};

/// The family of k components that describes the columns of `table` by these blocks. Throws
/// std::invalid_argument for an unknown family or column and for what a family cannot describe.
AnyFamily make_family(const FamilyBlocks& blocks, const Table& table, Index k,
                      const BlockOptions& options = {});

/// The structures that all blocks with structures know; {""} when none has any.
std::vector<std::string> structures_of(const FamilyBlocks& blocks);

/// What suits the columns, by their kinds (real, count, category) and ranges: families that
/// describe all of them, or else one family for the numbers beside `categorical` for the
/// categories; of the ends of intervals, families for what lies within. These are counts where some
/// are known and all ends are whole numbers. Empty when nothing does.
std::vector<FamilyBlocks> suitable_blocks(const Table& table);

}  // namespace mix
