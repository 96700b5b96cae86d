#pragma once

#include <vector>

#include "mix/any_family.h"
#include "mix/random.h"

namespace mix {

/// The indices of k rows that greedy k-means++ chooses (Arthur & Vassilvitskii 2007; of 2 + ln k
/// candidates per step the one that leaves the least potential): the first uniformly, weighted by
/// `w`.
std::vector<Index> seed_rows(const Matrix& points, Weights w, Index k, Rng& rng);

/// The indices of k rows with positive weight, drawn without regard to distance.
std::vector<Index> random_rows(Weights w, Index k, Rng& rng);

/// For each row the nearest of the given rows, by position in `rows`; ties to the lowest.
std::vector<Index> nearest_rows(const Matrix& points, const std::vector<Index>& rows);

/// Which components take part in a partition of the rows: those with parameters to estimate.
std::vector<Index> learnable_components(const AnyFamily& family);

/// Shares from a partition into learnable_components(family).size() groups. Components without
/// parameters, such as uniform noise, take a tenth of every row between them.
Matrix shares_from_labels(const std::vector<Index>& labels, Weights w, const AnyFamily& family);

/// Centered and rotated to uncorrelated columns of unit variance, without the directions in which
/// the points hardly vary.
Matrix sphered(const Matrix& points);

/// The scores of the singular value decomposition of standardized points, divided by the square
/// roots of the singular values: halfway between principal components and sphered points, and small
/// (Scrucca & Raftery 2015).
Matrix half_sphered(const Matrix& points);

}  // namespace mix
