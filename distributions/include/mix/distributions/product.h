#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mix/any_family.h"

namespace mix {

/// Blocks of columns, each described by a family of its own, the blocks independent given the
/// component: how mixed data (counts beside measurements) meet in one mixture. Component k of the
/// product is component k of every block. Streams when all blocks do.
class Product {
 public:
  static constexpr std::string_view name = "product";
  static constexpr bool reads_missing_cells = true;

  struct Block {
    std::vector<Index>
        columns;  ///< columns of the row, counted from 0, in the order of the family's
    AnyFamily family;
  };

  Product() = default;
  /// Throws std::invalid_argument unless all families have the same size, each the dimension of its
  /// columns, and the blocks together hold every column from 0 on exactly once.
  explicit Product(std::vector<Block> blocks);

  [[nodiscard]] const std::vector<Block>& blocks() const { return blocks_; }
  [[nodiscard]] std::string title() const;

  [[nodiscard]] Index size() const;
  [[nodiscard]] Index dimension() const;
  [[nodiscard]] Index parameter_count() const;
  /// The sum of the blocks' log densities.
  void log_densities(Rows x, MatrixRef out) const;
  /// One block of at most block_rows rows.
  void log_densities(Rows x, MatrixRef out, BlockMemory& memory) const;
  [[nodiscard]] bool samples() const;
  void sample(Index k, Rng& rng, VectorRef out) const;
  void impute(Index k, MatrixRef x, Rng* rng) const;
  [[nodiscard]] bool takes_missing_cells() const;
  [[nodiscard]] bool takes_infinite_cells(Index column) const;
  [[nodiscard]] bool takes_single_precision() const;
  [[nodiscard]] double cdf(Index k, double x) const { return blocks_.front().family.cdf(k, x); }
  [[nodiscard]] Moments moments(Index k) const;
  [[nodiscard]] Product marginal(const std::vector<Index>& columns) const;
  [[nodiscard]] Product conditional(const std::vector<Index>& columns, ConstVectorRef values) const;

  [[nodiscard]] bool streams() const;
  /// The blocks' statistics one after the other.
  [[nodiscard]] Index statistics_size() const;
  void accumulate(Rows x, Shares shares, VectorRef statistics) const;
  void accumulate(Rows x, Shares shares, VectorRef statistics, BlockMemory& memory) const;
  [[nodiscard]] bool separable() const;
  void log_density_of(Index k, Rows x, VectorRef out) const;
  void accumulate_of(Index k, Rows x, Weights w, VectorRef statistics) const;
  [[nodiscard]] bool shares_statistics() const;
  void accumulate_common(Rows x, Weights w, VectorRef statistics) const;
  void maximize(ConstVectorRef sum);
  void fit(const AnyRows& x, Shares shares);
  void start(const AnyRows& x, Shares shares);

  [[nodiscard]] bool charted() const;
  /// The blocks' coordinates one after the other.
  [[nodiscard]] Vector coordinates() const;
  void set_coordinates(ConstVectorRef v);

  [[nodiscard]] Index cycles() const;
  void select_cycle(Index cycle);
  void prepare(const AnyRows& x, Weights w);
  /// The first block's complaint, its column numbers those of the whole row.
  [[nodiscard]] std::string check_support(const AnyRows& x) const;
  /// The blocks' embeddings side by side, each scaled so that its total variance is its number of
  /// columns: no block drowns another.
  [[nodiscard]] Matrix embed(Rows x) const;
  [[nodiscard]] double log_prior() const;
  [[nodiscard]] std::string flaw(Index k, double mass) const;
  [[nodiscard]] std::string caution(Index k) const;
  [[nodiscard]] bool selects() const;
  void select(const std::vector<Index>& order);

  void fields(Fields& visit);
  /// A list `blocks`: the distribution's name, its columns, its parameters of component k.
  void describe(Index k, Fields& visit) const;

 private:
  void check() const;
  // Calls body(block, first statistic, number of statistics) for each block.
  template <class Body>
  void for_each_statistics(const Body& body) const;

  std::vector<Block> blocks_;
};

}  // namespace mix
