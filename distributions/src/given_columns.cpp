#include "mix/distributions/given_columns.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "mix/distributions/product.h"
#include "mix/errors.h"
#include "mix/moments.h"

namespace mix {

void GivenColumns::sample(Index /*k*/, Rng& /*rng*/, VectorRef /*out*/) const {
  throw NotAvailable("columns that are given have no distribution to draw from");
}

void GivenColumns::fields(Fields& visit) {
  visit("components", size_);
  visit("columns", dimension_);
  if (size_ < 1 || dimension_ < 1) {
    throw std::invalid_argument("given_columns: components and columns must be at least 1");
  }
}

AnyFamily beside_given_columns(AnyFamily family, const std::vector<Index>& places,
                               Index dimension) {
  const Index k = family.size();
  const std::vector<Index> others = other_columns(dimension, places);
  if (others.empty() && std::is_sorted(places.begin(), places.end())) return family;
  std::vector<Product::Block> blocks{{places, std::move(family)}};
  if (!others.empty()) {
    blocks.push_back({others, GivenColumns(k, static_cast<Index>(others.size()))});
  }
  return Product(std::move(blocks));
}

}  // namespace mix
