#pragma once

#include "mix/models/kmeans.h"

namespace mix {

/// Lloyd's iterations from the given centers until no label changes, or the centers were moved
/// `max_iter` times. Labels are those of the distances from differences, added up in the order of
/// the columns; ties go to the lowest index. The same bits for any number of threads and on any
/// instruction set.
KMeans lloyd(Rows x, Weights w, Matrix centers, Index max_iter);

}  // namespace mix
