#pragma once

#include "mix/scratch.h"
#include "mix/types.h"

namespace mix {

/// How rows lie about the mean of a component; one row of the data per column.
struct Residuals {
  Residuals(Scratch& scratch, Rows x, ConstVectorRef mean, const Matrix& factor)
      : plain(scratch.matrix(x.cols(), x.rows())),
        whitened(scratch.matrix(x.cols(), x.rows())),
        squares(scratch.vector(x.rows())) {
    plain.noalias() = x.transpose();
    plain.colwise() -= mean;
    whitened = plain;
    factor.triangularView<Eigen::Lower>().solveInPlace(whitened);
    squares = whitened.colwise().squaredNorm().transpose();
    // A row that is not finite is infinitely far away.
    squares = squares.array().isNaN().select(infinity, squares);
  }

  MatrixMap plain;     // x - mean
  MatrixMap whitened;  // the same in coordinates where the scale matrix is the identity
  VectorMap squares;   // squared lengths of the whitened ones
};

}  // namespace mix
