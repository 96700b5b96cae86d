#pragma once

#include <memory>
#include <optional>

#include "field_chart.h"
#include "mix/models/mixture_model.h"

namespace mix {

/// Coordinates of a model's parameters: logarithms of the weights, where these are free, then those
/// of the family, its own or numeric ones. Eigenvalues of Gaussians that are at the limit of their
/// ratio stay there.
class ModelChart {
 public:
  /// Throws NotAvailable for families with neither.
  ModelChart(const MixtureModel& model, const AnyRows& x);

  /// Whether a limit of eigenvalues binds.
  [[nodiscard]] bool holds_limits() const { return holds_limits_; }
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
  bool holds_limits_ = false;
  std::optional<FieldChart> fields_;
  Vector own_;
};

}  // namespace mix
