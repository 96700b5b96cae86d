#pragma once

#include <string>
#include <vector>

#include "mix/any_rows.h"
#include "mix/em.h"
#include "mix/types.h"

namespace mix {

/// Whether components have supports whose edges are estimated: families of FreeUniform, of
/// ShiftedExponential, or of Shifted Weibull, gamma, lognormal and inverse Gaussian distributions,
/// alone, in a FamilyList, or in blocks of a Product.
bool has_edges(const AnyFamily& family);

/// The names, as parameter_values has them, of those numbers of component k that are estimated
/// edges of its support by which the likelihood has no derivative: corners of a FreeUniform, the
/// shift of a ShiftedExponential, the learned minimum of a Pareto; also behind a gate and with a
/// prior.
std::vector<std::string> edges_without_derivative(const AnyFamily& family, Index k);

/// Moves edges to where the log-likelihood of the mixture, all else as it is, is higher: one after
/// the other to the best of the values of its column (a likelihood rises on the way to one and
/// jumps there), looked for among 32 of them and then between the neighbors of the best, each at
/// the cost of one evaluation of the component. EM cannot: a row outside a support has no share.
/// Returns whether any moved by a rise of more than `least_rise` nats; the likelihood never falls.
bool move_edges(MixtureState& state, const AnyRows& x, Weights w, double least_rise = 1e-9);

}  // namespace mix
