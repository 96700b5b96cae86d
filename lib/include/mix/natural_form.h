#pragma once

#include "mix/parallel.h"
#include "mix/sparse_rows.h"
#include "mix/types.h"

namespace mix {

/// The natural parameters of k components of an exponential family, kept so that one product
/// evaluates them all: log f_k(x) = log h(x) + <eta_k, T(x)> - A(eta_k).
class NaturalForm {
 public:
  /// Rows of a matrix of features as it lies in memory: columns at distances of 4 KiB would drive
  /// each other out of the cache.
  static constexpr Index feature_stride = block_rows + 8;

  /// No form: `holds` says so.
  NaturalForm() = default;
  void clear() { holds_ = false; }
  /// For so many features and components, whose parameters and partitions come next.
  void resize(Index features, Index components);

  /// Where the natural parameters of component k are written.
  [[nodiscard]] VectorRef parameters(Index k) { return eta_.col(k); }
  /// To be called once the parameters of component k are written.
  void set(Index k, double log_partition);
  /// To be called after that for all components, where rows will be sparse.
  void serve_sparse_rows();

  /// Whether the parameters of all components are such that the form gives their densities.
  [[nodiscard]] bool holds() const { return holds_; }
  [[nodiscard]] Index feature_count() const { return eta_.rows(); }

  void log_densities(Rows features, ConstVectorRef log_base, MatrixRef out) const;
  /// Adds to the statistics of the components, one after the other, the sum of share times feature,
  /// preceded by the sum of the shares where there is room for it.
  void accumulate(Rows features, Shares shares, VectorRef statistics) const;

  /// The same of rows that are their own features, in time that grows with the stored cells. At
  /// most block_rows rows.
  void log_densities(const SparseRows& x, ConstVectorRef log_base, MatrixRef out) const;
  void accumulate(const SparseRows& x, Shares shares, VectorRef statistics) const;

 private:
  void mark_impossible(MatrixRef out) const;

  Matrix eta_;
  Matrix by_feature_;  // of sparse rows: all components of a feature side by side
  Vector constant_;
  bool holds_ = false;
  bool has_impossible_ = false;
};

}  // namespace mix
