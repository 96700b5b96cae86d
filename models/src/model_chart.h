#pragma once

#include <memory>
#include <optional>

#include "field_chart.h"
#include "mix/models/mixture_model.h"

namespace mix {

/// Coordinates of a model's parameters: logarithms of the weights, where these are free, then those
/// of the family, its own or numeric ones.
class ModelChart {
 public:
  /// Throws NotAvailable for families with neither.
  ModelChart(const MixtureModel& model, const AnyRows& x);

  /// How many of the coordinates are those of the weights.
  [[nodiscard]] Index weights() const { return weights_; }
  /// Of the family.
  [[nodiscard]] const Vector& own() const { return own_; }
  /// All of them.
  [[nodiscard]] Vector coordinates() const;

  [[nodiscard]] AnyFamily family(const Vector& change_of_own) const;
  [[nodiscard]] MixtureModel model(const Vector& change) const;

 private:
  MixtureModel model_;
  Index weights_;
  std::optional<FieldChart> fields_;
  Vector own_;
};

}  // namespace mix
