#include "described_columns.h"

#include <numeric>

#include "component_shape.h"
#include "mix/distributions/gated.h"
#include "mix/errors.h"

namespace mix::cli {

namespace {

/// Whether any value has log density 0 under each component, as no column with a distribution has.
bool is_given(const AnyFamily& family, Index column) {
  try {
    Matrix log_densities(3, family.size());
    family.marginal({column}).log_densities(Vector{{-1e300, 0, 1e300}}, log_densities);
    return log_densities.isZero(0);
  } catch (const NotAvailable&) {
    return false;
  }
}

}  // namespace

std::vector<Index> all_columns(Index dimension) {
  std::vector<Index> columns(static_cast<std::size_t>(dimension));
  std::iota(columns.begin(), columns.end(), Index{0});
  return columns;
}

std::vector<Index> described_columns(const AnyFamily& family) {
  // Columns that only the gate reads stand behind those of its family.
  if (const auto* gated = family.as<Gated>()) return described_columns(gated->family());
  std::vector<Index> columns = all_columns(family.dimension());
  if (columns.size() < 2) return columns;
  // Where each column has a mean, marginal distributions would only take time.
  if (family.size() > 0 && component_shape(family, 0, {family.dimension() - 1})) return columns;
  std::vector<Index> described;
  for (const Index j : columns) {
    if (!is_given(family, j)) described.push_back(j);
  }
  return described.empty() ? columns : described;
}

}  // namespace mix::cli
