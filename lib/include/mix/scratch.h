#pragma once

#include <cstddef>

#include "mix/types.h"

namespace mix {

using MatrixMap = Eigen::Map<Matrix>;
using VectorMap = Eigen::Map<Vector>;

/// Temporaries of one scope, taken from memory that the thread keeps: a step that is repeated asks
/// the system for nothing. What it gives is not initialized, and valid as long as it. Scopes nest;
/// each belongs to the thread that made it.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] MatrixMap matrix(Index rows, Index columns) {
    return {numbers(rows * columns), rows, columns};
  }
  [[nodiscard]] VectorMap vector(Index size) { return {numbers(size), size}; }

 private:
  [[nodiscard]] static double* numbers(Index count);

  // Where the memory of the scopes around this one ends.
  std::size_t piece_;
  Index used_;
};

/// Square matrices of one size, one after the other; a view.
class MatrixStack {
 public:
  MatrixStack(Scratch& scratch, Index dimension, Index size)
      : data_(scratch.vector(dimension * dimension * size).data()),
        dimension_(dimension),
        size_(size) {}

  [[nodiscard]] Index dimension() const { return dimension_; }
  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] MatrixMap operator[](Index k) const {
    return {data_ + k * dimension_ * dimension_, dimension_, dimension_};
  }

 private:
  double* data_;
  Index dimension_;
  Index size_;
};

}  // namespace mix
