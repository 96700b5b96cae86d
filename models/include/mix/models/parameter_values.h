#pragma once

#include <string>
#include <vector>

#include "mix/models/mixture_model.h"

namespace mix {

/// One number among the parameters of a component.
struct ParameterValue {
  Index component = 0;  ///< from 0
  /// `weight`, `mean`, `mean[2]`, `covariance[2,1]`, `blocks[1].rate`: the name in model
  /// descriptions, entries counted from 1; of a symmetric matrix the lower triangle.
  std::string name;
  double value = 0;
};

/// The numbers that describe a model, component by component, the weight first. A parameter that
/// components share stands under each.
std::vector<ParameterValue> parameter_values(const MixtureModel& model);

}  // namespace mix
