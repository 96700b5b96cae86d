#include "model_chart.h"

#include <utility>
#include <vector>

#include "mix/distributions/gated.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/imaginary_rows.h"
#include "mix/distributions/product.h"
#include "mix/family_list.h"

namespace mix {
namespace {

// Whether a limit of the eigenvalues of any Gaussians inside binds; it is held from now on.
bool hold_limits(AnyFamily& family) {
  bool any = false;
  if (const auto* gaussians = family.as<Gaussians>()) {
    Gaussians held = *gaussians;
    any = held.hold_limits();
    if (any) family = AnyFamily(std::move(held));
  } else if (const auto* list = family.as<FamilyList>()) {
    std::vector<AnyFamily> parts = list->families();
    for (AnyFamily& part : parts) any |= hold_limits(part);
    if (any) family = AnyFamily(FamilyList(std::move(parts)));
  } else if (const auto* product = family.as<Product>()) {
    std::vector<Product::Block> blocks = product->blocks();
    for (Product::Block& block : blocks) any |= hold_limits(block.family);
    if (any) family = AnyFamily(Product(std::move(blocks)));
  } else if (const auto* gated = family.as<Gated>()) {
    AnyFamily inner = gated->family();
    any = hold_limits(inner);
    if (any) family = AnyFamily(gated->with_family(std::move(inner)));
  } else if (const auto* with_rows = family.as<WithImaginaryRows>()) {
    AnyFamily inner = with_rows->family();
    any = hold_limits(inner);
    if (any) family = AnyFamily(with_rows->with_family(std::move(inner)));
  }
  return any;
}

}  // namespace

ModelChart::ModelChart(const MixtureModel& model, const AnyRows& x)
    : model_(model), weights_(model.mixing() == MixingWeights::free ? model.n_components() : 0) {
  MixtureState state = model.state();
  holds_limits_ = hold_limits(state.family);
  if (holds_limits_) model_ = MixtureModel(std::move(state), model.mixing());
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
