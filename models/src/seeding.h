#pragma once

#include <functional>
#include <vector>

#include "mix/any_family.h"
#include "mix/random.h"

namespace mix {

/// More components than this are many: their starts see to the time that they take.
inline constexpr Index many_components = 1000;

/// How many of `usual` starts are worth their time, at least one: fewer, the more of many
/// components there are.
Index affordable_starts(Index usual, Index k);

/// The indices of k rows that greedy k-means++ chooses (Arthur & Vassilvitskii 2007; of 2 + ln k
/// candidates per step the one that leaves the least potential): the first uniformly, weighted by
/// `w`. Many, more than 1000, are chosen by plain k-means++, with one candidate per step, and from
/// 10 k rows, a random part of those with weight if there are more. Memory in proportion to the
/// rows, time to rows x k.
std::vector<Index> seed_rows(const Matrix& points, Weights w, Index k, Rng& rng);

/// The indices of k rows with positive weight, drawn without regard to distance.
std::vector<Index> random_rows(Weights w, Index k, Rng& rng);

/// For each row the nearest of the given rows, by position in `rows`; ties to the lowest.
std::vector<Index> nearest_rows(const Matrix& points, const std::vector<Index>& rows);

/// Which components take part in a partition of the rows: those with parameters to estimate.
std::vector<Index> learnable_components(const AnyFamily& family);

/// Writes what rows `first`, `first` + 1, ... share among all components, times their weight.
using ShareBlocks = std::function<void(Index first, MatrixRef shares)>;

/// Shares from a partition into learnable_components(family).size() groups. Components without
/// parameters, such as uniform noise, take a tenth of every row between them. `w` must outlive
/// them.
ShareBlocks share_blocks(std::vector<Index> labels, Weights w, const AnyFamily& family);

/// These of all rows.
Matrix shares_from_labels(const std::vector<Index>& labels, Weights w, const AnyFamily& family);

/// Centered and rotated to uncorrelated columns of unit variance, without the directions in which
/// the points hardly vary.
Matrix sphered(const Matrix& points);

/// The scores of the singular value decomposition of standardized points, divided by the square
/// roots of the singular values: halfway between principal components and sphered points, and small
/// (Scrucca & Raftery 2015).
Matrix half_sphered(const Matrix& points);

}  // namespace mix
