#include "search.h"

#include "mix/csv.h"
#include "mix/distributions/gaussians.h"

namespace bench {

Matrix iris() { return mix::read_csv(MIXTURE_EXAMPLES "/data/iris.csv").values().leftCols(4); }

mix::Comparison search_structures(const Matrix& x, mix::Effort effort) {
  mix::CompareOptions options;
  options.fit.effort = effort;
  for (const mix::Structure structure : mix::distinct_structures(x.cols())) {
    options.families.push_back({to_string(structure), [structure, d = x.cols()](Index k) {
                                  return mix::Gaussians(k, d, {.structure = structure});
                                }});
  }
  return compare(x, options);
}

}  // namespace bench
