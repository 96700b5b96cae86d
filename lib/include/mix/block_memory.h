#pragma once

#include <memory>
#include <type_traits>
#include <vector>

#include "mix/types.h"

namespace mix {

/// Memory that `log_densities` and `accumulate` of one block of rows share, and that outlives the
/// block: what the first leaves there the second may use, since the engine calls it next with the
/// same rows, parameters and memory. Belongs to one thread at a time.
class BlockMemory {
 public:
  /// Matrix number i. Its size and content are what its last user left.
  Matrix& matrix(std::size_t i) {
    while (matrices_.size() <= i) matrices_.push_back(std::make_unique<Matrix>());
    return *matrices_[i];
  }
  /// Matrix number i with at least so many rows and columns; what was in it may be lost.
  Matrix& matrix(std::size_t i, Index rows, Index columns) {
    Matrix& m = matrix(i);
    if (m.rows() != rows || m.cols() < columns) m.resize(rows, columns);
    return m;
  }
  /// Numbers of type T for panels of rows: a matrix of doubles or of floats with number i.
  template <class T>
  T* numbers(std::size_t i, Index rows, Index columns) {
    if constexpr (std::is_same_v<T, float>) {
      while (singles_.size() <= i) singles_.push_back(std::make_unique<Eigen::MatrixXf>());
      Eigen::MatrixXf& m = *singles_[i];
      if (m.rows() != rows || m.cols() < columns) m.resize(rows, columns);
      return m.data();
    } else {
      return matrix(i, rows, columns).data();
    }
  }
  /// The memory of family number i within a family of several.
  BlockMemory& part(std::size_t i) {
    while (parts_.size() <= i) parts_.push_back(std::make_unique<BlockMemory>());
    parts_[i]->single_precision_ = single_precision_;
    parts_[i]->without_common_ = without_common_;
    parts_[i]->complete_ = complete_;
    return *parts_[i];
  }

  /// Whether single precision is enough within this block of rows; sums beyond it are of doubles.
  [[nodiscard]] bool single_precision() const { return single_precision_; }
  void allow_single_precision(bool allowed) { single_precision_ = allowed; }

  /// Whether log_densities may leave out what all components of a row have in common, and
  /// accumulate leaves out the statistics of all components together: the engine has their sums.
  [[nodiscard]] bool without_common() const { return without_common_; }
  void leave_out_common(bool left_out) { without_common_ = left_out; }

  /// Whether the engine knows that no cell of the block is missing, so that nobody need look.
  [[nodiscard]] bool complete() const { return complete_; }
  void assume_complete(bool complete) { complete_ = complete; }

 private:
  bool single_precision_ = false;
  bool without_common_ = false;
  bool complete_ = false;
  std::vector<std::unique_ptr<Matrix>> matrices_;
  std::vector<std::unique_ptr<Eigen::MatrixXf>> singles_;
  std::vector<std::unique_ptr<BlockMemory>> parts_;
};

/// Lends a BlockMemory of this thread until the end of the scope. Loans nest, so that a mixture
/// within a mixture, or another block that the same thread takes over meanwhile, has its own.
class BorrowedMemory {
 public:
  BorrowedMemory();
  ~BorrowedMemory();
  BorrowedMemory(const BorrowedMemory&) = delete;
  BorrowedMemory& operator=(const BorrowedMemory&) = delete;
  BlockMemory& operator*() const { return *memory_; }
  BlockMemory* operator->() const { return memory_; }

 private:
  BlockMemory* memory_;
};

}  // namespace mix
