#include "mix/models/edges.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "mix/distributions/free_uniform.h"
#include "mix/distributions/gamma.h"
#include "mix/distributions/gated.h"
#include "mix/distributions/imaginary_rows.h"
#include "mix/distributions/inverse_gaussian.h"
#include "mix/distributions/lognormal.h"
#include "mix/distributions/pareto.h"
#include "mix/distributions/product.h"
#include "mix/distributions/shifted.h"
#include "mix/distributions/shifted_exponential.h"
#include "mix/distributions/weibull.h"
#include "mix/family_list.h"
#include "mix/parallel.h"

namespace mix {
namespace {

constexpr Index looked_at = 32;
// Rows that nothing explains yet count as much as this, so that covering some of them is a rise.
constexpr double least_log_density = -700;

// The mixture without one of its components, and what it looks like with it.
class OtherComponents {
 public:
  // `terms`: log weight plus log density, rows x components; `beside`: the part of that component's
  // that comes from elsewhere.
  OtherComponents(const AnyRows& x, Weights w, const Matrix& terms, Index without,
                  const Vector& beside)
      : x_(x), w_(w), beside_(beside), rest_(terms.rows()) {
    for (Index i = 0; i < terms.rows(); ++i) {
      double top = -infinity;
      for (Index k = 0; k < terms.cols(); ++k) {
        if (k != without) top = std::max(top, terms(i, k));
      }
      double sum = 0;
      for (Index k = 0; k < terms.cols() && top > -infinity; ++k) {
        if (k != without) sum += std::exp(terms(i, k) - top);
      }
      rest_[i] = top > -infinity ? top + std::log(sum) : -infinity;
    }
  }

  // The family has one component, of which cells may be missing.
  [[nodiscard]] double log_likelihood(const AnyFamily& component) const {
    return sum_over_blocks(x_.rows(), 1, [&](Index first, Index count, VectorRef total) {
      Matrix own(count, 1);
      component.log_densities(*DenseBlock(x_, first, count), own);
      for (Index i = 0; i < count; ++i) {
        if (!(w_[first + i] > 0)) continue;
        const double a = own(i, 0) + beside_[first + i];
        const double b = rest_[first + i];
        const double top = std::max(a, b);
        const double both =
            top > -infinity ? top + std::log1p(std::exp(std::min(a, b) - top)) : top;
        total[0] += w_[first + i] * std::max(both, least_log_density);
      }
    })[0];
  }

 private:
  const AnyRows& x_;
  Weights w_;
  const Vector& beside_;
  Vector rest_;
};

// The different values of a column in rows with weight, in ascending order.
std::vector<double> values_of(const AnyRows& x, Weights w, Index column) {
  std::vector<double> values;
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows(); ++i) {
      const double value = block(i, column);
      if (w[first + i] > 0 && !std::isnan(value)) values.push_back(value);
    }
  });
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// Moves one edge to the best value found; returns the rise.
template <class D>
double move_edge(D& component, Index edge, const std::vector<double>& values,
                 const OtherComponents& rest) {
  const double now = rest.log_likelihood(AnyFamily(component));
  D best = component;
  double top = now;
  auto low = std::ptrdiff_t{0};
  auto high = std::ssize(values) - 1;
  while (low <= high) {
    const std::ptrdiff_t step = std::max<std::ptrdiff_t>(1, (high - low) / looked_at);
    std::ptrdiff_t at = low;
    double here = -infinity;
    for (std::ptrdiff_t i = low; i <= high; i += step) {
      D moved = component.with_edge(edge, values[static_cast<std::size_t>(i)]);
      const double value = rest.log_likelihood(AnyFamily(moved));
      if (value > here) {
        here = value;
        at = i;
      }
      if (value > top) {
        top = value;
        best = std::move(moved);
      }
    }
    if (step == 1) break;
    low = std::max(low, at - step + 1);
    high = std::min(high, at + step - 1);
  }
  component = std::move(best);
  return top - now;
}

// A family within that of the mixture: its components, from `first` on, are part of those.
struct Place {
  Index first;
  const AnyRows& x;      // its columns
  const Matrix& beside;  // log weights, and log densities of the other columns
  Weights w;
  double least_rise;
};

template <class D>
bool move_edges_of(AnyFamily& family, const Place& place, Matrix& terms) {
  const auto* own = family.as<Untied<D>>();
  if (own == nullptr) return false;
  bool any = false;
  std::vector<D> components;
  for (Index k = 0; k < own->size(); ++k) {
    D component = own->component(k);
    const Vector beside = place.beside.col(k);
    const OtherComponents rest(place.x, place.w, terms, place.first + k, beside);
    double rise = 0;
    // A component without weight has none anywhere.
    for (Index e = 0; e < component.edge_count() && beside.maxCoeff() > -infinity; ++e) {
      rise += move_edge(component, e, values_of(place.x, place.w, component.edge_column(e)), rest);
    }
    if (rise > place.least_rise) {
      any = true;
      const AnyFamily moved(component);
      for_each_block(place.x.rows(), [&](Index from, Index count) {
        Matrix density(count, 1);
        moved.log_densities(*DenseBlock(place.x, from, count), density);
        terms.col(place.first + k).segment(from, count) =
            density.col(0) + beside.segment(from, count);
      });
    } else {
      component = own->component(k);
    }
    components.push_back(std::move(component));
  }
  if (any) family = AnyFamily(Untied<D>(std::move(components)));
  return any;
}

