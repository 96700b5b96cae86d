#pragma once

#include "rayleigh.h"

/// The same as an exponential family, log f(x) = log x - x^2 / (2 s^2) - 2 log s: all components of
/// a block are evaluated by one matrix product.
class NaturalRayleigh : public Rayleigh {
 public:
  using Rayleigh::Rayleigh;

  bool log_base(mix::Rows x, mix::VectorRef out) const {
    if (!(x.array() > 0).all()) return false;  // log_density says what such a row has
    out = x.col(0).array().log();
    return true;
  }
  mix::Index feature_count() const { return 1; }
  bool features(mix::Rows x, mix::MatrixRef out) const {
    out = x.cwiseAbs2();
    return true;
  }
  void natural_parameters(mix::VectorRef eta) const { eta[0] = -1 / (2 * scale() * scale()); }
  double log_partition() const { return 2 * std::log(scale()); }
};
