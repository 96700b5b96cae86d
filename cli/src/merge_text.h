#pragma once

#include <string>
#include <vector>

#include "mix/models/merge.h"

namespace mix::cli {

/// The components in the order in which a dendrogram without crossings shows them.
std::vector<Index> dendrogram_order(const MergeTree& tree);

/// The tree as text: a line for each component, joined to the right, and below each joining how
/// many clusters it leaves.
std::string dendrogram(const MergeTree& tree, const std::vector<std::string>& names);

}  // namespace mix::cli
