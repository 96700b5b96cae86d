#pragma once

#include "mix/em.h"

namespace mix {

// Statistics of several passes or parts of the rows that are added up with the parameters of one
// reference.

/// The soft E-step of some rows at `state`: their log-likelihood, then the mass of each component,
/// then the statistics with the parameters of `reference`.
Vector soft_statistics(const MixtureState& state, const AnyFamily& reference, const AnyRows& x,
                       Weights w);

/// The M-step; `sum` is of `soft_statistics`, without the log-likelihood.
void maximize_sum(MixtureState& state, const AnyFamily& reference, ConstVectorRef sum,
                  MixingWeights mixing);

/// The remedy of who calls EM where statistics do not add up.
inline constexpr const char* by_whole_passes = "use run_em";

/// Throws std::invalid_argument, in the name of `what` and with `remedy`, for families that do not
/// stream or have several cycles.
void check_streams(const AnyFamily& family, const char* what, const char* remedy = by_whole_passes);

/// Throws std::invalid_argument where the estimate from statistics depends on the parameters that
/// they were added up with: `next` is what `maximize_sum` made of those of `start` with the
/// parameters of `reference`.
void check_exact(const MixtureState& start, const AnyFamily& reference, const MixtureState& next,
                 const AnyRows& x, Weights w, const char* what,
                 const char* remedy = by_whole_passes);
/// The same, with a step from `start` that is made for it.
void check_additive(const MixtureState& start, const AnyRows& x, Weights w, const char* what,
                    const char* remedy);

}  // namespace mix
