#pragma once

#include <vector>

#include "run.h"

namespace mix {

/// Takes up to `most` of the runs out of their list: the first ones, no two of them in the same
/// optimum. `total` is the weight of all rows, here and below.
std::vector<Run> take_population(std::vector<Run>& runs, Index most, double total);

/// Whether the child joins the population, best first, and brings something new. It takes the place
/// of the worst, or, where it has come further in the same optimum as another, of that one.
bool settle(std::vector<Run>& population, Run& child, double total);

}  // namespace mix
