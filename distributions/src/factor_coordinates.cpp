#include "factor_coordinates.h"

#include <cmath>

namespace mix {

void write_factor(const Matrix& lower, const Vector& unit, VectorRef out) {
  const Index d = lower.rows();
  Index place = d;
  for (Index j = 0; j < d; ++j) {
    const Index below = d - j - 1;
    const double pivot = lower(j, j) / unit[j];
    out[j] = std::log(pivot);
    out.segment(place, below) = lower.col(j).tail(below).cwiseQuotient(unit.tail(below)) / pivot;
    place += below;
  }
}

void read_factor(ConstVectorRef v, const Vector& unit, MatrixRef lower) {
  const Index d = unit.size();
  lower.setZero();
  Index place = d;
  for (Index j = 0; j < d; ++j) {
    const Index below = d - j - 1;
    const double pivot = std::exp(v[j]);
    lower(j, j) = pivot * unit[j];
    lower.col(j).tail(below) = pivot * v.segment(place, below).cwiseProduct(unit.tail(below));
    place += below;
  }
}

}  // namespace mix
