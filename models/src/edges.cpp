#include "mix/models/edges.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "mix/distributions/free_uniform.h"
#include "mix/distributions/shifted_exponential.h"
#include "mix/family_list.h"
#include "mix/parallel.h"

namespace mix {
namespace {

constexpr Index looked_at = 32;
// Rows that nothing explains yet count as much as this, so that covering some of them is a rise.
constexpr double least_log_density = -700;

// The mixture without one of its components, and what it looks like with it.
class Rest {
 public:
  // `terms`: log weight plus log density, rows x components.
  Rest(const AnyRows& x, Weights w, const Matrix& terms, Index without, double log_weight)
      : x_(x), w_(w), log_weight_(log_weight), rest_(terms.rows()) {
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

  template <class D>
  [[nodiscard]] double log_likelihood(const D& component) const {
    return sum_over_blocks(x_.rows(), 1, [&](Index first, Index count, VectorRef total) {
      Vector own(count);
      component.log_density(*DenseBlock(x_, first, count), own);
      for (Index i = 0; i < count; ++i) {
        if (!(w_[first + i] > 0)) continue;
        const double a = own[i] + log_weight_;
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
  double log_weight_;
  Vector rest_;
};

// The different values of a column in rows with weight, in ascending order.
std::vector<double> values_of(const AnyRows& x, Weights w, Index column) {
  std::vector<double> values;
  for_each_dense_block(x, [&](Index first, Rows block) {
    for (Index i = 0; i < block.rows(); ++i) {
      if (w[first + i] > 0) values.push_back(block(i, column));
    }
  });
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

// Moves one edge to the best value found; returns the rise.
template <class D>
double move_edge(D& component, Index edge, const std::vector<double>& values, const Rest& rest) {
  const double now = rest.log_likelihood(component);
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
      const double value = rest.log_likelihood(moved);
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

template <class D>
bool move_edges_of(Untied<D>& family, Index first, const AnyRows& x, Weights w,
                   ConstVectorRef weights, Matrix& terms, double least_rise) {
  bool any = false;
  std::vector<D> components;
  for (Index k = 0; k < family.size(); ++k) {
    D component = family.component(k);
    const double log_weight = std::log(weights[first + k]);
    if (weights[first + k] > 0) {
      const Rest rest(x, w, terms, first + k, log_weight);
      double rise = 0;
      for (Index e = 0; e < component.edge_count(); ++e) {
        rise += move_edge(component, e, values_of(x, w, component.edge_column(e)), rest);
      }
      if (rise > least_rise) {
        any = true;
        for_each_block(x.rows(), [&](Index from, Index count) {
          Vector own(count);
          component.log_density(*DenseBlock(x, from, count), own);
          terms.col(first + k).segment(from, count) = own.array() + log_weight;
        });
      } else {
        component = family.component(k);
      }
    }
    components.push_back(std::move(component));
  }
  if (any) family = Untied<D>(std::move(components));
  return any;
}

template <class D>
bool move_edges_if(AnyFamily& family, Index first, const AnyRows& x, Weights w,
                   ConstVectorRef weights, Matrix& terms, double least_rise) {
  const auto* own = family.as<Untied<D>>();
  if (own == nullptr) return false;
  Untied<D> moved = *own;
  if (!move_edges_of(moved, first, x, w, weights, terms, least_rise)) return false;
  family = AnyFamily(std::move(moved));
  return true;
}

}  // namespace

bool has_edges(const AnyFamily& family) {
  if (const auto* list = family.as<FamilyList>()) {
    return std::any_of(list->families().begin(), list->families().end(), has_edges);
  }
  return family.as<Untied<FreeUniform>>() != nullptr ||
         family.as<Untied<ShiftedExponential>>() != nullptr;
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
    any |= move_edges_if<FreeUniform>(part, first, x, w, state.weights, terms, least_rise);
    any |= move_edges_if<ShiftedExponential>(part, first, x, w, state.weights, terms, least_rise);
    first += part.size();
  }
  if (!any) return false;
  state.family = list != nullptr ? AnyFamily(FamilyList(std::move(parts))) : std::move(parts[0]);
  return true;
}

}  // namespace mix
