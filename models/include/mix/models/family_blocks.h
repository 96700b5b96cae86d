#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mix/distributions/restricted.h"
#include "mix/registry.h"
#include "mix/table.h"

namespace mix {

/// How the family of a block of columns is made. What is empty is the default, of the family or of
/// all blocks.
struct BlockOptions {
  std::string structure{};  ///< of covariances, where the family has structures
  /// "none"; "conjugate" or "chen-tan" where the family has covariances; or "data", imaginary rows
  /// like the data (`WithImaginaryRows`), for any family. Empty: none.
  std::string prior{};
  std::optional<double> prior_weight{};  ///< that of the imaginary rows; empty: 1
  /// Of student_t: "per_component", "shared" or a number; empty: per component.
  std::string degrees_of_freedom{};
  Index factors = 0;  ///< of factor_analyzers; 0: their default
  /// Of factor_analyzers with numbers of their own: the threshold of the scree test; 0: BIC.
  double scree = 0;
  /// Of truncated families: the lower and the upper bound, which may be infinite.
  std::optional<std::pair<double, double>> bounds{};
  Restrictions restrictions{};  ///< parameters that are fixed, or common to all components
  /// Of families with covariances: the largest factor by which their eigenvalues may differ (see
  /// `GaussianOptions`); 0: no limit.
  double eigenvalue_ratio = 0;
  bool has_trials = false;  ///< the last column of binomial blocks holds numbers of trials
  bool has_offset = false;  ///< regressions have an offset in the column before the response
};

/// A named family and the columns it describes; without columns it describes all there are.
struct FamilyBlock {
  std::string family;
  std::vector<std::string> columns{};
  BlockOptions options{};
  /// Two columns are the lower and the upper ends of intervals of the one column that the family
  /// describes; so they are anyway where their names say it (see `are_interval_ends`).
  bool intervals = false;
};

/// Whether the names are those of the ends of intervals: two, NAME_lo and NAME_hi, or lo and hi.
bool are_interval_ends(const std::vector<std::string>& names);

/// Independent blocks of columns within each component: one block alone is its family, several are
/// a `Product`.
using FamilyBlocks = std::vector<FamilyBlock>;

/// Reads `gaussian`, one family for all columns, or `age+income=gaussian,visits=poisson`, one for
/// each block of columns. Throws std::invalid_argument that names the part which is neither, or
/// lists the known families.
FamilyBlocks parse_blocks(std::string_view text);

/// Makes `trials` the last column of the blocks that take trials and name columns; whether any
/// block takes trials.
bool add_trials(FamilyBlocks& blocks, const std::string& trials);

/// Makes of Gaussians those of values with known standard errors: blocks that name their columns
/// take the columns of these from `errors`, as many as they have themselves and in the order of the
/// blocks. Returns whether there is any Gaussian; throws std::invalid_argument where blocks name
/// columns and the numbers disagree.
bool add_errors(FamilyBlocks& blocks, const std::vector<std::string>& errors);

/// The family of k components that describes the columns of `table` by these blocks. `defaults` are
/// those of blocks without options of their own, where the family of a block has such an option;
/// its restrictions concern the blocks that have parameters of these names. Throws
/// std::invalid_argument for an unknown family or column, for what a family cannot describe, for an
/// option of a block that its family does not have, and for a restriction that no block has.
AnyFamily make_family(const FamilyBlocks& blocks, const Table& table, Index k,
                      const BlockOptions& defaults = {});

/// The structures that all blocks with structures, and none chosen of their own, know; {""} when
/// none has any. With an `eigenvalue_ratio`, of the blocks or of their own, only those that can be
/// held to one, where the family has any such.
std::vector<std::string> structures_of(const FamilyBlocks& blocks, double eigenvalue_ratio = 0);

/// What suits the columns, by their kinds (real, count, category) and ranges: families that
/// describe all of them, or else one family for the numbers beside `categorical` for the
/// categories; of the ends of intervals, families for what lies within. These are counts where some
/// are known and all ends are whole numbers. Where values are `bounded`, seen between known bounds
/// only, those that take bounds and no others. Empty when nothing does.
std::vector<FamilyBlocks> suitable_blocks(const Table& table, bool bounded = false);

}  // namespace mix
