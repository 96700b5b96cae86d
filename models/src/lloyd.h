#pragma once

#include "mix/models/kmeans.h"

namespace mix {

/// Whether rows keep their labels without distances where bounds of these prove them (Hamerly
/// 2010): where that pays, never, or wherever it is possible. No result depends on it.
enum class Bounds { adaptive, never, always };

/// Lloyd's iterations from the given centers until no label changes, or the centers were moved
/// `max_iter` times. Labels are those of the distances from differences, added up in the order of
/// the columns; ties go to the lowest index. The same bits for any number of threads and on any
/// instruction set. `labeled`, where not null, becomes the number of labels that were found by
/// distances from all centers.
KMeans lloyd(Rows x, Weights w, Matrix centers, Index max_iter, Bounds bounds = Bounds::adaptive,
             double* labeled = nullptr);

}  // namespace mix
