#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mix/criteria.h"
#include "mix/models/mixture_model.h"
#include "mix/models/start.h"

namespace mix {

class Checkpoint;

/// How hard a fit looks for the best optimum.
enum class Effort {
  /// The hierarchical start where it is cheap, and two of seeds unless it saw all rows and there
  /// are
  /// `more_starts`. Runs end when less than 5e-6 nats per row are still to gain.
  fast,
  /// The whole portfolio.
  standard,
  /// Four times as many starts, and twice as many of them carried to convergence.
  thorough,
};

/// The name used on the command line: "fast", "default" or "thorough".
std::string to_string(Effort effort);

/// The effort of that name; throws std::invalid_argument with the list.
Effort parse_effort(std::string_view name);

struct FitOptions {
  /// One non-negative weight per row; empty means one each. A weight of two equals a doubled row.
  Vector sample_weight{};
  /// How rows are shared in the E-step.
  AnyAssignment assignment = Soft{};
  /// Rows of one group come from the same component: repeated measurements, say. A sample weight
  /// counts a row so many times within its group. Criteria then take groups as the independent
  /// units: their n is the number of groups, their entropy that of the groups' responsibilities.
  /// None: every row for itself.
  Groups groups{};
  MixingWeights mixing = MixingWeights::free;
  EmptyComponent empty = EmptyComponent::keep;
  Start start = start::Auto{};
  /// Starts to try besides; a fit of K components gets those grown from K-1 here.
  std::vector<Start> more_starts{};
  /// How hard to look where the start is Auto.
  Effort effort = Effort::standard;
  /// How many starts are drawn; 0 chooses by the effort and the size of the problem.
  Index n_init = 0;
  /// Nats of objective still to gain, by Aitken's estimate, at which a run ends. Negative: runs end
  /// by `max_iter`, or where labels repeat.
  double tol = 1e-3;
  /// The largest number of passes of one run, at least 1.
  Index max_iter = 5000;
  /// Mixed: faster passes until they gain almost nothing, for Gaussians that are neither diagonal
  /// nor tied, in more than kernels::most_small_columns columns. All families whose
  /// takes_single_precision() is false stay in double.
  Precision precision = Precision::full;
  /// Of runs that are carried to convergence; short ones that look around are never extrapolated.
  Acceleration acceleration = Acceleration::automatic;
  std::uint64_t seed = 0;
  /// Threads to use; 0 means one per core. The result does not depend on it.
  Index threads = 0;
  /// Called once per iteration; the fit ends with the best so far when it returns false.
  std::function<bool(const Progress&)> progress = nullptr;
  /// Where the search keeps what it has done, so that the same call can go on after an
  /// interruption: it ends with the same bits as one that was never interrupted. Null keeps
  /// nothing. Families must be in the registry.
  std::shared_ptr<Checkpoint> checkpoint = nullptr;
  /// Of this fit among those that share the checkpoint.
  std::string checkpoint_name = "fit";
};

/// Optima whose objectives differ by less, in nats, count as one.
inline constexpr double same_optimum = 0.01;

/// An optimum that a search met.
struct Optimum {
  double objective = -infinity;
  Index hits = 0;    ///< completed runs that came to it
  std::string flaw;  ///< why it looks like an artifact; empty where it does not
};

/// How far an optimum stands out among those that a search met.
struct RunnerUp {
  /// Nats from the best optimum down to the next best one that is different.
  double distance = quiet_nan;
  Index hits = 0;  ///< completed runs that came to the next best
};

/// How a fit went.
/// With Trimmed assignment the log-likelihood, the criteria and all else are
/// those of the rows that are kept: fits are comparable where they trim the same share of the same
/// rows. Which rows these are, `kept_weights` tells.
struct Report {
  double log_likelihood = -infinity;
  Index parameter_count = 0;
  double n = 0;  ///< sum of the sample weights that count; of rows in groups the number of groups
  Index groups = 0;  ///< groups with weight; 0 where rows are in none
  Criteria criteria;
  double objective = -infinity;  ///< what was maximized: log-likelihood plus log prior for Soft
  /// The log-likelihood less the lower bound that Truncated maximizes, in nats; none for other
  /// assignments.
  std::optional<double> truncation_gap;
  bool converged = false;
  Stop stop = Stop::max_iterations;
  Index n_iter = 0;  ///< passes of the run that was kept
  /// Passes over the rows in all, those of every run; passes over a part count in proportion.
  Index passes = 0;
  std::vector<double> objective_history;
  Index falls = 0;      ///< falls of the objective beyond rounding; 0 in correct families
  std::string start;    ///< name of the start that was kept
  Index starts = 0;     ///< starts tried
  Index moves = 0;      ///< moves tried from the best runs
  Index hits = 0;       ///< completed runs that reached the best optimum, within 0.01 nats
  Index completed = 0;  ///< runs that were carried to convergence
  /// The different optima that completed runs ended in, those without a flaw first, best first. Of
  /// more than 50000 rows the one that the search on a part of them led to.
  std::vector<Optimum> optima;
  Vector mass;           ///< rows held by each component
  double entropy = 0;    ///< -sum w r log r, over groups where rows are in groups
  bool flagged = false;  ///< a component looks like an artifact of an unbounded likelihood
  /// The highest objective among the flagged optima, -infinity when none was met.
  double best_flagged = -infinity;
  std::vector<std::string> warnings;

  [[nodiscard]] double bic() const { return criteria.bic; }
  [[nodiscard]] double aic() const { return criteria.aic; }
};

/// The best of the other optima that the fit met, of those without a flaw where the one that was
/// kept has none. None where all completed runs came to one, or one run alone was made.
std::optional<RunnerUp> runner_up(const Report& report);

/// A fitted model and how it was found.
struct Fit {
  MixtureModel model;
  Report report;
};

/// Estimates the parameters of `model` from the rows of `x`: several starts, the best optimum kept,
/// one without spurious components preferred. Throws std::invalid_argument for arguments that no
/// fit can have (sizes that differ, negative weights, non-finite cells, rows outside the support,
/// more components than rows with weight).
Fit fit(const MixtureModel& model, const AnyRows& x, const FitOptions& options = {});

/// The report that a fit ending in `model` would give: nothing is estimated. `options` tell the
/// sample weights and the threads. Throws std::invalid_argument for data that no fit can have.
Report evaluate(const MixtureModel& model, const AnyRows& x, const FitOptions& options = {});

}  // namespace mix
