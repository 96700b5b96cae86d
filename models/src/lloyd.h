#pragma once

#include "distance_bounds.h"
#include "mix/models/kmeans.h"

namespace mix {

/// Lloyd's iterations from the given centers until no label changes, or the centers were moved
/// `max_iter` times. Labels are those of the distances from differences, added up in the order of
/// the columns; ties go to the lowest index. The same bits for any number of threads and on any
/// instruction set. `distances`, where not null, becomes the number of distances of rows from
/// centers that labels were found by.
KMeans lloyd(Rows x, Weights w, Matrix centers, Index max_iter, Bounds bounds = Bounds::adaptive,
             double* distances = nullptr);

/// The nearest of the given centers, one per row, of each row of x, as `lloyd` labels them; the
/// first where all are infinitely far.
std::vector<Index> nearest_centers(Rows x, const Matrix& centers);

}  // namespace mix
