#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mix/any_family.h"
#include "mix/any_rows.h"
#include "mix/assignment.h"
#include "mix/groups.h"

namespace mix {

/// The parameters of a mixture: one weight per component, and the components.
struct MixtureState {
  Vector weights;
  AnyFamily family;
};

/// What happens to the mixing weights in an M-step.
enum class MixingWeights {
  free,   ///< estimated: a component's share of the rows
  equal,  ///< 1/K throughout
  fixed,  ///< as they are
};

/// The enumerator's name: "free".
std::string to_string(MixingWeights mixing);
/// The value of that name; throws std::invalid_argument that lists the names.
MixingWeights parse_mixing_weights(std::string_view name);

/// What happens to a component that no row supports any more.
enum class EmptyComponent {
  keep,  ///< its parameters stay and its weight becomes 0; with a prior they move to the prior mode
  reseed,  ///< it takes over the worst-explained rows (k-means: the farthest row)
  drop,    ///< it is removed, K falls by one; with known labels as `keep`
  stop,    ///< the run ends
};

/// How precise the arithmetic within a block of rows is. Sums over blocks are always of doubles.
enum class Precision {
  full,  ///< double
  /// Single where the family can do with it, until a pass gains no more than single precision may
  /// lose; then double. The last pass is always double.
  mixed,
};

/// The enumerator's name: "mixed".
std::string to_string(Precision precision);
/// The value of that name; throws std::invalid_argument that lists the names.
Precision parse_precision(std::string_view name);

/// Whether the parameters that EM makes are extrapolated. The objective still never falls, and the
/// fixed points are the same; which of several is reached may differ. For policies that ascend and
/// families that are charted; others run as they are.
enum class Acceleration {
  none,
  automatic,  ///< once steps are small beside what is left to gain
  squarem,    ///< by SQUAREM (Varadhan & Roland 2008) from the second step on
  anderson,   ///< by Anderson's rule (Henderson & Varadhan 2019) from the second step on
};

/// The name used on the command line: "auto".
std::string to_string(Acceleration acceleration);
/// The value of that name; throws std::invalid_argument that lists the names.
Acceleration parse_acceleration(std::string_view name);

/// Why a run ended.
enum class Stop {
  converged,        ///< the estimated remaining gain of the objective is below `tol`
  labels_repeat,    ///< hard assignment: no row changed its component
  max_iterations,   ///< `max_iter` passes were made
  no_improvement,   ///< stochastic assignment: no better parameters for a long time
  interrupted,      ///< the progress callback said so
  empty_component,  ///< a component emptied and the policy is EmptyComponent::stop
  not_finite,       ///< the objective became NaN, or stayed minus infinity
};

/// The enumerator's name: "converged".
std::string to_string(Stop stop);

/// What a progress callback sees.
struct Progress {
  Index iteration = 0;   ///< passes over the data so far
  double objective = 0;  ///< at the parameters of this pass
  /// What the run would still gain, by Aitken's estimate; infinite where it is not known.
  double expected_gain = infinity;
};

/// How one run goes, and when it ends.
struct EmOptions {
  AnyAssignment assignment = Soft{};
  /// Rows of one group come from the same component; none: every row for itself.
  Groups groups{};
  MixingWeights mixing = MixingWeights::free;
  EmptyComponent empty = EmptyComponent::keep;
  /// Stop when the gain still to come, estimated by Aitken's rule, is below this many nats;
  /// negative turns the rule off.
  double tol = 1e-3;
  /// The largest number of passes over the data.
  Index max_iter = 1000;
  Precision precision = Precision::full;
  Acceleration acceleration = Acceleration::none;
  std::uint64_t seed = 0;
  /// Called once per iteration; the run ends when it returns false.
  std::function<bool(const Progress&)> progress = nullptr;
};

/// How one run went.
struct EmReport {
  Stop stop = Stop::max_iterations;
  /// Passes over the data; the last one evaluates the final parameters. A hard run counts as Lloyd
  /// does: the last pass is the first that changes no label, without the one that confirms it.
  Index n_iter = 0;
  /// Extrapolations that were made, and that were taken back because the objective fell.
  Index extrapolations = 0;
  Index rejections = 0;
  /// The objective before each M-step, and last at the final parameters; without passes that were
  /// taken back.
  std::vector<double> objective_history;
  /// The objective at the final parameters: log-likelihood plus log prior for Soft.
  double objective = -infinity;
  /// The log-likelihood at the final parameters, whatever the policy maximizes; for Trimmed that of
  /// the rows that are kept.
  double log_likelihood = -infinity;
  /// The log-likelihood less the lower bound that Truncated maximizes, both at the final
  /// parameters, in nats; none for other policies.
  std::optional<double> truncation_gap;
  /// Rows (sum of sample weights) held by each component in the last pass.
  Vector mass;
  /// How often the objective of an ascending policy fell by more than rounding; 0 in every correct
  /// family.
  Index falls = 0;
  std::vector<std::string> warnings;
};

/// Runs expectation-maximization from `state` and leaves the final parameters there.
/// `x` is rows x columns, of doubles, of floats or sparse, `w` one non-negative weight per row.
/// With groups the policy shares groups instead of rows: the log-likelihood is the sum over groups
/// g of log sum over k of pi_k prod over rows n of g of f_k(x_n)^w_n, and memory is groups x K.
/// Never throws for what data do to the method; the report tells. The same bits for any number of
/// threads.
EmReport run_em(MixtureState& state, const AnyRows& x, Weights w, const EmOptions& options = {});

/// Throws std::invalid_argument where `policy` knows different things of the components of two rows
/// of a group, naming the rows, or leaves out single rows.
void check_agreement(const AnyAssignment& policy, const Groups& groups);

/// Writes log weight plus log density of each row (rows) and component (columns).
void log_joint(const MixtureState& state, const AnyRows& x, MatrixRef out);

/// What is left of the weights `w` once the `share` of them that belongs to the rows of lowest
/// density is taken away (see `Trimmed`): 0, or a part of one row. Rows of equal density in their
/// order; a row whose density is NaN is kept.
Vector kept_weights(const MixtureState& state, const AnyRows& x, Weights w, double share);

/// The sum over rows of weight times log density.
double log_likelihood(const MixtureState& state, const AnyRows& x, Weights w);

// Prediction: block by block and in parallel, with no memory of the size of all rows but the
// result. The same bits for any number of threads.

/// Responsibilities, rows x components; each row sums to one, except that a row of density zero
/// everywhere, or with NaN, is all zero.
Matrix responsibilities(const MixtureState& state, const AnyRows& x);
/// The same into memory that is there, rows x components.
void responsibilities(const MixtureState& state, const AnyRows& x, MatrixRef out);

/// The log density of each row.
Vector log_density(const MixtureState& state, const AnyRows& x);

/// Both, for little more than the price of one.
struct Posterior {
  Matrix responsibilities;  ///< rows x components
  Vector log_density;
};
Posterior posterior(const MixtureState& state, const AnyRows& x);

/// The same of groups: a row for each group, from its rows with their weights. A group without rows
/// of positive weight has the mixing weights and the log density 0.
Posterior posterior(const MixtureState& state, const AnyRows& x, Weights w, const Groups& groups);

/// The most probable component of each row, from 0; ties to the lowest. -1 for a row of density
/// zero everywhere, or with NaN.
std::vector<Index> most_probable(const MixtureState& state, const AnyRows& x);

/// The sum over rows of weight times responsibility, for each component.
Vector component_mass(const MixtureState& state, const AnyRows& x, Weights w);

}  // namespace mix
