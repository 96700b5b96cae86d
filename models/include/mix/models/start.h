#pragma once

#include <string>
#include <variant>
#include <vector>

#include "mix/types.h"

namespace mix {

/// Where EM begins: the same list for every family. A start gives each row to components; the first
/// M-step turns that into parameters. `start::Parameters` begins from the model as it is.
namespace start {

/// A portfolio of the others; the best optimum is kept.
struct Auto {};
/// Rows nearest to greedy k-means++ seeds (Arthur & Vassilvitskii 2007), without Lloyd iterations;
/// of more than 1000 components plain k-means++ seeds from 10 rows per component.
struct KMeansPlusPlus {};
/// The partition of k-means from k-means++ seeds.
struct KMeans {};
/// Rows nearest to rows drawn uniformly.
struct Random {};
/// A known label per row, from 0; -1 shares the row among all components.
struct Labels {
  std::vector<Index> labels;
};
/// Responsibilities, rows x components.
struct Responsibilities {
  Matrix r;
};
/// The parameters that the model has.
struct Parameters {};
/// Model-based agglomeration (Fraley 1998; Scrucca & Raftery 2015) of at most 2000 rows, the others
/// to the nearest cluster mean.
struct Hierarchical {};
/// From one component upwards: the best of several ways to cut a component in two, or to split off
/// the worst-explained rows, until the model has all its components.
struct Growing {};
/// The best of several runs of a few iterations (Biernacki, Celeux & Govaert 2003).
struct ShortRuns {
  Index runs = 10;
  Index iterations = 5;
};

}  // namespace start

using Start = std::variant<start::Auto, start::KMeansPlusPlus, start::KMeans, start::Random,
                           start::Labels, start::Responsibilities, start::Parameters,
                           start::Hierarchical, start::Growing, start::ShortRuns>;

/// The name used on the command line: "auto", "k-means++", "kmeans", "random", "labels", ...
std::string to_string(const Start& start);

/// The start of that name, for those that need no data; throws std::invalid_argument with the list.
Start parse_start(const std::string& name);

}  // namespace mix
