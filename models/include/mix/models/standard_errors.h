#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mix/groups.h"
#include "mix/models/fit.h"
#include "mix/models/mixture_model.h"

namespace mix {

/// What the covariance matrix of the estimate is computed from: H, the observed information, which
/// is minus the second derivative of the log-likelihood (plus log prior), or J, the sum over rows
/// (groups) of the outer product of the score with itself.
enum class InformationKind {
  observed,  ///< H^-1: the standard choice
  scores,    ///< J^-1: where there are no second derivatives, or too many
  sandwich,  ///< H^-1 J H^-1 (Huber 1967, White 1982): also where the model is not quite true
};

/// The name used on the command line: "observed", "scores" or "sandwich".
std::string to_string(InformationKind kind);
/// The kind of that name; throws std::invalid_argument with the list.
InformationKind parse_information(std::string_view name);

struct StandardErrorOptions {
  /// One non-negative weight per row; empty means one each. A weight of two equals a doubled row.
  Vector sample_weight{};
  /// Rows of one group come from the same component; then groups are the independent units.
  Groups groups{};
  InformationKind information = InformationKind::observed;
  /// Of the intervals; between 0 and 1.
  double confidence = 0.95;
  /// Threads to use; 0 means one per core. The result does not depend on it.
  Index threads = 0;
};

/// How sure one number of a model is.
struct ParameterEstimate {
  Index component = 0;  ///< from 0
  std::string name;     ///< as parameter_values says
  double value = 0;
  /// NaN where the data do not determine the number.
  double standard_error = quiet_nan;
  /// The confidence limits, NaN likewise: value -+ z standard errors, of numbers that are always
  /// positive on the scale of logarithms, of probabilities on that of logits.
  double lower = quiet_nan;
  double upper = quiet_nan;
};

/// How alone an estimate stands among the optima that the search for it met.
struct SearchSummary {
  Index hits = 0;                       ///< completed runs that came to the estimate
  Index completed = 0;                  ///< runs that were carried to convergence
  std::optional<RunnerUp> runner_up{};  ///< none where no other optimum was met
};

/// How near the estimate is to a maximum of the log-likelihood, and how sharp this is.
struct ConvergenceReport {
  /// Nats of the log-likelihood (plus log prior) still to gain by Newton's step: g' H^-1 g / 2, g
  /// being the score. From 0.05 on, and where there are no second derivatives, what this step, or
  /// the best of the parts left by halving it, gains indeed: the least that is to gain. Standard
  /// errors mean nothing where it is not small.
  double gain = quiet_nan;
  /// The length of that step in standard errors, of Newton's sqrt(g' H^-1 g).
  double step = quiet_nan;
  /// The smallest eigenvalue of the observed information relative to that of rows whose components
  /// are known: 1 where components do not overlap, 0 where the data do not determine a direction;
  /// near the maximum 1 minus it is the rate at which EM converges (Dempster, Laird & Rubin 1977).
  double least_information = quiet_nan;
  /// The ratio of the largest to the smallest eigenvalue of the information of parameters in units
  /// of their own standard errors if all others were known.
  double condition = quiet_nan;
  Index determined = 0;    ///< directions that the data determine
  Index undetermined = 0;  ///< directions that change the components, but not the likelihood
  bool maximum = false;    ///< H has no negative eigenvalue
  Vector mass;             ///< rows (groups) held by each component
  /// Of the search that found the estimate; none where a model alone is given.
  std::optional<SearchSummary> search{};
};

/// What is known of a fitted model's parameters.
struct StandardErrors {
  /// Every number of the model that the estimation moves, component by component.
  std::vector<ParameterEstimate> parameters;
  /// Their covariance matrix, in the same order; NaN where the data do not determine a number.
  Matrix covariance;
  /// What the covariance was computed from: what was asked for, or `scores` where there are no
  /// second derivatives, of which a warning tells.
  InformationKind information = InformationKind::observed;
  double confidence = 0;
  double log_likelihood = 0;
  ConvergenceReport convergence;
  std::vector<std::string> warnings;
};

/// Standard errors and confidence intervals of the parameters of `model`, the maximum-likelihood
/// (or maximum-posterior) estimate from the rows of `x`, by its information matrix: that of the
/// coordinates (concept Charted) and logarithms of the weights by Louis's (1982) identity
///
///     H = -sum over n of w_n [ sum over k of r_nk (H_nk + g_nk g_nk') - s_n s_n' ],
///     s_n = sum over k of r_nk g_nk,
///
/// where g_nk and H_nk are the derivatives of log(pi_k f_k(x_n)), by central differences; carried
/// over to the numbers that describe the components by their derivatives (the delta method).
/// Directions along which coordinates move and no density does are left out. What the data do not
/// determine has no standard error, and a warning says so.
///
/// Families without coordinates get numeric ones of their fields: each number by itself, symmetric
/// matrices by their lower triangles, numbers that sum to one by their logarithms. Edges of a
/// support that are estimated (of FreeUniform, ShiftedExponential, Pareto) count as known and have
/// no standard error themselves: they converge at the rate of the number of rows, not of its root.
/// Where a limit of eigenvalues binds (GaussianOptions::eigenvalue_ratio), all is given that those
/// at the limit stay there.
///
/// Throws std::invalid_argument for arguments that no fit can have and for a row of density 0, and
/// NotAvailable for a family with more than 1000 coordinates, or with neither coordinates nor
/// fields that can be moved: the bootstrap serves there.
StandardErrors standard_errors(const MixtureModel& model, const AnyRows& x,
                               const StandardErrorOptions& options = {});

/// The same of a fit, with what its search tells of the estimate.
StandardErrors standard_errors(const Fit& fit, const AnyRows& x,
                               const StandardErrorOptions& options = {});

/// Score and information matrices at the parameters of a model, in coordinates without bounds: the
/// logarithms of the weights where these are free, then the family's coordinates.
struct Information {
  Vector coordinates;
  Vector score;
  Matrix observed;  ///< H; empty where the log-likelihood has no second derivatives
  Matrix scores;    ///< J
  /// The information that rows would hold whose components are known, by the scores, the sum of
  /// w_n r_nk g_nk g_nk', and by second derivatives, minus that of w_n r_nk H_nk; the latter empty
  /// as `observed`.
  Matrix complete_scores;
  Matrix complete;
  /// Coordinates at a bound, or beyond what the data can tell from one: they count as known.
  std::vector<Index> at_bound;
  /// Whether a component holds hardly more rows than it has coordinates, so that their scores may
  /// leave directions open that the data determine.
  bool few_rows = false;
  /// Whether eigenvalues of Gaussians are at the limit of their ratio. They stay there: coordinates
  /// move along the limit alone.
  bool at_ratio_limit = false;
  Vector step;  ///< about 5e-4 standard errors of one row, by which differences were taken
  double log_likelihood = 0;
  Vector mass;  ///< rows (groups) held by each component
  /// The model at `coordinates` plus a change of them.
  std::function<MixtureModel(const Vector& change)> moved;
};

/// What standard_errors computes from. The coordinates may be more than the parameters, as
/// logarithms of the weights are, so that the matrices are singular. Throws as standard_errors.
Information information(const MixtureModel& model, const AnyRows& x,
                        const StandardErrorOptions& options = {});

}  // namespace mix
