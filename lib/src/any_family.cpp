#include "mix/any_family.h"

#include <cmath>

namespace mix {

Matrix standardized(Rows x) {
  const auto n = static_cast<double>(std::max<Index>(x.rows(), 1));
  Matrix out = x.rowwise() - x.colwise().mean();
  for (Index d = 0; d < out.cols(); ++d) {
    const double deviation = std::sqrt(out.col(d).squaredNorm() / n);
    if (deviation > 0) out.col(d) /= deviation;
  }
  return out;
}

}  // namespace mix
