#pragma once

#include <vector>

#include "mix/types.h"
#include "reused_vector.h"

namespace mix {

/// What one pass over the data gives to the M-step and to the report.
struct Pass {
  double objective = 0;
  double changed_labels = 0;
  Vector mass;
  Vector group_mass;        // groups held by each component; of rows that are in groups
  ReusedVector statistics;  // of a streaming family
  Matrix shares;            // for every other family, and when an emptied component is reseeded
};

/// The logarithm of a mixing weight, minus infinity for zero.
double log_weight(double weight);
Vector log_weights(const Vector& weights);

/// Adds them to the columns of `l`; minus infinity stays so where the density is infinite.
void add_log_weights(ConstVectorRef log_weights, MatrixRef l);

/// With emptied components reseeded, how many of the worst-explained rows one of them gets.
Index rows_to_reseed(bool hard, Index columns);

/// Indices of the rows by ascending term of the objective, equal ones in their order.
std::vector<Index> worst_first(const Vector& term);

}  // namespace mix
