// expect: no matching function for call to 'log(
#include <cmath>

#include "mix/distributions/autodiff.h"

struct Exponential {
  static constexpr std::array parameters{mix::positive("rate")};
  template <class Row, class T>
  T log_density(const Row& x, const T* p) const {
    return std::log(p[0]) - p[0] * x[0];  // std::log takes no dual numbers
  }
};

mix::Autodiff<Exponential> exponential;
template void mix::Autodiff<Exponential>::log_density(mix::Rows, mix::VectorRef) const;