// The distributions whose edges are moved.
template <class... D>
struct Edged {
  static bool holds(const AnyFamily& family) {
    return ((family.as<Untied<D>>() != nullptr) || ...);
  }
  static bool move(AnyFamily& family, const Place& place, Matrix& terms) {
    return (move_edges_of<D>(family, place, terms) || ...);
  }
};
using AllEdged = Edged<FreeUniform, ShiftedExponential, Shifted<Weibull>, Shifted<Gamma>,
                       Shifted<Lognormal>, Shifted<InverseGaussian>>;

bool move_edges_within(AnyFamily& family, const Place& place, Matrix& terms) {
  const auto* product = family.as<Product>();
  if (product == nullptr) return AllEdged::move(family, place, terms);
  const DenseRows x(place.x);
  std::vector<Product::Block> blocks = product->blocks();
  std::vector<Matrix> columns;
  std::vector<Matrix> densities;
  for (const Product::Block& block : blocks) {
    columns.emplace_back((*x)(Eigen::all, block.columns));
    Matrix& density = densities.emplace_back(place.x.rows(), family.size());
    block.family.log_densities(columns.back(), density);
  }
  bool any = false;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    if (!has_edges(blocks[b].family)) continue;
    Matrix beside = place.beside;
    for (std::size_t other = 0; other < blocks.size(); ++other) {
      if (other != b) beside += densities[other];
    }
    const AnyRows own(columns[b]);
    if (!move_edges_within(blocks[b].family, {place.first, own, beside, place.w, place.least_rise},
                           terms)) {
      continue;
    }
    any = true;
    blocks[b].family.log_densities(columns[b], densities[b]);
  }
  if (any) family = AnyFamily(Product(std::move(blocks)));
  return any;
}

}  // namespace

bool has_edges(const AnyFamily& family) {
  if (const auto* list = family.as<FamilyList>()) {
    return std::any_of(list->families().begin(), list->families().end(), has_edges);
  }
  if (const auto* product = family.as<Product>()) {
    return std::any_of(product->blocks().begin(), product->blocks().end(),
                       [](const Product::Block& block) { return has_edges(block.family); });
  }
  return AllEdged::holds(family);
}

std::vector<std::string> edges_without_derivative(const AnyFamily& family, Index k) {
  std::vector<std::string> names;
  if (const auto* list = family.as<FamilyList>()) {
    Index first = 0;
    for (const AnyFamily& part : list->families()) {
      if (k < first + part.size()) return edges_without_derivative(part, k - first);
      first += part.size();
    }
  } else if (const auto* product = family.as<Product>()) {
    for (std::size_t b = 0; b < product->blocks().size(); ++b) {
      for (const std::string& name : edges_without_derivative(product->blocks()[b].family, k)) {
        names.push_back(fmt::format("blocks[{}].{}", b + 1, name));
      }
    }
  } else if (const auto* gated = family.as<Gated>()) {
    // The first of its two blocks.
    for (const std::string& name : edges_without_derivative(gated->family(), k)) {
      names.push_back("blocks[1]." + name);
    }
  } else if (const auto* with_rows = family.as<WithImaginaryRows>()) {
    return edges_without_derivative(with_rows->family(), k);
  } else if (const auto* boxes = family.as<Untied<FreeUniform>>()) {
    for (const char* edge : {"lower", "upper"}) {
      for (Index j = 0; j < boxes->dimension(); ++j) {
        names.push_back(boxes->dimension() == 1 ? edge : fmt::format("{}[{}]", edge, j + 1));
      }
    }
  } else if (const auto* delayed = family.as<Untied<ShiftedExponential>>()) {
    if (delayed->component(k).estimates_shift()) names.emplace_back("shift");
  } else if (const auto* paretos = family.as<Untied<Pareto>>()) {
    if (paretos->component(k).learns_minimum()) names.emplace_back("minimum");
  }
  return names;
}

bool move_edges(MixtureState& state, const AnyRows& x, Weights w, double least_rise) {
  if (!has_edges(state.family)) return false;
  Matrix terms(x.rows(), state.family.size());
  for_each_block(x.rows(), [&](Index first, Index count) {
    state.family.log_densities(*DenseBlock(x, first, count), terms.middleRows(first, count));
  });
  terms.rowwise() += state.weights.array().log().matrix().transpose();
  std::vector<AnyFamily> parts{state.family};
  const auto* list = state.family.as<FamilyList>();
  if (list != nullptr) parts = list->families();
  bool any = false;
  Index first = 0;
  for (AnyFamily& part : parts) {
    const Matrix beside = state.weights.segment(first, part.size())
                              .array()
                              .log()
                              .matrix()
                              .transpose()
                              .replicate(x.rows(), 1);
    any |= move_edges_within(part, {first, x, beside, w, least_rise}, terms);
    first += part.size();
  }
  if (!any) return false;
  state.family = list != nullptr ? AnyFamily(FamilyList(std::move(parts))) : std::move(parts[0]);
  return true;
}

}  // namespace mix
