// The exact ICL of a fitted model: which prior serves its family.

#include <algorithm>
#include <vector>

#include "mix/distributions/bernoulli.h"
#include "mix/distributions/categorical.h"
#include "mix/distributions/gaussians.h"
#include "mix/distributions/normal.h"
#include "mix/distributions/poisson.h"
#include "mix/models/exact_icl.h"
#include "mix/untied.h"

namespace mix {
namespace {

// Of every component its own: in one column that is a variance of its own.
bool has_own_covariances(const Gaussians& family) {
  const Structure structure = family.structure();
  if (structure == Structure::VVV) return true;
  return family.dimension() == 1 && to_string(structure).front() == 'V';
}

}  // namespace

double exact_icl(const MixtureModel& model, const AnyRows& x) {
  const AnyFamily& family = model.family();
  const DenseRows dense(x);
  const Rows& rows = *dense;
  if (model.mixing() != MixingWeights::free || rows.hasNaN()) return quiet_nan;
  const std::vector<Index> labels = most_probable(model.state(), x);
  if (std::find(labels.begin(), labels.end(), -1) != labels.end()) return quiet_nan;
  const Index k = model.n_components();
  const auto* gaussians = family.as<Gaussians>();
  if ((gaussians != nullptr && has_own_covariances(*gaussians)) ||
      family.as<Untied<Normal>>() != nullptr) {
    return exact_icl_gaussian(rows, labels, k, NormalInverseWishart::like(rows));
  }
  if (family.as<Untied<Poisson>>() != nullptr) return exact_icl_poisson(rows, labels, k);
  if (const auto* categories = family.as<Untied<Categorical>>()) {
    return exact_icl_categorical(rows, categories->component(0).levels(), labels, k);
  }
  if (family.as<Untied<Bernoulli>>() != nullptr) {
    return exact_icl_categorical(rows, std::vector<Index>(static_cast<std::size_t>(rows.cols()), 2),
                                 labels, k);
  }
  return quiet_nan;
}

}  // namespace mix
