#include "model_chart.h"

#include <utility>

namespace mix {

ModelChart::ModelChart(const MixtureModel& model, const AnyRows& x)
    : model_(model), weights_(model.mixing() == MixingWeights::free ? model.n_components() : 0) {
  if (has_coordinates(model.family())) {
    own_ = model.family().coordinates();
  } else {
    fields_.emplace(model.family(), x);
    own_ = Vector::Zero(fields_->size());
  }
}

Vector ModelChart::coordinates() const {
  Vector all(weights_ + own_.size());
  all << model_.weights().head(weights_).array().log().matrix(), own_;
  return all;
}

AnyFamily ModelChart::family(const Vector& change_of_own) const {
  if (fields_) return fields_->moved(change_of_own);
  AnyFamily moved = model_.family();
  moved.set_coordinates(own_ + change_of_own);
  return moved;
}

MixtureModel ModelChart::model(const Vector& change) const {
  Vector weights = model_.weights();
  if (weights_ > 0) {
    // Of the differences alone: a weight of 0 stays.
    weights.array() *= change.head(weights_).array().exp();
    weights /= weights.sum();
  }
  return {MixtureState{std::move(weights), family(change.tail(own_.size()))}, model_.mixing()};
}

}  // namespace mix
