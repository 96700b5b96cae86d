#pragma once

#include <string>
#include <vector>

#include "contours.h"
#include "mix/models/compare.h"

namespace mix::cli {

/// One family of a comparison, over the numbers of components for which it has a value.
struct CriterionLine {
  struct Point {
    Index n_components = 0;
    double value = 0;
    bool flagged = false;
  };
  std::string name;
  std::vector<Point> points;  ///< by number of components
  double best = infinity;     ///< the smallest value, of sound fits if there is one
};

/// The lines of a comparison, the one with the best value first. Fits that failed or have no finite
/// value are left out, and so are lines without a fit.
std::vector<CriterionLine> criterion_lines(const Comparison& comparison);

/// The part of the axis that shows all values near the best one: where the values spread widely,
/// the worst of them lie beyond its upper end, so that the good ones can be told apart.
Range criterion_range(const std::vector<CriterionLine>& lines);

/// The words that all names begin with, up to a space; empty for a single name.
std::string common_words(const std::vector<CriterionLine>& lines);

}  // namespace mix::cli
