#pragma once

#include <string>
#include <vector>

#include "mix/models/fit.h"

namespace mix {

struct AnnihilationOptions {
  /// Of the run and of the fit at its end. Sample weights, start (Auto: k-means++, but broader),
  /// n_init (several runs, the least message length kept), max_iter (for each number of
  /// components), seed, threads, progress (of -1/2 of the message length), groups, known labels and
  /// the checkpoint mean what they do there. A label prior names fewer components than there are:
  /// the first ones.
  FitOptions fit{};
  /// No component is removed when only so many are left.
  Index least_components = 1;
};

/// Where a run came to rest with one number of components.
struct AnnihilationStep {
  Index n_components = 0;
  double log_likelihood = -infinity;
  double message_length = infinity;  ///< as message_length of mix/models/choice.h
  Index sweeps = 0;                  ///< estimates of every component, until it rested
  std::string flaw;  ///< why a component looks like an artifact; empty where none does
};

/// A fit whose number of components was found in one run.
struct AnnihilationFit {
  /// From the step with the least message length among those without a flaw, carried on by EM to
  /// the maximum of the likelihood. Its passes count those of the run too.
  Fit fit;
  double message_length = infinity;    ///< of this fit
  std::vector<AnnihilationStep> path;  ///< the most components first
};

/// Chooses the number of components in one run (Figueiredo & Jain 2002): from the components of
/// `model`, two or three times as many as are expected, EM goes component by component. After each
/// estimate all rows are shared anew, and the mixing weights become proportional to
///     max(0, n_k - r_k/2)
/// for n_k rows and r_k parameters of a component: one that rows do not support is annihilated, and
/// what it held goes to the others at once. Where that has come to rest the component with the
/// least weight, or one that looks like an artifact, is removed, down to `least_components`; the
/// least message length on the way is kept. Components with parameters in common are estimated
/// together, once per sweep, and weighted one by one.
/// Components without parameters of their own, such as noise, are never removed. With known labels
/// none is that a row with weight is known of: its weight is in proportion to max(n_k - r_k/2, rows
/// known of it). The components that a label prior names are not removed either, and count as known
/// of them what rows say beyond even shares (LabelPrior::evidence); rows that say nothing may be of
/// the others too (LabelPrior::extended). With groups n_k counts groups, each of which is one draw,
/// and so does the n of the message length; the rows of a group go to a component together. The
/// same bits for any number of threads. Throws std::invalid_argument for what `fit` refuses; for a
/// family whose components cannot be taken apart; for weights that are not estimated; for other
/// policies than Soft, Known and LabelPrior; for a label prior that names all components, or one
/// for which it never says anything; for `least_components` below 1 or above the model's.
AnnihilationFit choose_by_annihilation(const MixtureModel& model, const AnyRows& x,
                                       const AnnihilationOptions& options = {});

}  // namespace mix
