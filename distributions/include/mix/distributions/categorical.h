#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/any_rows.h"
#include "mix/distributions/smoothing.h"
#include "mix/fields.h"
#include "mix/moments.h"
#include "mix/random.h"
#include "mix/types.h"

namespace mix {

/// Columns of categories coded 0, 1, ..., L_j - 1, the columns independent. A mixture of these is
/// latent class analysis.
///
/// log f(x) = sum_j log p_j(x_j). The estimate of p_j(l) is the weighted share of the level in its
/// column, which may be exactly 0 unless smoothed.
class Categorical {
 public:
  static constexpr std::string_view name = "categorical";
  static constexpr bool discrete = true;
  static constexpr bool reads_missing_cells = true;
  /// No column may have more levels.
  static constexpr Index most_levels = 65536;

  Categorical() = default;
  /// For estimation: `dimension` columns, whose level counts `prepare` learns (highest code plus
  /// one).
  explicit Categorical(Index dimension, Smoothing smoothing = {});
  /// For estimation with known level counts, all levels equally probable.
  explicit Categorical(std::vector<Index> levels, Smoothing smoothing = {});
  /// One vector of probabilities per column. Throws std::invalid_argument unless each sums to 1.
  explicit Categorical(const std::vector<Vector>& probabilities, Smoothing smoothing = {});

  /// The number of levels of each column.
  [[nodiscard]] const std::vector<Index>& levels() const { return levels_; }
  /// Columns x most levels of any column; 0 beyond a column's own levels.
  [[nodiscard]] const Matrix& probabilities() const { return probabilities_; }

  [[nodiscard]] Index dimension() const { return static_cast<Index>(levels_.size()); }
  [[nodiscard]] Index parameter_count() const;
  void log_density(Rows x, VectorRef out) const;
  void sample(Rng& rng, VectorRef out) const;
  /// Replaces missing cells by the most probable category, or draws them.
  void impute(MatrixRef x, Rng* rng) const;
  /// The columns are independent: of the others' values nothing depends.
  static constexpr bool independent_columns = true;
  [[nodiscard]] Categorical marginal(const std::vector<Index>& columns) const;

  /// The weight of each level of each column, column after column.
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);

  /// As an exponential family: one feature per level of each column, 1 where the row has it.
  [[nodiscard]] Index feature_count() const { return statistics_size(); }
  bool features(Rows x, MatrixRef out) const;
  [[nodiscard]] bool same_base(const Categorical& other) const { return levels_ == other.levels_; }
  bool log_base(Rows x, VectorRef out) const;
  void natural_parameters(VectorRef eta) const;
  [[nodiscard]] double log_partition() const;

  /// Logarithms of the probabilities, column after column.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  /// Learns the level counts, unless they were given: the highest code of a row with weight, plus
  /// one. Parameters that fit the counts stay.
  void prepare(const AnyRows& x, Weights w);
  /// The log density of the smoothing as a prior, up to a constant; 0 without.
  [[nodiscard]] double log_prior() const;
  [[nodiscard]] std::string check_support(Rows x) const;
  /// One column of 0 and 1 per level: the squared distance is twice the number of columns that
  /// differ.
  [[nodiscard]] Matrix embed(Rows x) const;
  void fields(Fields& visit);
  /// The parameters without `pseudo_count`, which is a setting.
  void describe(Fields& visit) const;

 private:
  enum class Levels { given, learned };

  [[nodiscard]] bool explains(Rows x, Index row) const;
  void set_equally_probable();

  std::vector<Index> levels_;
  Matrix probabilities_;
  Smoothing smoothing_;
  Levels source_ = Levels::given;
};

}  // namespace mix
